/* SPDX-License-Identifier: MIT */
/* Where arm64's machine has memory and devices, and a PL011 and what ends the machine. */
#include "monitor/wiring/platform.h"
#include <errno.h>
#include <stdlib.h>
#include "devices/debug_exit.h"
#include "devices/pl011.h"
#include "monitor/wiring/outlets.h"
#include "monitor/wiring/platform_aarch64.h"

/* The GIC is below all of it: <ring0/arm64/gic.h>. Lines are SPIs. */
const struct platform_map platform_map = {
	.memory = R0_VM_MEMORY,
	.memory_low_end = UINT64_MAX,
	.virtio = PLATFORM_VIRTIO,
	.virtio_irq = PLATFORM_VIRTIO_IRQ,
	.serial_irqs = { PLATFORM_SERIAL_IRQ, PLATFORM_SERIAL_IRQ + 1 },
};

struct platform {
	struct pl011 pl011;
	struct debug_exit debug_exit;
};

int platform_add(struct wiring *wiring, struct error *error)
{
	const struct irq_line line = outlets_line(wiring, PLATFORM_PL011_IRQ);
	struct platform *platform;
	struct output output;
	int err;

	if (wiring->options->no_legacy)
		return 0;
	platform = calloc(1, sizeof(*platform));
	if (!platform)
		return error_set(error, ENOMEM, "no memory for a machine's devices");
	wiring->platform = platform;
	err = outlets_open_console(wiring, R0_VM_PL011, &output, error);
	if (err)
		return err;
	pl011_init(&platform->pl011, &line, &output);
	err = bus_add(&wiring->bus, BUS_MEMORY, PLATFORM_PL011, PL011_SIZE, &platform->pl011.dev,
		      error);
	if (err)
		return err;
	debug_exit_init(&platform->debug_exit);
	return bus_add(&wiring->bus, BUS_MEMORY, PLATFORM_DEBUG_EXIT, DEBUG_EXIT_SIZE,
		       &platform->debug_exit.dev, error);
}

void platform_finish(struct wiring *wiring)
{
	free(wiring->platform);
}

size_t platform_type(struct wiring *wiring, enum r0_vm_console console, const void *data,
		     size_t size)
{
	return console == R0_VM_PL011 ? pl011_receive(&wiring->platform->pl011, data, size) : 0;
}
