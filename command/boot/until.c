/* SPDX-License-Identifier: MIT */
/* Whether a text has come by, in pieces. Depends on libc. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "command/boot/boot.h"

/* Knuth, Morris and Pratt's: for each length of a match, that of the longest one that is its end, too. */
static void fill_shorter(struct boot_until *until)
{
	size_t length = 0, i;

	for (i = 1; i < until->size; i++) {
		while (length && until->text[i] != until->text[length])
			length = until->shorter[length - 1];
		length += until->text[i] == until->text[length];
		until->shorter[i] = length;
	}
}

int boot_until_init(struct boot_until *until, const char *text)
{
	*until = (struct boot_until){ .text = text, .size = strlen(text), .said_evt = -1 };
	until->shorter = calloc(until->size, sizeof(*until->shorter));
	until->said_evt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!until->shorter || until->said_evt < 0)
		return boot_error(BOOT_INTERNAL, "--until: %s", strerror(errno));
	fill_shorter(until);
	return 0;
}

void boot_until_finish(struct boot_until *until)
{
	free(until->shorter);
	if (until->text && until->said_evt >= 0)
		close(until->said_evt);
	*until = (struct boot_until){ 0 };
}

bool boot_until_look(struct boot_until *until, const char *data, size_t size)
{
	static const uint64_t one = 1;
	size_t i;

	for (i = 0; i < size && until->matched < until->size; i++) {
		while (until->matched && data[i] != until->text[until->matched])
			until->matched = until->shorter[until->matched - 1];
		until->matched += data[i] == until->text[until->matched];
	}
	if (until->matched < until->size)
		return false;
	(void)!write(until->said_evt, &one, sizeof(one));
	return true;
}
