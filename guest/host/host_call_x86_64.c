/* SPDX-License-Identifier: MIT */
/* System calls of Linux on x86-64. The one file here that runs on the host. */
#include "guest/host/host_call.h"
#include "guest/text/bytes.h"

/* Numbers and registers: arch/x86/entry/syscalls/syscall_64.tbl; System V ABI, AMD64, A.2.1. */
enum { SYS_WRITE = 1, SYS_GETPID = 39, SYS_KILL = 62 };

#define STDERR	2
#define SIGABRT 6

static long call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

void host_print(const char *text)
{
	call(SYS_WRITE, STDERR, (long)text, (long)length_of(text));
}

void host_abort(void)
{
	call(SYS_KILL, call(SYS_GETPID, 0, 0, 0), SIGABRT, 0);
	__builtin_trap();
}
