/* SPDX-License-Identifier: MIT */
/* The format of archives: ar(5) of the BSDs; the manual of GNU binutils, "ar", on thin ones. */
#include "command/stubs/archive.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char thin[] = "!<thin>\n";

#define MAGIC_SIZE (sizeof(thin) - 1)

/* Texts, filled up with spaces. */
struct header {
	char name[16], date[12], owner[6], group[6], mode[8], size[10], end[2];
};

bool archive_is_thin(int fd)
{
	char magic[MAGIC_SIZE];

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
	       memcmp(magic, thin, sizeof(magic)) == 0;
}

static int visit_ordinary(int fd, Elf *archive,
			  int (*visit)(void *context, const struct archive_member *member),
			  void *context)
{
	struct archive_member member = { 0 };
	Elf_Cmd command = ELF_C_READ;
	int status = 0;

	while (!status && (member.elf = elf_begin(fd, command, archive))) {
		const Elf_Arhdr *header = elf_getarhdr(member.elf);

		member.name = header && header->ar_name ? header->ar_name : "?";
		/* The tables of symbols and of long names. */
		if (member.name[0] != '/') {
			status = visit(context, &member);
			member.number++;
		}
		command = elf_next(member.elf);
		elf_end(member.elf);
	}
	/* Back to the first member. */
	elf_rand(archive, MAGIC_SIZE);
	return status;
}

static char *read_file(int fd, size_t *size)
{
	struct stat status;
	char *text;

	if (fstat(fd, &status))
		return NULL;
	*size = (size_t)status.st_size;
	text = malloc(*size + 1);
	if (text && pread(fd, text, *size, 0) == (ssize_t)*size) {
		text[*size] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

/* A name that the header has, or a place in the table of long ones; both end in a slash. */
static bool take_name(const struct header *header, const char *names, size_t names_size, char *name,
		      size_t size)
{
	const char *from = header->name, *end;
	size_t left = sizeof(header->name);

	if (from[0] == '/') {
		unsigned long offset = strtoul(from + 1, NULL, 10);

		if (offset >= names_size)
			return false;
		from = names + offset;
		left = names_size - offset;
	}
	end = memmem(from, left, from == header->name ? "/" : "/\n", from == header->name ? 1 : 2);
	if (!end || end == from || (size_t)(end - from) >= size)
		return false;
	memcpy(name, from, (size_t)(end - from));
	name[end - from] = '\0';
	return true;
}

/* Its path is from the archive's folder on. */
static int visit_file(const char *archive, const char *name, size_t number,
		      int (*visit)(void *context, const struct archive_member *member),
		      void *context, const char **why)
{
	const char *slash = name[0] == '/' ? NULL : strrchr(archive, '/');
	struct archive_member member = { .number = number };
	int fd, status = -1;
	char *path;

	if (asprintf(&path, "%.*s%s", slash ? (int)(slash + 1 - archive) : 0, archive, name) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		*why = errno == ENOENT ?
			       "it is a thin archive, and a file that it names is gone" :
			       "it is a thin archive, and a file that it names can't be read";
		goto free_path;
	}
	member.name = name;
	member.file = path;
	member.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	status = visit(context, &member);
	elf_end(member.elf);
	close(fd);
free_path:
	free(path);
	return status;
}

static int visit_thin(const char *path, const char *text, size_t size,
		      int (*visit)(void *context, const struct archive_member *member),
		      void *context, const char **why)
{
	static const char broken[] = "it is no archive that can be read to its end";
	const char *names = NULL;
	size_t names_size = 0, number = 0, at;
	int status = 0;

	for (at = MAGIC_SIZE; !status && at < size;) {
		struct header header;
		char length[sizeof(header.size) + 1] = "", name[PATH_MAX];
		size_t content;

		if (size - at < sizeof(header)) {
			*why = broken;
			return -1;
		}
		memcpy(&header, text + at, sizeof(header));
		/* Numbers end there, if not before. */
		if (memcmp(header.end, "`\n", sizeof(header.end)) != 0) {
			*why = broken;
			return -1;
		}
		at += sizeof(header);
		memcpy(length, header.size, sizeof(header.size));
		content = strtoul(length, NULL, 10);
		/* The tables of symbols and of long names are in the file; nothing else is. */
		if (header.name[0] != '/' || (header.name[1] >= '0' && header.name[1] <= '9')) {
			if (!take_name(&header, names, names_size, name, sizeof(name))) {
				*why = broken;
				return -1;
			}
			status = visit_file(path, name, number++, visit, context, why);
			continue;
		}
		if (content > size - at) {
			*why = broken;
			return -1;
		}
		if (header.name[1] == '/') {
			names = text + at;
			names_size = content;
		}
		at += content + content % 2;
	}
	return status;
}

int archive_visit(const char *path, int fd, Elf *elf,
		  int (*visit)(void *context, const struct archive_member *member), void *context,
		  const char **why)
{
	size_t size = 0;
	char *text;
	int status;

	*why = NULL;
	if (elf)
		return visit_ordinary(fd, elf, visit, context);
	text = read_file(fd, &size);
	if (!text) {
		*why = "it can't be read";
		return -1;
	}
	status = visit_thin(path, text, size, visit, context, why);
	free(text);
	return status;
}
