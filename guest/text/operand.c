/* SPDX-License-Identifier: MIT */
/* Operands of assertions, by their expressions and values, in words. */
#include "guest/text/bytes.h"
#include "guest/text/operand.h"
#include "guest/text/register_bits.h"

/* Expressions longer than this are "the left side" when their values are given. */
#define MAX_NAME 60

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
		message_add(message, "of %u bytes, the lowest 0x%lx", size, bits);
		return;
	}
	if (size == sizeof(float))
		bits &= UINT32_MAX;
	mantissa = bits & ((UINT64_C(1) << mantissa_bits) - 1);
	if (negative)
		message_add(message, "-");
	if (biased == exponent_mask) {
		message_add(message, "%s (bits 0x%lx)", mantissa != 0 ? "NaN" : "infinity", bits);
		return;
	}
	if (biased != 0)
		mantissa |= UINT64_C(1) << mantissa_bits;
	exponent = (int)biased - (int)(exponent_mask >> 1) - (int)mantissa_bits;
	if (exponent > 63 - (int)mantissa_bits - 1) {
		message_add(message, "%lu * 2^%d", mantissa, exponent);
	} else if (exponent >= 0) {
		message_add(message, "%lu.000000", mantissa << exponent);
	} else {
		/* Digits come out at bit 60, with room for the digit above it. */
		unsigned int point = (unsigned int)-exponent;

		if (point > 60) {
			mantissa = point - 60 > 63 ? 0 : mantissa >> (point - 60);
			point = 60;
		}
		message_add(message, "%lu.", mantissa >> point);
		for (int i = 0; i < 6; i++) {
			mantissa = (mantissa & ((UINT64_C(1) << point) - 1)) * 10;
			message_add(message, "%lu", mantissa >> point);
		}
	}
	message_add(message, " (bits 0x%lx)", bits);
}

static uint64_t cut_to(uint64_t value, unsigned int size)
{
	return size < sizeof(value) ? value & ((UINT64_C(1) << size * 8) - 1) : value;
}

static void add_value(struct message *message, const struct r0_operand *operand, uint64_t value)
{
	switch (operand->shape) {
	case R0_SHAPE_BOOL:
		message_add(message, "%s", value != 0 ? "true" : "false");
		return;
	case R0_SHAPE_POINTER:
		if (value == 0)
			message_add(message, "NULL");
		else
			message_add(message, "0x%lx", value);
		return;
	case R0_SHAPE_FLOAT:
		add_float(message, value, operand->size);
		return;
	}
	if (operand->size > sizeof(value)) {
		message_add(message, "of %u bytes, the lowest 0x%lx", operand->size, value);
		return;
	}
	if (operand->shape == R0_SHAPE_UNSIGNED)
		message_add(message, "%lu", value);
	else
		message_add(message, "%ld", (int64_t)value);
	message_add(message, " (0x%lx", cut_to(value, operand->size));
	if (operand->shape == R0_SHAPE_CHAR && value >= ' ' && value <= '~') {
		char c = (char)value;

		message_add(message, ", '");
		message_add_escaped(message, &c, 1, '\'');
		message_add(message, "'");
	}
	message_add(message, ")");
}

enum literal operand_literal(const char *text)
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
	if (r0_same_text(text, "NULL") || r0_same_text(text, "true") || r0_same_text(text, "false"))
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

const char *operand_name(const struct r0_operand *operand, const char *otherwise)
{
	return length_of(operand->text) <= MAX_NAME ? operand->text : otherwise;
}

/* "; x is 3 (0x3)", or less of it for a literal. Returns what to put before the next one. */
static const char *add_operand(struct message *message, const char *separator,
			       const struct r0_operand *operand, const char *otherwise,
			       uint64_t value)
{
	enum literal literal = operand_literal(operand->text);

	/* A constant of more than its own type's width, or of another sign, is worth all words. */
	if (operand->shape != R0_SHAPE_SIGNED && operand->shape != R0_SHAPE_UNSIGNED &&
	    literal != LITERAL)
		literal = NO_LITERAL;
	if (literal == LITERAL)
		return separator;
	message_add(message, "%s%s is ", separator, operand_name(operand, otherwise));
	if (literal == LITERAL_DECIMAL)
		message_add(message, "0x%lx", cut_to(value, operand->size));
	else if (literal == LITERAL_HEXADECIMAL && operand->shape == R0_SHAPE_UNSIGNED)
		message_add(message, "%lu", value);
	else if (literal == LITERAL_HEXADECIMAL)
		message_add(message, "%ld", (int64_t)value);
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
		message_add(message, "%s%s", separator, bits->name);
		value &= ~(UINT64_C(1) << bits->bit);
		separator = " ";
	}
	if (value != 0)
		message_add(message, "%s0x%lx", separator, value);
}

static bool is_number(const struct r0_operand *operand)
{
	return operand->shape == R0_SHAPE_SIGNED || operand->shape == R0_SHAPE_UNSIGNED;
}

/* A register's name in it, or constants of its bits: not what was read. */
static bool is_constant(const struct r0_operand *operand)
{
	return operand_literal(operand->text) != NO_LITERAL || operand->text[0] == '~' ||
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
	message_add(message, ": ");
	if (operand_literal(site->a.text) != LITERAL_HEXADECIMAL)
		message_add(message, "%s is 0x%lx, ", operand_name(&site->a, "the left side"),
			    cut_to(a, site->a.size));
	if (operand_literal(site->b.text) != LITERAL_HEXADECIMAL)
		message_add(message, "%s is 0x%lx, ", operand_name(&site->b, "the right side"),
			    cut_to(b, site->b.size));
	if (a == b) {
		message_add(message, "bits: ");
		add_bits(message, got, bits);
		return true;
	}
	if ((wanted & ~got) != 0) {
		message_add(message, "missing: ");
		add_bits(message, wanted & ~got, bits);
	}
	if ((got & ~wanted) != 0) {
		message_add(message, "%ssurplus: ", (wanted & ~got) != 0 ? ", " : "");
		add_bits(message, got & ~wanted, bits);
	}
	return true;
}

void operand_add_comparison(struct message *message, const struct r0_site *site, uint64_t a,
			    uint64_t b)
{
	const char *separator;

	if (add_register(message, site, a, b))
		return;
	separator = add_operand(message, ": ", &site->a, "the left side", a);
	add_operand(message, separator, &site->b, "the right side", b);
}
