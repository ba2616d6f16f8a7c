/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage for a test's CPUs but the first: each has a copy of the calling thread's, as
 * if it were a thread of its own.
 */
#ifndef MACHINE_TLS_H
#define MACHINE_TLS_H

#include <stdint.h>
#include "mirror/mirror.h"

struct tls {
	uint64_t first, last; /* of the calling thread's variables */
	uint64_t start, end;  /* with the thread's structure */
	uint64_t base;	      /* and the thread pointer: FS's base, TPIDR_EL0 */
	uint64_t copy_size;   /* that a copy takes, whole pages */
};

/* Find the calling thread's. */
void tls_find(struct tls *tls, uint64_t base);

/* The thread pointer that goes with a copy at an address of whole pages. */
uint64_t tls_base_of(const struct tls *tls, uint64_t copy);

/*
 * Make a copy in the mirror. Thread-local variables of what was loaded by dlopen() since stay shared
 * with CPU 0. Returns 0 or -errno.
 */
int tls_copy(const struct tls *tls, struct mirror *mirror, uint64_t copy);

#endif /* MACHINE_TLS_H */
