/* SPDX-License-Identifier: MIT */
/*
 * Memory that never changes again: of a machine when a snapshot was taken of it, or in a saved snapshot's file.
 * Machines and snapshots map it privately, so that they share what none of them writes; it goes with the last of
 * them. A file may be removed or replaced by another meanwhile, but not changed or cut off: what that leads to is
 * told by memory_base_lost(). Depends on the host's mappings alone.
 */
#ifndef MONITOR_WIRING_MEMORY_BASE_H
#define MONITOR_WIRING_MEMORY_BASE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

struct memory_base;

/*
 * `size` bytes from `offset` on of a file, or of a memfd; all of it are whole pages, and the descriptor is the
 * base's from now on, also on failure. NULL with a message if there is no memory. It is held once.
 */
struct memory_base *memory_base_create(int fd, uint64_t offset, uint64_t size, bool is_file,
				       struct error *error);
struct memory_base *memory_base_hold(struct memory_base *base);
void memory_base_release(struct memory_base *base); /* NULL is none */

/* A bit for each page that may be other than zero: the caller sets them while it alone has the base. */
uint64_t *memory_base_present(struct memory_base *base);

/* Set the bits of the pages that its descriptor has anything of: it may have holes. Returns 0 or -errno. */
int memory_base_find_data(const struct memory_base *base, uint64_t *pages, struct error *error);

/*
 * Map all of it privately, in the place of what is mapped at `at`, or somewhere if that is NULL; and unmap it.
 * Returns NULL with a message on failure; what is at `at` then is not known.
 */
void *memory_base_map(struct memory_base *base, void *at, struct error *error);
void memory_base_unmap(struct memory_base *base, void *at);

/* Call it for each run of pages, from `first` up to `end`, that a mapping of it has copies of. */
void memory_base_each_copied(const struct memory_base *base, const void *at,
			     void (*visit)(void *context, uint64_t first, uint64_t end),
			     void *context);

/* Whether a page was touched that could not be had: 0, or -EIO with a message. NULL has lost none. */
int memory_base_lost(const struct memory_base *base, struct error *error);

/*
 * The same of a mapping at `at` of which the kernel could not get a page, which it does not tell by a signal: all of it
 * is looked at.
 */
int memory_base_look_for_lost(struct memory_base *base, void *at, struct error *error);

#endif /* MONITOR_WIRING_MEMORY_BASE_H */
