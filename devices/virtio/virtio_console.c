/* SPDX-License-Identifier: MIT */
/* The virtio console. Section numbers are VIRTIO 1.2's. */
#include "devices/virtio/virtio_console.h"
#include <stddef.h>
#include "base/container_of.h"
#include "devices/virtio/virtio_mmio.h"

#define DEVICE_ID 3

/* Features (5.3.3). */
#define F_SIZE		  (1ull << 0)
#define F_EMERGENCY_WRITE (1ull << 2)

/* Queues (5.3.2). */
enum { RECEIVE, TRANSMIT, QUEUES };

static int64_t console_serve(struct virtio *virtio, unsigned int queue,
			     const struct virtqueue_chain *chain)
{
	const struct virtio_console *console = container_of(virtio, struct virtio_console, virtio);
	unsigned int i;

	(void)queue;
	for (i = 0; i < chain->readable; i++)
		output_write(&console->output, chain->segments[i].iov_base,
			     chain->segments[i].iov_len);
	return 0;
}

static void console_refilled(struct virtio *virtio, unsigned int queue)
{
	struct virtio_console *console = container_of(virtio, struct virtio_console, virtio);

	(void)queue;
	if (!console->registers.refused)
		return;
	console->registers.refused = 0;
	dev_wake(&virtio->dev);
}

/* Works at any time, without features or queues: for a guest that dies early (5.3.4). */
static void console_config_written(struct virtio *virtio, uint64_t offset, const void *data,
				   size_t size)
{
	const struct virtio_console *console = container_of(virtio, struct virtio_console, virtio);

	if (offset == offsetof(struct virtio_console_config, emergency_write) && size)
		output_write(&console->output, data, 1);
}

static const struct virtio_ops console_virtio_ops = {
	.name = "virtio console",
	.device_id = DEVICE_ID,
	.queues = QUEUES,
	.filled = 1u << RECEIVE,
	.serve = console_serve,
	.refilled = console_refilled,
	.config_written = console_config_written,
};

static const struct dev_ops console_ops = {
	.name = "virtio console",
	.reset = virtio_mmio_reset,
	.read = virtio_mmio_read,
	.write = virtio_mmio_write,
	.restored = virtio_mmio_restored,
};

void virtio_console_init(struct virtio_console *console, const struct virtio_options *options,
			 const struct output *output)
{
	*console = (struct virtio_console){
		.virtio = { .dev.ops = &console_ops,
			    .config = &console->registers.config,
			    .config_size = sizeof(console->registers.config) },
		.registers.config = { .columns = 80, .rows = 25 },
		.output = *output,
	};
	virtio_init(&console->virtio, &console_virtio_ops, options, &console->registers,
		    sizeof(console->registers), F_SIZE | F_EMERGENCY_WRITE);
	virtio_reset(&console->virtio);
}

size_t virtio_console_receive(struct virtio_console *console, const void *bytes, size_t size)
{
	struct virtio *virtio = &console->virtio;
	struct virtqueue_chain chain;
	size_t done = 0, part;

	while (done < size && virtio_take(virtio, RECEIVE, &chain)) {
		part = virtqueue_store(&chain, 0, (const uint8_t *)bytes + done, size - done);
		virtio_give(virtio, RECEIVE, &chain, (uint32_t)part);
		done += part;
	}
	if (done < size)
		console->registers.refused = 1;
	virtio_filled(virtio, RECEIVE);
	return done;
}
