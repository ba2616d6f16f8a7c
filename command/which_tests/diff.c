/* SPDX-License-Identifier: MIT */
/* Unified diffs (POSIX, diff, "Diff -u Output Format"; git-diff(1), "GENERATING PATCH TEXT WITH -P"). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "command/which_tests/wanted.h"

struct diff {
	struct wanted_list *list;
	char *path;			 /* of the file before; NULL if there is none */
	unsigned int at;		 /* the next line of the file before */
	unsigned int old_left, new_left; /* lines of the hunk, on either side */
	bool changed; /* the line before was one that goes, or came in its place */
};

/* git writes a name with unusual bytes in quotes, as C does. In place; returns it. */
static char *unquote(char *name)
{
	char *from = name + 1, *to = name;

	if (*name != '"')
		return name;
	for (; *from && *from != '"'; from++) {
		static const char letters[] = "abtnvfr\"\\", bytes[] = "\a\b\t\n\v\f\r\"\\";
		const char *letter;

		if (*from != '\\' || !from[1]) {
			*to++ = *from;
			continue;
		}
		from++;
		letter = strchr(letters, *from);
		if (letter) {
			*to++ = bytes[letter - letters];
		} else if (strspn(from, "01234567") >= 3) {
			*to++ = (char)((from[0] - '0') * 64 + (from[1] - '0') * 8 + from[2] - '0');
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return name;
}

/* Behind "--- " or "+++ ": NULL for no file. */
static const char *name_of(char *text)
{
	char *name;

	if (*text != '"')
		text[strcspn(text, "\t")] = '\0';
	name = unquote(text);
	if (strcmp(name, "/dev/null") == 0)
		return NULL;
	/* git's prefixes; those of diff.mnemonicPrefix, too. */
	if (name[0] && strchr("abiwco", name[0]) && name[1] == '/')
		name += 2;
	return name;
}

static int take_old_name(struct diff *diff, char *text)
{
	const char *name = name_of(text);

	free(diff->path);
	diff->path = name ? strdup(name) : NULL;
	return name && !diff->path ? -ENOMEM : 0;
}

/* A file that was not there before: its lines were in no run. */
static int take_new_name(struct diff *diff, char *text)
{
	const char *name = name_of(text);

	return name && !diff->path ? wanted_add(diff->list, name, NULL, 0, 0) : 0;
}

static int want(const struct diff *diff, unsigned int first, unsigned int last)
{
	return diff->path ? wanted_add(diff->list, diff->path, NULL, first ? first : 1,
				       last ? last : 1) :
			    0;
}

/* "@@ -FIRST,COUNT +FIRST,COUNT @@" */
static int take_hunk(struct diff *diff, const char *text)
{
	unsigned int first, old = 1, new = 1, other;
	int read = 0;

	if (sscanf(text, "@@ -%u%n", &first, &read) != 1)
		return -EINVAL;
	text += read;
	if (*text == ',' && sscanf(text, ",%u%n", &old, &read) == 1)
		text += read;
	if (sscanf(text, " +%u%n", &other, &read) != 1)
		return -EINVAL;
	text += read;
	if (*text == ',' && sscanf(text, ",%u", &new) != 1)
		return -EINVAL;
	diff->old_left = old;
	diff->new_left = new;
	/* Of no lines the number is that of the line before. */
	diff->at = old ? first : first + 1;
	diff->changed = false;
	return 0;
}

static int take_in_hunk(struct diff *diff, const char *text)
{
	int err = 0;

	switch (*text) {
	case '-':
		if (!diff->old_left)
			return -EINVAL;
		err = want(diff, diff->at, diff->at);
		diff->at++;
		diff->old_left--;
		diff->changed = true;
		return err;
	case '+':
		if (!diff->new_left)
			return -EINVAL;
		if (!diff->changed)
			err = want(diff, diff->at - 1, diff->at);
		diff->new_left--;
		diff->changed = true;
		return err;
	case ' ':
	case '\0':
		if (!diff->old_left || !diff->new_left)
			return -EINVAL;
		diff->at++;
		diff->old_left--;
		diff->new_left--;
		diff->changed = false;
		return 0;
	case '\\': /* "No newline at end of file" */
		return 0;
	default:
		return -EINVAL;
	}
}

/* "Binary files a/FILE and b/FILE differ" */
static int take_binary(const struct diff *diff, char *text)
{
	char *end = strstr(text, " and ");
	const char *name;

	if (!end)
		return 0;
	*end = '\0';
	name = name_of(text);
	return name ? wanted_add(diff->list, name, NULL, 0, 0) : 0;
}

static int take_line(struct diff *diff, char *text)
{
	if (diff->old_left || diff->new_left)
		return take_in_hunk(diff, text);
	if (strncmp(text, "--- ", 4) == 0)
		return take_old_name(diff, text + 4);
	if (strncmp(text, "+++ ", 4) == 0)
		return take_new_name(diff, text + 4);
	if (strncmp(text, "@@", 2) == 0)
		return take_hunk(diff, text);
	if (strncmp(text, "Binary files ", 13) == 0)
		return take_binary(diff, text + 13);
	return 0;
}

int wanted_add_diff(struct wanted_list *list, FILE *in, struct error *error)
{
	struct diff diff = { .list = list };
	size_t capacity = 0, number = 0;
	char *text = NULL;
	int err = 0;

	while (!err && getline(&text, &capacity, in) > 0) {
		number++;
		text[strcspn(text, "\r\n")] = '\0';
		err = take_line(&diff, text);
	}
	if (!err && (diff.old_left || diff.new_left))
		err = -EINVAL;
	if (err == -EINVAL)
		error_set(error, EINVAL,
			  "the diff, line %zu: this is no unified diff (diff -u, git diff)",
			  number);
	free(diff.path);
	free(text);
	return err;
}
