/* SPDX-License-Identifier: MIT */
/* The virtio console (VIRTIO 1.2, 5.3): one port, with its size and emergency write. */
#ifndef DEVICES_VIRTIO_VIRTIO_CONSOLE_H
#define DEVICES_VIRTIO_VIRTIO_CONSOLE_H

#include "devices/output.h"
#include "devices/virtio/virtio.h"

/* Configuration space (5.3.4). */
struct virtio_console_config {
	uint16_t columns, rows;
	uint32_t ports; /* not offered: 0 */
	uint32_t emergency_write;
};

struct virtio_console_registers {
	struct virtio_registers common;
	struct virtio_console_config config;
	uint32_t refused; /* input came that there was no room for */
};

struct virtio_console {
	struct virtio virtio;
	struct virtio_console_registers registers;
	struct output output;
};

/* A console of 80 by 25 after reset. What the guest writes goes to `output`. */
void virtio_console_init(struct virtio_console *console, const struct virtio_options *options,
			 const struct output *output);

/*
 * Input for the guest. Returns how many bytes there was room for, 0 as long as there is no driver;
 * when there is for more, the bus's `wake` is told.
 */
size_t virtio_console_receive(struct virtio_console *console, const void *bytes, size_t size);

#endif /* DEVICES_VIRTIO_VIRTIO_CONSOLE_H */
