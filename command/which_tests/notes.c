/* SPDX-License-Identifier: MIT */
/* What may be cut off or something else is read through take(). */
#include "command/which_tests/notes.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The record of a function: its tag. */
#define FUNCTION 0x01000000u

/* A first record's name and source are in so many bytes. */
#define BEGINNING 65536

struct reader {
	const uint8_t *bytes;
	size_t size, at;
};

static bool take(struct reader *reader, void *to, size_t size)
{
	if (reader->size - reader->at < size)
		return false;
	memcpy(to, reader->bytes + reader->at, size);
	reader->at += size;
	return true;
}

/* A text, of which the length is in units of so many bytes: up to GCC 11 and by clang in words. */
static bool take_text(struct reader *reader, size_t unit, char *to, size_t room)
{
	uint32_t length;

	if (!take(reader, &length, sizeof(length)) || length > (room - 1) / unit ||
	    !take(reader, to, length * unit))
		return false;
	to[length * unit] = '\0';
	return true;
}

int notes_read_head(const char *path, struct notes_head *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof(*head));

	if (got < 0)
		err = -errno;
	else if (got != sizeof(*head) ||
		 (memcmp(head->magic, "adcg", 4) != 0 && memcmp(head->magic, "oncg", 4) != 0))
		err = -EINVAL;
	if (fd >= 0)
		close(fd);
	return err;
}

/* "408*" and the like, without a folder. */
static bool is_old_clang(const struct notes_head *head)
{
	return isdigit((unsigned char)head->version[3]);
}

/*
 * gcc's are "A30*" for 10.3, "B22*" for 12.2. Clang 21 takes that of 11.1 (LLVM's GCOVProfiling.cpp,
 * DefaultGCOVVersion). Bytes come last first.
 */
bool notes_are_by_clang(const struct notes_head *head)
{
	return is_old_clang(head) || memcmp(head->version, "*11B", sizeof(head->version)) == 0;
}

static char *folder_above(const char *source, const char *beside)
{
	char folder[PATH_MAX], path[2 * PATH_MAX + 1], *slash = folder;
	struct stat status;

	snprintf(folder, sizeof(folder), "%s", beside);
	while (slash) {
		snprintf(path, sizeof(path), "%s/%s", folder, source);
		if (stat(path, &status) == 0)
			return strdup(folder[0] ? folder : "/");
		slash = strrchr(folder, '/');
		if (slash)
			*slash = '\0';
	}
	return strdup(beside);
}

/* The source of the first function. */
static bool find_source(struct reader *reader, char *source, size_t room)
{
	uint32_t tag, words[4]; /* the length; number and two checksums */

	return take(reader, &tag, sizeof(tag)) && tag == FUNCTION &&
	       take(reader, words, sizeof(words)) && take_text(reader, 4, source, room) &&
	       take_text(reader, 4, source, room) && source[0] && source[0] != '/';
}

char *notes_folder(const char *path, const struct notes_head *head, const char *beside)
{
	static const char in_bytes[] = "B20*";
	uint8_t *bytes = malloc(BEGINNING);
	int fd = bytes ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, BEGINNING);
	struct reader reader = { .bytes = bytes, .size = got < 0 ? 0 : (size_t)got };
	char text[PATH_MAX] = "", *folder = NULL;
	/* The version's bytes come last first. */
	const char version[] = { head->version[3], head->version[2], head->version[1], '\0' };
	size_t unit = strncmp(version, in_bytes, 3) >= 0 ? 1 : 4;

	reader.at = sizeof(*head);
	if (!got || got < (ssize_t)sizeof(*head))
		reader.at = reader.size;
	if (is_old_clang(head)) {
		if (find_source(&reader, text, sizeof(text)))
			folder = folder_above(text, beside);
	} else if (take_text(&reader, unit, text, sizeof(text)) && access(text, X_OK) == 0) {
		folder = strdup(text);
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return folder ? folder : strdup(beside);
}
