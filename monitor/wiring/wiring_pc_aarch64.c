/* SPDX-License-Identifier: MIT */
/* A PC is x86's; kvm-unit-tests' images end by a device of their own. */
#include "monitor/wiring/wiring_pc.h"
#include <errno.h>
#include <stdlib.h>
#include "devices/virtio/test_console.h"
#include "monitor/wiring/platform_aarch64.h"

struct pc {
	struct test_console test_console;
};

/* They take the first console that they find for it. */
static int add_test_devices(struct wiring *wiring, const struct ram *ram, struct error *error)
{
	if (wiring->options->virtio_console)
		return error_set(error, ENOTSUP, "test devices are a virtio console themselves");
	wiring->pc = calloc(1, sizeof(*wiring->pc));
	if (!wiring->pc)
		return error_set(error, ENOMEM, "no memory for a machine's devices");
	test_console_init(&wiring->pc->test_console, ram);
	wiring->windows[wiring->window_count++] = (struct wiring_window){
		.address = PLATFORM_TEST_CONSOLE,
		.size = TEST_CONSOLE_SIZE,
		.irq = PLATFORM_TEST_CONSOLE_IRQ,
	};
	return bus_add(&wiring->bus, BUS_MEMORY, PLATFORM_TEST_CONSOLE, TEST_CONSOLE_SIZE,
		       &wiring->pc->test_console.dev, error);
}

int wiring_pc_add(struct wiring *wiring, struct guest_memory *memory, struct error *error)
{
	const struct r0_vm_options *options = wiring->options;

	if (options->pc || options->iommu || options->pit)
		return error_set(error, ENOTSUP, "a PC's devices are for x86");
	if (options->cpu)
		return error_set(error, ENOTSUP, "a description of the CPUs is for x86");
	return options->test_devices ? add_test_devices(wiring, &memory->ram, error) : 0;
}

void wiring_pc_finish(struct wiring *wiring)
{
	free(wiring->pc);
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
