/* SPDX-License-Identifier: MIT */
/*
 * What patch_search.c found in the code of a build, kept from one run of a program to the next: in the user's
 * cache directory (XDG Base Directory Specification), by build ID. Whatever is wrong with what is kept, the code
 * is searched. Depends on mirror/maps.h.
 */
#ifndef ASSIST_X86_64_PATCH_CACHE_H
#define ASSIST_X86_64_PATCH_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mirror/maps.h"

/* Files in the directory: the one that was not used for longest makes room for another. */
#define PATCH_CACHE_FILES 128

/* A build ID in hexadecimal, and which part of the object it is. */
#define PATCH_CACHE_NAME 192

/* What a mapping of code is known by. Returns false if its object has no build ID. */
bool patch_cache_name(const struct map *map, char name[PATCH_CACHE_NAME]);

/*
 * What was found in it, by the distance from its start, in ascending order; for free(). Returns NULL if
 * nothing that can be used is kept.
 */
uint32_t *patch_cache_read(const char *name, uint64_t map_size, size_t *count);

/* Keep that, if there is a place for it. */
void patch_cache_write(const char *name, const uint32_t *places, size_t count);

#endif /* ASSIST_X86_64_PATCH_CACHE_H */
