/* SPDX-License-Identifier: MIT */
/* A vCPU of a machine on KVM: its thread, and how others interrupt it. */
#include "monitor/threads/cpu_thread.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/host.h"
#include "monitor/cpu.h"
#include "monitor/debug/debug.h"
#include "monitor/rest.h"
#include "monitor/threads/assistance.h"
#include "monitor/translate.h"
#include "monitor/watch/watch_cpu.h"
#include "monitor/wiring/irqchip.h"

static int arm(void *context, struct error *error)
{
	struct monitor_cpu *cpu = context;
	int err = 0;

	if (!cpu->number)
		err = irqchip_arm(cpu->machine->devices, &cpu->vcpu, cpu->half_way, error);
	if (!err)
		err = monitor_debug_arm(cpu, error);
	return err ? err : monitor_watch_arm(cpu, error);
}

static int run(void *context, struct error *error)
{
	struct monitor_cpu *cpu = context;
	int err = monitor_watch_run(cpu, error);

	/* Whatever it was, KVM_RUN has finished it where it returns for a signal. */
	cpu->half_way = !err && cpu->vcpu.run->exit_reason != KVM_EXIT_IRQ_WINDOW_OPEN;
	return err;
}

static void immediate_exit(void *context, bool on)
{
	struct monitor_cpu *cpu = context;

	__atomic_store_n(&cpu->vcpu.run->immediate_exit, on, __ATOMIC_SEQ_CST);
}

static int settle(void *context, struct error *error)
{
	struct monitor_cpu *cpu = context;

	return irqchip_settle(cpu->machine->devices, &cpu->vcpu, error);
}

static void clear_kick(void *context)
{
	struct monitor_cpu *cpu = context;

	vcpu_clear_kick(&cpu->vcpu);
}

/*
 * Whether the CPU left the VM since its memory is lost, with that as the error. Of a page that it can't have KVM_RUN says
 * EFAULT; but where KVM emulates the CPU, it takes it for a device's, or for one that is not there, and shuts the CPU down.
 */
static bool found_lost(const struct monitor_cpu *cpu, struct error *error)
{
	const struct guest_memory *memory = &cpu->machine->memory;
	const struct kvm_run *state = cpu->vcpu.run;

	if (!memory->base || host_virtualizes())
		return false;
	if (state->exit_reason != KVM_EXIT_SHUTDOWN &&
	    (state->exit_reason != KVM_EXIT_MMIO ||
	     !ram_at(&memory->ram, gpa(state->mmio.phys_addr), state->mmio.len, false)))
		return false;
	return memory_base_look_for_lost(memory->base, memory->host, error) != 0;
}

static struct exit serve(void *context, struct error *error)
{
	struct monitor_cpu *cpu = context;
	struct wiring *devices = cpu->machine->devices;
	struct kvm_run *state = cpu->vcpu.run;
	struct exit exit = { .outcome = EXIT_CONTINUE };
	struct error why = { "" };
	char text[256];

	if (found_lost(cpu, error))
		return (struct exit){ .outcome = EXIT_FATAL };
	if (monitor_serve_own(cpu) || irqchip_serve(devices, &cpu->vcpu) ||
	    monitor_debug_serve(cpu))
		return exit;
	if (assistance_serve(cpu, &exit, &why)) {
		if (exit.outcome == EXIT_CONTINUE)
			monitor_debug_completed(cpu);
		return exit;
	}
	pthread_mutex_lock(&devices->lock);
	exit = exit_classify(state, cpu->machine->kvm->run_size, &devices->bus);
	if (exit.outcome == EXIT_SHUTDOWN &&
	    (state->exit_reason == KVM_EXIT_IO || state->exit_reason == KVM_EXIT_MMIO)) {
		cpu->by_device = true;
		cpu->end = devices->bus.end;
		cpu->status = devices->bus.status;
	}
	pthread_mutex_unlock(&devices->lock);
	exit_describe(state, &exit, text, sizeof(text));
	if (exit.outcome == EXIT_FATAL || (exit.outcome == EXIT_NONE && exit.has_reason))
		error_set(error, EIO, "%s%s%s", text, why.text[0] ? "; " : "", why.text);
	else if (exit.outcome == EXIT_CONTINUE && exit.has_reason)
		monitor_log(cpu->machine, "CPU %u: %s", cpu->number, text);
	/* What a device read or wrote there is not what the guest has. */
	if (memory_base_lost(cpu->machine->memory.base, error))
		return (struct exit){ .outcome = EXIT_FATAL };
	return exit;
}

static void debug(void *context)
{
	struct monitor_cpu *cpu = context;

	if (cpu->machine->debug)
		monitor_debug_exit(cpu);
	else
		monitor_watch_debug(cpu);
}

static int capture(void *context, struct register_snapshot *registers)
{
	return registers_take(registers, &monitor_registers_ops, context, NULL);
}

static bool is_halted(void *context)
{
	struct monitor_cpu *cpu = context;

	return atomic_load(&cpu->halted);
}

/* Each says that it halts before it looks at the others: whoever is last sees all of them. */
static bool halt(void *context)
{
	struct monitor_cpu *cpu = context;
	const struct r0_vm *vm = cpu->machine;
	unsigned int i;

	atomic_store(&cpu->halted, true);
	for (i = 0; i < vm->options.cpus; i++)
		if (!atomic_load(&vm->cpus[i].halted))
			return false;
	return true;
}

static const struct cpu_loop_ops loop_ops = {
	.arm = arm,
	.run = run,
	.immediate_exit = immediate_exit, /* a KVM without it is refused by kvm_create() */
	.settle = settle,
	.clear_kick = clear_kick,
	.serve = serve,
	.debug = debug,
	.capture = capture,
	.is_halted = is_halted,
	.halt = halt,
};

static void set_thread(struct monitor_cpu *cpu, pid_t thread)
{
	pthread_mutex_lock(&cpu->kick_lock);
	__atomic_store_n(&cpu->vcpu.thread, thread, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&cpu->kick_lock);
}

/* What a device says that the guest asked for. */
static void end_by_device(const struct monitor_cpu *cpu, struct r0_vm_outcome *outcome)
{
	const char *what = "";

	switch (cpu->end) {
	case BUS_END_RESET:
		outcome->end = R0_VM_RESET;
		what = "the guest asked for a reset";
		break;
	case BUS_END_INIT:
		outcome->end = R0_VM_RESET;
		what = "the guest asked for a reset of the CPUs";
		break;
	case BUS_END_STATUS:
		outcome->end = R0_VM_STATUS;
		outcome->exit_code = (int)(cpu->status & 0xff);
		outcome->status = (uint32_t)(cpu->status >> 1);
		snprintf(outcome->reason, sizeof(outcome->reason),
			 "the guest ended with status %" PRIu32, outcome->status);
		return;
	case BUS_END_POWER_OFF:
		outcome->end = R0_VM_POWER_OFF;
		/* Whichever CPU the system does it on. */
		outcome->exit_code = 0;
		what = "the guest powered the machine off";
		break;
	case BUS_END_SLEEP:
		outcome->end = R0_VM_SLEEP;
		what = "the guest had the machine sleep";
		break;
	}
	snprintf(outcome->reason, sizeof(outcome->reason), "%s", what);
}

/* What KVM says that it came to. */
static void end_by_kvm(const struct monitor_cpu *cpu, struct r0_vm_outcome *outcome)
{
	const struct kvm_run *state = cpu->vcpu.run;
	const struct exit exit = { .outcome = EXIT_SHUTDOWN };

	outcome->end = R0_VM_POWER_OFF;
	if (state->exit_reason == KVM_EXIT_SHUTDOWN)
		outcome->end = R0_VM_TRIPLE_FAULT;
	else if (state->system_event.type == KVM_SYSTEM_EVENT_RESET)
		outcome->end = R0_VM_RESET;
	/* A triple fault is what nobody meant. */
	if (outcome->end == R0_VM_TRIPLE_FAULT)
		outcome->exit_code = 1;
	exit_describe(state, &exit, outcome->reason, sizeof(outcome->reason));
}

static void shut_down(const struct monitor_cpu *cpu, struct r0_vm_outcome *outcome)
{
	outcome->exit_code = cpu->number ? 1 : 0;
	if (cpu->by_device)
		end_by_device(cpu, outcome);
	else
		end_by_kvm(cpu, outcome);
}

static void tell_end(struct monitor_cpu *cpu, const struct cpu_loop_result *result,
		     const struct error *error)
{
	const struct guest_memory *memory = &cpu->machine->memory;
	struct r0_vm_outcome outcome = { .cpu = cpu->number, .exit_code = 1 };
	struct error lost = { "" };

	switch (result->end) {
	case CPU_LOOP_KILLED:
		return;
	case CPU_LOOP_SHUTDOWN:
		shut_down(cpu, &outcome);
		break;
	case CPU_LOOP_HALTED:
		outcome.end = R0_VM_HALTED;
		snprintf(outcome.reason, sizeof(outcome.reason),
			 "every CPU halted, and nothing can interrupt it");
		break;
	case CPU_LOOP_FATAL:
		outcome.end = R0_VM_FATAL;
		outcome.has_reason = result->exit.has_reason;
		outcome.reason_number = result->exit.reason;
		/* Of a page that it can't have, KVM_RUN says EFAULT, and no more. */
		memory_base_look_for_lost(memory->base, memory->host, &lost);
		snprintf(outcome.reason, sizeof(outcome.reason), "%.255s",
			 lost.text[0] ? lost.text : error->text);
		break;
	}
	monitor_end(cpu->machine, &outcome);
}

void *monitor_cpu_thread(void *context)
{
	struct monitor_cpu *cpu = context;
	struct cpu_loop loop = { .ops = &loop_ops, .context = cpu, .seat = &cpu->seat };
	struct cpu_loop_result result;
	struct error error = { "" };

	cpu->half_way = false;
	vcpu_prepare_thread();
	set_thread(cpu, (pid_t)syscall(SYS_gettid));
	/* What kicked it before it could be: the loop looks at the reasons first. */
	vcpu_clear_kick(&cpu->vcpu);
	result = cpu_loop_run(&loop, &error);
	assistance_end(cpu);
	/*
	 * What it left the VM for is not to be finished over registers that are set later; where it
	 * had parked there is no such thing, and registers may be set just now.
	 */
	if (!result.at_rest)
		vcpu_complete(&cpu->vcpu);
	/* No signal may come to whichever thread gets this number next. */
	set_thread(cpu, 0);
	tell_end(cpu, &result, &error);
	monitor_thread_ends(cpu->machine);
	return NULL;
}
