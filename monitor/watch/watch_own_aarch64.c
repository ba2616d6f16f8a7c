/* SPDX-License-Identifier: MIT */
/*
 * Watched variables on arm64: the watchpoint comes before the store, which is then stepped over. A debug exception takes
 * the reservation that an exclusive needs (Arm ARM, B2.9.5), so that nothing may come between it and the load before
 * it: such a store runs to the next instruction, and if it stored nothing, from there on round its loop once more, or
 * to behind the branch that leads there.
 */
#include "kvm/vcpu/vcpu_aarch64.h"
#include "kvm/watch/store_aarch64.h"
#include "monitor/cpu.h"
#include "monitor/rest.h"
#include "monitor/virtual.h"
#include "monitor/watch/watch_own.h"

unsigned int watch_own_slots(const struct r0_vm *vm)
{
	const int there = ioctl(vm->kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_GUEST_DEBUG_HW_WPS);

	return there < 0 ? 0 : there < WATCH_SLOTS ? (unsigned int)there : WATCH_SLOTS;
}

static uint32_t instruction_at(struct monitor_cpu *cpu, uint64_t pc)
{
	uint32_t instruction = 0;

	monitor_read_virtual(cpu, pc, &instruction, sizeof(instruction));
	return instruction;
}

void watch_own_encode(struct monitor_cpu *cpu, struct kvm_guest_debug *debug)
{
	cpu->store.exclusive = debug->control & KVM_GUESTDBG_SINGLESTEP &&
			       store_is_exclusive(instruction_at(cpu, cpu->store.at));
	if (cpu->store.exclusive)
		store_stop_behind(cpu->store.at, debug);
}

/* What is watched else is not, until the exclusive is through. */
static bool tell(struct monitor_cpu *cpu, struct kvm_guest_debug *debug)
{
	struct error error = { "" };

	if (KVM_IOCTL(cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, debug, &error) < 0)
		monitor_log(cpu->machine, "CPU %u: %s", cpu->number, error.text);
	return true;
}

static bool serve_brk(struct monitor_cpu *cpu, uint64_t esr)
{
	struct error error = { "" };

	if (store_deliver_brk(&cpu->vcpu, esr, &error))
		monitor_log(cpu->machine, "CPU %u: %s", cpu->number, error.text);
	return true;
}

/* Behind an exclusive, or one step from there. */
static bool serve_exclusive(struct monitor_cpu *cpu, struct kvm_debug_exit_arch *exit)
{
	const uint64_t at = cpu->store.at, pc = monitor_stopped_at(cpu);
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };
	const bool stepped = STORE_CLASS(exit->hsr) == STORE_CLASS_STEP;
	uint64_t status = 1;

	if (stepped && pc != at + 2 * STORE_INSTRUCTION_LENGTH) {
		debug.control = 0;
		store_stop_behind(at, &debug);
		return tell(cpu, &debug);
	}
	exit->hsr = STORE_CLASS_STEP << 26;
	if (stepped || pc != at + STORE_INSTRUCTION_LENGTH)
		return false;
	vcpu_get(&cpu->vcpu, VCPU_X(store_status_register(instruction_at(cpu, at))), &status, NULL);
	return (uint32_t)status && tell(cpu, &debug);
}

bool watch_own_serve(struct monitor_cpu *cpu, struct kvm_debug_exit_arch *exit)
{
	const unsigned int class = STORE_CLASS(exit->hsr);

	if (class == STORE_CLASS_BRK)
		return serve_brk(cpu, exit->hsr);
	if (cpu->store.exclusive && (class == STORE_CLASS_BREAKPOINT || class == STORE_CLASS_STEP))
		return serve_exclusive(cpu, exit);
	return false;
}

bool watch_own_stored(const struct monitor_cpu *cpu)
{
	return monitor_stopped_at(cpu) == cpu->store.at + STORE_INSTRUCTION_LENGTH;
}
