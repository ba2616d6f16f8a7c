/* SPDX-License-Identifier: MIT */
/* Linux's system calls by number, for messages. Depends on nothing. */
#ifndef RUNNER_SYSCALL_NAME_H
#define RUNNER_SYSCALL_NAME_H

#include <stdint.h>

/* The name of an x86-64 system call ("openat"), or "an unknown one". */
const char *syscall_name(uint64_t number);

#endif /* RUNNER_SYSCALL_NAME_H */
