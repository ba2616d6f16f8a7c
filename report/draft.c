/* SPDX-License-Identifier: MIT */
/* A document that is well-formed at any time. Without memory, or if a write fails, it is kept no more. */
#include "report/draft.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUITE_END    "  </testsuite>\n"
#define DOCUMENT_END "</testsuites>\n"

void draft_begin(struct draft *draft, FILE *out)
{
	struct stat status;
	int flags;

	*draft = (struct draft){ .fd = fileno(out) };
	if (draft->fd < 0 || fflush(out) || fstat(draft->fd, &status) || !S_ISREG(status.st_mode))
		return;
	flags = fcntl(draft->fd, F_GETFL);
	draft->start = draft->end = lseek(draft->fd, 0, SEEK_CUR);
	draft->kept = flags >= 0 && !(flags & O_APPEND) && draft->start >= 0;
}

void draft_add(struct draft *draft, const char *document, const char *suite, const char *element,
	       size_t size)
{
	bool first = draft->end == draft->start;
	bool other = !draft->suite || strcmp(draft->suite, suite);
	char *text = NULL;
	size_t length, stays;
	FILE *out;

	if (!draft->kept)
		return;
	out = open_memstream(&text, &length);
	draft->kept = out;
	if (!out)
		return;
	if (first)
		fputs(document, out);
	if (other && draft->suite)
		fputs(SUITE_END, out);
	if (other)
		fputs(suite, out);
	fwrite(element, 1, size, out);
	stays = (size_t)ftello(out);
	fputs(SUITE_END DOCUMENT_END, out);
	draft->kept = !fclose(out) &&
		      pwrite(draft->fd, text, length, draft->end) == (ssize_t)length;
	free(text);
	draft->end += (off_t)stays;
	if (!other)
		return;
	free(draft->suite);
	draft->suite = strdup(suite);
}

void draft_end(struct draft *draft, FILE *out)
{
	off_t end = draft->kept && fflush(out) == 0 ? lseek(draft->fd, 0, SEEK_CUR) : -1;

	/* What can't be cut off was longer than the document: rare, and its reader would say so. */
	if (end >= 0 && ftruncate(draft->fd, end))
		draft->kept = false;
	free(draft->suite);
	draft->suite = NULL;
}
