/* SPDX-License-Identifier: MIT */
/* Sections, keys and values of a unittests.cfg. Depends on libc, and on text.h for what may have been meant. */
#include "suite/configuration.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* Three quotes begin and end a value of several lines. */
#define QUOTES "\"\"\""

static const struct {
	const char *name;
	enum suite_key key;
} keys[] = {
	{ "file", SUITE_FILE },
	{ "smp", SUITE_SMP },
	{ "test_args", SUITE_TEST_ARGS },
	{ "qemu_params", SUITE_QEMU_PARAMS },
	{ "extra_params", SUITE_QEMU_PARAMS },
	{ "kvmtool_params", SUITE_KVMTOOL_PARAMS },
	{ "groups", SUITE_GROUPS },
	{ "arch", SUITE_ARCH },
	{ "machine", SUITE_MACHINE },
	{ "check", SUITE_CHECK },
	{ "accel", SUITE_ACCEL },
	{ "timeout", SUITE_TIMEOUT },
	{ "disabled_if", SUITE_DISABLED_IF },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* Where the reader is. */
struct reader {
	const char *text;
	size_t size;
	int line; /* the number of the line that was read last */
};

/* A piece of the text. */
struct span {
	const char *text;
	size_t size;
};

const char *suite_key_name(enum suite_key key)
{
	size_t i;

	for (i = 0; i < KEYS; i++)
		if (keys[i].key == key)
			return keys[i].name;
	return "?";
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span span)
{
	while (span.size && is_blank(span.text[0])) {
		span.text++;
		span.size--;
	}
	while (span.size && is_blank(span.text[span.size - 1]))
		span.size--;
	return span;
}

static bool next_line(struct reader *reader, struct span *line)
{
	const char *end;

	if (!reader->size)
		return false;
	end = memchr(reader->text, '\n', reader->size);
	*line = (struct span){ reader->text, end ? (size_t)(end - reader->text) : reader->size };
	reader->text += line->size + (end != NULL);
	reader->size -= line->size + (end != NULL);
	reader->line++;
	return true;
}

static bool find_key(struct span name, enum suite_key *key)
{
	size_t i;

	for (i = 0; i < KEYS; i++) {
		if (strlen(keys[i].name) != name.size ||
		    memcmp(keys[i].name, name.text, name.size) != 0)
			continue;
		*key = keys[i].key;
		return true;
	}
	return false;
}

/* The first problem of an entry is the one that is told. */
static int set_problem(struct suite_entry *entry, int line, const char *what, struct span text,
		       const char *hint)
{
	if (entry->problem)
		return 0;
	if (asprintf(&entry->problem, "line %d: %s: %.*s%s", line, what,
		     text.size < 80 ? (int)text.size : 80, text.text, hint) >= 0)
		return 0;
	entry->problem = NULL;
	return -ENOMEM;
}

static int refuse_key(struct suite_entry *entry, int line, struct span name)
{
	char word[32], hint[64] = "";
	size_t i;

	snprintf(word, sizeof(word), "%.*s", name.size < 31 ? (int)name.size : 31, name.text);
	for (i = 0; i < KEYS && !hint[0]; i++)
		if (text_is_near(word, keys[i].name))
			snprintf(hint, sizeof(hint), "; did you mean %s?", keys[i].name);
	return set_problem(entry, line, "there is no such key", name, hint);
}

/*
 * A backslash before the newline, if it is not itself escaped, joins two lines. Returns how much of the
 * line is to be kept.
 */
static size_t without_continuation(struct span line)
{
	size_t backslashes = 0;

	while (backslashes < line.size && line.text[line.size - 1 - backslashes] == '\\')
		backslashes++;
	return line.size - (backslashes & 1);
}

/* A value between three quotes and three quotes, over lines. */
static int read_long_value(struct reader *reader, struct suite_entry *entry, struct span first,
			   char **value)
{
	struct span line = first, end;
	int from = reader->line;
	size_t size = 0;
	FILE *out = open_memstream(value, &size);

	if (!out)
		return -ENOMEM;
	for (;;) {
		size_t kept;

		end = trim(line);
		if (end.size >= strlen(QUOTES) &&
		    !memcmp(end.text + end.size - strlen(QUOTES), QUOTES, strlen(QUOTES))) {
			fwrite(end.text, 1, end.size - strlen(QUOTES), out);
			break;
		}
		kept = without_continuation(line);
		fwrite(line.text, 1, kept, out);
		if (kept == line.size)
			putc('\n', out);
		if (next_line(reader, &line))
			continue;
		fclose(out);
		return set_problem(entry, from, "its three quotes never end", first, "");
	}
	return fclose(out) ? -ENOMEM : 0;
}

static int read_value(struct reader *reader, struct suite_entry *entry, enum suite_key key,
		      struct span value)
{
	char **place = &entry->values[key];

	/* Of several the last one counts. */
	free(*place);
	*place = NULL;
	if (value.size >= strlen(QUOTES) && !memcmp(value.text, QUOTES, strlen(QUOTES))) {
		value.text += strlen(QUOTES);
		value.size -= strlen(QUOTES);
		return read_long_value(reader, entry, value, place);
	}
	*place = strndup(value.text, value.size);
	return *place ? 0 : -ENOMEM;
}

static int read_key(struct reader *reader, struct suite_entry *entry, struct span line)
{
	const char *equals = memchr(line.text, '=', line.size);
	enum suite_key key;
	struct span name, value;

	if (!equals)
		return set_problem(entry, reader->line, "this is no KEY = VALUE", line, "");
	name = trim((struct span){ line.text, (size_t)(equals - line.text) });
	value = trim((struct span){ equals + 1, line.size - (size_t)(equals - line.text) - 1 });
	if (!find_key(name, &key))
		return refuse_key(entry, reader->line, name);
	return read_value(reader, entry, key, value);
}

static int add_entry(struct suite_configuration *configuration, size_t *capacity, struct span line,
		     int number, struct error *error)
{
	struct span name = trim((struct span){ line.text + 1, line.size - 2 });
	struct suite_entry *entries;

	if (!name.size)
		return error_set(error, EINVAL, "line %d: a test without a name", number);
	if (configuration->count == *capacity) {
		size_t larger = *capacity ? *capacity * 2 : 64;

		entries = reallocarray(configuration->entries, larger, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		configuration->entries = entries;
		*capacity = larger;
	}
	entries = &configuration->entries[configuration->count];
	*entries = (struct suite_entry){ .line = number };
	entries->name = strndup(name.text, name.size);
	if (!entries->name)
		return -ENOMEM;
	configuration->count++;
	return 0;
}

int suite_configuration_parse(struct suite_configuration *configuration, const char *text,
			      size_t size, struct error *error)
{
	struct reader reader = { text, size, 0 };
	size_t capacity = 0;
	struct span line;
	int err = 0;

	*configuration = (struct suite_configuration){ 0 };
	if (memchr(text, '\0', size))
		return error_set(error, EINVAL, "this is no text: it has bytes of value 0");
	while (!err && next_line(&reader, &line)) {
		line = trim(line);
		if (!line.size || line.text[0] == '#')
			continue;
		if (line.text[0] == '[' && line.text[line.size - 1] == ']')
			err = add_entry(configuration, &capacity, line, reader.line, error);
		else if (!configuration->count)
			err = error_set(error, EINVAL,
					"line %d: this belongs to no test, as there is no [NAME] "
					"before it: %.*s",
					reader.line, line.size < 80 ? (int)line.size : 80,
					line.text);
		else
			err = read_key(&reader, &configuration->entries[configuration->count - 1],
				       line);
	}
	return err == -ENOMEM ? error_set(error, ENOMEM, "out of memory for a list of tests") : err;
}

void suite_configuration_finish(struct suite_configuration *configuration)
{
	size_t i, key;

	for (i = 0; i < configuration->count; i++) {
		struct suite_entry *entry = &configuration->entries[i];

		for (key = 0; key < SUITE_KEYS; key++)
			free(entry->values[key]);
		free(entry->name);
		free(entry->problem);
	}
	free(configuration->entries);
	*configuration = (struct suite_configuration){ 0 };
}
