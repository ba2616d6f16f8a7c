/* SPDX-License-Identifier: MIT */
/*
 * ELF Handling For Thread-Local Storage, 3.4.1, variant I: two words are at the thread pointer, of which the first is the
 * table's address, and variables from there on. glibc has the thread's structure below, some 2300 bytes in 2.41, and finds
 * it by the thread pointer.
 */
#include "base/address.h"
#include "machine/tls_own.h"

const struct tls_own tls_own = {
	.below = PAGE_SIZE,
	.above = 16,
};
