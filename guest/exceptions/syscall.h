/* SPDX-License-Identifier: MIT */
/* System calls in code under test. */
#ifndef GUEST_EXCEPTIONS_SYSCALL_H
#define GUEST_EXCEPTIONS_SYSCALL_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/*
 * What the entry code calls, through struct r0_guest: the answer, from a, b, c and d in RDI, RSI, RDX and
 * R10.
 */
uint64_t r0_syscall(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t rip);

/* Where libc has its getpid(), which the program may call by an entry of its PLT; 0 in the program itself. */
extern uint64_t syscall_getpid;

#pragma GCC visibility pop

#endif /* GUEST_EXCEPTIONS_SYSCALL_H */
