/* SPDX-License-Identifier: MIT */
/*
 * How a test is declared: R0_TEST() and its attributes. The same attributes are the options of
 * r0_call().
 */
#ifndef RING0_TEST_H
#define RING0_TEST_H

#include <ring0/private/own.h>
#include <ring0/private/types.h>

/*
 * Of functions that end the test. AddressSanitizer has code of its own called before such a
 * function, which asks the operating system about the stack: there it must not know.
 */
#if defined(__SANITIZE_ADDRESS__)
#define R0_NORETURN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define R0_NORETURN
#endif
#endif
#ifndef R0_NORETURN
#define R0_NORETURN __attribute__((noreturn))
#endif

/*
 * Entries of lists are written without their last members where those are not needed, as a mock's
 * .at_end, and compilers look at where the entry is written.
 */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/*
 * The macros from here on take optional arguments. In C before C23 compilers warn (-Wpedantic) of
 * __VA_OPT__ and of a "..." that is left empty, the latter where the macro is used, in a file that can't
 * help it; but not so of macros of the system, as these claim to be. Clang moreover has to see the comma
 * pasted to the arguments. What the arguments themselves give rise to is warned of as ever.
 */
#pragma GCC system_header

/* The initialiser of a list: a pointer to the entries and their number. */
#define R0_LIST(type, ...)                                                   \
	{                                                                    \
		(const type[]){ __VA_ARGS__ },                               \
			sizeof((const type[]){ __VA_ARGS__ }) / sizeof(type) \
	}

/*
 * A port of which a read gives `value` in the width of the access, and to which only it is written. One
 * that is listed several times takes each of its values, and gives the first.
 */
struct r0_ioport {
	uint16_t port;
	uint32_t value;
};

struct r0_ioports {
	const struct r0_ioport *entries;
	size_t count;
};

/* Physical memory at guest-physical addresses [from, to), page-aligned, zeroed. */
struct r0_ram {
	uint64_t from;
	uint64_t to;
};

struct r0_rams {
	const struct r0_ram *entries;
	size_t count;
};

/* One access by a test to a mocked port or to mocked guest-physical memory. */
struct r0_access {
	uint64_t address; /* the port, or the guest-physical address */
	uint64_t value;	  /* what is written; for a read, what the handler is to fill in */
	uint32_t width;	  /* in bytes: 1, 2, 4 or 8; what crosses a page comes in two pieces */
	bool write;
};

/*
 * A mock's handler, called on the host, never in ring 0: it may use libc and see the program's
 * own memory, not the test's. `state` is a copy of the mock's initial state made for this test.
 * On AMD a test that ended in a triple fault is run once more to find where, with new states.
 * Returns 0 if it handled the access, -1 to fail the test, which then names the access. See
 * <ring0/mock.h> for what else it may do. One that crashes, exits, or does not return fails its test.
 */
typedef int (*r0_access_handler)(void *state, struct r0_access *access);

/*
 * The ports or guest-physical addresses first to last, both included, served by a handler. Of several
 * that hold an access, the first one serves it.
 */
struct r0_mock {
	uint64_t first;
	uint64_t last;
	r0_access_handler handler;
	const void *initial; /* copied for each test; NULL if there is no state */
	size_t size;	     /* of the state, in bytes */
	/*
	 * Called like the handler when the test has ended as it should, to look at the state: 0 if that is as it
	 * should be, -1 to fail the test. NULL for none.
	 */
	int (*at_end)(void *state);
};

struct r0_mocks {
	const struct r0_mock *entries;
	size_t count;
};

/* An MSR of which a read gives `value`, and to which only it may be written. */
struct r0_msr {
	uint32_t index;
	uint64_t value;
};

struct r0_msrs {
	const struct r0_msr *entries;
	size_t count;
};

/* What CPUID says for a leaf and subleaf. */
struct r0_cpuid {
	uint32_t leaf, subleaf;
	uint32_t eax, ebx, ecx, edx;
};

struct r0_cpuids {
	const struct r0_cpuid *entries;
	size_t count;
};

/*
 * arm64: one call of firmware, by HVC or SMC, as the SMC calling convention has it (Arm DEN0028): W0
 * is its function, and of a function of 32 bits (bit 30 is 0) the arguments are the lower halves.
 */
struct r0_hypercall {
	uint32_t function;
	bool smc;	       /* by SMC #0 */
	uint64_t arguments[6]; /* X1 to X6 */
	uint64_t results[4]; /* X0 to X3, for the handler to fill in: 0, and X1 to X3 as they were */
};

/*
 * A mock's handler for them, called as those for accesses: returns 0, or -1 to fail the test, whose
 * message then names the call.
 */
typedef int (*r0_hypercall_handler)(void *state, struct r0_hypercall *call);

/* The functions first to last, both included; the others are as in struct r0_mock. */
struct r0_hypercall_mock {
	uint32_t first;
	uint32_t last;
	r0_hypercall_handler handler;
	const void *initial;
	size_t size;
	int (*at_end)(void *state);
};

struct r0_hypercalls {
	const struct r0_hypercall_mock *entries;
	size_t count;
};

/* arm64: of an ID register (R0_ID_AA64ISAR0_EL1, …) the bits in `mask` are those of `value`. */
struct r0_id_register {
	uint32_t id;
	uint64_t mask;
	uint64_t value;
};

struct r0_id_registers {
	const struct r0_id_register *entries;
	size_t count;
};

/* A variable, each write of which is reported. */
struct r0_watched {
	const volatile void *address;
	size_t size; /* in bytes */
	const char *name;
};

struct r0_watches {
	const struct r0_watched *entries;
	size_t count;
};

/* Calls of `function` go to `by`, which is of the same type. */
struct r0_replacement {
	void (*function)(void);
	void (*by)(void);
	const char *name;    /* of `function`, as written */
	const char *by_name; /* likewise */
	size_t checked;	     /* for the compiler's check of the types */
};

struct r0_replacements {
	const struct r0_replacement *entries;
	size_t count;
};

/* Guest-physical memory, [physical_address, + size), at virtual addresses that code assumes; whole pages. */
struct r0_window {
	uint64_t virtual_address;
	uint64_t physical_address;
	uint64_t size; /* in bytes */
};

struct r0_windows {
	const struct r0_window *entries;
	size_t count;
};

struct r0_params {
	const void *elements;
	size_t count;
	size_t size;	   /* of an element, in bytes */
	const void *names; /* a const char * in the first element, and so in each; NULL for none */
};

#define R0_RAM(...)  R0_LIST(struct r0_ram, __VA_ARGS__)
#define R0_MMIO(...) R0_LIST(struct r0_mock, __VA_ARGS__)
#define R0_MAP(...)  R0_LIST(struct r0_window, __VA_ARGS__)

/*
 * Up to 16 pairs (function, replacement), each of two functions of one type, which the compiler checks:
 * while the test runs, each call of the first goes to the second, in its VM alone. See <ring0/replace.h>.
 */
#define R0_REPLACE(...)                                                                          \
	{                                                                                        \
		(const struct r0_replacement[]){ R0_REPLACE_OF(                                  \
			__VA_ARGS__, R0_REPLACE_16, R0_REPLACE_15, R0_REPLACE_14, R0_REPLACE_13, \
			R0_REPLACE_12, R0_REPLACE_11, R0_REPLACE_10, R0_REPLACE_9, R0_REPLACE_8, \
			R0_REPLACE_7, R0_REPLACE_6, R0_REPLACE_5, R0_REPLACE_4, R0_REPLACE_3,    \
			R0_REPLACE_2, R0_REPLACE_1, )(__VA_ARGS__) },                            \
			R0_REPLACE_OF(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, \
				      3, 2, 1, )                                                 \
	}
#define R0_REPLACE_OF(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, which, ...) which
#define R0_REPLACE_1(pair)							  R0_REPLACE_PAIR pair
#define R0_REPLACE_2(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_1(__VA_ARGS__)
#define R0_REPLACE_3(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_2(__VA_ARGS__)
#define R0_REPLACE_4(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_3(__VA_ARGS__)
#define R0_REPLACE_5(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_4(__VA_ARGS__)
#define R0_REPLACE_6(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_5(__VA_ARGS__)
#define R0_REPLACE_7(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_6(__VA_ARGS__)
#define R0_REPLACE_8(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_7(__VA_ARGS__)
#define R0_REPLACE_9(pair, ...)							  R0_REPLACE_PAIR pair, R0_REPLACE_8(__VA_ARGS__)
#define R0_REPLACE_10(pair, ...)						  R0_REPLACE_PAIR pair, R0_REPLACE_9(__VA_ARGS__)
#define R0_REPLACE_11(pair, ...)						  R0_REPLACE_PAIR pair, R0_REPLACE_10(__VA_ARGS__)
#define R0_REPLACE_12(pair, ...)						  R0_REPLACE_PAIR pair, R0_REPLACE_11(__VA_ARGS__)
#define R0_REPLACE_13(pair, ...)						  R0_REPLACE_PAIR pair, R0_REPLACE_12(__VA_ARGS__)
#define R0_REPLACE_14(pair, ...)						  R0_REPLACE_PAIR pair, R0_REPLACE_13(__VA_ARGS__)
#define R0_REPLACE_15(pair, ...)						  R0_REPLACE_PAIR pair, R0_REPLACE_14(__VA_ARGS__)
#define R0_REPLACE_16(pair, ...)						  R0_REPLACE_PAIR pair, R0_REPLACE_15(__VA_ARGS__)
#define R0_REPLACE_PAIR(function_, by_)                                                            \
	{                                                                                          \
		(void (*)(void))(function_), (void (*)(void))(by_), #function_, #by_,              \
			sizeof(struct {                                                            \
				_Static_assert(__builtin_types_compatible_p(__typeof__(function_), \
									    __typeof__(by_)),      \
					       #by_ "() has another type than " #function_         \
						    "(), which it replaces");                      \
				int checked;                                                       \
			})                                                                         \
	}

/*
 * Pointers to up to 8 variables, of the types that they have: R0_WATCH(&counter, &table[2]). A
 * pointer to an array's first element watches that element, one to the array all of it.
 */
#define R0_WATCH(...)                                                                            \
	{                                                                                        \
		(const struct r0_watched[]){ R0_WATCH_OF(                                        \
			__VA_ARGS__, R0_WATCH_8, R0_WATCH_7, R0_WATCH_6, R0_WATCH_5, R0_WATCH_4, \
			R0_WATCH_3, R0_WATCH_2, R0_WATCH_1, )(__VA_ARGS__) },                    \
			R0_WATCH_OF(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, )                       \
	}
#define R0_WATCH_OF(a, b, c, d, e, f, g, h, which, ...) which
#define R0_WATCH_1(pointer)                             \
	{                                               \
		(pointer), sizeof(*(pointer)), #pointer \
	}
#define R0_WATCH_2(pointer, ...) R0_WATCH_1(pointer), R0_WATCH_1(__VA_ARGS__)
#define R0_WATCH_3(pointer, ...) R0_WATCH_1(pointer), R0_WATCH_2(__VA_ARGS__)
#define R0_WATCH_4(pointer, ...) R0_WATCH_1(pointer), R0_WATCH_3(__VA_ARGS__)
#define R0_WATCH_5(pointer, ...) R0_WATCH_1(pointer), R0_WATCH_4(__VA_ARGS__)
#define R0_WATCH_6(pointer, ...) R0_WATCH_1(pointer), R0_WATCH_5(__VA_ARGS__)
#define R0_WATCH_7(pointer, ...) R0_WATCH_1(pointer), R0_WATCH_6(__VA_ARGS__)
#define R0_WATCH_8(pointer, ...) R0_WATCH_1(pointer), R0_WATCH_7(__VA_ARGS__)

/*
 * One case of the test for each element of an array, "suite.name[3]"; with a member of it that is a
 * string, R0_PARAMS(array, member), by the name that this has: "suite.name[divides by zero]".
 */
#define R0_PARAMS(array, ...)                                                      \
	{                                                                          \
		.elements = (array), .count = sizeof(array) / sizeof((array)[0]),  \
		.size = sizeof((array)[0]),                                        \
		R0_NOTHING_(~, ##__VA_ARGS__)                                      \
			__VA_OPT__(.names = R0_STRING_OF_((array)[0].__VA_ARGS__)) \
	}
#define R0_NOTHING_(...)
#define R0_STRING_OF_(member) _Generic((member), const char * : &(member), char * : &(member))

/* Vector 0 is #DE, so that "none" needs another value: 0 in the structure, vector + 1 for one. */
#define R0_EXCEPTION(vector) ((vector) + 1)

/* Where kernels have what is each CPU's own: GS base of CPU n is area + n × size, both in bytes. */
struct r0_gs {
	void *area; /* the program's memory, of at least size bytes for each CPU; NULL: GS base is 0 */
	size_t room; /* in bytes, as R0_GS() knows it of an array; 0: not known */
	size_t size;
	/* If given, copied into each CPU's area when the test starts: variables as they begin. */
	const void *variables;
	size_t variables_size; /* in bytes */
	size_t variables_at;   /* the offset in the area of the first */
};

/* In place of a list that an architecture doesn't have: an error of the compiler's, in words. */
#define R0_ABSENT_(text)                         \
	{                                        \
		0, sizeof(struct {               \
			_Static_assert(0, text); \
			int absent;              \
		})                               \
	}

/*
 * R0_IOPORTS(), R0_IO(), R0_MSRS(), R0_CPUID() and R0_GS(): of x86. R0_HYPERCALLS() and R0_ID_REGISTERS(): of
 * arm64.
 */
#include R0_OWN_HEADER(OPTIONS)

/* The attributes of a test, and the options of r0_call(). Zero is every one's default. */
struct r0_options {
	struct r0_ioports ioports;
	struct r0_rams ram;
	struct r0_mocks io;
	struct r0_mocks mmio;
	struct r0_msrs msrs;
	bool strict_msrs; /* no others may be accessed, not even those that KVM has */
	struct r0_cpuids cpuid;
	struct r0_gs gs;
	struct r0_hypercalls hypercalls;
	struct r0_id_registers id_registers;
	struct r0_windows map;
	struct r0_replacements replace;
	struct r0_watches watch;   /* variables, each write of which the output tells */
	bool should_halt;	   /* must end by HLT with interrupts off */
	bool should_panic;	   /* must end by a failed assertion, r0_panic() or wrong I/O */
	const char *panic_message; /* the same, its message holding this text; NULL for any */
	int expect_exception;	   /* R0_EXCEPTION(vector): must end in it, unhandled */
	unsigned int timeout_ms;   /* 0 is 10 000; scaled by $R0_TIMEOUT_FACTOR */
	bool irqchip;		   /* the machine has a PC's interrupt controllers and timers */
	unsigned int cpus;	   /* virtual CPUs; several have local APICs: see <ring0/smp.h> */
	bool (*when)(void);	   /* run in ring 0 first: false skips the test */
	void (*setup)(void);	   /* run in ring 0 before the test */
	void (*teardown)(void);	   /* run in ring 0 after it, also after a failed assertion */
	struct r0_params params;
	const char *groups; /* separated by commas; "nodefault" runs only when asked for */
	const char *xfail;  /* why the test is expected to fail, or NULL */
};

/* A test as R0_TEST() registers it. */
struct r0_test {
	size_t size; /* of this structure: another in objects compiled with other headers than the library */
	const char *suite;
	const char *name;
	const char *file;
	int line;
	void (*fn)(void);
	const char *attributes; /* as written, so that a skip can name its condition */
	struct r0_options options;
	void (*fuzz)(const uint8_t *data,
		     size_t size); /* of R0_FUZZ(): its body; NULL for others */
};

#if defined(__has_attribute)
#if __has_attribute(retain)
#define R0_RETAIN __attribute__((used, retain))
#endif
#endif
#ifndef R0_RETAIN
#define R0_RETAIN __attribute__((used))
#endif

/*
 * Define a test: R0_TEST(suite, name, .attribute = …) { body }. It is registered as a pointer in
 * a section: arrays of structures are padded by some compilers, and --gc-sections drops what is
 * not marked retain.
 */
#define R0_TEST(suite_, name_, ...)                                                    \
	static void r0_test_##suite_##_##name_(void);                                  \
	static const struct r0_test r0_test_of_##suite_##_##name_ = {                  \
		.attributes = #__VA_ARGS__,                                            \
		R0_NOTHING_(~, ##__VA_ARGS__) __VA_OPT__(.options = { __VA_ARGS__ }, ) \
			R0_TEST_MEMBERS_(#suite_, #name_, r0_test_##suite_##_##name_)  \
	};                                                                             \
	R0_TEST_POINTER_(r0_test_at_##suite_##_##name_, r0_test_of_##suite_##_##name_) \
	static void r0_test_##suite_##_##name_(void)

/* What else a test's structure has, and what it is found by. */
#define R0_TEST_MEMBERS_(suite_, name_, fn_)                                                  \
	.size = sizeof(struct r0_test), .suite = (suite_), .name = (name_), .file = __FILE__, \
	.line = __LINE__, .fn = (fn_)
#define R0_TEST_POINTER_(pointer, test)                      \
	static const struct r0_test *const pointer R0_RETAIN \
		__attribute__((section("r0_tests"))) = &(test);

/*
 * The element of .params that this case is for, as an lvalue of that type. One of another size than
 * the elements have fails the test.
 */
#define R0_PARAM(type) (*(type *)r0_param(#type, sizeof(type), __FILE__, __LINE__))
void *r0_param(const char *type, size_t size, const char *file, int line);

/*
 * Whether this runs in a program that was booted as an image, where there is no host, and the machine is what it is;
 * or mirrored, in a VM of ring0's. For .when: a test that only a VM can pass says .when = r0_is_mirrored.
 */
bool r0_is_image(void);
bool r0_is_mirrored(void);

#endif /* RING0_TEST_H */
