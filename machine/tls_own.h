/* SPDX-License-Identifier: MIT */
/* What machine/tls.c leaves to the architecture. */
#ifndef MACHINE_TLS_OWN_H
#define MACHINE_TLS_OWN_H

#include <stddef.h>
#include <stdint.h>

/* Where libc's structure of a thread is about the thread pointer, and what it has in it. In bytes. */
extern const struct tls_own {
	uint64_t below, above; /* room for it, on either side */
	uint64_t table;	       /* its pointer to the table of the thread's blocks */
	uint64_t selves[2];    /* where it has its own address */
	size_t self_count;
} tls_own;

#endif /* MACHINE_TLS_OWN_H */
