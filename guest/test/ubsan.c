/* SPDX-License-Identifier: MIT */
/*
 * What ring 0 gets in place of UndefinedBehaviorSanitizer's handlers: these want the operating system. A finding is a
 * failed expectation: the test goes on, as the program would have; unless the program was to end there. What handlers
 * are given is the compilers' interface, compiler-rt's ubsan_handlers.h and ubsan_value.h.
 */
#include <ring0.h>
#include "guest/host/fail.h"
#include "guest/test/sanitizers.h"
#include "guest/text/message.h"

struct place {
	const char *file;
	uint32_t line, column;
};

enum type_kind { TYPE_INTEGER = 0, TYPE_FLOAT = 1, TYPE_UNKNOWN = 0xffff };

struct type {
	uint16_t kind;
	uint16_t info; /* of an integer: bit 0 signed, above it log2 of its bits */
	char name[];   /* in quotes */
};

/* What a handler is given of the code: most have a place, and one type or two, or something else behind these. */
struct data {
	struct place place;
	const struct type *type;
	union {
		const struct type *second;
		struct {
			uint8_t log_alignment, access;
		};
	};
};

struct conversion {
	struct data types;
	uint8_t kind;
};

struct alignment {
	struct place place, assumption;
	const struct type *type;
};

struct builtin {
	struct place place;
	uint8_t kind;
};

struct argument {
	struct place place, attribute;
	int index;
};

/* The values of the code at hand, as many as the handler has. */
struct values {
	uint64_t a, b, c;
};

static unsigned int bits_of(const struct type *type)
{
	return type->kind == TYPE_INTEGER ? 1u << (type->info >> 1 & 31) : 0;
}

static bool is_signed(const struct type *type)
{
	return type->info & 1;
}

/* A value of up to 64 bits is what is handed over; a larger one, and a floating point one, can't be shown here. */
static bool is_shown(const struct type *type)
{
	return bits_of(type) && bits_of(type) <= 64;
}

static int64_t extended(const struct type *type, uint64_t value)
{
	unsigned int unused = 64 - bits_of(type);

	return (int64_t)(value << unused) >> unused;
}

static bool is_negative(const struct type *type, uint64_t value)
{
	return is_shown(type) && is_signed(type) && extended(type, value) < 0;
}

static uint64_t magnitude(const struct type *type, uint64_t value)
{
	return bits_of(type) == 64 ? value : value & ((1ull << bits_of(type)) - 1);
}

static void add_value(struct message *message, const struct type *type, uint64_t value)
{
	if (!is_shown(type))
		message_add(message, "a value");
	else if (is_signed(type))
		message_add(message, "%ld", (long)extended(type, value));
	else
		message_add(message, "%lu", (unsigned long)magnitude(type, value));
}

static void overflow(struct message *message, const struct data *data, const char *sign,
		     const struct values *values)
{
	message_add(message,
		    "%s integer overflow: ", is_signed(data->type) ? "signed" : "unsigned");
	add_value(message, data->type, values->a);
	message_add(message, " %s ", sign);
	add_value(message, data->type, values->b);
	message_add(message, " can't be represented in type %s", data->type->name);
}

static void add_overflow(struct message *message, const void *data, const struct values *values)
{
	overflow(message, data, "+", values);
}

static void sub_overflow(struct message *message, const void *data, const struct values *values)
{
	overflow(message, data, "-", values);
}

static void mul_overflow(struct message *message, const void *data, const struct values *values)
{
	overflow(message, data, "*", values);
}

static void negate_overflow(struct message *message, const void *at, const struct values *values)
{
	const struct data *data = at;

	message_add(message, "negation of ");
	add_value(message, data->type, values->a);
	message_add(message, " can't be represented in type %s", data->type->name);
}

static void divrem_overflow(struct message *message, const void *at, const struct values *values)
{
	const struct data *data = at;

	if (is_shown(data->type) && !magnitude(data->type, values->b)) {
		message_add(message, "division by zero");
		return;
	}
	message_add(message, "division of ");
	add_value(message, data->type, values->a);
	message_add(message, " by ");
	add_value(message, data->type, values->b);
	message_add(message, " can't be represented in type %s", data->type->name);
}

static void shift_out_of_bounds(struct message *message, const void *at,
				const struct values *values)
{
	const struct data *data = at;
	bool is_too_large = is_shown(data->second) &&
			    magnitude(data->second, values->b) >= bits_of(data->type);

	if (is_negative(data->second, values->b) || is_too_large) {
		message_add(message, "shift exponent ");
		add_value(message, data->second, values->b);
		if (is_negative(data->second, values->b))
			message_add(message, " is negative");
		else
			message_add(message, " is too large for %u-bit type %s",
				    bits_of(data->type), data->type->name);
		return;
	}
	message_add(message, "left shift of %s",
		    is_negative(data->type, values->a) ? "negative value " : "");
	add_value(message, data->type, values->a);
	if (is_negative(data->type, values->a))
		return;
	message_add(message, " by ");
	add_value(message, data->second, values->b);
	message_add(message, " places can't be represented in type %s", data->type->name);
}

static void out_of_bounds(struct message *message, const void *at, const struct values *values)
{
	const struct data *data = at;

	message_add(message, "index ");
	add_value(message, data->second, values->a);
	message_add(message, " out of bounds for type %s", data->type->name);
}

static void type_mismatch(struct message *message, const void *at, const struct values *values)
{
	static const char *const accesses[] = {
		"load of",
		"store to",
		"reference binding to",
		"member access within",
		"member call on",
		"constructor call on",
		"downcast of",
		"downcast of",
		"upcast of",
		"cast to virtual base of",
		"binding to",
		"dynamic operation on",
	};
	const struct data *data = at;
	uint64_t alignment = 1ull << (data->log_alignment & 63);

	message_add(message, "%s ",
		    data->access < sizeof(accesses) / sizeof(accesses[0]) ? accesses[data->access] :
									    "access to");
	if (!values->a)
		message_add(message, "null pointer of type %s", data->type->name);
	else if (values->a & (alignment - 1))
		message_add(message, "misaligned address %#lx for type %s, which wants %lu bytes",
			    (unsigned long)values->a, data->type->name, (unsigned long)alignment);
	else
		message_add(message,
			    "address %#lx, where there is no room for an object of type %s",
			    (unsigned long)values->a, data->type->name);
}

static void alignment_assumption(struct message *message, const void *at,
				 const struct values *values)
{
	const struct alignment *data = at;

	message_add(message, "%#lx, of type %s, is assumed to be aligned to %lu bytes",
		    (unsigned long)(values->a - values->c), data->type->name,
		    (unsigned long)values->b);
}

static void pointer_overflow(struct message *message, const void *data, const struct values *values)
{
	(void)data;
	message_add(message, "pointer arithmetic from %#lx to %#lx overflows",
		    (unsigned long)values->a, (unsigned long)values->b);
}

static void vla_bound_not_positive(struct message *message, const void *at,
				   const struct values *values)
{
	const struct data *data = at;

	message_add(message, "an array of variable length has ");
	add_value(message, data->type, values->a);
	message_add(message, " elements");
}

static void load_invalid_value(struct message *message, const void *at, const struct values *values)
{
	const struct data *data = at;

	message_add(message, "load of value ");
	add_value(message, data->type, values->a);
	message_add(message, ", which type %s does not have", data->type->name);
}

static void implicit_conversion(struct message *message, const void *at,
				const struct values *values)
{
	const struct conversion *data = at;

	message_add(message, "implicit conversion from ");
	add_value(message, data->types.type, values->a);
	message_add(message, " of type %s to ", data->types.type->name);
	add_value(message, data->types.second, values->b);
	message_add(message, " of type %s", data->types.second->name);
}

static void invalid_builtin(struct message *message, const void *at, const struct values *values)
{
	const struct builtin *data = at;

	(void)values;
	message_add(message, "%s",
		    data->kind == 0 ? "__builtin_ctz() of 0" :
		    data->kind == 1 ? "__builtin_clz() of 0" :
				      "__builtin_assume() of what is false");
}

static void nonnull_arg(struct message *message, const void *at, const struct values *values)
{
	const struct argument *data = at;

	(void)values;
	message_add(message, "null pointer as argument %d, which is declared never to be one",
		    data->index);
}

static void nonnull_return(struct message *message, const void *data, const struct values *values)
{
	(void)data;
	(void)values;
	message_add(message, "null pointer of a function declared never to return one");
}

static void float_cast_overflow(struct message *message, const void *at,
				const struct values *values)
{
	const struct data *data = at;

	add_value(message, data->type, values->a);
	message_add(message, " of type %s is outside what type %s has", data->type->name,
		    data->second->name);
}

static void builtin_unreachable(struct message *message, const void *data,
				const struct values *values)
{
	(void)data;
	(void)values;
	message_add(message, "__builtin_unreachable() was reached");
}

static void missing_return(struct message *message, const void *data, const struct values *values)
{
	(void)data;
	(void)values;
	message_add(message, "the end of a function that has to return a value was reached");
}

/* A place is told once, as by the libraries. In the machine's copy, as all of a test's. */
static bool is_new(struct place *place)
{
	return __atomic_exchange_n(&place->column, UINT32_MAX, __ATOMIC_RELAXED) != UINT32_MAX;
}

static void tell(void (*describe)(struct message *message, const void *data,
				  const struct values *values),
		 struct place *place, const void *data, const struct values *values, bool goes_on)
{
	struct message message;

	if (!is_new(place) && goes_on)
		return;
	message_init(&message);
	message_add(&message, "UndefinedBehaviorSanitizer: ");
	describe(&message, data, values);
	message_end(&message);
	fail(goes_on ? R0_FAILURE_EXPECT : R0_FAILURE_ASSERT, place->file, (int)place->line,
	     message.text, message.length);
}

/* Handlers have up to three values, and differ in how many and of what type: all are in a register each. */
#define DEFINE(name, describe, where, goes_on)                                             \
	void r0_ubsan_##name(void *data, uint64_t a, uint64_t b, uint64_t c);              \
	void r0_ubsan_##name(void *data, uint64_t a, uint64_t b, uint64_t c)               \
	{                                                                                  \
		tell(describe, (struct place *)(where), data, &(struct values){ a, b, c }, \
		     goes_on);                                                             \
	}

#define DEFINE_BOTH(name, describe, where)  \
	DEFINE(name, describe, where, true) \
	DEFINE(name##_abort, describe, where, false)

DEFINE_BOTH(add_overflow, add_overflow, data)
DEFINE_BOTH(sub_overflow, sub_overflow, data)
DEFINE_BOTH(mul_overflow, mul_overflow, data)
DEFINE_BOTH(negate_overflow, negate_overflow, data)
DEFINE_BOTH(divrem_overflow, divrem_overflow, data)
DEFINE_BOTH(shift_out_of_bounds, shift_out_of_bounds, data)
DEFINE_BOTH(out_of_bounds, out_of_bounds, data)
DEFINE_BOTH(type_mismatch_v1, type_mismatch, data)
DEFINE_BOTH(alignment_assumption, alignment_assumption, data)
DEFINE_BOTH(pointer_overflow, pointer_overflow, data)
DEFINE_BOTH(vla_bound_not_positive, vla_bound_not_positive, data)
DEFINE_BOTH(load_invalid_value, load_invalid_value, data)
DEFINE_BOTH(implicit_conversion, implicit_conversion, data)
DEFINE_BOTH(invalid_builtin, invalid_builtin, data)
DEFINE_BOTH(nonnull_arg, nonnull_arg, data)
DEFINE_BOTH(nonnull_return_v1, nonnull_return, a)
DEFINE_BOTH(float_cast_overflow, float_cast_overflow, data)
DEFINE(builtin_unreachable, builtin_unreachable, data, false)
DEFINE(missing_return, missing_return, data, false)
