/* SPDX-License-Identifier: MIT */
/*
 * printf()'s formats without libc and without floating point, for text made in ring 0. Depends on
 * guest/text/bytes.h alone. Literal text travels in runs, since where ring 0 is emulated each
 * instruction counts.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "guest/text/bytes.h"
#include "guest/text/format.h"

/* Of the longest number: 64 bits in octal. */
#define MAX_DIGITS 22

enum length {
	LENGTH_CHAR,
	LENGTH_SHORT,
	LENGTH_INT,
	LENGTH_LONG, /* also long long, intmax_t, size_t and ptrdiff_t, all of 64 bits */
};

/* A conversion specification, from its % to its last character. */
struct conversion {
	bool left, plus, space, alternative, zero;
	int width;
	int precision; /* -1 if there is none */
	enum length length;
	char type;
};

struct output {
	struct format_sink *sink;
	size_t length;
};

static void put(struct output *output, const char *text, size_t length)
{
	if (length > 0)
		output->sink->put(output->sink, text, length);
	output->length += length;
}

static void put_repeated(struct output *output, char c, int count)
{
	char run[32];

	if (count <= 0)
		return;
	fill_bytes(run, c, sizeof(run));
	for (; count > (int)sizeof(run); count -= (int)sizeof(run))
		put(output, run, sizeof(run));
	put(output, run, (size_t)count);
}

/* A text of known length in its field. */
static void put_field(struct output *output, const struct conversion *conversion, const char *text,
		      size_t length)
{
	int padding = 0;

	if (conversion->width > 0 && length < (size_t)conversion->width)
		padding = conversion->width - (int)length;
	if (!conversion->left)
		put_repeated(output, ' ', padding);
	put(output, text, length);
	if (conversion->left)
		put_repeated(output, ' ', padding);
}

static void put_string(struct output *output, const struct conversion *conversion, const char *text)
{
	size_t length;

	if (text == NULL) {
		/* All of it or nothing, as glibc does. */
		text = conversion->precision < 0 || conversion->precision >= 6 ? "(null)" : "";
		length = length_of(text);
	} else if (conversion->precision < 0) {
		length = length_of(text);
	} else {
		/* There may be no NUL, and nothing readable, behind `precision` characters. */
		length = 0;
		while (length < (size_t)conversion->precision && text[length] != '\0')
			length++;
	}
	put_field(output, conversion, text, length);
}

/* Write the digits backwards, ending before `end`. Returns where they start; 0 has none. */
static char *make_digits(char *end, uint64_t value, char type)
{
	const char *digits = type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";

	switch (type) {
	case 'o':
		for (; value != 0; value >>= 3)
			*--end = (char)('0' + (value & 7));
		break;
	case 'x':
	case 'X':
		for (; value != 0; value >>= 4)
			*--end = digits[value & 15];
		break;
	default:
		for (; value > UINT32_MAX; value /= 10)
			*--end = (char)('0' + value % 10);
		for (uint32_t rest = (uint32_t)value; rest != 0; rest /= 10)
			*--end = (char)('0' + rest % 10);
	}
	return end;
}

/* `prefix` is a sign, "0x" or nothing. */
static void put_number(struct output *output, const struct conversion *conversion, uint64_t value,
		       const char *prefix)
{
	char buffer[MAX_DIGITS];
	char *end = buffer + sizeof(buffer);
	char *start = make_digits(end, value, conversion->type);
	int length = (int)(end - start);
	int prefix_length = (int)length_of(prefix);
	int zeros = 0;
	int padding;

	if (conversion->precision >= 0)
		zeros = conversion->precision - length;
	else if (length == 0)
		zeros = 1;
	/* # makes an octal number start with a zero, by a higher precision if need be. */
	if (conversion->type == 'o' && conversion->alternative && zeros <= 0)
		zeros = 1;
	if (zeros < 0)
		zeros = 0;

	/* Subtracted one by one: a sum could overflow. */
	padding = conversion->width - length - prefix_length;
	if (padding > 0)
		padding -= zeros;
	if (padding > 0 && conversion->zero && !conversion->left && conversion->precision < 0) {
		zeros += padding;
		padding = 0;
	}
	if (!conversion->left)
		put_repeated(output, ' ', padding);
	put(output, prefix, (size_t)prefix_length);
	put_repeated(output, '0', zeros);
	put(output, start, (size_t)length);
	if (conversion->left)
		put_repeated(output, ' ', padding);
}

static void put_signed(struct output *output, const struct conversion *conversion, int64_t value)
{
	/* Negated as unsigned: the lowest number has no positive counterpart. */
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	const char *sign = "";

	if (value < 0)
		sign = "-";
	else if (conversion->plus)
		sign = "+";
	else if (conversion->space)
		sign = " ";
	put_number(output, conversion, magnitude, sign);
}

static void put_unsigned(struct output *output, const struct conversion *conversion, uint64_t value)
{
	const char *prefix = "";

	if (conversion->alternative && value != 0) {
		if (conversion->type == 'x')
			prefix = "0x";
		else if (conversion->type == 'X')
			prefix = "0X";
	}
	put_number(output, conversion, value, prefix);
}

static void put_pointer(struct output *output, struct conversion *conversion, uintptr_t value)
{
	if (value == 0) {
		put_field(output, conversion, "(nil)", 5);
		return;
	}
	conversion->type = 'x';
	conversion->alternative = true;
	put_unsigned(output, conversion, value);
}

/* Decimal digits at *format, which moves behind them; too large a number is INT32_MAX. */
static int parse_number(const char **format)
{
	int64_t number = 0;

	for (; **format >= '0' && **format <= '9'; ++*format) {
		number = number * 10 + (**format - '0');
		if (number > INT32_MAX)
			number = INT32_MAX;
	}
	return (int)number;
}

static void parse_flags(struct conversion *conversion, const char **format)
{
	for (;; ++*format) {
		switch (**format) {
		case '-':
			conversion->left = true;
			break;
		case '+':
			conversion->plus = true;
			break;
		case ' ':
			conversion->space = true;
			break;
		case '#':
			conversion->alternative = true;
			break;
		case '0':
			conversion->zero = true;
			break;
		default:
			return;
		}
	}
}

static void parse_length(struct conversion *conversion, const char **format)
{
	conversion->length = LENGTH_INT;
	switch (**format) {
	case 'h':
		++*format;
		conversion->length = LENGTH_SHORT;
		if (**format == 'h') {
			++*format;
			conversion->length = LENGTH_CHAR;
		}
		break;
	case 'l':
		++*format;
		conversion->length = LENGTH_LONG;
		if (**format == 'l')
			++*format;
		break;
	case 'j':
	case 'z':
	case 't':
		++*format;
		conversion->length = LENGTH_LONG;
		break;
	}
}

/* An argument list by address: as a parameter, va_list may be an array or not. */
struct arguments {
	va_list list;
};

static int64_t next_signed(struct arguments *arguments, enum length length)
{
	int value;

	if (length == LENGTH_LONG)
		return va_arg(arguments->list, int64_t);
	value = va_arg(arguments->list, int);
	if (length == LENGTH_CHAR)
		return (signed char)value;
	if (length == LENGTH_SHORT)
		return (short)value;
	return value;
}

static uint64_t next_unsigned(struct arguments *arguments, enum length length)
{
	unsigned int value;

	if (length == LENGTH_LONG)
		return va_arg(arguments->list, uint64_t);
	value = va_arg(arguments->list, unsigned int);
	if (length == LENGTH_CHAR)
		return (unsigned char)value;
	if (length == LENGTH_SHORT)
		return (unsigned short)value;
	return value;
}

/* `format` is behind the %. Returns where the text goes on. */
static const char *parse(struct conversion *conversion, const char *format,
			 struct arguments *arguments)
{
	fill_bytes(conversion, 0, sizeof(*conversion));
	parse_flags(conversion, &format);
	if (*format == '*') {
		format++;
		conversion->width = va_arg(arguments->list, int);
		if (conversion->width < 0) {
			conversion->left = true;
			conversion->width = conversion->width == INT32_MIN ? INT32_MAX :
									     -conversion->width;
		}
	} else {
		conversion->width = parse_number(&format);
	}
	conversion->precision = -1;
	if (*format == '.') {
		format++;
		if (*format == '*') {
			format++;
			conversion->precision = va_arg(arguments->list, int);
		} else {
			conversion->precision = parse_number(&format);
		}
	}
	parse_length(conversion, &format);
	conversion->type = *format;
	return *format == '\0' ? format : format + 1;
}

/* Returns false for a conversion that is not supported. */
static bool convert(struct output *output, struct conversion *conversion,
		    struct arguments *arguments)
{
	bool wide = conversion->length == LENGTH_LONG;
	char c;

	switch (conversion->type) {
	case 'd':
	case 'i':
		put_signed(output, conversion, next_signed(arguments, conversion->length));
		return true;
	case 'o':
	case 'u':
	case 'x':
	case 'X':
		put_unsigned(output, conversion, next_unsigned(arguments, conversion->length));
		return true;
	case 'c':
		/* An argument is taken in any case, so that those behind it stay in step. */
		c = (char)va_arg(arguments->list, int);
		if (!wide)
			put_field(output, conversion, &c, 1);
		return !wide;
	case 's': {
		const char *text = va_arg(arguments->list, const char *);

		if (!wide)
			put_string(output, conversion, text);
		return !wide;
	}
	case 'p':
		put_pointer(output, conversion, (uintptr_t)va_arg(arguments->list, void *));
		return true;
	case '%':
		put(output, "%", 1);
		return true;
	case 'n':
		(void)va_arg(arguments->list, void *);
		return false;
	default:
		return false;
	}
}

size_t format_pieces(struct format_sink *sink, const char *format, va_list arguments)
{
	struct output output = { .sink = sink };
	struct arguments rest;

	va_copy(rest.list, arguments);
	while (*format != '\0') {
		struct conversion conversion;
		const char *start = format;

		while (*format != '\0' && *format != '%')
			format++;
		put(&output, start, (size_t)(format - start));
		if (*format == '\0')
			break;
		start = format;
		format = parse(&conversion, format + 1, &rest);
		if (!convert(&output, &conversion, &rest))
			put(&output, start, (size_t)(format - start));
	}
	va_end(rest.list);
	return output.length;
}

struct buffer {
	struct format_sink sink;
	char *next;
	size_t room; /* without the NUL */
};

static void buffer_put(struct format_sink *sink, const char *text, size_t length)
{
	struct buffer *buffer = (struct buffer *)sink;

	if (length > buffer->room)
		length = buffer->room;
	copy_bytes(buffer->next, text, length);
	buffer->next += length;
	buffer->room -= length;
}

size_t format_text(char *buffer, size_t size, const char *format, va_list arguments)
{
	struct buffer to = {
		.sink.put = buffer_put,
		.next = buffer,
		.room = size > 0 ? size - 1 : 0,
	};
	size_t length = format_pieces(&to.sink, format, arguments);

	if (size > 0)
		*to.next = '\0';
	return length;
}

size_t format_to(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_text(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}
