/* SPDX-License-Identifier: MIT */
/*
 * The virtio devices of a machine. A driver's notification of a queue is an eventfd's, by KVM: the
 * worker serves the queue while the vCPU goes on. Interrupts are lines, not irqfds: those only pulse,
 * and the devices' interrupts have a level.
 */
#include "monitor/wiring_virtio.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "devices/virtio/virtio_mmio.h"
#include "monitor/eventfd.h"
#include "monitor/outlets.h"

/* Their windows, one after another, and interrupts likewise. */
enum window { WINDOW_CONSOLE, WINDOW_BLOCK, WINDOW_NET };

static uint64_t base_of(enum window window)
{
	return VIRTIO_MMIO_BASE + (uint64_t)window * VIRTIO_MMIO_SIZE;
}

static int add_queue(struct devices *devices, struct virtio *virtio, enum window window,
		     uint32_t number, struct error *error)
{
	struct devices_queue *queue = &devices->queues[devices->queue_count];
	struct eventfd_io io;
	int err;

	queue->virtio = virtio;
	queue->number = number;
	queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->fd < 0)
		return error_set(error, errno, "making an eventfd failed: %s", strerror(errno));
	io = eventfd_virtio_notify(base_of(window), number, queue->fd);
	err = eventfd_add_io(devices->vm, &io, error);
	if (err < 0) {
		close(queue->fd);
		return err;
	}
	devices->queue_count++;
	return 0;
}

static int add(struct devices *devices, struct virtio *virtio, enum window window,
	       struct error *error)
{
	uint32_t i;
	int err = bus_add(&devices->bus, BUS_MEMORY, base_of(window), VIRTIO_MMIO_SIZE,
			  &virtio->dev, error);

	if (!err)
		devices->windows[devices->window_count++] = (struct devices_window){
			.address = base_of(window),
			.size = VIRTIO_MMIO_SIZE,
			.irq = VIRTIO_MMIO_IRQ + window,
		};
	for (i = 0; i < virtio->ops->queues && !err; i++)
		err = add_queue(devices, virtio, window, i, error);
	return err;
}

/* On a vCPU's thread or the worker's, with the devices' lock. */
static void log_stopped(void *context, const char *device, unsigned int queue,
			enum virtqueue_fault fault)
{
	const struct r0_vm_options *options = ((const struct devices *)context)->options;
	char line[256];

	snprintf(line, sizeof(line), "%s stopped with DEVICE_NEEDS_RESET: queue %u has %s", device,
		 queue, virtqueue_fault_text(fault));
	if (options->log)
		options->log(options->context, line);
	else
		fprintf(stderr, "ring0: %s\n", line);
}

static struct virtio_options options_of(struct devices *devices, const struct ram *ram,
					enum window window)
{
	return (struct virtio_options){
		.ram = ram,
		.irq = devices_line(devices, VIRTIO_MMIO_IRQ + window),
		.stopped = { .tell = log_stopped, .context = devices },
	};
}

static int add_console(struct devices *devices, const struct ram *ram, struct error *error)
{
	const struct virtio_options options = options_of(devices, ram, WINDOW_CONSOLE);
	struct output output;
	int err = devices_open_console(devices, R0_VM_VIRTIO_CONSOLE, &output, error);

	if (err)
		return err;
	virtio_console_init(&devices->virtio_console, &options, &output);
	return add(devices, &devices->virtio_console.virtio, WINDOW_CONSOLE, error);
}

static int add_block(struct devices *devices, const struct ram *ram,
		     const struct r0_vm_block *block, struct error *error)
{
	const struct virtio_options options = options_of(devices, ram, WINDOW_BLOCK);
	const struct virtio_block_options file = {
		.fd = block->fd,
		.read_only = block->read_only,
	};
	int err = virtio_block_init(&devices->block, &options, &file, error);

	return err ? err : add(devices, &devices->block.virtio, WINDOW_BLOCK, error);
}

static int add_net(struct devices *devices, const struct ram *ram, const struct r0_vm_net *net,
		   struct error *error)
{
	const struct virtio_options options = options_of(devices, ram, WINDOW_NET);
	int err;

	devices->net = calloc(1, sizeof(*devices->net));
	if (!devices->net)
		return error_set(error, ENOMEM, "no memory for a network device");
	err = virtio_net_init(devices->net, &options, net->fd, net->address, error);
	return err ? err : add(devices, &devices->net->virtio, WINDOW_NET, error);
}

int devices_add_virtio(struct devices *devices, const struct ram *ram, struct error *error)
{
	const struct r0_vm_options *options = devices->options;
	int err = 0;

	if (options->virtio_console)
		err = add_console(devices, ram, error);
	if (!err && options->block)
		err = add_block(devices, ram, options->block, error);
	if (!err && options->net)
		err = add_net(devices, ram, options->net, error);
	return err;
}

void devices_finish_virtio(struct devices *devices)
{
	size_t i;

	/* KVM lets go of them with the VM. */
	for (i = 0; i < devices->queue_count; i++)
		close(devices->queues[i].fd);
	free(devices->net);
}

/* Returns whether it left some for later. */
static bool serve_queue(const struct devices_queue *queue)
{
	uint64_t times;

	if (read(queue->fd, &times, sizeof(times)) == sizeof(times))
		virtio_notify(queue->virtio, queue->number);
	virtio_continue(queue->virtio);
	return virtio_registers(queue->virtio)->pending != 0;
}

bool devices_serve_queues(struct devices *devices)
{
	bool left = false;
	size_t i;

	for (i = 0; i < devices->queue_count; i++)
		left |= serve_queue(&devices->queues[i]);
	return left;
}

void devices_forget_notifications(struct devices *devices)
{
	uint64_t times;
	size_t i;

	for (i = 0; i < devices->queue_count; i++)
		(void)!read(devices->queues[i].fd, &times, sizeof(times));
}
