/* SPDX-License-Identifier: MIT */
/* The registers of a traced program: System V ABI for AMD64, A.2.1. */
#include "image/registers.h"
#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

int registers_read_call(pid_t child, struct registers_call *call)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, child, NULL, &registers))
		return -errno;
	*call = (struct registers_call){
		.kind = registers.orig_rax == SYS_getrandom	  ? REGISTERS_RANDOM :
			registers.orig_rax == SYS_set_tid_address ? REGISTERS_THREAD_ID :
								    REGISTERS_OTHER,
		.result = (int64_t)registers.rax,
		.buffer = registers.rdi,
	};
	return 0;
}

void registers_set_result(pid_t child, uint64_t result)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, child, NULL, &registers))
		return;
	registers.rax = result;
	ptrace(PTRACE_SETREGS, child, NULL, &registers);
}
