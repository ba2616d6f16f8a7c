/* SPDX-License-Identifier: MIT */
/* What a test used, by its registers at the end and by what the guest runtime noted. */
#include <ring0/x86/msr.h>
#include "execution/doubts.h"
#include "kvm/kvm.h"
#include "kvm/state/msrs_x86_64.h"
#include "run/run.h"

/* Of DR7, for each of four breakpoints: SDM vol. 3B, 18.2.4. */
#define DR7_ENABLED(n) (3ull << 2 * (n))
#define DR7_ON_DATA(n) (1ull << (16 + 4 * (n))) /* R/W is 01 or 11 */

static uint64_t used(const struct run *run)
{
	uint64_t flags = 0;

	memory_read(&run->machine->memory, gva((uint64_t)&r0_guest.used), &flags, sizeof(flags));
	return flags;
}

static unsigned int doubts_of_registers(const struct run *run)
{
	const struct template *template = run->machine->template;
	unsigned int doubts = 0, i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		const struct kvm_sregs *sregs = &run->machine->cpus[i].vcpu.run->s.regs.sregs;
		const uint64_t area = entry_area(&template->entry, i);

		if (sregs->idt.base != area + R0_AREA_IDT || sregs->tr.base != area + R0_AREA_TSS)
			doubts |= DOUBT_DELIVERY;
		if (sregs->cr3 != template->mirror->root &&
		    sregs->cr3 != template->mirror->user_root)
			doubts |= DOUBT_FLUSHES;
	}
	return doubts;
}

/* Whether the CPU would have gone to a handler of the test's own by SYSCALL. */
static bool has_own_syscall(const struct machine_cpu *cpu, unsigned int number)
{
	struct kvm_msr_entry lstar = { .index = R0_MSR_LSTAR };
	const uint64_t ours = (uint64_t)r0_syscall_entry + number * R0_SYSCALL_ENTRY_SIZE;

	return msrs_read(&cpu->vcpu, &lstar, 1, NULL) == 1 && lstar.data != ours;
}

static bool has_data_breakpoint(const struct machine_cpu *cpu)
{
	struct kvm_debugregs registers = { 0 };
	unsigned int i;

	if (KVM_IOCTL(cpu->vcpu.fd, KVM_GET_DEBUGREGS, &registers, NULL) < 0)
		return false;
	for (i = 0; i < 4; i++)
		if (registers.dr7 & DR7_ENABLED(i) && registers.dr7 & DR7_ON_DATA(i))
			return true;
	return false;
}

static unsigned int doubts_of_failure(const struct run *run, uint64_t flags, unsigned int doubts)
{
	bool in_ring_3 = flags & R0_USED_RING_3 || run->sregs.cs.selector & 3;
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		if (in_ring_3 && has_own_syscall(&run->machine->cpus[i], i))
			doubts |= DOUBT_SYSCALL;
		if (has_data_breakpoint(&run->machine->cpus[i]))
			doubts |= DOUBT_WATCHPOINT;
	}
	if (in_ring_3 && doubts & DOUBT_DELIVERY)
		doubts |= DOUBT_INTERRUPT;
	return doubts;
}

static bool declares_host_leaf(const struct r0_cpuids *cpuid)
{
	size_t i;

	for (i = 0; i < cpuid->count; i++)
		if (cpuid->entries[i].leaf == 1 || cpuid->entries[i].leaf == 7)
			return true;
	return false;
}

bool doubts_own_handlers(const struct run *run)
{
	unsigned int i;

	/* Where INT3s are handed over, none gets there. A software KVM is known to do so in ring 0, as is OUT. */
	if ((run->trap == PATCH_BREAKPOINT && !run->machine->template->software) ||
	    !(used(run) & R0_USED_RING_3))
		return false;
	if (used(run) & R0_USED_OWN_TRAP_GATE)
		return true;
	for (i = 0; i < run->machine->cpu_count; i++)
		if (run->machine->cpus[i].vcpu.run->s.regs.sregs.idt.base !=
		    entry_area(&run->machine->template->entry, i) + R0_AREA_IDT)
			return true;
	return false;
}

unsigned int doubts_of(const struct run *run, bool failed)
{
	unsigned int doubts;
	uint64_t flags;

	if (!run->machine->template->software)
		return 0;
	flags = used(run);
	doubts = doubts_of_registers(run);
	if (flags & R0_USED_INTERRUPT)
		doubts |= DOUBT_EOI;
	if (flags & R0_USED_SYSCALL_IN_RING_3)
		doubts |= DOUBT_SYSCALL;
	if (declares_host_leaf(&run->job->options->cpuid))
		doubts |= DOUBT_CPUID;
	return failed ? doubts_of_failure(run, flags, doubts) : doubts;
}
