/* SPDX-License-Identifier: MIT */
/* A reader of LCOV's records, of which it takes TN, SF, FN, FNDA, DA and the end. */
#include "command/which_tests/lcov.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const struct lcov_events *events;
	char *test;
	bool in_file;
};

/* A number that a character or the end follows; *rest is behind that. */
static bool number(const char *text, char end, uint64_t *value, const char **rest)
{
	char *stop;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &stop, 10);
	if (errno || (*stop != end && *stop))
		return false;
	*rest = *stop ? stop + 1 : stop;
	return true;
}

/* The name of a static function has its file in front, by llvm-cov. */
static const char *function_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon && strchr(name, '.') && strchr(name, '.') < colon ? colon + 1 : name;
}

/* Returns 0, -EINVAL or what an event has returned. */
static int take(const struct reader *reader, const char *key, const char *value)
{
	const struct lcov_events *events = reader->events;
	const char *rest, *name;
	uint64_t line, count;

	if (strcmp(key, "FN") == 0) {
		/* LCOV 2 has the last line, too: FN:first,last,name. */
		if (!number(value, ',', &line, &rest))
			return -EINVAL;
		name = number(rest, ',', &count, &name) ? strchr(rest, ',') + 1 : rest;
		return events->function ? events->function(events->context, function_name(name),
							   (unsigned int)line) :
					  0;
	}
	if (strcmp(key, "FNDA") == 0) {
		if (!number(value, ',', &count, &rest))
			return -EINVAL;
		return events->called ?
			       events->called(events->context, function_name(rest), count) :
			       0;
	}
	if (strcmp(key, "DA") == 0) {
		if (!number(value, ',', &line, &rest) || !number(rest, ',', &count, &rest))
			return -EINVAL;
		return events->line ? events->line(events->context, (unsigned int)line, count) : 0;
	}
	return 0;
}

static int take_line(struct reader *reader, char *text)
{
	const struct lcov_events *events = reader->events;
	char *colon = strchr(text, ':');
	int err = 0;

	if (strcmp(text, "end_of_record") == 0) {
		if (!reader->in_file)
			return -EINVAL;
		reader->in_file = false;
		return events->end ? events->end(events->context) : 0;
	}
	if (!colon)
		return text[0] && text[0] != '#' ? -EINVAL : 0;
	*colon = '\0';
	if (strcmp(text, "TN") == 0) {
		free(reader->test);
		reader->test = strdup(colon + 1);
		return reader->test ? 0 : -ENOMEM;
	}
	if (strcmp(text, "SF") == 0) {
		reader->in_file = true;
		if (events->file)
			err = events->file(events->context, reader->test ? reader->test : "",
					   colon + 1);
		return err;
	}
	return reader->in_file ? take(reader, text, colon + 1) : -EINVAL;
}

int lcov_read(FILE *in, const char *name, const struct lcov_events *events, struct error *error)
{
	struct reader reader = { .events = events };
	size_t capacity = 0, number_of = 0;
	char *text = NULL;
	int err = 0;

	while (!err && getline(&text, &capacity, in) > 0) {
		number_of++;
		text[strcspn(text, "\r\n")] = '\0';
		err = take_line(&reader, text);
	}
	if (!err && (ferror(in) || reader.in_file))
		err = -EINVAL;
	if (err == -EINVAL)
		error_set(error, EINVAL, "%.300s, line %zu: no record of LCOV's is like that", name,
			  number_of);
	else if (err)
		error_set(error, -err, "%.300s: %s", name, strerror(-err));
	free(text);
	free(reader.test);
	return err;
}
