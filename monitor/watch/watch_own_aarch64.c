/* SPDX-License-Identifier: MIT */
/*
 * Watched variables on arm64: the watchpoint comes before the store, which is then stepped over. A debug exception takes
 * the reservation that an exclusive needs (Arm ARM, B2.9.5), so that nothing may come between it and the load before
 * it. Such a store runs to the next instruction, and fails. When its loop comes to the load again, what that reads is
 * no longer watched until the store is through, or given up.
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

static uint32_t instruction_at(void *context, uint64_t pc)
{
	uint32_t instruction = 0;

	monitor_read_virtual(context, pc, &instruction, sizeof(instruction));
	return instruction;
}

void watch_own_encode(struct monitor_cpu *cpu, struct kvm_guest_debug *debug)
{
	struct monitor_store *store = &cpu->store;
	const bool steps = debug->control & KVM_GUESTDBG_SINGLESTEP;

	store->exclusive = steps && store_is_exclusive(instruction_at(cpu, store->at));
	if (store->exclusive)
		store_stop_behind(store->at, debug);
	else if (!steps && debug->control && store->load)
		store_stop_at(store->load, debug);
}

static bool serve_brk(struct monitor_cpu *cpu, uint64_t esr)
{
	struct error error = { "" };

	if (store_deliver_brk(&cpu->vcpu, esr, &error))
		monitor_log(cpu->machine, "CPU %u: %s", cpu->number, error.text);
	return true;
}

/* Behind an exclusive, or where loops go that give it up: the end of its step. */
static void leave_exclusive(struct monitor_cpu *cpu, struct kvm_debug_exit_arch *exit)
{
	struct monitor_store *store = &cpu->store;

	exit->hsr = STORE_CLASS_STEP << 26;
	store->load = 0;
	if (monitor_stopped_at(cpu) != store->at + STORE_INSTRUCTION_LENGTH ||
	    watch_own_stored(cpu))
		return;
	store->load = store_find_load(store->at, instruction_at, cpu);
	store->again = store->at;
}

/* Before the load of one that has failed. Returns the slots that it is about, or 0: then it is another's, or stale. */
static unsigned int begin_anew(struct monitor_cpu *cpu)
{
	struct monitor_store *store = &cpu->store;
	const uint64_t pc = monitor_stopped_at(cpu);
	unsigned int slots = 0;

	if (pc == store->load)
		slots = store_slots_of_load(&cpu->vcpu, instruction_at(cpu, pc),
					    &cpu->watch.armed.set, cpu->watch.armed.slots);
	if (slots)
		store->at = store->again;
	store->load = 0;
	cpu->watch.pending = true;
	return slots;
}

bool watch_own_serve(struct monitor_cpu *cpu, struct kvm_debug_exit_arch *exit, unsigned int *slots)
{
	const unsigned int class = STORE_CLASS(exit->hsr);

	if (class == STORE_CLASS_BRK)
		return serve_brk(cpu, exit->hsr);
	if (class != STORE_CLASS_BREAKPOINT)
		return false;
	if (cpu->store.exclusive) {
		leave_exclusive(cpu, exit);
		return false;
	}
	*slots = begin_anew(cpu);
	return !*slots;
}

bool watch_own_stored(struct monitor_cpu *cpu)
{
	const struct monitor_store *store = &cpu->store;

	return monitor_stopped_at(cpu) == store->at + STORE_INSTRUCTION_LENGTH &&
	       (!store->exclusive || store_has_stored(&cpu->vcpu, instruction_at(cpu, store->at)));
}
