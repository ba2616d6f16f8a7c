/* SPDX-License-Identifier: MIT */
/* Watchpoints come behind the store: SDM vol. 3B, 17.2.4. */
#include "monitor/watch/watch_own.h"

unsigned int watch_own_slots(const struct r0_vm *vm)
{
	(void)vm;
	return WATCH_SLOTS;
}

void watch_own_encode(struct monitor_cpu *cpu, struct kvm_guest_debug *debug)
{
	(void)cpu;
	(void)debug;
}

bool watch_own_serve(struct monitor_cpu *cpu, struct kvm_debug_exit_arch *exit, unsigned int *slots)
{
	(void)cpu;
	(void)exit;
	(void)slots;
	return false;
}

bool watch_own_stored(struct monitor_cpu *cpu)
{
	(void)cpu;
	return true;
}
