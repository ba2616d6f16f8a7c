/* SPDX-License-Identifier: MIT */
/* The devices of a machine, and what comes to them from outside. */
#include "monitor/wiring.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "monitor/irqchip.h"
#include "monitor/outlets.h"
#include "monitor/wiring_pc.h"
#include "monitor/wiring_virtio.h"

/* Of COM1 and COM2. */
static const unsigned int serial_irqs[SERIAL_LINES] = { 4, 3 };

static void wake_worker(struct devices *devices)
{
	static const uint64_t one = 1;

	/* EAGAIN: it is woken as it is. */
	(void)!write(devices->wake_evt, &one, sizeof(one));
}

static int add_serial(struct devices *devices, unsigned int number, struct error *error)
{
	struct irq_line line = devices_line(devices, serial_irqs[number]);
	struct serial *serial = &devices->serial[number];
	struct output output;
	int err = devices_open_console(devices, R0_VM_COM1 + number, &output, error);

	if (err)
		return err;
	serial_init(serial, &line, &output);
	return serial_add(serial, &devices->bus, serial_base(number), error);
}

static int add_debug_ports(struct devices *devices, struct error *error)
{
	struct output output;
	int err = devices_open_console(devices, R0_VM_DEBUG_CONSOLE, &output, error);

	if (err)
		return err;
	debug_console_init(&devices->debug_console, &output);
	err = bus_add(&devices->bus, BUS_PORT, DEBUG_CONSOLE_PORT, 1, &devices->debug_console.dev,
		      error);
	if (err)
		return err;
	debug_exit_init(&devices->debug_exit);
	return bus_add(&devices->bus, BUS_PORT, DEBUG_EXIT_PORT, DEBUG_EXIT_PORTS,
		       &devices->debug_exit.dev, error);
}

static int add_legacy(struct devices *devices, struct error *error)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < SERIAL_LINES && !err; i++)
		err = add_serial(devices, i, error);
	if (err)
		return err;
	i8042_init(&devices->i8042);
	err = i8042_add(&devices->i8042, &devices->bus, error);
	return err ? err : add_debug_ports(devices, error);
}

int devices_create(struct devices **result, const struct r0_vm_options *options, struct vm *vm,
		   struct guest_memory *memory, struct error *error)
{
	struct devices *devices = calloc(1, sizeof(*devices));
	int err = 0;

	if (!devices)
		return error_set(error, ENOMEM, "no memory for a VM's devices");
	pthread_mutex_init(&devices->lock, NULL);
	devices->vm = vm;
	devices->options = options;
	bus_init(&devices->bus);
	devices->wake_evt = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (devices->wake_evt < 0)
		err = error_set(error, errno, "making an eventfd failed: %s", strerror(errno));
	devices->bus.wake = devices->wake_evt;
	if (!err && !options->no_legacy)
		err = add_legacy(devices, error);
	if (!err)
		err = devices_add_pc(devices, memory, error);
	if (!err)
		err = devices_add_virtio(devices, &memory->ram, error);
	if (!err)
		err = irqchip_add(devices, error);
	if (err)
		devices_destroy(devices);
	else
		*result = devices;
	return err;
}

void devices_destroy(struct devices *devices)
{
	size_t i;

	devices_finish_virtio(devices);
	devices_finish_pc(devices);
	irqchip_finish(devices);
	for (i = 0; i < R0_VM_CONSOLES; i++)
		free(devices->consoles[i].capture.bytes);
	if (devices->wake_evt >= 0)
		close(devices->wake_evt);
	pthread_mutex_destroy(&devices->lock);
	free(devices);
}

void devices_pause(struct devices *devices, bool paused)
{
	atomic_store(&devices->paused, paused);
	wake_worker(devices);
}

int devices_settle(struct devices *devices, unsigned int limit_ms)
{
	const uint64_t until_ns = clock_ns() + limit_ms * CLOCK_NS_PER_MS;
	const struct timespec until = clock_timespec(until_ns);
	int err = 0;

	if (pthread_mutex_clocklock(&devices->lock, CLOCK_MONOTONIC, &until) != 0)
		return -ETIMEDOUT;
	/* A guest may have a device read what has it read more, from a disk over its queue, for ever. */
	while (devices_serve_queues(devices) && !err)
		err = clock_ns() >= until_ns ? -ETIMEDOUT : 0;
	pthread_mutex_unlock(&devices->lock);
	return err;
}

static size_t type(struct devices *devices, enum r0_vm_console number, const void *data,
		   size_t size)
{
	if (number == R0_VM_COM1 || number == R0_VM_COM2)
		return serial_receive(&devices->serial[number - R0_VM_COM1], data, size);
	return virtio_console_receive(&devices->virtio_console, data, size);
}

/* Give a console what it takes of its input. With the lock held. */
static void push_input(struct devices_console *console)
{
	size_t took;

	if (!console->input_size || console->devices->paused)
		return;
	took = type(console->devices, console->number, console->input, console->input_size);
	console->input_size -= took;
	memmove(console->input, console->input + took, console->input_size);
}

static size_t add_fd(struct pollfd *fds, size_t count, int fd)
{
	fds[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return count + 1;
}

size_t devices_poll(struct devices *devices, struct pollfd *fds)
{
	size_t count = add_fd(fds, 0, devices->wake_evt), i;

	pthread_mutex_lock(&devices->lock);
	for (i = 0; i < devices->queue_count && !devices->paused; i++)
		count = add_fd(fds, count, devices->queues[i].fd);
	if (devices->net && !devices->paused && virtio_net_has_room(devices->net))
		count = add_fd(fds, count, devices->net->fd);
	pthread_mutex_unlock(&devices->lock);
	return count;
}

/* Whatever woke it, all is looked at: each look is short, and finds nothing where nothing is. */
void devices_serve(struct devices *devices)
{
	uint64_t times;
	size_t i;

	(void)!read(devices->wake_evt, &times, sizeof(times));
	pthread_mutex_lock(&devices->lock);
	if (!devices->paused) {
		bus_expire(&devices->bus);
		if (devices_serve_queues(devices))
			wake_worker(devices);
		for (i = 0; i < R0_VM_CONSOLES; i++)
			push_input(&devices->consoles[i]);
		if (devices->net && virtio_net_has_room(devices->net))
			virtio_net_receive(devices->net);
	}
	pthread_mutex_unlock(&devices->lock);
}

uint64_t devices_deadline(struct devices *devices)
{
	uint64_t deadline = UINT64_MAX;

	pthread_mutex_lock(&devices->lock);
	if (!devices->paused)
		deadline = bus_deadline(&devices->bus);
	pthread_mutex_unlock(&devices->lock);
	return deadline;
}

void devices_reset(struct devices *devices)
{
	pthread_mutex_lock(&devices->lock);
	devices_forget_notifications(devices);
	bus_reset(&devices->bus);
	pthread_mutex_unlock(&devices->lock);
}

bool devices_wake_up(struct devices *devices, uint64_t *deadline)
{
	bool wakes;

	pthread_mutex_lock(&devices->lock);
	bus_expire(&devices->bus);
	wakes = pc_wakes(devices->pc, deadline);
	pthread_mutex_unlock(&devices->lock);
	return wakes;
}

size_t devices_state_size(struct devices *devices)
{
	return bus_state_size(&devices->bus);
}

void devices_save(struct devices *devices, void *state)
{
	pthread_mutex_lock(&devices->lock);
	bus_save(&devices->bus, state);
	pthread_mutex_unlock(&devices->lock);
}

void devices_restore(struct devices *devices, const void *state)
{
	pthread_mutex_lock(&devices->lock);
	devices_forget_notifications(devices);
	bus_restore(&devices->bus, state);
	pthread_mutex_unlock(&devices->lock);
}

/* Has to be under the lock, for the console's input and its device. */
static long take_input(struct devices_console *console, const void *data, size_t size)
{
	size_t room = sizeof(console->input) - console->input_size;

	if (size > room)
		size = room;
	memcpy(console->input + console->input_size, data, size);
	console->input_size += size;
	push_input(console);
	return (long)size;
}

long devices_type(struct devices *devices, enum r0_vm_console number, const void *data, size_t size,
		  struct error *error)
{
	long took;

	if (number >= R0_VM_CONSOLES || !devices->consoles[number].present ||
	    number == R0_VM_DEBUG_CONSOLE)
		return error_set(error, ENODEV, "the VM has no such console that takes input");
	pthread_mutex_lock(&devices->lock);
	took = take_input(&devices->consoles[number], data, size);
	pthread_mutex_unlock(&devices->lock);
	return took;
}

int devices_take_output(struct devices *devices, enum r0_vm_console number, char **text,
			size_t *size, uint64_t *dropped, struct error *error)
{
	struct devices_console *console;
	uint64_t left;
	int err = 0;

	if (number >= R0_VM_CONSOLES || !devices->consoles[number].present)
		return error_set(error, ENODEV, "the VM has no such console");
	console = &devices->consoles[number];
	pthread_mutex_lock(&devices->lock);
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
	pthread_mutex_unlock(&devices->lock);
	return err;
}
