/* SPDX-License-Identifier: MIT */
/*
 * One test as a script that carries its image, its entry, environment and errata along, and needs a few of every
 * system's tools and the command ring0, or has that, too. Depends on suite.h, assist.h and libc.
 */
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "assist/assist.h"
#include "command/suite/suite.h"

/* What it carries, in this order behind the script; libraries follow. */
enum { PIECE_CONFIGURATION, PIECE_IMAGE, PIECE_ENVIRONMENT, PIECE_ERRATA, PIECE_COMMAND, PIECES };

/* The command's own, with what those need. */
#define LIBRARIES_MAX 32

struct piece {
	const char *name; /* its file's, where it is unpacked */
	char *data;	  /* NULL for one that is not there */
	size_t size;
};

struct pieces {
	struct piece items[PIECES + LIBRARIES_MAX];
	size_t count;
	struct error *error;
	int err;
};

/* Its length is in it, in so many characters. */
#define HEADER_DIGITS 8

static const char introduction[] =
	"#!/bin/sh\n"
	"# A test kernel with all that `ring0 suite` needs to run it. Its options are those of ring0 suite";

static const char other_command[] =
	";\n"
	"# the command ring0 has to be in PATH, or in RING0_COMMAND.\n"
	"ring0=${RING0_COMMAND:-ring0}\n"
	"if ! command -v \"$ring0\" >/dev/null; then\n"
	"\techo \"$0: there is no command ring0 in PATH; RING0_COMMAND may say where it is\" >&2\n"
	"\texit 99\n"
	"fi\n";

static const char directory[] = "directory=$(mktemp -d) || exit 99\n"
				"trap 'rm -rf \"$directory\"' EXIT\n"
				"trap 'exit 129' HUP\n"
				"trap 'exit 130' INT\n"
				"trap 'exit 143' TERM\n";

/* With the system's C library: its dynamic linker is the one that the command is for. */
static const char own_command[] =
	"ring0=$directory/ring0\n"
	"chmod +x \"$ring0\" || exit 99\n"
	"LD_LIBRARY_PATH=$directory${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\n"
	"export LD_LIBRARY_PATH\n"
	"if ! \"$ring0\" --version >/dev/null; then\n"
	"\techo \"$0: the command that it carries can't be run here; is $directory a place for programs?\" >&2\n"
	"\texit 99\n"
	"fi\n";

/* Between single quotes of a shell's. */
static void put_quoted(FILE *out, const char *text)
{
	putc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			putc(*text, out);
	}
	putc('\'', out);
}

static char *make_header(const char *name, const struct pieces *all, size_t length)
{
	const struct piece *pieces = all->items;
	size_t size = 0, offset = 1, i;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(introduction, out);
	fputs(pieces[PIECE_COMMAND].data ? ".\n" : other_command, out);
	fputs(directory, out);
	fprintf(out, "header=%-*zu\n", HEADER_DIGITS, length);
	fputs("take() { tail -c +$((header + $1)) \"$0\" 2>/dev/null | head -c \"$2\" >\"$directory/$3\" || exit 99; }\n",
	      out);
	for (i = 0; i < all->count; i++) {
		if (!pieces[i].data)
			continue;
		fprintf(out, "take %zu %zu %s\n", offset, pieces[i].size, pieces[i].name);
		offset += pieces[i].size;
	}
	if (pieces[PIECE_COMMAND].data)
		fputs(own_command, out);
	fputs("\"$ring0\" suite", out);
	if (pieces[PIECE_ENVIRONMENT].data)
		fputs(" --env-file \"$directory/environment\"", out);
	fputs(" \"$@\" \"$directory/unittests.cfg\" -- ", out);
	put_quoted(out, name);
	fputs("\nexit\n", out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* Its ending may say how it is started. */
static const char *name_of_image(const struct suite_image *image)
{
	const char *dot = strrchr(image->path, '.');

	return dot && !strcmp(dot, ".flat") ? "image.flat" : "image";
}

/* The entry with its image at its new place; a single image gets one. */
static char *make_configuration(const struct suite_image *image)
{
	size_t size = 0, key;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "[%s]\nfile = %s\n", image->name, name_of_image(image));
	for (key = 0; image->entry && key < SUITE_KEYS; key++) {
		const char *value = image->entry->values[key];

		if (!value || key == SUITE_FILE)
			continue;
		if (strchr(value, '\n'))
			fprintf(out, "%s = \"\"\"%s\"\"\"\n", suite_key_name((enum suite_key)key),
				value);
		else
			fprintf(out, "%s = %s\n", suite_key_name((enum suite_key)key), value);
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* All of a file, however large it is. */
static int read_image(const char *path, struct piece *piece, struct error *error)
{
	struct boot_file file = { 0 };

	if (access(path, R_OK) != 0)
		return error_set(error, errno, "%.300s: %s", path, strerror(errno));
	if (boot_file_map(&file, path))
		return error_set(error, EIO, "%.300s can't be read", path);
	piece->data = malloc(file.size + 1);
	if (piece->data)
		memcpy(piece->data, file.data, file.size);
	piece->size = file.size;
	boot_file_unmap(&file);
	return piece->data ? 0 : error_set(error, ENOMEM, "out of memory for %.300s", path);
}

static int take_text(struct piece *piece, char *text)
{
	piece->data = text;
	piece->size = text ? strlen(text) : 0;
	return text ? 0 : -ENOMEM;
}

/* Of each system, and of one make with the dynamic linker there. */
static bool is_systems(const char *name)
{
	static const char *const names[] = { "libc.so",	 "libm.so",  "libpthread.so", "libdl.so",
					     "librt.so", "ld-linux", "linux-vdso" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

static int add_library(struct dl_phdr_info *info, size_t size, void *context)
{
	const char *slash = strrchr(info->dlpi_name, '/');
	struct pieces *pieces = context;
	struct piece *piece;

	(void)size;
	if (!slash || is_systems(slash + 1))
		return 0;
	if (pieces->count == PIECES + LIBRARIES_MAX) {
		pieces->err = error_set(pieces->error, E2BIG, "more than %d libraries of ring0's",
					LIBRARIES_MAX);
		return pieces->err;
	}
	piece = &pieces->items[pieces->count++];
	/* As long as the library is loaded. */
	piece->name = slash + 1;
	pieces->err = read_image(info->dlpi_name, piece, pieces->error);
	return pieces->err;
}

/* The command itself, and what it has loaded: the decoder, too, where there is one. */
static int gather_command(struct pieces *pieces, struct error *error)
{
	int err = read_image("/proc/self/exe", &pieces->items[PIECE_COMMAND], error);

	if (err)
		return err;
	assist_load(NULL);
	pieces->error = error;
	dl_iterate_phdr(add_library, pieces);
	return pieces->err;
}

static int gather(const struct suite_options *options, const struct suite_image *image,
		  struct pieces *all, struct error *error)
{
	struct piece *pieces = all->items;
	char *environment = NULL;
	int err = 0;

	if (!image->path)
		return error_set(error, EINVAL, "%.200s has no file =", image->name);
	if (image->entry && image->entry->problem)
		return error_set(error, EINVAL, "%.100s: %.300s", image->name,
				 image->entry->problem);
	pieces[PIECE_IMAGE].name = name_of_image(image);
	err = read_image(image->path, &pieces[PIECE_IMAGE], error);
	if (!err)
		err = take_text(&pieces[PIECE_CONFIGURATION], make_configuration(image));
	if (!err)
		err = suite_environment_read(options, &environment, error);
	if (!err && environment)
		take_text(&pieces[PIECE_ENVIRONMENT], environment);
	if (!err && image->source && image->source->errata)
		err = take_text(&pieces[PIECE_ERRATA], strdup(image->source->errata));
	if (!err && options->with_command)
		err = gather_command(all, error);
	return err;
}

static int write_file(const char *path, const char *header, const struct pieces *pieces,
		      struct error *error)
{
	FILE *out = fopen(path, "we");
	size_t i;
	int err = 0;

	if (!out)
		return error_set(error, errno, "--standalone: %.300s: %s", path, strerror(errno));
	errno = 0;
	fputs(header, out);
	for (i = 0; i < pieces->count; i++)
		if (pieces->items[i].data)
			fwrite(pieces->items[i].data, 1, pieces->items[i].size, out);
	if (fflush(out) || ferror(out))
		err = errno ? errno : EIO;
	/* As it would be by execution: readable by whom the file is made for. */
	if (!err && fchmod(fileno(out), 0755) != 0)
		err = errno;
	if (fclose(out) && !err)
		err = errno;
	return err ? error_set(error, err, "--standalone: %.300s: %s", path, strerror(err)) : 0;
}

static const struct suite_image *find(const struct suite_collection *collection, const char *name,
				      size_t length)
{
	size_t i;

	for (i = 0; i < collection->image_count; i++)
		if (strlen(collection->images[i].name) == length &&
		    !memcmp(collection->images[i].name, name, length))
			return &collection->images[i];
	return NULL;
}

int suite_standalone_write(const struct suite_options *options,
			   const struct suite_collection *collection, struct error *error)
{
	struct pieces pieces = {
		.items = {
			[PIECE_CONFIGURATION] = { .name = "unittests.cfg" },
			[PIECE_ENVIRONMENT] = { .name = "environment" },
			[PIECE_ERRATA] = { .name = "errata.txt" },
			[PIECE_COMMAND] = { .name = "ring0" },
		},
		.count = PIECES,
	};
	const char *equals = strchr(options->standalone, '=');
	const struct suite_image *image;
	char *header = NULL;
	size_t i;
	int err;

	if (!equals || equals == options->standalone || !equals[1])
		return error_set(error, EINVAL, "--standalone %.200s: NAME=FILE is expected",
				 options->standalone);
	image = find(collection, options->standalone, (size_t)(equals - options->standalone));
	if (!image)
		return error_set(error, EINVAL,
				 "--standalone %.200s: no test has that name; --list shows them",
				 options->standalone);
	err = gather(options, image, &pieces, error);
	if (!err)
		header = make_header(image->name, &pieces, 0);
	if (header) {
		size_t length = strlen(header);

		free(header);
		header = make_header(image->name, &pieces, length);
	}
	if (!err && !header)
		err = error_set(error, ENOMEM, "out of memory for %.300s", equals + 1);
	if (!err)
		err = write_file(equals + 1, header, &pieces, error);
	free(header);
	for (i = 0; i < pieces.count; i++)
		free(pieces.items[i].data);
	return err;
}
