/* SPDX-License-Identifier: MIT */
/*
 * Looks now and then whether a kernel has halted for good, which a machine with interrupt controllers does
 * not end by. Depends on boot/halt.h and libc.
 */
#include <time.h>
#include "base/clock.h"
#include "boot/halt.h"
#include "command/boot/boot.h"

/* From one look to the next: longer each time, as it stops the machine for a moment. */
#define FIRST_MS 20
#define LAST_MS	 500

static uint64_t processor_time_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * CLOCK_NS_PER_S + (uint64_t)used.tv_nsec;
}

void boot_halt_begin(struct boot_halt *halt)
{
	*halt = (struct boot_halt){
		.interval_ms = FIRST_MS,
		.at_ns = clock_ns(),
		.used_ns = processor_time_ns(),
	};
}

int boot_halt_wait_ms(const struct boot_halt *halt)
{
	uint64_t next = halt->at_ns + halt->interval_ms * CLOCK_NS_PER_MS, now = clock_ns();

	return now >= next ? 0 : (int)((next - now) / CLOCK_NS_PER_MS) + 1;
}

/* Whether the machine's CPUs did next to nothing since the last look: else there is nothing to look at. */
static bool was_idle(struct boot_halt *halt)
{
	uint64_t now = clock_ns(), used = processor_time_ns();
	bool idle = (used - halt->used_ns) * 4 < now - halt->at_ns;

	halt->at_ns = now;
	halt->used_ns = used;
	return idle;
}

bool boot_halt_look(struct boot_halt *halt, struct r0_vm *vm)
{
	bool halted;

	if (boot_halt_wait_ms(halt) > 0)
		return false;
	if (halt->interval_ms < LAST_MS)
		halt->interval_ms *= 2;
	/* One that has ended, or is about to, can't be frozen. */
	if (!was_idle(halt) || r0_vm_freeze(vm, NULL)) {
		halt->seen = 0;
		return false;
	}
	halted = boot_is_halted(vm);
	r0_vm_thaw(vm, NULL);
	halt->seen = halted ? halt->seen + 1 : 0;
	return halt->seen >= boot_halt_looks;
}
