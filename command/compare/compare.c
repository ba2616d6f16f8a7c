/* SPDX-License-Identifier: MIT */
/* The command line of `ring0 compare`. Depends on table.h, print.h and libc. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "command/commands.h"
#include "command/compare/print.h"
#include "command/compare/table.h"

#define STATUS_SAME   0
#define STATUS_DIFFER 1
#define STATUS_USAGE  2
#define STATUS_ERROR  99

/* A file of results is no larger. */
#define FILE_MAX (256u << 20)

static const char help[] =
	"Usage: ring0 compare [OPTION]... NAME=FILE...\n"
	"Show results of one program in several environments side by side. Results that differ\n"
	"from the reference's are in capitals. FILE is what `ring0 image run --results FILE`\n"
	"writes. If several files of one NAME disagree about a case, it is unstable.\n"
	"\n"
	"  --reference NAME   what the others are compared with (the first)\n"
	"  --all              also show cases that don't differ\n"
	"  --format NAME      text (default), tsv, json or html\n"
	"  --force            also compare results of programs with different build-ids\n"
	"  -h, --help         print this, and exit\n"
	"\n"
	"A case that an environment skips or lacks does not differ there.\n"
	"Exit status: 0 nothing differs; 1 something does; 99 a file can't be read; 2 the\n"
	"command line is wrong.\n";

enum { OPTION_REFERENCE = 256, OPTION_ALL, OPTION_FORMAT, OPTION_FORCE };

static const struct option long_options[] = {
	{ "reference", required_argument, NULL, OPTION_REFERENCE },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct print_format *const formats[] = { &print_text, &print_tsv, &print_json,
						      &print_html };

struct options {
	const char *reference;
	const struct print_format *format;
	bool all, force;
};

static const struct print_format *find_format(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i]->name, name))
			return formats[i];
	fprintf(stderr, "ring0 compare: --format %s: give text, tsv, json or html\n", name);
	return NULL;
}

/* All of a file, NUL-terminated, for free(); NULL with a message. */
static char *read_file(const char *path, struct error *error)
{
	FILE *file = fopen(path, "re");
	size_t size = 0, capacity = 0, got;
	char *text = NULL;

	if (!file) {
		error_set(error, errno, "%.300s: %s", path, strerror(errno));
		return NULL;
	}
	do {
		char *grown = size < FILE_MAX ? realloc(text, capacity = 2 * capacity + 65536) :
						NULL;

		if (!grown) {
			error_set(error, ENOMEM, "%.300s: it is too large", path);
			free(text);
			fclose(file);
			return NULL;
		}
		text = grown;
		got = fread(text + size, 1, capacity - size - 1, file);
		size += got;
	} while (got);
	fclose(file);
	text[size] = '\0';
	return text;
}

static int add(struct table *table, const char *operand, struct error *error)
{
	const char *equals = strchr(operand, '=');
	struct error own = { "" };
	char *name, *text;
	int err;

	if (!equals || equals == operand || !equals[1])
		return error_set(
			error, EINVAL,
			"%.200s: give NAME=FILE, what the environment is called and its results",
			operand);
	text = read_file(equals + 1, error);
	if (!text)
		return -EIO;
	name = strndup(operand, (size_t)(equals - operand));
	err = name ? table_add(table, name, text, &own) : -ENOMEM;
	if (err)
		error_set(error, -err, "%.200s: %s", equals + 1,
			  own.text[0] ? own.text : strerror(-err));
	free(name);
	free(text);
	return err;
}

/* Results of different programs have cases of the same names that are not the same. */
static int check_programs(const struct table *table, struct error *error)
{
	const struct table_column *first = &table->columns[0];
	size_t i;

	for (i = 1; i < table->column_count; i++) {
		const struct table_column *other = &table->columns[i];

		if (first->build_id && other->build_id &&
		    strcmp(first->build_id, other->build_id) != 0)
			return error_set(
				error, EINVAL,
				"%.100s and %.100s are results of different programs, build-ids %.40s and "
				"%.40s; --force compares them all the same",
				first->name, other->name, first->build_id, other->build_id);
	}
	return 0;
}

static int compare(const struct options *options, char **operands, size_t count)
{
	struct error error = { "" };
	struct table table = { 0 };
	int err = 0, status = STATUS_ERROR;
	size_t i;

	for (i = 0; i < count && !err; i++)
		err = add(&table, operands[i], &error);
	if (!err && !options->force)
		err = check_programs(&table, &error);
	if (!err)
		err = table_compare(&table, options->reference, &error);
	if (err) {
		fprintf(stderr, "ring0 compare: %s\n", error.text);
	} else {
		options->format->print(stdout, &table, options->all);
		status = table.differ ? STATUS_DIFFER : STATUS_SAME;
		if (fflush(stdout) || ferror(stdout)) {
			fprintf(stderr, "ring0 compare: writing: %s\n", strerror(errno));
			status = STATUS_ERROR;
		}
	}
	table_finish(&table);
	return status;
}

int compare_main(int argc, char **argv)
{
	struct options options = { .format = &print_text };
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_REFERENCE:
			options.reference = optarg;
			break;
		case OPTION_ALL:
			options.all = true;
			break;
		case OPTION_FORMAT:
			options.format = find_format(optarg);
			if (!options.format)
				return STATUS_USAGE;
			break;
		case OPTION_FORCE:
			options.force = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return STATUS_USAGE;
		}
	}
	if (optind == argc) {
		fputs(help, stderr);
		return STATUS_USAGE;
	}
	return compare(&options, argv + optind, (size_t)(argc - optind));
}
