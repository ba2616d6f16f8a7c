/* SPDX-License-Identifier: MIT */
/*
 * The files that an image's program was loaded from, found on this host: by name, and known by their build-ids. Depends
 * on base/, crash/crash.h and libdw.
 */
#ifndef COMMAND_IMAGE_MODULES_H
#define COMMAND_IMAGE_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crash/crash.h"

#define IMAGE_MODULES_MAX 64
#define IMAGE_REGIONS_MAX 512

/* As the image tells of it; the program itself is the first. */
struct image_module {
	uint64_t start;
	char build_id[72]; /* or "-" */
	char name[256];
	char *path; /* of the file here, once it is found, or NULL */
	uint64_t entry;
};

struct image_modules {
	struct image_module modules[IMAGE_MODULES_MAX];
	size_t count;
	struct crash_region regions[IMAGE_REGIONS_MAX]; /* by address */
	size_t region_count;
};

/* Take "0x555555554000 BUILD-ID NAME". */
void image_modules_take(struct image_modules *modules, const char *text);

/*
 * Find the files: the program is `program`, if that is not NULL, else the one of that name and build-id in this folder,
 * or in one that a word of `command` (NULL: none) names a file in. False, having said so on standard error, if it is
 * not there.
 */
bool image_modules_find(struct image_modules *modules, const char *program, char *const *command);
void image_modules_finish(struct image_modules *modules);

/* Bytes of what nobody can have written to, as the files have them. Returns how many. */
size_t image_modules_read(const struct image_modules *modules, uint64_t address, void *to,
			  size_t size);

#endif /* COMMAND_IMAGE_MODULES_H */
