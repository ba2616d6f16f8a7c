/* SPDX-License-Identifier: MIT */
/* System calls of Linux on arm64. The one file here that runs on the host. */
#include "guest/host/host_call.h"
#include "guest/text/bytes.h"

/* include/uapi/asm-generic/unistd.h. */
enum { SYS_WRITE = 64, SYS_KILL = 129, SYS_GETPID = 172 };

#define STDERR	2
#define SIGABRT 6

static long call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
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
