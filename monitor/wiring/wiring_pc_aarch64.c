/* SPDX-License-Identifier: MIT */
/* A PC is x86's. */
#include "monitor/wiring/wiring_pc.h"
#include <errno.h>

int wiring_pc_add(struct wiring *wiring, struct guest_memory *memory, struct error *error)
{
	const struct r0_vm_options *options = wiring->options;

	(void)memory;
	if (options->pc || options->test_devices || options->iommu || options->pit)
		return error_set(error, ENOTSUP, "a PC's devices are for x86");
	if (options->cpu)
		return error_set(error, ENOTSUP, "a description of the CPUs is for x86");
	return 0;
}

void wiring_pc_finish(struct wiring *wiring)
{
	(void)wiring;
}

bool wiring_pc_wakes(const struct pc *pc, uint64_t *deadline)
{
	(void)pc;
	*deadline = UINT64_MAX;
	return false;
}

uint8_t wiring_pc_shutdown_status(const struct pc *pc)
{
	(void)pc;
	return 0;
}

void wiring_pc_tell_wake(struct pc *pc)
{
	(void)pc;
}
