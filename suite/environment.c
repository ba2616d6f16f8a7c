/* SPDX-License-Identifier: MIT */
/* The environment of an image, as kvm-unit-tests' scripts/arch-run.bash makes it. Depends on libc only. */
#include "suite/environment.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "suite/kernel_release.h"

static void put_number(struct buffer *text, const char *name, long value)
{
	/* What is not there has no value, and is there all the same. */
	if (value < 0)
		buffer_print(text, "%s=\n", name);
	else
		buffer_print(text, "%s=%ld\n", name, value);
}

/* The names that are ours to fill in. There is no QEMU, and so it has no version. */
static void put_reserved(const struct suite_environment *environment,
			 const struct kernel_release *kernel, struct buffer *text)
{
	buffer_print(text, "TARGET=ring0\nQEMU_ACCEL=kvm\nQEMU_VERSION_STRING=ring0 %s\n",
		     environment->ring0_version);
	buffer_print(text, "QEMU_MAJOR=\nQEMU_MINOR=\nQEMU_MICRO=\n");
	buffer_print(text, "KERNEL_VERSION_STRING=%s\n", environment->kernel_release);
	put_number(text, "KERNEL_VERSION", kernel->version);
	put_number(text, "KERNEL_PATCHLEVEL", kernel->patch_level);
	put_number(text, "KERNEL_SUBLEVEL", kernel->sub_level);
	put_number(text, "KERNEL_EXTRAVERSION", kernel->extra_version);
	/* The first word of the command line is the image's name: no other boot loader has been there. */
	buffer_print(text, "TEST_DEVICE=1\nBOOTLOADER=0\nNR_CPUS=%u\nMEMSIZE=%u\n",
		     environment->cpus, environment->memory_mib);
}

/* Whether the text has a line that begins with this name and an equals sign. */
static bool has(const struct buffer *text, const char *name, size_t length)
{
	const char *line = text->text;

	while (line && *line) {
		if (!strncmp(line, name, length) && line[length] == '=')
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

static size_t name_length(const char *line)
{
	size_t length = 0;

	if (isdigit((unsigned char)line[0]))
		return 0;
	while (isalnum((unsigned char)line[length]) || line[length] == '_')
		length++;
	return length;
}

/* Other lines than NAME=VALUE, comments for one, are left out; a name that is taken, too. */
static void put_user(const char *user, struct buffer *text)
{
	while (user && *user) {
		size_t blanks = strspn(user, " \t"), length = strcspn(user, "\n");
		const char *line = user + blanks;
		size_t name = name_length(line);

		if (name && line[name] == '=' && !has(text, line, name)) {
			size_t size = length - blanks;

			if (size && line[size - 1] == '\r')
				size--;
			buffer_add(text, line, size);
			buffer_add(text, "\n", 1);
		}
		user += length + (user[length] == '\n');
	}
}

/* A line of errata.txt: COMMIT : MINIMUM KERNEL : SUMMARY. */
static int put_erratum(const struct suite_environment *environment,
		       const struct kernel_release *kernel, const char *line, size_t length,
		       int number, struct buffer *text, struct error *error)
{
	struct kernel_release wanted;
	char copy[256], commit[65], name[80], release[65];
	const char *own;

	snprintf(copy, sizeof(copy), "%.*s", length < 255 ? (int)length : 255, line);
	if (copy[strspn(copy, " \t\r")] == '\0' || copy[0] == '#')
		return 0;
	if (sscanf(copy, " %64[0-9A-Za-z] : %64[^ \t:]", commit, release) != 2 ||
	    !kernel_release_parse(&wanted, release))
		return error_set(error, EINVAL,
				 "line %d: COMMIT : MINIMUM KERNEL VERSION : SUMMARY is expected",
				 number);
	snprintf(name, sizeof(name), "ERRATA_%s", commit);
	/* Whoever gives it a value knows better. */
	if (has(text, name, strlen(name)))
		return 0;
	own = environment->erratum ? environment->erratum(name) : NULL;
	if (!own)
		own = kernel_release_is_new_enough(kernel, &wanted) ? "y" : "n";
	buffer_print(text, "%s=%s\n", name, own);
	return 0;
}

static int put_errata(const struct suite_environment *environment,
		      const struct kernel_release *kernel, struct buffer *text, struct error *error)
{
	const char *line = environment->errata, *force;
	int number = 0, err = 0;

	force = environment->erratum ? environment->erratum("ERRATA_FORCE") : NULL;
	if (environment->force_errata)
		force = "y";
	if (force && !has(text, "ERRATA_FORCE", strlen("ERRATA_FORCE")))
		buffer_print(text, "ERRATA_FORCE=%s\n", force);
	while (!err && line && *line) {
		size_t length = strcspn(line, "\n");

		err = put_erratum(environment, kernel, line, length, ++number, text, error);
		line += length + (line[length] == '\n');
	}
	return err;
}

int suite_environment_write(const struct suite_environment *environment, struct buffer *text,
			    struct error *error)
{
	size_t before = text->length;
	struct kernel_release kernel;
	int err;

	kernel_release_parse(&kernel, environment->kernel_release);
	put_reserved(environment, &kernel, text);
	put_user(environment->user, text);
	err = put_errata(environment, &kernel, text, error);
	if (err)
		return err;
	if (text->cut || !text->text)
		return error_set(error, ENOMEM, "out of memory for an environment");
	if (text->length - before > SUITE_ENVIRONMENT_MAX)
		return error_set(error, E2BIG,
				 "the environment has %zu bytes, and an image takes %d",
				 text->length - before, SUITE_ENVIRONMENT_MAX);
	return 0;
}
