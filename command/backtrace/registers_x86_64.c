/* SPDX-License-Identifier: MIT */
/* An x86 process's registers as the kernel writes them to core files. */
#include "command/backtrace/registers.h"

uint64_t registers_pc(const struct user_regs_struct *registers)
{
	return registers->rip;
}

uint64_t registers_sp(const struct user_regs_struct *registers)
{
	return registers->rsp;
}
