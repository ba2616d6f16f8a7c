/* SPDX-License-Identifier: MIT */
/* The registers of a traced program: System V ABI for AMD64, A.2.1. */
#include "image/registers.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

int registers_stop_at_calls(void)
{
	/* Each jump says how many instructions it leaves out, if so and if not. */
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_set_tid_address, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return -errno;
	return 0;
}

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
