/* SPDX-License-Identifier: MIT */
/* The process's own mappings, as /proc/self/maps lists them, and which of their pages exist. */
#ifndef MIRROR_MAPS_H
#define MIRROR_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct map {
	uint64_t start, end; /* end exclusive */
	uint64_t offset;     /* into the file */
	const char *path;    /* or "[heap]" and the like; "" for anonymous memory */
	bool read, write, execute, shared;
};

struct maps {
	struct map *entries; /* by address */
	size_t count, capacity;
	char *text; /* that the paths are in */
	size_t text_size;
};

/*
 * Make room for the calling process's mappings where there is none, all being zero, and for twice as many where it was
 * too little. Returns 0 or -errno. maps_finish() releases it.
 */
int maps_make_room(struct maps *maps, struct error *error);
void maps_finish(struct maps *maps);

/*
 * Read the calling process's mappings, without allocating memory: what is read stays true.
 * Returns 0; -EAGAIN if the room is too little; another -errno with a message.
 */
int maps_read(struct maps *maps, struct error *error);

/*
 * Parse maps->text, in the form of /proc/PID/maps. Returns 0; -EAGAIN for too many lines; -EINVAL
 * with a message for a line that does not have that form.
 */
int maps_parse(struct maps *maps, struct error *error);

/*
 * Both: for those of `text`, in the form of /proc/PID/maps, or with NULL for the calling process's. Returns 0 or -errno
 * with a message; then there is nothing to release.
 */
int maps_list(struct maps *maps, const char *text, struct error *error);

/* Private memory without a file behind it: a page that was never touched is zero. */
bool map_is_anonymous(const struct map *map);

/*
 * For each page of [start, start + count * 4096) whether it has content, one byte each, through
 * /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst). `fd` is that file. Returns 0 or
 * -errno.
 */
int maps_resident(int fd, uint64_t start, size_t count, bool *resident);

/*
 * The same for private mappings of files: for each page whether it is a copy of its own, made by
 * a write; the others show the file.
 */
int maps_copied(int fd, uint64_t start, size_t count, bool *copied);

#endif /* MIRROR_MAPS_H */
