/* SPDX-License-Identifier: MIT */
/* A PC's oldest devices, and where it has memory. */
#include "monitor/wiring/platform.h"
#include <errno.h>
#include <stdlib.h>
#include "devices/debug_exit.h"
#include "devices/pc/debug_console.h"
#include "devices/pc/i8042.h"
#include "monitor/wiring/outlets.h"

const struct platform_map platform_map = {
	/* The hole is for devices: virtio, interrupt controllers and the firmware have their addresses there. */
	.memory_low_end = 0xc0000000, .memory_high = 0x100000000,
	.virtio = 0xc0000000,	      .virtio_irq = 5,
	.serial_irqs = { 4, 3 },
};

struct platform {
	struct i8042 i8042;
	struct debug_exit debug_exit;
	struct debug_console debug_console;
};

static int add_debug_ports(struct platform *platform, struct wiring *wiring, struct error *error)
{
	struct output output;
	int err = outlets_open_console(wiring, R0_VM_DEBUG_CONSOLE, &output, error);

	if (err)
		return err;
	debug_console_init(&platform->debug_console, &output);
	err = bus_add(&wiring->bus, BUS_PORT, DEBUG_CONSOLE_PORT, 1, &platform->debug_console.dev,
		      error);
	if (!err)
		err = bus_add(&wiring->bus, BUS_PORT, DEBUG_CONSOLE_FIRMWARE_PORT, 1,
			      &platform->debug_console.dev, error);
	if (err)
		return err;
	debug_exit_init(&platform->debug_exit);
	return bus_add(&wiring->bus, BUS_PORT, DEBUG_EXIT_PORT, DEBUG_EXIT_SIZE,
		       &platform->debug_exit.dev, error);
}

int platform_add(struct wiring *wiring, struct error *error)
{
	struct platform *platform;
	int err;

	if (wiring->options->no_legacy)
		return 0;
	platform = calloc(1, sizeof(*platform));
	if (!platform)
		return error_set(error, ENOMEM, "no memory for a PC's devices");
	wiring->platform = platform;
	i8042_init(&platform->i8042);
	err = i8042_add(&platform->i8042, &wiring->bus, error);
	return err ? err : add_debug_ports(platform, wiring, error);
}

void platform_finish(struct wiring *wiring)
{
	free(wiring->platform);
}

size_t platform_type(struct wiring *wiring, enum r0_vm_console console, const void *data,
		     size_t size)
{
	(void)wiring;
	(void)console;
	(void)data;
	(void)size;
	return 0;
}
