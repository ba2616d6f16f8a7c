/* SPDX-License-Identifier: MIT */
/* The guest's CPU: registers to and from KVM, and what its CPUID has. */
#include "assist/x86_64/cpu.h"
#include <cpuid.h>
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/state/msrs_x86_64.h"

/* In XSAVE's header: components x87 and SSE, whose contents count only if they are "in use". */
#define XSTATE_BV     512
#define XSTATE_LEGACY 3u

/* The members of kvm_regs in the order of the CPU's register numbers. */
static void exchange(struct cpu *cpu, struct kvm_regs *regs, bool load)
{
	__u64 *const members[] = { &regs->rax, &regs->rcx, &regs->rdx, &regs->rbx,
				   &regs->rsp, &regs->rbp, &regs->rsi, &regs->rdi,
				   &regs->r8,  &regs->r9,  &regs->r10, &regs->r11,
				   &regs->r12, &regs->r13, &regs->r14, &regs->r15 };
	int i;

	for (i = 0; i < 16; i++) {
		if (load)
			cpu->gpr[i] = *members[i];
		else
			*members[i] = cpu->gpr[i];
	}
}

void cpu_load(struct cpu *cpu)
{
	struct kvm_run *run = cpu->vcpu->run;

	exchange(cpu, &run->s.regs.regs, true);
	cpu->rip = run->s.regs.regs.rip;
	cpu->flags = run->s.regs.regs.rflags;
	cpu->sregs = &run->s.regs.sregs;
	/* SDM vol. 3A, 3.4.5, "L flag" and "D/B flag". */
	cpu->bits = cpu_is_long(cpu) && cpu->sregs->cs.l ? 64 : cpu->sregs->cs.db ? 32 : 16;
}

void cpu_store(struct cpu *cpu)
{
	struct kvm_run *run = cpu->vcpu->run;

	exchange(cpu, &run->s.regs.regs, false);
	run->s.regs.regs.rip = cpu->rip;
	run->s.regs.regs.rflags = cpu->flags;
	run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	if (cpu->sregs_changed)
		run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
}

enum done cpu_load_vector(struct cpu *cpu)
{
	size_t size = cpu->vcpu->vm->kvm->own->xsave_size;
	uint64_t in_use;
	int err;

	if (cpu->vector_loaded)
		return DONE;
	if (size > CODE_XSAVE_SIZE) {
		cpu->why = "its extended state is larger than what is provided for";
		return DONE_CANNOT;
	}
	err = size > sizeof(struct kvm_xsave) ?
		      KVM_IOCTL(cpu->vcpu->fd, KVM_GET_XSAVE2, (struct kvm_xsave *)cpu->code->xsave,
				cpu->error) :
		      KVM_IOCTL(cpu->vcpu->fd, KVM_GET_XSAVE, (struct kvm_xsave *)cpu->code->xsave,
				cpu->error);
	if (err < 0)
		return DONE_ERROR;
	/* What is not in use counts as in use from here on, as in what is stored. */
	memcpy(&in_use, cpu->code->xsave + XSTATE_BV, sizeof(in_use));
	in_use |= XSTATE_LEGACY;
	memcpy(cpu->code->xsave + XSTATE_BV, &in_use, sizeof(in_use));
	memcpy(cpu->code->loaded, cpu->code->xsave, size);
	cpu->vector_loaded = true;
	return DONE;
}

static const uint32_t leaves[] = { 1, 7, 0x80000001 };

void cpu_init(struct cpu *cpu)
{
	unsigned int i, a, b, c, d;

	for (i = 0; i < 3; i++)
		if (__get_cpuid_count(leaves[i], 0, &a, &b, &c, &d))
			memcpy(cpu->host_cpuid[i], (uint32_t[]){ a, b, c, d }, sizeof(uint32_t[4]));
	for (i = 2; i < CPU_COMPONENTS; i++)
		if (__get_cpuid_count(0xd, i, &a, &b, &c, &d)) {
			cpu->component_size[i] = a;
			cpu->component_at[i] = b;
		}
	/* XSAVES is no matter of the host's CPU alone: KVM has to offer it. */
	if (__get_cpuid_count(0xd, 1, &a, &b, &c, &d))
		cpu->xsave_features = a & ~CPU_HAS_XSAVES;
	for (i = 0; i < cpu->vcpu->own->cpuid.nent; i++)
		if (cpu->vcpu->own->cpuid.entries[i].function == 0xd &&
		    cpu->vcpu->own->cpuid.entries[i].index == 1)
			cpu->xsave_features |= cpu->vcpu->own->cpuid.entries[i].eax &
					       CPU_HAS_XSAVES;
	for (i = 0; i < 8; i++)
		cpu->physical_bits |=
			(unsigned int)vcpu_cpuid_has(cpu->vcpu, 0x80000008, CPUID_EAX, i) << i;
	if (!cpu->physical_bits)
		cpu->physical_bits = 36;
}

bool cpu_has(const struct cpu *cpu, uint32_t leaf, enum cpuid_register from, unsigned int bit)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (leaves[i] == leaf && cpu->host_cpuid[i][from] >> bit & 1)
			return true;
	return vcpu_cpuid_has(cpu->vcpu, leaf, from, bit);
}

/*
 * A KVM that has no XSAVE in its CPUID refuses to set CR4.OSXSAVE. Code that was compiled for the
 * host's CPU, libc's above all, uses AVX all the same, as on hardware, where tests start with
 * OSXSAVE set and everything on in XCR0: so it is taken to be.
 */
bool cpu_has_osxsave(const struct cpu *cpu)
{
	return cpu->xcr0_is_ours || cpu->sregs->cr4 & R0_CR4_OSXSAVE;
}

bool cpu_is_canonical(const struct cpu *cpu, uint64_t address)
{
	int64_t upper = (int64_t)address >> (cpu->sregs->cr4 & R0_CR4_LA57 ? 56 : 47);

	return upper == 0 || upper == -1;
}

bool cpu_is_real(const struct cpu *cpu)
{
	return !(cpu->sregs->cr0 & R0_CR0_PE);
}

bool cpu_is_long(const struct cpu *cpu)
{
	return cpu->sregs->efer & R0_EFER_LMA;
}

uint64_t cpu_read_msr(const struct cpu *cpu, uint32_t index)
{
	struct kvm_msr_entry entry = { .index = index };

	return msrs_read(cpu->vcpu, &entry, 1, NULL) == 1 ? entry.data : 0;
}
