/* SPDX-License-Identifier: MIT */
/* x86's part of a core file: struct user_regs_struct of <sys/user.h>. */
#include <elf.h>
#include <string.h>
#include <sys/procfs.h>
#include "crash/elf_core_own.h"

const uint16_t elf_core_own_machine = EM_X86_64;

void elf_core_own_registers(const struct crash_view *view, uint64_t *registers)
{
	const struct kvm_regs *regs = &view->regs;
	const struct kvm_sregs *sregs = &view->sregs;
	/* In the order of struct user_regs_struct. */
	const uint64_t values[ELF_NGREG] = {
		regs->r15,	    regs->r14,		regs->r13,	    regs->r12,
		regs->rbp,	    regs->rbx,		regs->r11,	    regs->r10,
		regs->r9,	    regs->r8,		regs->rax,	    regs->rcx,
		regs->rdx,	    regs->rsi,		regs->rdi,	    UINT64_MAX,
		regs->rip,	    sregs->cs.selector, regs->rflags,	    regs->rsp,
		sregs->ss.selector, view->fs_base,	sregs->gs.base,	    sregs->ds.selector,
		sregs->es.selector, sregs->fs.selector, sregs->gs.selector,
	};

	memcpy(registers, values, sizeof(values));
}
