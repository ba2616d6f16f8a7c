/* SPDX-License-Identifier: MIT */
/*
 * Assertions, for code that runs in ring 0. Each evaluates its arguments once and is a statement.
 * A failed R0_ASSERT_… ends the test, by way of its teardown; a failed R0_EXPECT_… is reported and
 * lets it go on, to fail at its end. A passing one costs a comparison and a branch.
 */
#ifndef RING0_ASSERT_H
#define RING0_ASSERT_H

#include <ring0/private/types.h>
#include <ring0/fault.h>
#include <ring0/test.h>

/*
 * R0_ASSERT_FAULT() comes back as longjmp() does, and GCC then warns of every variable that changes
 * anywhere in the function, though only what changes within the statement matters. It looks at
 * where the variable is declared: this has to hold for the rest of the file.
 */
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/* For empty arguments, as in <ring0/test.h>. */
#pragma GCC system_header

/*
 * The condition holds. To this and to each below but R0_ASSERT_FAULT(), a text may be added that a
 * failure tells, as for printf(): R0_ASSERT_EQ(inb(port), 0, "port %#x", port).
 */
#define R0_ASSERT(condition, ...) \
	R0_TRUTH_(r0_assert_failed, "R0_ASSERT", (condition), #condition, ##__VA_ARGS__)
#define R0_EXPECT(condition, ...) \
	R0_TRUTH_(r0_expect_failed, "R0_EXPECT", (condition), #condition, ##__VA_ARGS__)

/*
 * Two numbers or pointers compare as C's operators do; a number and a pointer compare as
 * addresses. Bit-fields, enumerations, bool and floating point (where the program is built with
 * it) are numbers. Registers that have names for their bits are told by these.
 */
#define R0_ASSERT_EQ(a, b, ...) \
	R0_COMPARE_(r0_assert_failed, "R0_ASSERT_EQ", ==, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_ASSERT_NE(a, b, ...) \
	R0_COMPARE_(r0_assert_failed, "R0_ASSERT_NE", !=, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_ASSERT_LT(a, b, ...) \
	R0_COMPARE_(r0_assert_failed, "R0_ASSERT_LT", <, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_ASSERT_LE(a, b, ...) \
	R0_COMPARE_(r0_assert_failed, "R0_ASSERT_LE", <=, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_ASSERT_GT(a, b, ...) \
	R0_COMPARE_(r0_assert_failed, "R0_ASSERT_GT", >, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_ASSERT_GE(a, b, ...) \
	R0_COMPARE_(r0_assert_failed, "R0_ASSERT_GE", >=, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_EQ(a, b, ...) \
	R0_COMPARE_(r0_expect_failed, "R0_EXPECT_EQ", ==, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_NE(a, b, ...) \
	R0_COMPARE_(r0_expect_failed, "R0_EXPECT_NE", !=, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_LT(a, b, ...) \
	R0_COMPARE_(r0_expect_failed, "R0_EXPECT_LT", <, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_LE(a, b, ...) \
	R0_COMPARE_(r0_expect_failed, "R0_EXPECT_LE", <=, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_GT(a, b, ...) \
	R0_COMPARE_(r0_expect_failed, "R0_EXPECT_GT", >, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_GE(a, b, ...) \
	R0_COMPARE_(r0_expect_failed, "R0_EXPECT_GE", >=, (a), #a, (b), #b, ##__VA_ARGS__)

/* Two strings hold the same text, or not. NULL is the same as NULL alone. */
#define R0_ASSERT_STREQ(a, b, ...) \
	R0_TEXT_(r0_assert_failed, "R0_ASSERT_STREQ", true, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_ASSERT_STRNE(a, b, ...) \
	R0_TEXT_(r0_assert_failed, "R0_ASSERT_STRNE", false, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_STREQ(a, b, ...) \
	R0_TEXT_(r0_expect_failed, "R0_EXPECT_STREQ", true, (a), #a, (b), #b, ##__VA_ARGS__)
#define R0_EXPECT_STRNE(a, b, ...) \
	R0_TEXT_(r0_expect_failed, "R0_EXPECT_STRNE", false, (a), #a, (b), #b, ##__VA_ARGS__)

/* `size` bytes at two addresses are the same. */
#define R0_ASSERT_MEMEQ(a, b, size, ...)                                                 \
	R0_MEMORY_(r0_assert_failed, "R0_ASSERT_MEMEQ", (a), #a, (b), #b, (size), #size, \
		   ##__VA_ARGS__)
#define R0_EXPECT_MEMEQ(a, b, size, ...)                                                 \
	R0_MEMORY_(r0_expect_failed, "R0_EXPECT_MEMEQ", (a), #a, (b), #b, (size), #size, \
		   ##__VA_ARGS__)

/*
 * The statement raises that very exception: R0_ASSERT_FAULT(R0_GP, wrmsr(0x1234, 0)). It runs in
 * place, so what it may have changed of the function's own variables counts as after longjmp():
 * make them volatile. It must not leave by return, break, continue or goto.
 */
#define R0_ASSERT_FAULT(vector, ...) \
	R0_FAULT_(r0_assert_failed, "R0_ASSERT_FAULT", (vector), #vector, #__VA_ARGS__, __VA_ARGS__)
#define R0_EXPECT_FAULT(vector, ...) \
	R0_FAULT_(r0_expect_failed, "R0_EXPECT_FAULT", (vector), #vector, #__VA_ARGS__, __VA_ARGS__)

/* The same with a text: R0_ASSERT_FAULT_WITH(R0_GP, wrmsr(index, 0), "MSR %#x", index). */
#define R0_ASSERT_FAULT_WITH(vector, statement, ...)                                            \
	R0_FAULT_WITH_(r0_assert_failed, "R0_ASSERT_FAULT_WITH", (vector), #vector, #statement, \
		       (__VA_ARGS__), statement)
#define R0_EXPECT_FAULT_WITH(vector, statement, ...)                                            \
	R0_FAULT_WITH_(r0_expect_failed, "R0_EXPECT_FAULT_WITH", (vector), #vector, #statement, \
		       (__VA_ARGS__), statement)

/* End the test as failed: R0_FAIL(), or with a text as for printf(). */
#define R0_FAIL(...)                                                  \
	do {                                                          \
		__VA_OPT__(r0_fail(__FILE__, __LINE__, __VA_ARGS__);) \
		r0_fail(__FILE__, __LINE__, "%s", "R0_FAIL()");       \
	} while (0)

/* End the test as skipped, and say why: R0_SKIP(), or with a text as for printf(). */
#define R0_SKIP(...)                              \
	do {                                      \
		__VA_OPT__(r0_skip(__VA_ARGS__);) \
		r0_skip("%s", "R0_SKIP()");       \
	} while (0)

/* What follows is for the macros above alone. */

void r0_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), cold)) R0_NORETURN;
void r0_skip(const char *format, ...) __attribute__((format(printf, 1, 2), cold)) R0_NORETURN;

enum r0_check {
	R0_CHECK_TRUTH,
	R0_CHECK_COMPARISON,  /* a and b: values */
	R0_CHECK_SAME_TEXT,   /* a and b: addresses */
	R0_CHECK_OTHER_TEXT,  /* a and b: addresses */
	R0_CHECK_SAME_MEMORY, /* a and b: addresses, and the size */
	R0_CHECK_EXCEPTION,   /* a: the vector wanted, b: address of the struct r0_fault */
};

/* How a value was declared, to print it so. */
enum r0_shape {
	R0_SHAPE_SIGNED,
	R0_SHAPE_UNSIGNED,
	R0_SHAPE_BOOL,
	R0_SHAPE_CHAR,
	R0_SHAPE_POINTER,
	R0_SHAPE_FLOAT, /* the value is its bits */
};

/* One operand as written. */
struct r0_operand {
	const char *text;
	unsigned char shape; /* enum r0_shape */
	unsigned char size;  /* in bytes; beyond 8, the value is the lowest 8 */
};

/* An assertion in the program. */
struct r0_site {
	const char *macro;
	const char *file;
	int line;
	enum r0_check check;
	struct r0_operand a, b;
	const char *size; /* the third argument, or NULL */
};

void r0_assert_failed(const struct r0_site *site, uint64_t a, uint64_t b, size_t size)
	__attribute__((cold)) R0_NORETURN;
void r0_expect_failed(const struct r0_site *site, uint64_t a, uint64_t b, size_t size)
	__attribute__((cold));
void r0_assert_failed_with(const struct r0_site *site, uint64_t a, uint64_t b, size_t size,
			   const char *format, ...)
	__attribute__((format(printf, 5, 6), cold)) R0_NORETURN;
void r0_expect_failed_with(const struct r0_site *site, uint64_t a, uint64_t b, size_t size,
			   const char *format, ...) __attribute__((format(printf, 5, 6), cold));

bool r0_same_text(const char *a, const char *b);
bool r0_same_memory(const void *a, const void *b, size_t size);

/*
 * The type that an operand has in an expression: __typeof__ alone takes no bit-fields, and ?:
 * promotes them, turns arrays and functions into pointers and drops qualifiers.
 */
#define R0_TYPE_(x) __typeof__(1 ? (x) : (x))

/* Values of __builtin_classify_type(), from GCC's typeclass.h; Clang has the same. */
#define R0_IS_POINTER_(x) (__builtin_classify_type(x) == 5)
#define R0_IS_FLOAT_(x)	  (__builtin_classify_type(x) == 8)

/* The variable x, or something of the type that its address is compared as. */
#define R0_NUMBER_(x) __builtin_choose_expr(R0_IS_POINTER_(x), (uintptr_t)0, x)

/* The type that C compares two variables as: naming it keeps -Wsign-compare quiet. */
#define R0_COMMON_(x, y) __typeof__(R0_NUMBER_(x) + R0_NUMBER_(y))

/* A variable as 64 bits: numbers extended by their sign, floating point as it is in memory. */
#define R0_BITS_(x)                                        \
	__builtin_choose_expr(R0_IS_FLOAT_(x),             \
			      ((union {                    \
				      uint64_t bits;       \
				      __typeof__(x) value; \
			      }){ .value = (x) })          \
				      .bits,               \
			      (uint64_t)(x))

/* The operand `expression`, of which the variable x has the value. */
#define R0_SHAPE_(expression, x)                          \
	_Generic((expression), _Bool                      \
		 : R0_SHAPE_BOOL, char                    \
		 : R0_SHAPE_CHAR, unsigned char           \
		 : R0_SHAPE_UNSIGNED, unsigned short      \
		 : R0_SHAPE_UNSIGNED, default             \
		 : R0_IS_POINTER_(x) ? R0_SHAPE_POINTER : \
		   R0_IS_FLOAT_(x)   ? R0_SHAPE_FLOAT :   \
		   R0_IS_SIGNED_(x)  ? R0_SHAPE_SIGNED :  \
				       R0_SHAPE_UNSIGNED)
#define R0_IS_SIGNED_(x) ((__typeof__(R0_NUMBER_(x)))-1 < (__typeof__(R0_NUMBER_(x)))1)
#define R0_SIZE_(expression, x)                  \
	_Generic((expression), _Bool             \
		 : sizeof(_Bool), char           \
		 : sizeof(char), signed char     \
		 : sizeof(char), unsigned char   \
		 : sizeof(char), short           \
		 : sizeof(short), unsigned short \
		 : sizeof(short), default        \
		 : sizeof(x))

/* Clang warns of side effects where they do not happen: that is the point of _Generic here. */
#if defined(__clang__)
#define R0_QUIET_BEGIN_                  \
	_Pragma("clang diagnostic push") \
		_Pragma("clang diagnostic ignored \"-Wunevaluated-expression\"")
#define R0_QUIET_END_ _Pragma("clang diagnostic pop")
#else
#define R0_QUIET_BEGIN_
#define R0_QUIET_END_
#endif

/* Names differ by a counter, so that an assertion within another's argument hides nothing. */
#define R0_NAME_(name, id)  R0_PASTE_(name, id)
#define R0_PASTE_(name, id) name##_##id

#define R0_SITE_(name, macro_, check_, ...)                                                       \
	static const struct r0_site name = {                                                      \
		.macro = macro_, .file = __FILE__, .line = __LINE__, .check = check_, __VA_ARGS__ \
	}

/* Report a failure, with the user's text if there is one. */
#define R0_FAILED_(failed, ...) R0_FAILED_IN_(failed, failed##_with, __VA_ARGS__)
#define R0_FAILED_IN_(failed, failed_with, site, a, b, size, ...)               \
	do {                                                                    \
		R0_NOTHING_(~, ##__VA_ARGS__)                                   \
		__VA_OPT__(failed_with(&site, a, b, size, __VA_ARGS__); break;) \
		failed(&site, a, b, size);                                      \
	} while (0)

#define R0_TRUTH_(failed, macro, condition, text, ...) \
	R0_TRUTH_IN_(failed, macro, condition, text, R0_NAME_(r0_site, __COUNTER__), ##__VA_ARGS__)
#define R0_TRUTH_IN_(failed, macro, condition, text_, site, ...)                \
	do {                                                                    \
		if (__builtin_expect(!condition, 0)) {                          \
			R0_SITE_(site, macro, R0_CHECK_TRUTH, .a.text = text_); \
			R0_FAILED_(failed, site, 0, 0, 0, ##__VA_ARGS__);       \
		}                                                               \
	} while (0)

#define R0_COMPARE_(failed, macro, relation, a, a_text, b, b_text, ...)                         \
	R0_COMPARE_IN_(failed, macro, relation, a, a_text, R0_NAME_(r0_left, __COUNTER__), b,   \
		       b_text, R0_NAME_(r0_right, __COUNTER__), R0_NAME_(r0_site, __COUNTER__), \
		       ##__VA_ARGS__)
#define R0_COMPARE_IN_(failed, macro, relation, a_, a_text, x, b_, b_text, y, site, ...)        \
	do {                                                                                    \
		R0_QUIET_BEGIN_                                                                 \
		R0_TYPE_(a_) x = a_;                                                            \
		R0_TYPE_(b_) y = b_;                                                            \
		if (__builtin_expect(!((R0_COMMON_(x, y))x relation(R0_COMMON_(x, y)) y), 0)) { \
			R0_SITE_(site, macro, R0_CHECK_COMPARISON,                              \
				 .a = { a_text, R0_SHAPE_(a_, x), R0_SIZE_(a_, x) },            \
				 .b = { b_text, R0_SHAPE_(b_, y), R0_SIZE_(b_, y) });           \
			R0_FAILED_(failed, site, R0_BITS_(x), R0_BITS_(y), 0, ##__VA_ARGS__);   \
		}                                                                               \
		R0_QUIET_END_                                                                   \
	} while (0)

#define R0_TEXT_(failed, macro, wanted, a, a_text, b, b_text, ...)                               \
	R0_TEXT_IN_(failed, macro, wanted, a, a_text, R0_NAME_(r0_left, __COUNTER__), b, b_text, \
		    R0_NAME_(r0_right, __COUNTER__), R0_NAME_(r0_site, __COUNTER__),             \
		    ##__VA_ARGS__)
#define R0_TEXT_IN_(failed, macro, wanted, a_, a_text, x, b_, b_text, y, site, ...)              \
	do {                                                                                     \
		const char *x = a_;                                                              \
		const char *y = b_;                                                              \
		if (__builtin_expect(r0_same_text(x, y) != wanted, 0)) {                         \
			R0_SITE_(site, macro, wanted ? R0_CHECK_SAME_TEXT : R0_CHECK_OTHER_TEXT, \
				 .a.text = a_text, .b.text = b_text);                            \
			R0_FAILED_(failed, site, (uintptr_t)x, (uintptr_t)y, 0, ##__VA_ARGS__);  \
		}                                                                                \
	} while (0)

#define R0_MEMORY_(failed, macro, a, a_text, b, b_text, size, size_text, ...)              \
	R0_MEMORY_IN_(failed, macro, a, a_text, R0_NAME_(r0_left, __COUNTER__), b, b_text, \
		      R0_NAME_(r0_right, __COUNTER__), size, size_text,                    \
		      R0_NAME_(r0_length, __COUNTER__), R0_NAME_(r0_site, __COUNTER__),    \
		      ##__VA_ARGS__)
#define R0_MEMORY_IN_(failed, macro, a_, a_text, x, b_, b_text, y, size_, size_text, n, site, ...) \
	do {                                                                                       \
		const void *x = a_;                                                                \
		const void *y = b_;                                                                \
		size_t n = size_;                                                                  \
		if (__builtin_expect(!r0_same_memory(x, y, n), 0)) {                               \
			R0_SITE_(site, macro, R0_CHECK_SAME_MEMORY, .a.text = a_text,              \
				 .b.text = b_text, .size = size_text);                             \
			R0_FAILED_(failed, site, (uintptr_t)x, (uintptr_t)y, n, ##__VA_ARGS__);    \
		}                                                                                  \
	} while (0)

#define R0_FAULT_(failed, macro, vector, vector_text, text, ...) \
	R0_FAULT_WITH_(failed, macro, vector, vector_text, text, (), __VA_ARGS__)
#define R0_UNWRAP_(...) __VA_ARGS__
#define R0_FAULT_WITH_(failed, macro, vector, vector_text, text, saying, ...)                  \
	R0_FAULT_IN_(failed, macro, vector, vector_text, text, R0_NAME_(r0_try, __COUNTER__),  \
		     R0_NAME_(r0_wanted, __COUNTER__), R0_NAME_(r0_site, __COUNTER__), saying, \
		     __VA_ARGS__)
#define R0_FAULT_IN_(failed, macro, vector_, vector_text, statement_text, try, wanted, site, \
		     saying, ...)                                                            \
	do {                                                                                 \
		struct r0_try try;                                                           \
		/* Volatile to be there still when r0_try_begin() returns again. */          \
		volatile const int wanted = vector_;                                         \
		if (r0_try_begin(&try) == 0) {                                               \
			__VA_ARGS__;                                                         \
			r0_try_end(&try);                                                    \
			try.fault.vector = -1;                                               \
		}                                                                            \
		if (__builtin_expect(try.fault.vector != wanted, 0)) {                       \
			R0_SITE_(site, macro, R0_CHECK_EXCEPTION, .a.text = vector_text,     \
				 .b.text = statement_text);                                  \
			R0_FAILED_(failed, site, (uint64_t)wanted, (uintptr_t)&try.fault, 0, \
				   R0_UNWRAP_ saying);                                       \
		}                                                                            \
	} while (0)

#endif /* RING0_ASSERT_H */
