/* SPDX-License-Identifier: MIT */
/*
 * What a test needs of the host while it runs. KVM keeps a vCPU that waits in KVM_RUN, so that the host looks now and
 * then whether it does so for good, and ends a wait whose time is over: to look ends a WFI.
 */
#include "run/interrupts.h"
#include <errno.h>
#include <ring0/arm64/gic.h>
#include <ring0/private/abi.h>
#include "base/clock.h"
#include "guest/smp/interrupts_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "kvm/vm/gic_aarch64.h"
#include "machine/cpu.h"
#include "mock/hints.h"
#include "run/alarm.h"
#include "run/cpus.h"
#include "run/halt_aarch64.h"

#define INSTRUCTION_LENGTH 4

/* What a test declares must leave the machine's own alone. */
static int check_range(struct run *run, const char *attribute, uint64_t first, uint64_t last)
{
	const char *device = hints_device(run->job->options, BUS_MEMORY, first, last);

	if (!device)
		return 0;
	return error_set(&run->complaint, EINVAL,
			 "%s has %#llx to %#llx, where the %s of .irqchip is", attribute,
			 (unsigned long long)first, (unsigned long long)last, device);
}

int interrupts_check(struct run *run)
{
	const struct r0_options *options = run->job->options;
	size_t i;
	int err = 0;

	for (i = 0; i < options->mmio.count && !err; i++)
		err = check_range(run, ".mmio", options->mmio.entries[i].first,
				  options->mmio.entries[i].last);
	for (i = 0; i < options->ram.count && !err; i++)
		err = check_range(run, ".ram", options->ram.entries[i].from,
				  options->ram.entries[i].to - 1);
	return err;
}

int interrupts_begin(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++)
		alarm_forget(&run->machine->cpus[i]);
	return alarm_look(run);
}

void interrupts_end(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++)
		vcpu_set_alarm(&run->machine->cpus[i].vcpu, 0, NULL);
}

/* The end of a wait in r0_wait_halt(): the look has ended its WFI, if it had come to that. */
static bool is_wake(struct run *run, uint64_t now)
{
	if (!run->cpu->wake.at || now < run->cpu->wake.at)
		return false;
	if (cpu_pc(run->cpu) == (uint64_t)r0_wait_halted) {
		run->cpu->wake.at = 0;
		return true;
	}
	/* It may be on its way there, or the wait was over before its time. */
	alarm_put_off(&run->cpu->wake, now);
	return false;
}

/*
 * An interrupt's handler may just have come back to behind the WFI, where interrupts are on: WFI may end for nothing (Arm
 * ARM, D1.6.2), and what waits by it has to look.
 */
static bool may_have_returned(const struct machine_cpu *cpu, uint64_t pc)
{
	uint64_t elr = 0;

	vcpu_get(&cpu->vcpu, VCPU_CORE(elr_el1), &elr, NULL);
	return elr == pc && cpu_takes_interrupts(cpu);
}

/* The look has ended a WFI that nothing else ends yet. */
static bool goes_on_waiting(const struct run *run, uint64_t pc, bool is_for_good)
{
	if (pc == (uint64_t)r0_idle_waits)
		return run->cpus && cpus_is_idle(run, run_cpu(run));
	if (pc == (uint64_t)r0_wait_halted)
		return run->cpu->wake.at;
	return (is_for_good && !may_have_returned(run->cpu, pc)) || halt_is_timed(run->cpu);
}

bool interrupts_serve(struct run *run)
{
	const uint64_t now = clock_ns(), pc = cpu_pc(run->cpu);
	bool is_for_good;

	interrupt_devices_expire(run->machine->devices);
	/* Who waits with an end does not wait for good. */
	is_for_good = pc != (uint64_t)r0_wait_halted && halt_is_for_good(run->machine, run->cpu);
	if (is_for_good && (!run->cpus || cpus_is_last(run)))
		return true;
	if (!is_wake(run, now) && goes_on_waiting(run, pc, is_for_good))
		vcpu_set(&run->cpu->vcpu, VCPU_CORE(regs.pc), pc - INSTRUCTION_LENGTH, NULL);
	/* In want of work it may wait for as long as it likes; one that was just woken is there, too. */
	if (pc == (uint64_t)r0_idle_waits && run->cpus && cpus_is_idle(run, run_cpu(run)))
		run->cpu->look.at = 0;
	else if (now >= run->cpu->look.at)
		alarm_put_off(&run->cpu->look, now);
	alarm_set(run);
	return false;
}

/* Of a CPU's SGIs and PPIs, or of SPIs. */
static uint32_t read_word(const struct vm *vm, unsigned int cpu, uint32_t offset, unsigned int word)
{
	uint32_t value = 0;

	if (word)
		gic_read_distributor(vm, offset + 4 * word, &value);
	else
		gic_read_private(vm, cpu, offset, &value);
	return value;
}

void interrupts_describe(const struct run *run, FILE *out)
{
	const struct vm *vm = &run->machine->vm;
	const unsigned int cpu = run_cpu(run);
	struct interrupt_registers registers = { .version = vm->gic_version };
	char text[2048];
	unsigned int word;

	if (gic_read_distributor(vm, R0_GICD_CTLR, &registers.distributor))
		return;
	for (word = 0; word < 2; word++) {
		registers.groups[word] = read_word(vm, cpu, R0_GICD_IGROUPR, word);
		registers.enabled[word] = read_word(vm, cpu, R0_GICD_ISENABLER, word);
		registers.pending[word] = read_word(vm, cpu, R0_GICD_ISPENDR, word);
		registers.active[word] = read_word(vm, cpu, R0_GICD_ISACTIVER, word);
	}
	describe_interrupts(&registers, -1, text, sizeof(text));
	fprintf(out, "interrupt controller:\n%s\n", text);
}

static void print_intids(FILE *out, const char *what, uint32_t bits)
{
	unsigned int intid;

	fprintf(out, "%s:", what);
	for (intid = 0; intid < 32; intid++)
		if (bits >> intid & 1)
			fprintf(out, " %u", intid);
	fprintf(out, bits ? "" : " none");
}

void interrupts_describe_others(const struct run *run, FILE *out)
{
	const struct vm *vm = &run->machine->vm;
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		const uint32_t pending = read_word(vm, i, R0_GICD_ISPENDR, 0);
		const uint32_t active = read_word(vm, i, R0_GICD_ISACTIVER, 0);

		if (i == run_cpu(run) || !(pending | active))
			continue;
		fprintf(out, "CPU %u's SGIs and PPIs: ", i);
		print_intids(out, "pending", pending);
		print_intids(out, "; active", active);
		fprintf(out, "\n");
	}
}
