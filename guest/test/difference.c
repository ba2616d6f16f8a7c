/* SPDX-License-Identifier: MIT */
/* Strings and memory that differ. What they are read from may not be there. */
#include "guest/entry/cpu.h"
#include "guest/test/difference.h"
#include "guest/text/bytes.h"
#include "guest/text/operand.h"

/* Of a string that differs: so much is shown, some of it before the difference. */
#define MAX_EXCERPT	     64
#define EXCERPT_BEFORE	     24
#define LONG_ENOUGH_FOR_HINT 16

/* Of memory that differs. */
#define ROW	    16
#define MAX_ROWS    4
#define MAX_COUNTED 4096

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
		message_add(message, "NULL");
		return;
	}
	count = copy_readable(bytes, text + from, sizeof(bytes), true);
	length = 0;
	while (length < count && bytes[length] != '\0')
		length++;
	message_add(message, "%s\"", from > 0 ? "..." : "");
	message_add_escaped(message, bytes, length, '"');
	message_add(message, "\"%s",
		    length < count	  ? "" :
		    count < sizeof(bytes) ? " (unreadable from there on)" :
					    "...");
}

void difference_add_texts(struct message *message, const struct r0_site *site, const char *a,
			  const char *b)
{
	const char *separator = ": ";
	size_t at = 0;
	bool both = a != NULL && b != NULL;

	if (site->check == R0_CHECK_OTHER_TEXT) {
		message_add(message, ": both are ");
		add_excerpt(message, a, 0);
		return;
	}
	while (both && a[at] == b[at])
		at++;
	if (operand_literal(site->a.text) != LITERAL || at >= MAX_EXCERPT - EXCERPT_BEFORE) {
		message_add(message, "%s%s is ", separator,
			    operand_name(&site->a, "the left side"));
		add_excerpt(message, a, at);
		separator = ", ";
	}
	if (operand_literal(site->b.text) != LITERAL || at >= MAX_EXCERPT - EXCERPT_BEFORE) {
		message_add(message, "%s%s is ", separator,
			    operand_name(&site->b, "the right side"));
		add_excerpt(message, b, at);
	}
	if (at >= LONG_ENOUGH_FOR_HINT)
		message_add(message, ", different from offset %zu on", at);
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
	message_add(message, "\n  %s +0x%04zx:", side, offset);
	for (size_t i = 0; i < row; i++) {
		char mark = i < length && i < others_length && bytes[i] != others[i] ? '*' : ' ';

		if (i < length)
			message_add(message, "%c%02x", mark, (unsigned char)bytes[i]);
		else
			message_add(message, " ??");
	}
}

void difference_add_memory(struct message *message, const char *a, const char *b, size_t size)
{
	char bytes[2][ROW];
	struct count count;
	unsigned int rows = 0;
	size_t at;

	count_different(&count, a, b, size);
	at = common_length(a, b, size);
	message_add(message, ": %s%zu of %zu bytes %s, from offset %zu (0x%zx) on",
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
