/* SPDX-License-Identifier: MIT */
/*
 * The warm start: the state of a machine that has booted and waits for files, saved once and
 * restored for each run. What it consists of is the emulator's affair. A state is written in full
 * under another name and never changed; it is found by all that it depends on. Depends on
 * emulator.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/lab/architectures.h"
#include "command/lab/cache.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"
#include "command/lab/state.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

/* Changes when what is saved does. */
#define FORMAT 1
/* States in the cache, each of one set of options: the least recently used goes. */
#define STATES_MAX 8

static void add_file(FILE *key, const char *path)
{
	struct stat file = { 0 };

	if (stat(path, &file) == 0)
		fprintf(key, "%s %lld %lld.%09ld %llu\n", path, (long long)file.st_size,
			(long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec,
			(unsigned long long)file.st_ino);
}

static uint64_t hash(const unsigned char *data, size_t size)
{
	uint64_t value = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < size; i++)
		value = (value ^ data[i]) * 0x100000001b3;
	return value;
}

/* All that a state depends on, as text. */
static char *make_key(const struct lab_options *options, const struct lab_kernel *kernel)
{
	const struct lab_architecture *architecture = options->architecture;
	char *program = options->kvm->emulator->program(options), *text = NULL, *command;
	size_t size;
	FILE *key = open_memstream(&text, &size);

	if (!key)
		exit(lab_error(LAB_INTERNAL, "no memory for a key"));
	command = options->kvm->emulator->key(options);
	fprintf(key, "format %d\n%s\n", FORMAT, command);
	free(command);
	fprintf(key, "%s\n", options->kvm->module);
	for (size_t i = 0; i < options->kvm_parameters.count; i++)
		fprintf(key, "%s\n", options->kvm_parameters.items[i]);
	if (program)
		add_file(key, program);
	free(program);
	add_file(key, kernel->path);
	for (size_t i = 0; i < kernel->needed.count; i++)
		add_file(key, kernel->needed.items[i]);
	fprintf(key, "init %016llx\n",
		(unsigned long long)hash(architecture->init,
					 (size_t)(architecture->init_end - architecture->init)));
	if (fclose(key))
		exit(lab_error(LAB_INTERNAL, "no memory for a key"));
	return text;
}

static bool same_key(const char *directory, const char *key)
{
	char *path = lab_format("%s/key", directory);
	struct lab_blob blob;
	bool same = lab_map(path, &blob) == 0 && blob.size == strlen(key) &&
		    !memcmp(blob.data, key, blob.size);

	lab_unmap(&blob);
	free(path);
	return same;
}

/* Keep the states used last, by their keys' times. */
static void prune(const char *cache)
{
	char *pattern = lab_format("%s/state-*", cache);
	struct lab_strings names = { 0 };

	lab_glob(pattern, &names);
	free(pattern);
	for (size_t left = names.count; left > STATES_MAX; left--) {
		size_t oldest = 0;
		time_t oldest_time = 0;

		for (size_t i = 0; i < names.count; i++) {
			struct stat file;

			if (!*names.items[i] || stat(names.items[i], &file))
				continue;
			if (!oldest_time || file.st_mtime < oldest_time) {
				oldest = i;
				oldest_time = file.st_mtime;
			}
		}
		if (*names.items[oldest])
			lab_remove_tree(names.items[oldest]);
		*names.items[oldest] = '\0';
	}
	lab_strings_finish(&names);
}

static int write_key(const char *directory, const char *key)
{
	char *path = lab_format("%s/key", directory);
	FILE *file = fopen(path, "we");
	int err = 0;

	if (!file || fputs(key, file) < 0)
		err = errno ? -errno : -EIO;
	if (file && fclose(file) && !err)
		err = -errno;
	free(path);
	return err;
}

static char *state_directory(const char *cache, const char *key)
{
	return lab_format("%s/state-%016llx", cache,
			  (unsigned long long)hash((const unsigned char *)key, strlen(key)));
}

char *lab_state_find(const struct lab_options *options, const struct lab_kernel *kernel)
{
	char *cache = lab_cache_directory(), *key, *directory;

	if (!cache)
		return NULL;
	key = make_key(options, kernel);
	directory = state_directory(cache, key);
	if (!same_key(directory, key)) {
		free(directory);
		directory = NULL;
	} else {
		utimensat(AT_FDCWD, directory, NULL, 0);
	}
	free(key);
	free(cache);
	return directory;
}

void lab_state_remove(const char *directory)
{
	lab_remove_tree(directory);
}

int lab_state_save(struct lab_machine *machine, const struct lab_options *options,
		   const struct lab_kernel *kernel)
{
	char *cache = lab_cache_directory(), *key, *final;
	struct lab_workshop workshop;
	int err;

	if (!cache)
		return -ENOENT;
	key = make_key(options, kernel);
	final = state_directory(cache, key);
	err = lab_workshop_open(&workshop, cache, "saving");
	if (!err) {
		err = options->kvm->emulator->save(machine, options, workshop.path);
		if (!err)
			err = write_key(workshop.path, key);
		/* Another lab may have saved the same meanwhile; a damaged one has to go. */
		if (!err && !same_key(final, key))
			lab_remove_tree(final);
		if (!err && rename(workshop.path, final) && errno != ENOTEMPTY && errno != EEXIST)
			err = -errno;
		lab_workshop_close(&workshop);
		prune(cache);
	}
	free(final);
	free(key);
	free(cache);
	return err;
}
