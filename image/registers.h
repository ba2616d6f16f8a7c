/* SPDX-License-Identifier: MIT */
/* A traced program's system calls, as far as they are of interest to fresh_process.c. */
#ifndef IMAGE_REGISTERS_H
#define IMAGE_REGISTERS_H

#include <stdint.h>
#include <sys/types.h>

enum registers_kind {
	REGISTERS_OTHER,
	REGISTERS_RANDOM,    /* getrandom(): random bytes are at `buffer` */
	REGISTERS_THREAD_ID, /* set_tid_address() */
};

struct registers_call {
	enum registers_kind kind;
	int64_t result;
	uint64_t buffer;
};

/*
 * In the program that is to be traced: from now on those that are of interest stop it, and no others (seccomp(2), by
 * PTRACE_EVENT_SECCOMP). Returns 0 or -errno.
 */
int registers_stop_at_calls(void);

/* At a stop behind a system call: which one that was. Returns 0 or -errno. */
int registers_read_call(pid_t child, struct registers_call *call);

/* Have it return something else. */
void registers_set_result(pid_t child, uint64_t result);

#endif /* IMAGE_REGISTERS_H */
