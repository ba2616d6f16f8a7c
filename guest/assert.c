/* SPDX-License-Identifier: MIT */
/*
 * What a failed assertion says: the expressions, and what came of them. Nothing here runs while
 * assertions pass but the comparisons of strings and memory. Depends on guest/format.c,
 * guest/bytes.c, and on what guest/test.c and the exception entry do for it.
 */
#include <ring0.h>
#include "guest/fault_x86_64.h"
#include "guest/format.h"
#include "guest/register_bits.h"
#include "guest/runtime.h"

/* Expressions longer than this are "the left side" when their values are given. */
#define MAX_NAME 60

/* Of a string that differs: so much is shown, some of it before the difference. */
#define MAX_EXCERPT	     64
#define EXCERPT_BEFORE	     24
#define LONG_ENOUGH_FOR_HINT 16

/* Of memory that differs. */
#define ROW	    16
#define MAX_ROWS    4
#define MAX_COUNTED 4096

/* The text being made. Exception handlers have 16 KiB of stack, and may assert. */
struct message {
	struct format_sink sink;
	size_t length;
	bool cut;
	char text[1000];
};

static void message_put(struct format_sink *sink, const char *text, size_t length)
{
	struct message *message = (struct message *)sink;
	size_t room = sizeof(message->text) - message->length;

	if (length > room) {
		length = room;
		message->cut = true;
	}
	copy_bytes(message->text + message->length, text, length);
	message->length += length;
}

static void message_init(struct message *message)
{
	message->sink.put = message_put;
	message->length = 0;
	message->cut = false;
}

/* A text that did not fit ends in "...". */
static void message_end(struct message *message)
{
	if (message->cut)
		copy_bytes(message->text + message->length - 3, "...", 3);
}

__attribute__((format(printf, 2, 3))) static void add(struct message *message, const char *format,
						      ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_pieces(&message->sink, format, arguments);
	va_end(arguments);
}

/* Backslashes as in C, for text between two quotes of that kind. */
static void add_escaped(struct message *message, const char *text, size_t length, char quote)
{
	static const char plain[] = "\a\b\t\n\v\f\r";
	static const char letters[] = "abtnvfr";

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == (unsigned char)quote || c == '\\')
			add(message, "\\%c", c);
		else if (c >= ' ' && c <= '~')
			add(message, "%c", c);
		else if (c >= plain[0] && c <= plain[6])
			add(message, "\\%c", letters[c - plain[0]]);
		else
			add(message, "\\x%02x", c);
	}
}

/* Six decimals, without an instruction of floating point. */
static void add_float(struct message *message, uint64_t bits, unsigned int size)
{
	unsigned int mantissa_bits = size == sizeof(float) ? 23 : 52;
	unsigned int exponent_mask = size == sizeof(float) ? 0xff : 0x7ff;
	uint64_t mantissa;
	unsigned int biased = (unsigned int)(bits >> mantissa_bits) & exponent_mask;
	bool negative = bits >> (size * 8 - 1) & 1;
	int exponent; /* the value is mantissa * 2^exponent */

	if (size > sizeof(double)) {
		add(message, "of %u bytes, the lowest 0x%lx", size, bits);
		return;
	}
	if (size == sizeof(float))
		bits &= UINT32_MAX;
	mantissa = bits & ((UINT64_C(1) << mantissa_bits) - 1);
	if (negative)
		add(message, "-");
	if (biased == exponent_mask) {
		add(message, "%s (bits 0x%lx)", mantissa != 0 ? "NaN" : "infinity", bits);
		return;
	}
	if (biased != 0)
		mantissa |= UINT64_C(1) << mantissa_bits;
	exponent = (int)biased - (int)(exponent_mask >> 1) - (int)mantissa_bits;
	if (exponent > 63 - (int)mantissa_bits - 1) {
		add(message, "%lu * 2^%d", mantissa, exponent);
	} else if (exponent >= 0) {
		add(message, "%lu.000000", mantissa << exponent);
	} else {
		/* Digits come out at bit 60, with room for the digit above it. */
		unsigned int point = (unsigned int)-exponent;

		if (point > 60) {
			mantissa = point - 60 > 63 ? 0 : mantissa >> (point - 60);
			point = 60;
		}
		add(message, "%lu.", mantissa >> point);
		for (int i = 0; i < 6; i++) {
			mantissa = (mantissa & ((UINT64_C(1) << point) - 1)) * 10;
			add(message, "%lu", mantissa >> point);
		}
	}
	add(message, " (bits 0x%lx)", bits);
}

static uint64_t cut_to(uint64_t value, unsigned int size)
{
	return size < sizeof(value) ? value & ((UINT64_C(1) << size * 8) - 1) : value;
}

static void add_value(struct message *message, const struct r0_operand *operand, uint64_t value)
{
	switch (operand->shape) {
	case R0_SHAPE_BOOL:
		add(message, "%s", value != 0 ? "true" : "false");
		return;
	case R0_SHAPE_POINTER:
		if (value == 0)
			add(message, "NULL");
		else
			add(message, "0x%lx", value);
		return;
	case R0_SHAPE_FLOAT:
		add_float(message, value, operand->size);
		return;
	}
	if (operand->size > sizeof(value)) {
		add(message, "of %u bytes, the lowest 0x%lx", operand->size, value);
		return;
	}
	if (operand->shape == R0_SHAPE_UNSIGNED)
		add(message, "%lu", value);
	else
		add(message, "%ld", (int64_t)value);
	add(message, " (0x%lx", cut_to(value, operand->size));
	if (operand->shape == R0_SHAPE_CHAR && value >= ' ' && value <= '~') {
		char c = (char)value;

		add(message, ", '");
		add_escaped(message, &c, 1, '\'');
		add(message, "'");
	}
	add(message, ")");
}

enum literal {
	NO_LITERAL,
	LITERAL, /* says its value: a string, NULL, true, one digit */
	LITERAL_DECIMAL,
	LITERAL_HEXADECIMAL,
};

static bool is_same(const char *a, const char *b)
{
	return r0_same_text(a, b);
}

/* Whether an expression is a plain number or the like, of which not all need be said again. */
static enum literal literal_of(const char *text)
{
	bool hexadecimal;
	const char *digits;

	if (text[0] == '"') {
		/* One string alone: no quote before the last character but escaped ones. */
		const char *c = text + 1;

		while (*c != '\0' && *c != '"')
			c += *c == '\\' ? 2 : 1;
		return c[0] == '"' && c[1] == '\0' ? LITERAL : NO_LITERAL;
	}
	if (is_same(text, "NULL") || is_same(text, "true") || is_same(text, "false"))
		return LITERAL;
	if (*text == '-')
		text++;
	hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	digits = hexadecimal ? text + 2 : text;
	/* Octal is neither. */
	if (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		return NO_LITERAL;
	text = digits;
	while ((*text >= '0' && *text <= '9') ||
	       (hexadecimal && ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'f')))
		text++;
	if (text == digits)
		return NO_LITERAL;
	while ((*text | 0x20) == 'u' || (*text | 0x20) == 'l')
		text++;
	if (*text != '\0')
		return NO_LITERAL;
	if (hexadecimal)
		return LITERAL_HEXADECIMAL;
	return digits[1] >= '0' && digits[1] <= '9' ? LITERAL_DECIMAL : LITERAL;
}

/* "R0_ASSERT_EQ(a, b) failed" */
static void add_headline(struct message *message, const struct r0_site *site)
{
	/* Cut, so that there is room for what follows whatever the expressions are. */
	if (site->check == R0_CHECK_EXCEPTION || site->b.text != NULL)
		add(message, "%s(%.160s, %.160s", site->macro, site->a.text, site->b.text);
	else
		add(message, "%s(%.640s", site->macro, site->a.text);
	if (site->size != NULL)
		add(message, ", %.60s", site->size);
	add(message, ") failed");
}

static const char *name_of(const struct r0_operand *operand, const char *otherwise)
{
	return length_of(operand->text) <= MAX_NAME ? operand->text : otherwise;
}

/* "; x is 3 (0x3)", or less of it for a literal. Returns what to put before the next one. */
static const char *add_operand(struct message *message, const char *separator,
			       const struct r0_operand *operand, const char *otherwise,
			       uint64_t value)
{
	enum literal literal = literal_of(operand->text);

	/* A constant of more than its own type's width, or of another sign, is worth all words. */
	if (operand->shape != R0_SHAPE_SIGNED && operand->shape != R0_SHAPE_UNSIGNED &&
	    literal != LITERAL)
		literal = NO_LITERAL;
	if (literal == LITERAL)
		return separator;
	add(message, "%s%s is ", separator, name_of(operand, otherwise));
	if (literal == LITERAL_DECIMAL)
		add(message, "0x%lx", cut_to(value, operand->size));
	else if (literal == LITERAL_HEXADECIMAL && operand->shape == R0_SHAPE_UNSIGNED)
		add(message, "%lu", value);
	else if (literal == LITERAL_HEXADECIMAL)
		add(message, "%ld", (int64_t)value);
	else
		add_value(message, operand, value);
	return ", ";
}

/* The names of the bits that are set, "NXE SCE", and in hexadecimal what has none. */
static void add_bits(struct message *message, uint64_t value, const struct r0_register_bit *bits)
{
	const char *separator = "";

	for (; bits->name[0]; bits++) {
		if (!(value >> bits->bit & 1))
			continue;
		add(message, "%s%s", separator, bits->name);
		value &= ~(UINT64_C(1) << bits->bit);
		separator = " ";
	}
	if (value != 0)
		add(message, "%s0x%lx", separator, value);
}

static bool is_number(const struct r0_operand *operand)
{
	return operand->shape == R0_SHAPE_SIGNED || operand->shape == R0_SHAPE_UNSIGNED;
}

/* A register's name in it, or constants of its bits: not what was read. */
static bool is_constant(const struct r0_operand *operand)
{
	return literal_of(operand->text) != NO_LITERAL || operand->text[0] == '~' ||
	       (operand->text[0] == 'R' && operand->text[1] == '0' && operand->text[2] == '_');
}

/* Two values of a register by their bits. False if they are none, and nothing is said. */
static bool add_register(struct message *message, const struct r0_site *site, uint64_t a,
			 uint64_t b)
{
	const struct r0_register_bit *bits = register_bits_of(site->a.text);
	bool swapped = is_constant(&site->a) && !is_constant(&site->b);
	uint64_t got, wanted;

	if (bits == NULL)
		bits = register_bits_of(site->b.text);
	if (bits == NULL || !is_number(&site->a) || !is_number(&site->b))
		return false;
	got = swapped ? b : a;
	wanted = swapped ? a : b;
	add(message, ": ");
	if (literal_of(site->a.text) != LITERAL_HEXADECIMAL)
		add(message, "%s is 0x%lx, ", name_of(&site->a, "the left side"),
		    cut_to(a, site->a.size));
	if (literal_of(site->b.text) != LITERAL_HEXADECIMAL)
		add(message, "%s is 0x%lx, ", name_of(&site->b, "the right side"),
		    cut_to(b, site->b.size));
	if (a == b) {
		add(message, "bits: ");
		add_bits(message, got, bits);
		return true;
	}
	if ((wanted & ~got) != 0) {
		add(message, "missing: ");
		add_bits(message, wanted & ~got, bits);
	}
	if ((got & ~wanted) != 0) {
		add(message, "%ssurplus: ", (wanted & ~got) != 0 ? ", " : "");
		add_bits(message, got & ~wanted, bits);
	}
	return true;
}

static void add_comparison(struct message *message, const struct r0_site *site, uint64_t a,
			   uint64_t b)
{
	const char *separator;

	if (add_register(message, site, a, b))
		return;
	separator = add_operand(message, ": ", &site->a, "the left side", a);
	add_operand(message, separator, &site->b, "the right side", b);
}

/*
 * Reads of a test's memory are protected by a try, so that what can't be read doesn't hide what is
 * known. In ring 3 there is none to begin, and such an access ends the function as any other.
 *
 * Copy what can be read, up to and including a NUL if that is an end. Returns the number of bytes.
 */
static __attribute__((noinline)) size_t copy_readable(char *to, const char *from, size_t size,
						      bool text)
{
	struct r0_try try;
	const bool protect = !in_ring3();
	volatile size_t copied = 0;

	if (!protect || r0_try_begin(&try) == 0) {
		while (copied < size) {
			size_t i = copied;

			to[i] = ((const volatile char *)from)[i];
			copied = i + 1;
			if (text && to[i] == '\0')
				break;
		}
		if (protect)
			r0_try_end(&try);
	}
	return copied;
}

/* The string around [at]. */
static void add_excerpt(struct message *message, const char *text, size_t at)
{
	char bytes[MAX_EXCERPT];
	size_t from = at < MAX_EXCERPT - EXCERPT_BEFORE ? 0 : at - EXCERPT_BEFORE;
	size_t count, length;

	if (text == NULL) {
		add(message, "NULL");
		return;
	}
	count = copy_readable(bytes, text + from, sizeof(bytes), true);
	length = 0;
	while (length < count && bytes[length] != '\0')
		length++;
	add(message, "%s\"", from > 0 ? "..." : "");
	add_escaped(message, bytes, length, '"');
	add(message, "\"%s",
	    length < count	  ? "" :
	    count < sizeof(bytes) ? " (unreadable from there on)" :
				    "...");
}

static void add_texts(struct message *message, const struct r0_site *site, const char *a,
		      const char *b)
{
	const char *separator = ": ";
	size_t at = 0;
	bool both = a != NULL && b != NULL;

	if (site->check == R0_CHECK_OTHER_TEXT) {
		add(message, ": both are ");
		add_excerpt(message, a, 0);
		return;
	}
	while (both && a[at] == b[at])
		at++;
	if (literal_of(site->a.text) != LITERAL || at >= MAX_EXCERPT - EXCERPT_BEFORE) {
		add(message, "%s%s is ", separator, name_of(&site->a, "the left side"));
		add_excerpt(message, a, at);
		separator = ", ";
	}
	if (literal_of(site->b.text) != LITERAL || at >= MAX_EXCERPT - EXCERPT_BEFORE) {
		add(message, "%s%s is ", separator, name_of(&site->b, "the right side"));
		add_excerpt(message, b, at);
	}
	if (at >= LONG_ENOUGH_FOR_HINT)
		add(message, ", different from offset %zu on", at);
}

struct count {
	volatile size_t different;
	volatile size_t seen; /* bytes compared */
};

/* Count the bytes that differ, as far as they can be read and up to MAX_COUNTED. */
static __attribute__((noinline)) void count_different(struct count *count, const char *a,
						      const char *b, size_t size)
{
	struct r0_try try;
	const bool protect = !in_ring3();

	count->different = 0;
	count->seen = 0;
	if (!protect || r0_try_begin(&try) == 0) {
		while (count->seen < size && count->different < MAX_COUNTED) {
			size_t at = count->seen;

			at += common_length(a + at, b + at, size - at);
			if (at < size) {
				count->different = count->different + 1;
				at++;
			}
			count->seen = at;
		}
		if (protect)
			r0_try_end(&try);
	}
}

static void add_row(struct message *message, const char *side, size_t offset, const char *bytes,
		    size_t length, const char *others, size_t others_length, size_t row)
{
	add(message, "\n  %s +0x%04zx:", side, offset);
	for (size_t i = 0; i < row; i++) {
		char mark = i < length && i < others_length && bytes[i] != others[i] ? '*' : ' ';

		if (i < length)
			add(message, "%c%02x", mark, (unsigned char)bytes[i]);
		else
			add(message, " ??");
	}
}

static void add_memory(struct message *message, const char *a, const char *b, size_t size)
{
	char bytes[2][ROW];
	struct count count;
	unsigned int rows = 0;
	size_t at;

	count_different(&count, a, b, size);
	at = common_length(a, b, size);
	add(message, ": %s%zu of %zu bytes %s, from offset %zu (0x%zx) on",
	    count.seen < size ? "at least " : "", count.different, size,
	    count.different == 1 ? "differs" : "differ", at, at);
	at -= at % ROW;
	for (; at < size && at < count.seen && rows < MAX_ROWS; at += ROW) {
		size_t row = size - at < ROW ? size - at : ROW;
		size_t lengths[2] = { copy_readable(bytes[0], a + at, row, false),
				      copy_readable(bytes[1], b + at, row, false) };
		size_t shared = lengths[0] < lengths[1] ? lengths[0] : lengths[1];

		if (common_length(bytes[0], bytes[1], shared) == shared)
			continue;
		add_row(message, "left ", at, bytes[0], lengths[0], bytes[1], lengths[1], row);
		add_row(message, "right", at, bytes[1], lengths[1], bytes[0], lengths[0], row);
		rows++;
	}
}

/* "#GP", "interrupt 0x20" */
static void add_vector(struct message *message, int vector)
{
	const char *name = r0_vector_name(vector);

	if (is_same(name, "interrupt"))
		add(message, "interrupt %#x", (unsigned int)vector);
	else
		add(message, "%s", name);
}

static void add_fault(struct message *message, int wanted, const struct r0_fault *fault)
{
	add(message, ": ");
	if (fault->vector < 0) {
		add(message, "no exception");
	} else {
		add_vector(message, fault->vector);
		add(message, " (error code 0x%lx", fault->error_code);
		if (fault->vector == R0_PF)
			add(message, ", address 0x%lx", fault_address(fault));
		add(message, ") at 0x%lx", fault_pc(fault));
	}
	add(message, " instead of ");
	add_vector(message, wanted);
	if (fault->vector < 0 && !in_ring3() && has_own_gate((unsigned int)wanted))
		add(message, ": the test has loaded an IDT whose gate for that is its own");
}

/* `format` is that of the user's text, or NULL. */
static void report(const struct r0_site *site, enum r0_failure_kind kind, uint64_t a, uint64_t b,
		   size_t size, const char *format, va_list *arguments)
{
	struct message message;

	message_init(&message);
	add_headline(&message, site);
	if (format != NULL) {
		add(&message, ", ");
		format_pieces(&message.sink, format, *arguments);
	}
	switch (site->check) {
	case R0_CHECK_TRUTH:
		break;
	case R0_CHECK_COMPARISON:
		add_comparison(&message, site, a, b);
		break;
	case R0_CHECK_SAME_TEXT:
	case R0_CHECK_OTHER_TEXT:
		add_texts(&message, site, (const char *)(uintptr_t)a, (const char *)(uintptr_t)b);
		break;
	case R0_CHECK_SAME_MEMORY:
		add_memory(&message, (const char *)(uintptr_t)a, (const char *)(uintptr_t)b, size);
		break;
	case R0_CHECK_EXCEPTION:
		add_fault(&message, (int)a, (const struct r0_fault *)(uintptr_t)b);
		break;
	}
	message_end(&message);
	fail(kind, site->file, site->line, message.text, message.length);
}

void r0_assert_failed(const struct r0_site *site, uint64_t a, uint64_t b, size_t size)
{
	require_guest_or_mock(site->macro);
	report(site, R0_FAILURE_ASSERT, a, b, size, NULL, NULL);
	stop();
}

void r0_assert_failed_with(const struct r0_site *site, uint64_t a, uint64_t b, size_t size,
			   const char *format, ...)
{
	va_list arguments;

	require_guest_or_mock(site->macro);
	va_start(arguments, format);
	report(site, R0_FAILURE_ASSERT, a, b, size, format, &arguments);
	va_end(arguments);
	stop();
}

void r0_expect_failed(const struct r0_site *site, uint64_t a, uint64_t b, size_t size)
{
	require_guest_or_mock(site->macro);
	report(site, R0_FAILURE_EXPECT, a, b, size, NULL, NULL);
}

void r0_expect_failed_with(const struct r0_site *site, uint64_t a, uint64_t b, size_t size,
			   const char *format, ...)
{
	va_list arguments;

	require_guest_or_mock(site->macro);
	va_start(arguments, format);
	report(site, R0_FAILURE_EXPECT, a, b, size, format, &arguments);
	va_end(arguments);
}

void r0_fail(const char *file, int line, const char *format, ...)
{
	struct message message;
	va_list arguments;

	require_guest_or_mock("R0_FAIL");
	message_init(&message);
	va_start(arguments, format);
	format_pieces(&message.sink, format, arguments);
	va_end(arguments);
	message_end(&message);
	fail(R0_FAILURE_ASSERT, file, line, message.text, message.length);
	stop();
}

void r0_skip(const char *format, ...)
{
	struct message message;
	va_list arguments;

	require_guest("R0_SKIP");
	message_init(&message);
	va_start(arguments, format);
	format_pieces(&message.sink, format, arguments);
	va_end(arguments);
	/* To the host, no text at all means that the condition said no. */
	if (message.length == 0)
		add(&message, "R0_SKIP");
	message_end(&message);
	r0_ask(R0_MESSAGE_SKIP, (uintptr_t)message.text, message.length);
	/* The host does not come back from a skip. */
	stop();
}

/* Both with string instructions: an emulator repeats those at a tenth of a loop's cost. */

bool r0_same_text(const char *a, const char *b)
{
	size_t size;

	if (a == NULL || b == NULL)
		return a == b;
	/* With the NUL, at which a shorter b differs: nothing behind its end is read. */
	size = length_of(a) + 1;
	return common_length(a, b, size) == size;
}

bool r0_same_memory(const void *a, const void *b, size_t size)
{
	return common_length(a, b, size) == size;
}
