/* SPDX-License-Identifier: MIT */
/* Where the code of a core file is, and its stack pointer. */
#ifndef COMMAND_BACKTRACE_REGISTERS_X86_64_H
#define COMMAND_BACKTRACE_REGISTERS_X86_64_H

#include <stdint.h>
#include <sys/user.h>

static inline uint64_t registers_pc(const struct user_regs_struct *registers)
{
	return registers->rip;
}

static inline uint64_t registers_sp(const struct user_regs_struct *registers)
{
	return registers->rsp;
}

#endif /* COMMAND_BACKTRACE_REGISTERS_X86_64_H */
