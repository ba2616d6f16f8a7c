/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's registers by what they are for: AAPCS64, 6.4, and the guest's entry code. KVM hands out each by an ioctl of
 * its own, so that none is read that nobody asks for.
 */
#include <string.h>
#include <ring0/private/abi.h>
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/cpu.h"

/* Of SPSR_EL1 and PSTATE: IRQs are masked. */
#define PSTATE_I (1u << 7)

static uint64_t read_register(const struct machine_cpu *cpu, uint64_t id)
{
	uint64_t value;

	vcpu_get(&cpu->vcpu, id, &value, NULL);
	return value;
}

struct kvm_regs cpu_registers(const struct machine_cpu *cpu)
{
	struct kvm_regs regs;
	unsigned int i;

	memset(&regs, 0, sizeof(regs));
	for (i = 0; i < 31; i++)
		regs.regs.regs[i] = read_register(cpu, VCPU_X(i));
	regs.regs.sp = read_register(cpu, VCPU_CORE(regs.sp));
	regs.regs.pc = read_register(cpu, VCPU_CORE(regs.pc));
	regs.regs.pstate = read_register(cpu, VCPU_CORE(regs.pstate));
	regs.sp_el1 = read_register(cpu, VCPU_CORE(sp_el1));
	regs.elr_el1 = read_register(cpu, VCPU_CORE(elr_el1));
	regs.spsr[0] = read_register(cpu, VCPU_CORE(spsr[0]));
	return regs;
}

uint64_t cpu_pc(const struct machine_cpu *cpu)
{
	return read_register(cpu, VCPU_CORE(regs.pc));
}

bool cpu_takes_interrupts(const struct machine_cpu *cpu)
{
	return !(read_register(cpu, VCPU_CORE(regs.pstate)) & PSTATE_I);
}

bool cpu_has_own_vectors(const struct machine *machine, unsigned int number)
{
	return read_register(&machine->cpus[number], VCPU_VBAR_EL1) !=
	       (uint64_t)r0_vectors + number * R0_VECTORS_SIZE;
}

/* What was stored: the address of a struct r0_message, or the message itself. */
static uint64_t rung(const struct machine_cpu *cpu)
{
	uint64_t value;

	memcpy(&value, cpu->vcpu.run->mmio.data, sizeof(value));
	return value;
}

struct cpu_message cpu_message(const struct machine_cpu *cpu)
{
	const uint64_t at = rung(cpu);
	struct r0_message message = { 0 };

	if (at < R0_MESSAGE_LIMIT)
		return (struct cpu_message){ .number = at };
	memory_read(&cpu->machine->memory, gva(at), &message, sizeof(message));
	return (struct cpu_message){ .number = message.number, .a = message.a, .b = message.b };
}

void cpu_answer(struct machine_cpu *cpu, uint64_t value)
{
	const uint64_t at = rung(cpu);

	if (at >= R0_MESSAGE_LIMIT)
		memory_write(&cpu->machine->memory, gva(at + offsetof(struct r0_message, answer)),
			     &value, sizeof(value));
}

bool cpu_is_at_doorbell(const struct machine_cpu *cpu)
{
	const struct kvm_run *exit = cpu->vcpu.run;
	uint64_t pc;

	if (exit->exit_reason != KVM_EXIT_MMIO || !exit->mmio.is_write || exit->mmio.len != 8 ||
	    exit->mmio.phys_addr != cpu->machine->template->mirror->hole)
		return false;
	/* KVM moves it on when the store is completed. */
	pc = cpu_pc(cpu);
	cpu->vcpu.own->passed = pc == (uint64_t)r0_pass_doorbell;
	return cpu->vcpu.own->passed || pc == (uint64_t)r0_doorbell ||
	       pc == (uint64_t)r0_idle_doorbell;
}

void cpu_start_at(struct machine_cpu *cpu, const void *fn, const uint64_t *arguments,
		  unsigned int count)
{
	const unsigned int number = (unsigned int)(cpu - cpu->machine->cpus);
	const uint64_t at = entry_area(&cpu->machine->template->entry, number) + R0_AREA_START;
	struct r0_start start = { .fn = (uint64_t)fn };

	if (count)
		memcpy(start.arguments, arguments, count * sizeof(arguments[0]));
	memory_write(&cpu->machine->memory, gva(at), &start, offsetof(struct r0_start, loops));
	cpu->vcpu.own->goes_on = false;
}
