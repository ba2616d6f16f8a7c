/* SPDX-License-Identifier: MIT */
/* From operands to images, lists of tests, and patterns. Depends on suite.h and libc. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "command/suite/suite.h"

/* What an operand names. */
enum kind { KIND_PATTERN, KIND_DIRECTORY, KIND_CONFIGURATION, KIND_IMAGE };

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

/* A name with a slash in it, or of a list, can't be a pattern's. */
static int find_kind(const char *operand, enum kind *kind, struct error *error)
{
	struct stat stat_buffer;

	if (operand[0] == '-') {
		*kind = KIND_PATTERN;
		return 0;
	}
	if (stat(operand, &stat_buffer) == 0) {
		*kind = S_ISDIR(stat_buffer.st_mode) ? KIND_DIRECTORY :
			ends_in(operand, ".cfg")     ? KIND_CONFIGURATION :
						       KIND_IMAGE;
		return 0;
	}
	if (strchr(operand, '/') || ends_in(operand, ".cfg"))
		return error_set(error, errno, "%.300s: %s", operand, strerror(errno));
	*kind = KIND_PATTERN;
	return 0;
}

static struct suite_image *add_image(struct suite_collection *collection, struct error *error)
{
	struct suite_image *images =
		reallocarray(collection->images, collection->image_count + 1, sizeof(*images));

	if (!images) {
		error_set(error, ENOMEM, "out of memory for %zu images", collection->image_count);
		return NULL;
	}
	collection->images = images;
	images[collection->image_count] = (struct suite_image){ .name = NULL };
	return &images[collection->image_count++];
}

/* An image by itself is named by its file, without the last ending. */
static int add_single_image(struct suite_collection *collection, const char *path,
			    struct error *error)
{
	struct suite_image *image = add_image(collection, error);
	const char *name = strrchr(path, '/'), *dot;

	if (!image)
		return -ENOMEM;
	name = name ? name + 1 : path;
	dot = strrchr(name, '.');
	image->name = strndup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
	image->path = strdup(path);
	return image->name && image->path ?
		       0 :
		       error_set(error, ENOMEM, "out of memory for %.300s", path);
}

static int add_entry(struct suite_collection *collection, const struct suite_source *source,
		     const struct suite_entry *entry, struct error *error)
{
	struct suite_image *image = add_image(collection, error);
	const char *file = entry->values[SUITE_FILE];

	if (!image)
		return -ENOMEM;
	image->source = source;
	image->entry = entry;
	image->name = strdup(entry->name);
	if (entry->values[SUITE_GROUPS])
		image->groups = strdup(entry->values[SUITE_GROUPS]);
	if (file && asprintf(&image->path, "%s/%s", source->directory, file) < 0)
		image->path = NULL;
	if (image->name && (image->path || !file) &&
	    (image->groups || !entry->values[SUITE_GROUPS]))
		return 0;
	return error_set(error, ENOMEM, "out of memory for %.200s", entry->name);
}

/* A file in the directory of the list, or in that above it, or NULL. */
static char *find_beside(const struct suite_source *source, const char *name)
{
	static const char *const places[] = { "", "../" };
	size_t i;

	for (i = 0; i < 2; i++) {
		char *path;

		if (asprintf(&path, "%s/%s%s", source->directory, places[i], name) < 0)
			return NULL;
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* What config.mak says that the images were made for; or else what this host is. */
static void find_architecture(struct suite_source *source)
{
	char *path = find_beside(source, "config.mak"), *text = NULL;
	const char *value = NULL;
	struct utsname names;
	size_t size;

	if (uname(&names) == 0)
		snprintf(source->architecture, sizeof(source->architecture), "%.31s",
			 names.machine);
	if (!strcmp(source->architecture, "aarch64"))
		strcpy(source->architecture, "arm64");
	if (path && !suite_file_read(path, &text, &size))
		value = strncmp(text, "ARCH=", 5) ? strstr(text, "\nARCH=") : text;
	if (value) {
		value = strchr(value, '=') + 1;
		snprintf(source->architecture, sizeof(source->architecture), "%.*s",
			 (int)strcspn(value, "\r\n \t"), value);
	}
	free(text);
	free(path);
}

static int read_errata(struct suite_source *source, struct error *error)
{
	size_t size;
	int err;

	source->errata_path = find_beside(source, "errata.txt");
	if (!source->errata_path)
		return 0;
	err = suite_file_read(source->errata_path, &source->errata, &size);
	return err ? error_set(error, -err, "%.300s: %s", source->errata_path, strerror(-err)) : 0;
}

static int read_source(struct suite_source *source, const char *path, struct error *error)
{
	const char *slash = strrchr(path, '/');
	struct error own = { "" };
	char *text = NULL;
	size_t size;
	int err;

	source->path = strdup(path);
	source->directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) :
				    strdup(".");
	if (!source->path || !source->directory)
		return error_set(error, ENOMEM, "out of memory for %.300s", path);
	err = suite_file_read(path, &text, &size);
	if (!err)
		err = suite_configuration_parse(&source->configuration, text, size, &own);
	free(text);
	if (err)
		return error_set(error, -err, "%.200s: %s", path,
				 own.text[0] ? own.text : strerror(-err));
	if (!source->configuration.count)
		return error_set(error, EINVAL, "%.300s: there is no test in it", path);
	find_architecture(source);
	return read_errata(source, error);
}

/* The list of a tree: in the directory itself, or in that of the architecture in it. */
static char *find_list(const char *directory)
{
	const char *const places[] = { "", suite_own_directory };
	size_t i;

	for (i = 0; i < 2; i++) {
		char *path;

		if (asprintf(&path, "%s%s%s/unittests.cfg", directory, i ? "/" : "", places[i]) < 0)
			return NULL;
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static int add_directory(struct suite_collection *collection, const char *directory,
			 struct error *error)
{
	char *path = find_list(directory);
	int err;

	if (!path)
		return error_set(
			error, ENOENT,
			"there is no unittests.cfg in %.200s, and none in its %s; name one, "
			"or images",
			!strcmp(directory, ".") ? "this directory" : directory,
			suite_own_directory);
	err = read_source(&collection->sources[collection->source_count++], path, error);
	free(path);
	return err;
}

static int add_operand(struct suite_collection *collection, const char *operand,
		       struct error *error)
{
	enum kind kind;
	int err = find_kind(operand, &kind, error);

	if (err)
		return err;
	switch (kind) {
	case KIND_DIRECTORY:
		return add_directory(collection, operand, error);
	case KIND_CONFIGURATION:
		return read_source(&collection->sources[collection->source_count++], operand,
				   error);
	case KIND_IMAGE:
		return add_single_image(collection, operand, error);
	case KIND_PATTERN:
		break;
	}
	collection->patterns[collection->pattern_count++] = operand;
	return 0;
}

/* Once nothing moves any more. */
static void describe_tests(struct suite_collection *collection)
{
	size_t i;

	for (i = 0; i < collection->image_count; i++) {
		struct suite_image *image = &collection->images[i];

		image->test = (struct r0_test){
			.suite = "",
			.name = image->name,
			.file = image->source ? image->source->path : image->path,
			.line = image->entry ? image->entry->line : 1,
			.options.groups = image->groups,
		};
	}
}

int suite_collect(struct suite_collection *collection, const struct suite_options *options,
		  struct error *error)
{
	size_t i, j;
	int err = 0;

	*collection = (struct suite_collection){
		.sources = calloc(options->operand_count + 1, sizeof(*collection->sources)),
		.patterns = calloc(options->operand_count + 1, sizeof(*collection->patterns)),
	};
	if (!collection->sources || !collection->patterns)
		return error_set(error, ENOMEM, "out of memory for the command line");
	for (i = 0; i < options->operand_count - options->pattern_count && !err; i++)
		err = add_operand(collection, options->words[i], error);
	for (; i < options->operand_count; i++)
		collection->patterns[collection->pattern_count++] = options->words[i];
	if (!err && !collection->source_count && !collection->image_count)
		err = add_directory(collection, ".", error);
	for (i = 0; i < collection->source_count && !err; i++)
		for (j = 0; j < collection->sources[i].configuration.count && !err; j++)
			err = add_entry(collection, &collection->sources[i],
					&collection->sources[i].configuration.entries[j], error);
	if (!err)
		describe_tests(collection);
	return err;
}

void suite_collection_finish(struct suite_collection *collection)
{
	size_t i;

	for (i = 0; i < collection->image_count; i++) {
		free(collection->images[i].name);
		free(collection->images[i].path);
		free(collection->images[i].groups);
	}
	for (i = 0; i < collection->source_count; i++) {
		struct suite_source *source = &collection->sources[i];

		suite_configuration_finish(&source->configuration);
		free(source->path);
		free(source->directory);
		free(source->errata_path);
		free(source->errata);
	}
	free(collection->images);
	free(collection->sources);
	free(collection->patterns);
	*collection = (struct suite_collection){ 0 };
}
