/* SPDX-License-Identifier: MIT */
/* A PC is x86's. */
#include "monitor/wiring_pc.h"
#include <errno.h>

int devices_add_pc(struct devices *devices, struct guest_memory *memory, struct error *error)
{
	const struct r0_vm_options *options = devices->options;

	(void)memory;
	if (!options->pc && !options->test_devices)
		return 0;
	return error_set(error, ENOTSUP, "a PC's devices are for x86");
}

void devices_finish_pc(struct devices *devices)
{
	(void)devices;
}

bool pc_wakes(const struct pc *pc, uint64_t *deadline)
{
	(void)pc;
	*deadline = UINT64_MAX;
	return false;
}

uint8_t pc_shutdown_status(const struct pc *pc)
{
	(void)pc;
	return 0;
}

void pc_tell_wake(struct pc *pc)
{
	(void)pc;
}
