/* SPDX-License-Identifier: MIT */
/* What a crash report sees of a stopped machine on x86. */
#include "crash/view_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"
#include "run/crash_view_own.h"

void crash_view_own_cpu(struct crash_view *view, const struct machine_cpu *cpu)
{
	crash_view_take_cpuid(view, &cpu->vcpu.own->cpuid);
}

void crash_view_own_registers(struct crash_view *view, const struct machine_cpu *cpu)
{
	view->regs = cpu->vcpu.run->s.regs.regs;
	view->sregs = cpu->vcpu.run->s.regs.sregs;
	view->fault_address = view->sregs.cr2;
}

void crash_view_own_before_halt(struct crash_view *view)
{
	view->regs.rip--; /* HLT is one byte long */
}

static uint8_t byte_at(const struct run *run, uint64_t address)
{
	uint8_t byte = 0;

	memory_read(&run->machine->memory, gva(address), &byte, 1);
	return byte;
}

/* OUT to DX, which may have an operand-size prefix; SDM vol. 2B, OUT. */
static bool is_out(uint8_t opcode)
{
	return opcode == 0xee || opcode == 0xef;
}

/* OUT to a port in the instruction. */
static bool is_immediate_out(uint8_t opcode)
{
	return opcode == 0xe6 || opcode == 0xe7;
}

/* The start of the OUT that ends at an address; the address itself if none does. */
static uint64_t out_before(const struct run *run, uint64_t end)
{
	uint64_t start = end;

	if (is_out(byte_at(run, end - 1)))
		start = end - 1;
	else if (is_immediate_out(byte_at(run, end - 2)))
		start = end - 2;
	if (start != end && byte_at(run, start - 1) == 0x66)
		start--;
	return start;
}

/*
 * Where the instruction is that the vCPU left by: RIP is behind an OUT that KVM emulated, at one
 * that left the VM on its own, and behind a HLT.
 */
uint64_t crash_view_own_place(const struct run *run)
{
	const struct kvm_run *exit = run->cpu->vcpu.run;
	uint64_t rip = run->regs.rip;
	uint8_t opcode;

	if (run->halted)
		return rip - 1;
	if (run->crash.kind != CRASH_PLACE && run->crash.kind != CRASH_SYSTEM_CALL)
		return rip;
	if (exit->exit_reason != KVM_EXIT_IO || exit->io.direction != KVM_EXIT_IO_OUT)
		return rip;
	opcode = byte_at(run, rip);
	if (opcode == 0x66)
		opcode = byte_at(run, rip + 1);
	/* Without VMX and SVM on the host, KVM emulates every OUT. */
	if (!run->machine->template->software && (is_out(opcode) || is_immediate_out(opcode)))
		return rip;
	return out_before(run, rip);
}
