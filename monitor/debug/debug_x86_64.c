/* SPDX-License-Identifier: MIT */
/*
 * What a debugged vCPU's thread does on x86: Documentation/virt/kvm/api.rst, KVM_SET_GUEST_DEBUG; #BP and #DB,
 * SDM vol. 3B, 17.2 and 17.3.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <ring0/x86/registers.h>
#include "monitor/debug/points.h"
#include "monitor/virtual.h"
#include "monitor/watch/probe_x86_64.h"
#include "monitor/watch/watch_method.h"

#define VECTOR_DB 1
#define VECTOR_BP 3

/* DR6 (17.2.3) and DR7 (17.2.4). */
#define DR6_SLOTS	 0xfu
#define DR6_BS		 (1u << 14)
#define DR7_FIXED	 (1u << 10 | 1u << 9 | 1u << 8)
#define DR7_ENABLE(slot) (3u << (2 * (slot)))
#define DR7_WRITES(slot) (1u << (16 + 4 * (slot)))
#define DR7_LEN(slot)	 (18 + 4 * (slot))

/* ---- what works here ---- */

/* Whether the host gets to know of an INT3: as such, or as one that KVM's emulator can't execute. */
static void look_at_int3(struct vcpu *vcpu, void *context)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP };
	const struct kvm_run *run = vcpu->run;
	bool *works = context;

	if (KVM_IOCTL(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug, NULL) < 0 || vcpu_run(vcpu, NULL) != 0)
		return;
	*works = (run->exit_reason == KVM_EXIT_DEBUG && run->debug.arch.exception == VECTOR_BP) ||
		 (run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
		  run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION);
}

int debug_find_method(struct monitor_debug *debug, bool by_step, struct error *error)
{
	static const uint8_t int3[] = { 0xcc };
	char text[sizeof(debug->method)];

	(void)error;
	if (!by_step)
		monitor_probe(int3, sizeof(int3), look_at_int3, &debug->by_memory);
	debug->by_register = !by_step && monitor_watch_method(text, sizeof(text)) == WATCH_HARDWARE;
	snprintf(debug->method, sizeof(debug->method), "%s",
		 debug->by_memory ? "breakpoints in memory" :
		 by_step	  ? "single steps, as asked for" :
				    "single steps, as this KVM does not tell of breakpoints");
	return 0;
}

/* ---- before KVM_RUN ---- */

static uint64_t length_field(unsigned int length)
{
	/* 17.2.4: 10 is for 8 bytes. */
	return length == 8 ? 2 : length - 1;
}

static void encode(const struct monitor_debug *debug, struct kvm_guest_debug *arm)
{
	uint64_t dr7 = DR7_FIXED;
	size_t i;

	for (i = 0; i < debug->count; i++) {
		const struct debug_point *point = &debug->points[i];

		if (point->way != DEBUG_BY_CPU)
			continue;
		arm->arch.debugreg[point->slot] = point->address;
		dr7 |= DR7_ENABLE(point->slot);
		if (point->kind == MONITOR_POINT_WRITE)
			dr7 |= DR7_WRITES(point->slot) | length_field(point->length)
								 << DR7_LEN(point->slot);
	}
	arm->control |= KVM_GUESTDBG_USE_HW_BP;
	arm->arch.debugreg[7] = dr7;
}

static bool goes_by_steps(const struct monitor_cpu *cpu)
{
	return cpu->debug.action == MONITOR_STEP || cpu->machine->debug->ways[DEBUG_BY_STEP];
}

int monitor_debug_arm(struct monitor_cpu *cpu, struct error *error)
{
	const struct monitor_debug *debug = cpu->machine->debug;
	struct kvm_guest_debug arm = { .control = KVM_GUESTDBG_ENABLE };
	bool steps;
	int err;

	if (!debug && !cpu->debug.armed.control)
		return 0;
	steps = debug && goes_by_steps(cpu);
	if (!debug)
		arm.control = 0;
	else if (debug->by_memory)
		arm.control |= KVM_GUESTDBG_USE_SW_BP;
	if (debug && debug->ways[DEBUG_BY_CPU])
		encode(debug, &arm);
	if (steps)
		arm.control |= KVM_GUESTDBG_SINGLESTEP;
	/* Steps anew each time: KVM steps by RFLAGS.TF, which the guest loads, too. */
	if (!steps && !cpu->debug.inject && !memcmp(&arm, &cpu->debug.armed, sizeof(arm)))
		return 0;
	cpu->debug.armed = arm;
	if (cpu->debug.inject == VECTOR_BP)
		arm.control |= KVM_GUESTDBG_INJECT_BP;
	else if (cpu->debug.inject == VECTOR_DB)
		arm.control |= KVM_GUESTDBG_INJECT_DB;
	cpu->debug.inject = 0;
	/* A KVM before Linux 5.15 knows nothing of BLOCKIRQ, and says so. */
	if (steps && cpu->debug.action == MONITOR_STEP) {
		arm.control |= KVM_GUESTDBG_BLOCKIRQ;
		err = KVM_IOCTL(cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &arm, NULL);
		if (err != -EINVAL)
			return err < 0 ? err : 0;
		arm.control &= ~(uint32_t)KVM_GUESTDBG_BLOCKIRQ;
	}
	err = KVM_IOCTL(cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &arm, error);
	return err < 0 ? err : 0;
}

/* ---- after it ---- */

/* A variable that is not as it was. One CPU at a time, so that a write is told once. */
static const struct debug_point *find_written(struct monitor_cpu *cpu)
{
	struct monitor_debug *debug = cpu->machine->debug;
	const struct debug_point *found = NULL;
	size_t i;

	pthread_mutex_lock(&debug->lock);
	for (i = 0; i < debug->count; i++) {
		struct debug_point *point = &debug->points[i];
		uint64_t value = 0;

		if (point->way != DEBUG_BY_STEP || point->kind != MONITOR_POINT_WRITE ||
		    monitor_read_virtual(cpu, point->address, &value, point->length) != 0 ||
		    value == point->value)
			continue;
		point->value = value;
		found = point;
	}
	pthread_mutex_unlock(&debug->lock);
	return found;
}

/* An instruction is done, and the next one is at `address`. */
static void stepped(struct monitor_cpu *cpu, uint64_t address)
{
	const struct monitor_debug *debug = cpu->machine->debug;
	const struct debug_point *point = find_written(cpu);

	if (!point)
		point = debug_find_code(debug, address, DEBUG_BY_STEP);
	if (point)
		debug_stop(cpu, point);
	else if (cpu->debug.action == MONITOR_STEP &&
		 (address < cpu->debug.start || address >= cpu->debug.end))
		debug_stop(cpu, NULL);
}

static const struct debug_point *find_slot(const struct monitor_debug *debug, uint64_t dr6)
{
	size_t i;

	for (i = 0; i < debug->count; i++)
		if (debug->points[i].way == DEBUG_BY_CPU && dr6 >> debug->points[i].slot & 1)
			return &debug->points[i];
	return NULL;
}

void monitor_debug_exit(struct monitor_cpu *cpu)
{
	const struct kvm_debug_exit_arch *arch = &cpu->vcpu.run->debug.arch;
	const struct monitor_debug *debug = cpu->machine->debug;
	const struct debug_point *point;

	if (arch->exception == VECTOR_BP) {
		point = debug_find_code(debug, arch->pc, DEBUG_BY_MEMORY);
		if (point)
			debug_stop(cpu, point);
		else
			cpu->debug.inject = VECTOR_BP; /* the guest's own */
		return;
	}
	point = find_slot(debug, arch->dr6 & DR6_SLOTS);
	if (point)
		debug_stop(cpu, point);
	else if (goes_by_steps(cpu))
		stepped(cpu, arch->pc);
	else
		cpu->debug.inject = VECTOR_DB;
}

/* As of the last exit. */
static uint64_t linear_ip(const struct monitor_cpu *cpu)
{
	const struct kvm_sync_regs *regs = &cpu->vcpu.run->s.regs;

	return regs->sregs.cs.l ? regs->regs.rip : (uint32_t)(regs->sregs.cs.base + regs->regs.rip);
}

bool monitor_debug_serve(struct monitor_cpu *cpu)
{
	const struct kvm_run *run = cpu->vcpu.run;
	const struct debug_point *point;

	if (!cpu->machine->debug || run->exit_reason != KVM_EXIT_INTERNAL_ERROR ||
	    run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return false;
	point = debug_find_code(cpu->machine->debug, linear_ip(cpu), DEBUG_BY_MEMORY);
	if (point)
		debug_stop(cpu, point);
	return point != NULL;
}

void monitor_debug_completed(struct monitor_cpu *cpu)
{
	if (cpu->machine->debug && goes_by_steps(cpu))
		stepped(cpu, linear_ip(cpu));
}
