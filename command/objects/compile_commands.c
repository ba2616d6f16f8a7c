/* SPDX-License-Identifier: MIT */
/*
 * compile_commands.json: an array of objects with "directory", "file", perhaps "output", and "command" or
 * "arguments". Clang's documentation, "JSON Compilation Database Format Specification".
 */
#include <stdlib.h>
#include <string.h>
#include "command/objects/objects.h"

struct entry {
	char *directory, *file, *output, *command;
	struct tool_words arguments;
};

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n,:");
}

/* A text, of which escapes but \uXXXX are undone: no path of a compiler's has those. */
static char *take_text(const char **at)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	const char *from = *at + 1;

	if (!out)
		return NULL;
	for (; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1]) {
			from++;
			fputc(*from == 'n' ? '\n' : *from == 't' ? '\t' : *from, out);
		} else {
			fputc(*from, out);
		}
	}
	*at = *from ? from + 1 : from;
	fclose(out);
	return text;
}

static void drop(struct entry *entry)
{
	free(entry->directory);
	free(entry->file);
	free(entry->output);
	free(entry->command);
	tool_finish(&entry->arguments);
	*entry = (struct entry){ 0 };
}

static void take_list(const char **at, struct tool_words *words)
{
	for (*at = skip_space(*at + 1); **at == '"'; *at = skip_space(*at)) {
		char *text = take_text(at);

		if (!text)
			return;
		tool_add(words, "%s", text);
		free(text);
	}
	*at += **at == ']';
}

/* Behind an opening brace. Returns whether it was read to its end. */
static bool take_entry(const char **at, struct entry *entry)
{
	while (*(*at = skip_space(*at)) == '"') {
		char *name = take_text(at), **text = NULL;

		if (!name)
			return false;
		if (strcmp(name, "directory") == 0)
			text = &entry->directory;
		else if (strcmp(name, "file") == 0)
			text = &entry->file;
		else if (strcmp(name, "output") == 0)
			text = &entry->output;
		else if (strcmp(name, "command") == 0)
			text = &entry->command;
		free(name);
		*at = skip_space(*at);
		if (**at == '[') {
			take_list(at, &entry->arguments);
		} else if (**at == '"') {
			char *value = take_text(at);

			if (text && !*text)
				*text = value;
			else
				free(value);
		} else {
			*at += strcspn(*at, ",}");
		}
	}
	*at += **at == '}';
	return (*at)[-1] == '}';
}

/* Whether a path, in a folder, is that file. */
static bool is_file(const char *folder, const char *path, const char *real)
{
	char *joined = NULL, *found;
	bool same;

	if (!path || asprintf(&joined, "%s%s%s", path[0] == '/' ? "" : folder,
			      path[0] == '/' ? "" : "/", path) < 0)
		return false;
	found = realpath(joined, NULL);
	same = found && strcmp(found, real) == 0;
	free(found);
	free(joined);
	return same;
}

/* What -o names; CMake writes no "output" before its version 3.20. */
static const char *output_of(const struct tool_words *words)
{
	for (size_t i = 0; i + 1 < words->count; i++)
		if (strcmp(words->words[i], "-o") == 0)
			return words->words[i + 1];
	return NULL;
}

static bool use(struct entry *entry, const char *real, struct command_line *line)
{
	struct command_line split = { 0 };

	if (!entry->directory)
		return false;
	if (entry->arguments.count) {
		split.words = entry->arguments;
		entry->arguments = (struct tool_words){ 0 };
	} else if (entry->command) {
		command_line_split(&split, entry->command);
	}
	if (is_file(entry->directory, entry->output, real) ||
	    is_file(entry->directory, output_of(&split.words), real)) {
		*line = split;
		line->folder = entry->directory;
		entry->directory = NULL;
		return true;
	}
	tool_finish(&split.words);
	return false;
}

static bool search(const char *path, const char *real, struct command_line *line)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	const char *at;
	size_t size = 0;
	bool found = false;

	if (!in)
		return false;
	if (getdelim(&text, &size, '\0', in) > 0)
		for (at = text; !found && (at = strchr(at, '{'));) {
			struct entry entry = { 0 };

			at++;
			found = take_entry(&at, &entry) && use(&entry, real, line);
			drop(&entry);
		}
	free(text);
	fclose(in);
	return found;
}

bool compile_commands_find(const char *object, struct command_line *line)
{
	char *real = realpath(object, NULL), *folder = real ? strdup(real) : NULL, path[4096 + 32];
	bool found = false;
	char *slash;

	while (!found && folder && (slash = strrchr(folder, '/'))) {
		*slash = '\0';
		snprintf(path, sizeof(path), "%s/compile_commands.json", folder);
		found = search(path, real, line);
	}
	free(folder);
	free(real);
	return found;
}
