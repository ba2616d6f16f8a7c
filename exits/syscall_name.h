/* SPDX-License-Identifier: MIT */
/* Linux's system calls by number, for messages. Of the architecture. Depends on nothing. */
#ifndef EXITS_SYSCALL_NAME_H
#define EXITS_SYSCALL_NAME_H

#include <stdint.h>

/* The name of a system call ("openat"), or "an unknown one". */
const char *syscall_name(uint64_t number);

#endif /* EXITS_SYSCALL_NAME_H */
