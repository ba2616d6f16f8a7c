/* SPDX-License-Identifier: MIT */
/*
 * A parser of descriptors, as a USB driver has one, and a device whose answers are whatever they are. The files in
 * corpus/parser.any_descriptor are cases; built with an engine (docs/guide.md, "Fuzzing"),
 *
 *	./fuzz_test --fuzz=60
 *
 * finds more: here nothing, as what is commented on is done.
 */
#include <ring0.h>
#include <ring0/x86.h>

/* The type of the last descriptor of a list, each of which begins with its length and its type; or -1. */
static int last_descriptor(const uint8_t *data, size_t size)
{
	size_t at = 0;
	int type = -1;

	while (at + 2 <= size) {
		size_t length = data[at];

		/* Without the second condition --fuzz finds an input in a second. */
		if (length < 2 || length > size - at)
			return -1;
		type = data[at + 1] + data[at + length - 1];
		at += length;
	}
	return type;
}

static volatile int result;

R0_FUZZ(parser, any_descriptor)
{
	result = last_descriptor(data, size);
}

static int uart_access(void *state, struct r0_access *access)
{
	uint8_t byte;

	(void)state;
	if (access->width != 1)
		return -1;
	r0_fuzz_take(&byte, sizeof(byte));
	access->value = byte;
	return 0;
}

/* A line of text from a UART that says when it has a byte: LSR bit 0. */
static size_t read_line(char *line, size_t size)
{
	size_t length = 0, looks;

	for (looks = 0; looks < 100 && length < size; looks++) {
		if (!(r0_in8(0x3f8 + 5) & 1))
			continue;
		line[length] = (char)r0_in8(0x3f8);
		if (line[length++] == '\n')
			break;
	}
	return length;
}

R0_FUZZ(uart, says_anything, .io = R0_IO({ 0x3f8, 0x3ff, uart_access, NULL, 0 }))
{
	char line[16];

	(void)data;
	(void)size;
	R0_ASSERT_LE(read_line(line, sizeof(line)), sizeof(line));
}
