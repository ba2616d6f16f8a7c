/* SPDX-License-Identifier: MIT */
/*
 * ELF Handling For Thread-Local Storage, 3.4.6, variant II: variables lie below the thread pointer, the thread's structure
 * from there on. It takes some 2300 bytes in glibc 2.41, has its own address at 0, which the ABI wants, and at 16,
 * which is glibc's pthread_self(), and the table's between them.
 */
#include "base/address.h"
#include "machine/tls_own.h"

const struct tls_own tls_own = {
	.above = PAGE_SIZE,
	.table = 0x08,
	.selves = { 0x00, 0x10 },
	.self_count = 2,
};
