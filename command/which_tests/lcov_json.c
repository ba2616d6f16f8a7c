/* SPDX-License-Identifier: MIT */
/* From LCOV's records to JSON (docs/report-json.md). */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "command/which_tests/lcov.h"

struct writer {
	FILE *out;
	char *test;	    /* whose object is open, or NULL */
	bool any_file, any; /* of the test's; of the list that is open */
	enum { NO_LIST, FUNCTIONS, LINES } list;
	struct function {
		char *name;
		unsigned int line;
	} * functions; /* of this file, by FN */
	size_t count;
};

static void put_text(FILE *out, const char *text)
{
	text_put_json(out, text, strlen(text));
}

static void end_test(struct writer *writer)
{
	if (writer->test)
		fputs("]}\n", writer->out);
	free(writer->test);
	writer->test = NULL;
}

static int file(void *context, const char *test, const char *path)
{
	struct writer *writer = context;

	if (!writer->test || strcmp(writer->test, test) != 0) {
		end_test(writer);
		writer->test = strdup(test);
		if (!writer->test)
			return -ENOMEM;
		fputs("{\"type\":\"coverage\",\"name\":", writer->out);
		put_text(writer->out, test);
		fputs(",\"files\":[", writer->out);
		writer->any_file = false;
	}
	fputs(writer->any_file ? ",{\"file\":" : "{\"file\":", writer->out);
	put_text(writer->out, path);
	fputs(",\"functions\":[", writer->out);
	writer->any_file = true;
	writer->any = false;
	writer->list = FUNCTIONS;
	return 0;
}

static int function(void *context, const char *name, unsigned int line)
{
	struct writer *writer = context;
	struct function *functions =
		reallocarray(writer->functions, writer->count + 1, sizeof(*functions));

	if (!functions)
		return -ENOMEM;
	writer->functions = functions;
	functions[writer->count++] = (struct function){ strdup(name), line };
	return functions[writer->count - 1].name ? 0 : -ENOMEM;
}

static int called(void *context, const char *name, uint64_t count)
{
	struct writer *writer = context;
	size_t i;

	if (!count || writer->list != FUNCTIONS)
		return 0;
	fputs(writer->any ? ",{\"name\":" : "{\"name\":", writer->out);
	put_text(writer->out, name);
	for (i = 0; i < writer->count; i++)
		if (strcmp(writer->functions[i].name, name) == 0) {
			fprintf(writer->out, ",\"line\":%u", writer->functions[i].line);
			break;
		}
	fprintf(writer->out, ",\"count\":%llu}", (unsigned long long)count);
	writer->any = true;
	return 0;
}

static void begin_lines(struct writer *writer)
{
	fputs("],\"lines\":[", writer->out);
	writer->list = LINES;
	writer->any = false;
}

static int line(void *context, unsigned int number, uint64_t count)
{
	struct writer *writer = context;

	if (writer->list != LINES)
		begin_lines(writer);
	if (!count)
		return 0;
	fprintf(writer->out, writer->any ? ",[%u,%llu]" : "[%u,%llu]", number,
		(unsigned long long)count);
	writer->any = true;
	return 0;
}

static int end(void *context)
{
	struct writer *writer = context;

	if (writer->list != LINES)
		begin_lines(writer);
	fputs("]}", writer->out);
	while (writer->count)
		free(writer->functions[--writer->count].name);
	return 0;
}

int lcov_write_json(FILE *in, const char *name, FILE *out, struct error *error)
{
	struct writer writer = { .out = out };
	const struct lcov_events events = {
		.context = &writer,
		.file = file,
		.function = function,
		.called = called,
		.line = line,
		.end = end,
	};
	int err = lcov_read(in, name, &events, error);

	end_test(&writer);
	while (writer.count)
		free(writer.functions[--writer.count].name);
	free(writer.functions);
	if (!err && (fflush(out) || ferror(out)))
		err = error_set(error, EIO, "writing JSON: %s", strerror(errno));
	return err;
}
