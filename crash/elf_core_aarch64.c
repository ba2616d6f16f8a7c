/* SPDX-License-Identifier: MIT */
/* arm64's part of a core file: struct user_pt_regs, X0 to X30, SP, PC and PSTATE. */
#include <elf.h>
#include <string.h>
#include "crash/elf_core_own.h"
#include "crash/registers.h"

const uint16_t elf_core_own_machine = EM_AARCH64;

void elf_core_own_registers(const struct crash_view *view, uint64_t *registers)
{
	const struct user_pt_regs *regs = &view->regs.regs;

	memcpy(registers, regs->regs, sizeof(regs->regs));
	registers[31] = crash_registers_sp(view);
	registers[32] = regs->pc;
	registers[33] = regs->pstate;
}
