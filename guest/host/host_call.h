/* SPDX-License-Identifier: MIT */
/* The system calls of the one function that runs on the host, made without libc. */
#ifndef GUEST_HOST_HOST_CALL_H
#define GUEST_HOST_HOST_CALL_H

#pragma GCC visibility push(hidden)

/* On standard error. */
void host_print(const char *text);

/* SIGABRT, to the process. */
void host_abort(void) __attribute__((noreturn));

#pragma GCC visibility pop

#endif /* GUEST_HOST_HOST_CALL_H */
