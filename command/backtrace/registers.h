/* SPDX-License-Identifier: MIT */
/* Where the code of a core file is, and its stack pointer. Of the architecture. */
#ifndef COMMAND_BACKTRACE_REGISTERS_H
#define COMMAND_BACKTRACE_REGISTERS_H

#include <stdint.h>
#include <sys/user.h>

uint64_t registers_pc(const struct user_regs_struct *registers);
uint64_t registers_sp(const struct user_regs_struct *registers);

#endif /* COMMAND_BACKTRACE_REGISTERS_H */
