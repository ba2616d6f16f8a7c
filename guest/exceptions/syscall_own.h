/* SPDX-License-Identifier: MIT */
/* What guest/exceptions/syscall.c leaves to the architecture: Linux's numbers, and its struct stat. */
#ifndef GUEST_EXCEPTIONS_SYSCALL_OWN_H
#define GUEST_EXCEPTIONS_SYSCALL_OWN_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Those that code under test may make. */
enum system_call {
	CALL_OTHER,
	CALL_WRITE,
	CALL_FSTAT,
	CALL_MMAP,
	CALL_MUNMAP,
	CALL_BRK,
	CALL_IOCTL,
	CALL_WRITEV,
	CALL_MREMAP,
	CALL_MADVISE,
	CALL_EXIT,
	CALL_FUTEX,
	CALL_EXIT_GROUP,
	CALL_NEWFSTATAT,
	CALL_GETPID,
};

enum system_call system_call_of(uint64_t number);

/* What libc asks when it first writes to a stream: a pipe, so that it doesn't ask for a terminal. Returns 0. */
uint64_t fill_console_stat(void *stat);

#pragma GCC visibility pop

#endif /* GUEST_EXCEPTIONS_SYSCALL_OWN_H */
