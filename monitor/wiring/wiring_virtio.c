/* SPDX-License-Identifier: MIT */
/*
 * The virtio devices of a machine. A driver's notification of a queue is an eventfd's, by KVM: the
 * worker serves the queue while the vCPU goes on. Interrupts are lines, not irqfds: those only pulse,
 * and the devices' interrupts have a level.
 */
#include "monitor/wiring/wiring_virtio.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "devices/virtio/virtio_mmio.h"
#include "monitor/wiring/eventfd.h"
#include "monitor/wiring/outlets.h"
#include "monitor/wiring/platform.h"

/* Their windows, one after another, and interrupts likewise. */
enum window { WINDOW_CONSOLE, WINDOW_BLOCK, WINDOW_NET };

static uint64_t base_of(enum window window)
{
	return platform_map.virtio + (uint64_t)window * VIRTIO_MMIO_SIZE;
}

static int add_queue(struct wiring *wiring, struct virtio *virtio, enum window window,
		     uint32_t number, struct error *error)
{
	struct wiring_queue *queue = &wiring->queues[wiring->queue_count];
	struct eventfd_io io;
	int err;

	queue->virtio = virtio;
	queue->number = number;
	queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->fd < 0)
		return error_set(error, errno, "making an eventfd failed: %s", strerror(errno));
	io = eventfd_virtio_notify(base_of(window), number, queue->fd);
	err = eventfd_add_io(wiring->vm, &io, error);
	if (err < 0) {
		close(queue->fd);
		return err;
	}
	wiring->queue_count++;
	return 0;
}

static int add(struct wiring *wiring, struct virtio *virtio, enum window window,
	       struct error *error)
{
	uint32_t i;
	int err = bus_add(&wiring->bus, BUS_MEMORY, base_of(window), VIRTIO_MMIO_SIZE, &virtio->dev,
			  error);

	if (!err)
		wiring->windows[wiring->window_count++] = (struct wiring_window){
			.address = base_of(window),
			.size = VIRTIO_MMIO_SIZE,
			.irq = platform_map.virtio_irq + window,
		};
	for (i = 0; i < virtio->ops->queues && !err; i++)
		err = add_queue(wiring, virtio, window, i, error);
	return err;
}

/* On a vCPU's thread or the worker's, with the devices' lock. */
static void log_stopped(void *context, const char *device, unsigned int queue,
			enum virtqueue_fault fault)
{
	const struct r0_vm_options *options = ((const struct wiring *)context)->options;
	char line[256];

	snprintf(line, sizeof(line), "%s stopped with DEVICE_NEEDS_RESET: queue %u has %s", device,
		 queue, virtqueue_fault_text(fault));
	if (options->log)
		options->log(options->context, line);
	else
		fprintf(stderr, "ring0: %s\n", line);
}

static struct virtio_options options_of(struct wiring *wiring, const struct ram *ram,
					enum window window)
{
	return (struct virtio_options){
		.ram = ram,
		.irq = outlets_line(wiring, platform_map.virtio_irq + window),
		.stopped = { .tell = log_stopped, .context = wiring },
	};
}

static int add_console(struct wiring *wiring, const struct ram *ram, struct error *error)
{
	const struct virtio_options options = options_of(wiring, ram, WINDOW_CONSOLE);
	struct output output;
	int err = outlets_open_console(wiring, R0_VM_VIRTIO_CONSOLE, &output, error);

	if (err)
		return err;
	virtio_console_init(&wiring->virtio_console, &options, &output);
	return add(wiring, &wiring->virtio_console.virtio, WINDOW_CONSOLE, error);
}

static int add_block(struct wiring *wiring, const struct ram *ram, const struct r0_vm_block *block,
		     struct error *error)
{
	const struct virtio_options options = options_of(wiring, ram, WINDOW_BLOCK);
	const struct virtio_block_options file = {
		.fd = block->fd,
		.read_only = block->read_only,
	};
	int err = virtio_block_init(&wiring->block, &options, &file, error);

	return err ? err : add(wiring, &wiring->block.virtio, WINDOW_BLOCK, error);
}

static int add_net(struct wiring *wiring, const struct ram *ram, const struct r0_vm_net *net,
		   struct error *error)
{
	const struct virtio_options options = options_of(wiring, ram, WINDOW_NET);
	int err;

	wiring->net = calloc(1, sizeof(*wiring->net));
	if (!wiring->net)
		return error_set(error, ENOMEM, "no memory for a network device");
	err = virtio_net_init(wiring->net, &options, net->fd, net->address, error);
	return err ? err : add(wiring, &wiring->net->virtio, WINDOW_NET, error);
}

int wiring_virtio_add(struct wiring *wiring, const struct ram *ram, struct error *error)
{
	const struct r0_vm_options *options = wiring->options;
	int err = 0;

	if (options->virtio_console)
		err = add_console(wiring, ram, error);
	if (!err && options->block)
		err = add_block(wiring, ram, options->block, error);
	if (!err && options->net)
		err = add_net(wiring, ram, options->net, error);
	return err;
}

void wiring_virtio_finish(struct wiring *wiring)
{
	size_t i;

	/* KVM lets go of them with the VM. */
	for (i = 0; i < wiring->queue_count; i++)
		close(wiring->queues[i].fd);
	free(wiring->net);
}

/* Returns whether it left some for later. */
static bool serve_queue(const struct wiring_queue *queue)
{
	uint64_t times;

	if (read(queue->fd, &times, sizeof(times)) == sizeof(times))
		virtio_notify(queue->virtio, queue->number);
	virtio_continue(queue->virtio);
	return virtio_registers(queue->virtio)->pending != 0;
}

bool wiring_virtio_serve(struct wiring *wiring)
{
	bool left = false;
	size_t i;

	for (i = 0; i < wiring->queue_count; i++)
		left |= serve_queue(&wiring->queues[i]);
	return left;
}

void wiring_virtio_forget(struct wiring *wiring)
{
	uint64_t times;
	size_t i;

	for (i = 0; i < wiring->queue_count; i++)
		(void)!read(wiring->queues[i].fd, &times, sizeof(times));
}
