/* SPDX-License-Identifier: MIT */
/*
 * Files that are mapped, and then cut off or on a disk that fails or is full: a page that can't be had raises SIGBUS
 * where it is touched. Here such a page becomes zero, and whoever mapped it is told. A signal's handlers are the
 * process's: this one is made with the first range, and passes on what is about others.
 */
#ifndef BASE_BUS_ERROR_H
#define BASE_BUS_ERROR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"

/*
 * From now on, for a private mapping of the caller's at `start`, of whole pages: a page of it that can't be had
 * is zero, and *lost is true. Returns 0, or -errno with a message.
 */
int bus_error_watch(void *start, uint64_t size, atomic_bool *lost, struct error *error);

/* No longer; nothing if it was not. Before it is unmapped, and when nobody touches it. */
void bus_error_forget(const void *start);

#endif /* BASE_BUS_ERROR_H */
