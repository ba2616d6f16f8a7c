/* SPDX-License-Identifier: MIT */
/* The devices of a machine, and what comes to them from outside. */
#include "monitor/wiring/wiring.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "monitor/wiring/irqchip.h"
#include "monitor/wiring/outlets.h"
#include "monitor/wiring/platform.h"
#include "monitor/wiring/wiring_pc.h"
#include "monitor/wiring/wiring_virtio.h"

static void wake_worker(struct wiring *wiring)
{
	static const uint64_t one = 1;

	/* EAGAIN: it is woken as it is. */
	(void)!write(wiring->wake_evt, &one, sizeof(one));
}

static int add_serial(struct wiring *wiring, unsigned int number, struct error *error)
{
	struct irq_line line = outlets_line(wiring, platform_map.serial_irqs[number]);
	struct serial *serial = &wiring->serial[number];
	struct output output;
	int err = outlets_open_console(wiring, R0_VM_COM1 + number, &output, error);

	if (err)
		return err;
	serial_init(serial, &line, &output);
	return serial_add(serial, &wiring->bus, serial_base(number), error);
}

static int add_serial_lines(struct wiring *wiring, struct error *error)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < SERIAL_LINES && !err; i++)
		err = add_serial(wiring, i, error);
	return err;
}

int wiring_create(struct wiring **result, const struct r0_vm_options *options, struct vm *vm,
		  struct guest_memory *memory, struct error *error)
{
	struct wiring *wiring = calloc(1, sizeof(*wiring));
	int err = 0;

	if (!wiring)
		return error_set(error, ENOMEM, "no memory for a VM's devices");
	pthread_mutex_init(&wiring->lock, NULL);
	wiring->vm = vm;
	wiring->options = options;
	bus_init(&wiring->bus);
	wiring->event = -1;
	wiring->wake_evt = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wiring->wake_evt < 0)
		err = error_set(error, errno, "making an eventfd failed: %s", strerror(errno));
	wiring->bus.wake = wiring->wake_evt;
	if (!err && !options->no_legacy)
		err = add_serial_lines(wiring, error);
	if (!err)
		err = platform_add(wiring, error);
	if (!err)
		err = wiring_pc_add(wiring, memory, error);
	if (!err)
		err = wiring_virtio_add(wiring, &memory->ram, error);
	if (!err)
		err = irqchip_add(wiring, error);
	if (err)
		wiring_destroy(wiring);
	else
		*result = wiring;
	return err;
}

void wiring_destroy(struct wiring *wiring)
{
	size_t i;

	wiring_virtio_finish(wiring);
	wiring_pc_finish(wiring);
	platform_finish(wiring);
	irqchip_finish(wiring);
	for (i = 0; i < R0_VM_CONSOLES; i++)
		free(wiring->consoles[i].capture.bytes);
	if (wiring->wake_evt >= 0)
		close(wiring->wake_evt);
	pthread_mutex_destroy(&wiring->lock);
	free(wiring);
}

void wiring_pause(struct wiring *wiring, bool paused)
{
	atomic_store(&wiring->paused, paused);
	wake_worker(wiring);
}

int wiring_settle(struct wiring *wiring, unsigned int limit_ms)
{
	const uint64_t until_ns = clock_ns() + limit_ms * CLOCK_NS_PER_MS;
	const struct timespec until = clock_timespec(until_ns);
	int err = 0;

	if (pthread_mutex_clocklock(&wiring->lock, CLOCK_MONOTONIC, &until) != 0)
		return -ETIMEDOUT;
	/* A guest may have a device read what has it read more, from a disk over its queue, for ever. */
	while (wiring_virtio_serve(wiring) && !err)
		err = clock_ns() >= until_ns ? -ETIMEDOUT : 0;
	pthread_mutex_unlock(&wiring->lock);
	return err;
}

static size_t type(struct wiring *wiring, enum r0_vm_console number, const void *data, size_t size)
{
	if (number == R0_VM_COM1 || number == R0_VM_COM2)
		return serial_receive(&wiring->serial[number - R0_VM_COM1], data, size);
	if (number == R0_VM_VIRTIO_CONSOLE)
		return virtio_console_receive(&wiring->virtio_console, data, size);
	return platform_type(wiring, number, data, size);
}

/* Give a console what it takes of its input. With the lock held. */
static void push_input(struct wiring_console *console)
{
	size_t took;

	if (!console->input_size || console->wiring->paused)
		return;
	took = type(console->wiring, console->number, console->input, console->input_size);
	console->input_size -= took;
	memmove(console->input, console->input + took, console->input_size);
}

static size_t add_fd(struct pollfd *fds, size_t count, int fd)
{
	fds[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return count + 1;
}

size_t wiring_poll(struct wiring *wiring, struct pollfd *fds)
{
	size_t count = add_fd(fds, 0, wiring->wake_evt), i;

	pthread_mutex_lock(&wiring->lock);
	for (i = 0; i < wiring->queue_count && !wiring->paused; i++)
		count = add_fd(fds, count, wiring->queues[i].fd);
	if (wiring->event >= 0 && !wiring->paused)
		count = add_fd(fds, count, wiring->event);
	if (wiring->net && !wiring->paused && virtio_net_has_room(wiring->net))
		count = add_fd(fds, count, wiring->net->fd);
	pthread_mutex_unlock(&wiring->lock);
	return count;
}

/* Whatever woke it, all is looked at: each look is short, and finds nothing where nothing is. */
void wiring_serve(struct wiring *wiring)
{
	uint64_t times;
	size_t i;

	(void)!read(wiring->wake_evt, &times, sizeof(times));
	pthread_mutex_lock(&wiring->lock);
	if (!wiring->paused) {
		bus_expire(&wiring->bus);
		if (wiring_virtio_serve(wiring))
			wake_worker(wiring);
		if (wiring->event >= 0)
			wiring->serve_event(wiring);
		for (i = 0; i < R0_VM_CONSOLES; i++)
			push_input(&wiring->consoles[i]);
		if (wiring->net && virtio_net_has_room(wiring->net))
			virtio_net_receive(wiring->net);
	}
	pthread_mutex_unlock(&wiring->lock);
}

uint64_t wiring_deadline(struct wiring *wiring)
{
	uint64_t deadline = UINT64_MAX;

	pthread_mutex_lock(&wiring->lock);
	if (!wiring->paused)
		deadline = bus_deadline(&wiring->bus);
	pthread_mutex_unlock(&wiring->lock);
	return deadline;
}

void wiring_reset(struct wiring *wiring)
{
	pthread_mutex_lock(&wiring->lock);
	wiring_virtio_forget(wiring);
	bus_reset(&wiring->bus);
	pthread_mutex_unlock(&wiring->lock);
}

bool wiring_wake_up(struct wiring *wiring, uint64_t *deadline)
{
	bool wakes;

	pthread_mutex_lock(&wiring->lock);
	bus_expire(&wiring->bus);
	wakes = wiring_pc_wakes(wiring->pc, deadline);
	pthread_mutex_unlock(&wiring->lock);
	return wakes;
}

size_t wiring_state_size(struct wiring *wiring)
{
	return bus_state_size(&wiring->bus);
}

void wiring_save(struct wiring *wiring, void *state)
{
	pthread_mutex_lock(&wiring->lock);
	bus_save(&wiring->bus, state);
	pthread_mutex_unlock(&wiring->lock);
}

void wiring_restore(struct wiring *wiring, const void *state)
{
	pthread_mutex_lock(&wiring->lock);
	wiring_virtio_forget(wiring);
	bus_restore(&wiring->bus, state);
	pthread_mutex_unlock(&wiring->lock);
}

/* Has to be under the lock, for the console's input and its device. */
static long take_input(struct wiring_console *console, const void *data, size_t size)
{
	size_t room = sizeof(console->input) - console->input_size;

	if (size > room)
		size = room;
	memcpy(console->input + console->input_size, data, size);
	console->input_size += size;
	push_input(console);
	return (long)size;
}

long wiring_type(struct wiring *wiring, enum r0_vm_console number, const void *data, size_t size,
		 struct error *error)
{
	long took;

	if (number >= R0_VM_CONSOLES || !wiring->consoles[number].present ||
	    number == R0_VM_DEBUG_CONSOLE)
		return error_set(error, ENODEV, "the VM has no such console that takes input");
	pthread_mutex_lock(&wiring->lock);
	took = take_input(&wiring->consoles[number], data, size);
	pthread_mutex_unlock(&wiring->lock);
	return took;
}

int wiring_take_output(struct wiring *wiring, enum r0_vm_console number, char **text, size_t *size,
		       uint64_t *dropped, struct error *error)
{
	struct wiring_console *console;
	uint64_t left;
	int err = 0;

	if (number >= R0_VM_CONSOLES || !wiring->consoles[number].present)
		return error_set(error, ENODEV, "the VM has no such console");
	console = &wiring->consoles[number];
	pthread_mutex_lock(&wiring->lock);
	left = console->capture.total - console->taken;
	*size = left < R0_VM_CONSOLE_MAX ? left : R0_VM_CONSOLE_MAX;
	*text = malloc(*size + 1);
	if (!*text) {
		err = error_set(error, ENOMEM, "no memory for a console's output");
	} else {
		capture_read(&console->capture, console->taken, *text, *size);
		(*text)[*size] = '\0';
		console->taken = console->capture.total;
		if (dropped)
			*dropped = left - *size;
	}
	pthread_mutex_unlock(&wiring->lock);
	return err;
}
