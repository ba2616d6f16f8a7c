/* SPDX-License-Identifier: MIT */
/*
 * What a machine is by its architecture: where memory and devices are, and which devices it has beside its serial
 * lines of type 16550A and virtio.
 */
#ifndef MONITOR_WIRING_PLATFORM_H
#define MONITOR_WIRING_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <ring0/vm.h>
#include "base/error.h"
#include "devices/serial_add.h"

struct platform_map {
	/* Memory begins there; what does not fit below the second goes to the third. */
	uint64_t memory, memory_low_end, memory_high;
	uint64_t virtio; /* the first of the windows, each VIRTIO_MMIO_SIZE bytes */
	/* Interrupt lines, as vm_set_irq() numbers them: of virtio, the first of as many. */
	unsigned int virtio_irq;
	unsigned int serial_irqs[SERIAL_LINES];
};

extern const struct platform_map platform_map;

struct platform;
struct wiring;

/* Add the devices, but with options.no_legacy, to wiring->platform. Returns 0 or -errno; finish() is due in either case. */
int platform_add(struct wiring *wiring, struct error *error);
void platform_finish(struct wiring *wiring);

/* Type into a console of such a device: how many bytes it takes, 0 where it has no input. With the lock held. */
size_t platform_type(struct wiring *wiring, enum r0_vm_console console, const void *data,
		     size_t size);

#endif /* MONITOR_WIRING_PLATFORM_H */
