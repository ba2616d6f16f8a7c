/* SPDX-License-Identifier: MIT */
/* Linux's notes of command lines: scripts/Kbuild.include, if_changed and if_changed_dep. */
#include <stdlib.h>
#include <string.h>
#include "command/objects/objects.h"

/* One word of a shell's, and where it ends; false if there is none. */
static bool take_word(const char **text, char *word, size_t size)
{
	const char *at = *text + strspn(*text, " \t");
	size_t length = 0;
	char quote = 0;

	if (!*at || *at == '\n' || *at == ';' || *at == '&')
		return false;
	for (; *at && *at != '\n'; at++) {
		if (!quote && strchr(" \t;&", *at))
			break;
		if ((*at == '\'' || *at == '"') && (!quote || quote == *at)) {
			quote = quote ? 0 : *at;
			continue;
		}
		if (*at == '\\' && quote != '\'' && at[1] && at[1] != '\n')
			at++;
		if (length + 1 < size)
			word[length++] = *at;
	}
	word[length] = '\0';
	*text = at;
	return true;
}

void command_line_split(struct command_line *line, const char *text)
{
	char word[8192];

	while (take_word(&text, word, sizeof(word)))
		tool_add(&line->words, "%s", word);
}

/* In a makefile, as the note is one, a dollar is two, and a hash is $(pound): scripts/Kbuild.include, make-cmd. */
static void undo_make(char *text)
{
	static const char pound[] = "$(pound)";
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (strncmp(from, pound, strlen(pound)) == 0) {
			*to++ = '#';
			from += strlen(pound) - 1;
			continue;
		}
		if ((from[0] == '$' && from[1] == '$') || (from[0] == '\\' && from[1] == '#'))
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

/* The folder where the build ran: the object's path without what the note calls it. */
static char *folder_of(const char *object, const char *noted, size_t length)
{
	char *real = realpath(object, NULL);
	size_t size = real ? strlen(real) : 0;

	if (!real || size <= length + 1 || strncmp(real + size - length, noted, length) != 0)
		return real;
	real[size - length - 1] = '\0';
	return real;
}

/* "cmd_lib/sort.o := gcc …", from 6.3 on "savedcmd_lib/sort.o := gcc …". */
static bool read_line(char *text, const char *object, struct command_line *line)
{
	char *name = strstr(text, "cmd_"), *assigned = strstr(text, " := ");

	if (!name || !assigned || name > assigned)
		return false;
	if (name != text && strncmp(text, "savedcmd_", 9) != 0)
		return false;
	name += strlen("cmd_");
	undo_make(assigned);
	command_line_split(line, assigned + strlen(" := "));
	line->folder = folder_of(object, name, (size_t)(assigned - name));
	return line->words.count > 1;
}

bool kbuild_find(const char *object, struct command_line *line)
{
	const char *slash = strrchr(object, '/');
	char path[4096], *text = NULL;
	size_t size = 0;
	bool found = false;
	FILE *in;

	snprintf(path, sizeof(path), "%.*s.%s.cmd", slash ? (int)(slash + 1 - object) : 0, object,
		 slash ? slash + 1 : object);
	in = fopen(path, "re");
	if (!in)
		return false;
	while (!found && getline(&text, &size, in) > 0)
		found = read_line(text, object, line);
	free(text);
	fclose(in);
	return found;
}
