/* SPDX-License-Identifier: MIT */
/*
 * What of an object's command line a test file can have as well: all but what is about the one file. For GCC's
 * and Clang's @FILE: GCC's manual, "Overall Options".
 */
#include <stdlib.h>
#include <string.h>
#include "command/objects/objects.h"

/* Flags that are followed by a word of their own, a path among them. */
static bool takes_path(const char *word)
{
	static const char *const words[] = { "-I",	   "-include", "-isystem", "-iquote",
					     "-idirafter", "-imacros", "-isysroot" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Left out, with how many words behind it. */
static bool is_left_out(const char *word, size_t *more)
{
	*more = 0;
	if (strcmp(word, "-o") == 0 || strcmp(word, "-MF") == 0 || strcmp(word, "-MT") == 0 ||
	    strcmp(word, "-MQ") == 0)
		*more = 1;
	return *more || strcmp(word, "-c") == 0 || strcmp(word, "-S") == 0 ||
	       strncmp(word, "-Wp,-MD", 7) == 0 || strncmp(word, "-Wp,-MMD", 8) == 0 ||
	       strcmp(word, "-MD") == 0 || strcmp(word, "-MMD") == 0 || strcmp(word, "-MP") == 0 ||
	       strncmp(word, "-Werror", 7) == 0 || strncmp(word, "-fmacro-prefix-map=", 19) == 0 ||
	       strncmp(word, "-ffile-prefix-map=", 18) == 0;
}

/* White space, quotes and backslashes have a backslash before them. */
static void write_word(const char *before, const char *folder, const char *word, FILE *out)
{
	const char *const parts[] = { before, folder, folder[0] ? "/" : "", word };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *at = parts[i]; *at; at++) {
			if (strchr(" \t'\"\\", *at))
				fputc('\\', out);
			fputc(*at, out);
		}
	fputc('\n', out);
}

static void write_path(const char *before, const char *folder, const char *path, FILE *out)
{
	write_word(before, path[0] == '/' ? "" : folder, path, out);
}

static int write_words(const struct command_line *line, FILE *out)
{
	char *const *words = line->words.words;
	size_t count = line->words.count, more;

	for (size_t i = 1; i < count; i++) {
		if (is_left_out(words[i], &more)) {
			i += more;
		} else if (takes_path(words[i]) && i + 1 < count) {
			write_word("", "", words[i], out);
			write_path("", line->folder, words[++i], out);
		} else if (strncmp(words[i], "-I", 2) == 0) {
			write_path("-I", line->folder, words[i] + 2, out);
		} else if (words[i][0] == '-') {
			write_word("", "", words[i], out);
		}
	}
	return 0;
}

static bool is_of_assembly(const struct command_line *line)
{
	for (size_t i = 0; i < line->words.count; i++) {
		const char *word = line->words.words[i];
		size_t length = strlen(word);

		if (word[0] != '-' && length > 2 &&
		    (strcmp(word + length - 2, ".S") == 0 || strcmp(word + length - 2, ".s") == 0))
			return true;
	}
	return false;
}

int flags_write(const char *object, FILE *out)
{
	struct command_line line = { 0 };
	int status;

	if (!kbuild_find(object, &line) && !compile_commands_find(object, &line))
		return objects_complain(
			"how %s was compiled is not known: there is neither the .o.cmd file "
			"of Linux's build beside it, nor a compile_commands.json with it in a "
			"folder above",
			object);
	if (is_of_assembly(&line))
		status = objects_complain(
			"%s is of assembly, whose flags are not for C: name one that was "
			"compiled (--flags-of)",
			object);
	else
		status = write_words(&line, out);
	tool_finish(&line.words);
	free(line.folder);
	return status;
}
