/* SPDX-License-Identifier: MIT */
/* A vCPU's registers by what they are for: SysV ABI for AMD64, 3.2.3, and the guest's entry code. */
#include <ring0/private/abi.h>
#include <ring0/x86/registers.h>
#include "machine/cpu.h"

static const struct kvm_regs *regs_of(const struct machine_cpu *cpu)
{
	return &cpu->vcpu.run->s.regs.regs;
}

struct kvm_regs cpu_registers(const struct machine_cpu *cpu)
{
	return *regs_of(cpu);
}

uint64_t cpu_pc(const struct machine_cpu *cpu)
{
	return regs_of(cpu)->rip;
}

bool cpu_takes_interrupts(const struct machine_cpu *cpu)
{
	return regs_of(cpu)->rflags & R0_RFLAGS_IF;
}

bool cpu_has_own_vectors(const struct machine *machine, unsigned int number)
{
	uint64_t area = entry_area(&machine->template->entry, number);

	return machine->cpus[number].vcpu.run->s.regs.sregs.idt.base != area + R0_AREA_IDT;
}

struct cpu_message cpu_message(const struct machine_cpu *cpu)
{
	const struct kvm_regs *regs = regs_of(cpu);

	return (struct cpu_message){ .number = regs->rdi, .a = regs->rsi, .b = regs->rcx };
}

void cpu_answer(struct machine_cpu *cpu, uint64_t value)
{
	struct kvm_run *run = cpu->vcpu.run;

	run->s.regs.regs.rax = value;
	run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

/* An OUT with the port in the instruction, which is two bytes long. */
static bool is_at(uint64_t rip, const char *out)
{
	return rip == (uint64_t)out || rip == (uint64_t)out + 2;
}

/*
 * RIP is the OUT's own address on hardware, the next instruction's where KVM emulated it. Any
 * other OUT to that port is the test's.
 */
bool cpu_is_at_doorbell(const struct machine_cpu *cpu)
{
	const struct kvm_run *exit = cpu->vcpu.run;
	bool is_out = exit->exit_reason == KVM_EXIT_IO && exit->io.direction == KVM_EXIT_IO_OUT;
	uint64_t rip = exit->s.regs.regs.rip;
	bool ours = rip - (uint64_t)r0_doorbell <= 1 || is_at(rip, r0_pass_doorbell) ||
		    is_at(rip, r0_idle_doorbell) || is_at(rip, r0_cpu_doorbell);

	return is_out && ours && exit->io.port == R0_DOORBELL_PORT && exit->io.size == 1;
}

void cpu_start_at(struct machine_cpu *cpu, const void *fn, const uint64_t *arguments,
		  unsigned int count)
{
	struct kvm_regs *regs = &cpu->vcpu.run->s.regs.regs;
	__u64 *const registers[] = { &regs->rdi, &regs->rsi, &regs->rdx,
				     &regs->rcx, &regs->r8,  &regs->r9 };
	unsigned int i;

	regs->rip = (uint64_t)fn;
	for (i = 0; i < count; i++)
		*registers[i] = arguments[i];
	cpu->vcpu.run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}
