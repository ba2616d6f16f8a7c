/* SPDX-License-Identifier: MIT */
/* Linux's system calls by number, for messages. Depends on nothing. */
#ifndef EXITS_SYSCALL_NAME_X86_64_H
#define EXITS_SYSCALL_NAME_X86_64_H

#include <stdint.h>

/* The name of an x86-64 system call ("openat"), or "an unknown one". */
const char *syscall_name(uint64_t number);

#endif /* EXITS_SYSCALL_NAME_X86_64_H */
