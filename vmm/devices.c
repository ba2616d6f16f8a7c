/* SPDX-License-Identifier: MIT */
/* The devices of a machine, and what comes to them from outside. */
#include "vmm/devices.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define COM1_IRQ 4
#define COM2_IRQ 3

static void wake_worker(struct devices *devices)
{
	static const uint64_t one = 1;

	/* EAGAIN: it is woken as it is. */
	(void)!write(devices->wake_evt, &one, sizeof(one));
}

/* To the guest's interrupt controllers. KVM refuses only lines that there are none of. */
static void set_line(void *context, unsigned int number, bool level)
{
	struct devices *devices = context;

	vm_set_irq(devices->vm, number, level, NULL);
}

static struct irq_line line(struct devices *devices, unsigned int number)
{
	if (!devices->vm->irqchip)
		return (struct irq_line){ 0 };
	return (struct irq_line){ set_line, devices, number };
}

static void print(void *context, const void *bytes, size_t size)
{
	struct devices_console *console = context;
	const struct r0_vm_options *options = console->devices->options;

	output_write(&(struct output){ capture_output(&console->capture).write, &console->capture },
		     bytes, size);
	if (options->output)
		options->output(options->context, console->number, bytes, size);
}

static int open_console(struct devices *devices, enum r0_vm_console number, struct output *output,
			struct error *error)
{
	struct devices_console *console = &devices->consoles[number];
	void *room = malloc(R0_VM_CONSOLE_MAX);

	if (!room)
		return error_set(error, ENOMEM, "no memory for a console's output");
	console->devices = devices;
	console->number = number;
	console->present = true;
	capture_init(&console->capture, room, R0_VM_CONSOLE_MAX);
	*output = (struct output){ print, console };
	return 0;
}

static int add_serial(struct devices *devices, enum r0_vm_console number, uint16_t port,
		      unsigned int irq, struct error *error)
{
	struct serial *serial = &devices->serial[number - R0_VM_COM1];
	struct irq_line to = line(devices, irq);
	struct output output;
	int err = open_console(devices, number, &output, error);

	if (err)
		return err;
	serial_init(serial, &to, &output);
	return bus_add(&devices->bus, BUS_PORT, port, SERIAL_PORTS, &serial->dev, error);
}

static int add_legacy(struct devices *devices, struct error *error)
{
	int err = add_serial(devices, R0_VM_COM1, SERIAL_COM1, COM1_IRQ, error);

	if (!err)
		err = add_serial(devices, R0_VM_COM2, SERIAL_COM2, COM2_IRQ, error);
	if (err)
		return err;
	i8042_init(&devices->i8042);
	return i8042_add(&devices->i8042, &devices->bus, error);
}

int devices_create(struct devices **result, const struct r0_vm_options *options, struct vm *vm,
		   struct ram *ram, struct error *error)
{
	struct devices *devices = calloc(1, sizeof(*devices));
	int err = 0;

	(void)ram;
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
	if (err)
		devices_destroy(devices);
	else
		*result = devices;
	return err;
}

void devices_destroy(struct devices *devices)
{
	size_t i;

	for (i = 0; i < R0_VM_CONSOLES; i++)
		free(devices->consoles[i].capture.bytes);
	if (devices->wake_evt >= 0)
		close(devices->wake_evt);
	pthread_mutex_destroy(&devices->lock);
	free(devices);
}

void devices_pause(struct devices *devices, bool paused)
{
	pthread_mutex_lock(&devices->lock);
	devices->paused = paused;
	pthread_mutex_unlock(&devices->lock);
	wake_worker(devices);
}

void devices_settle(struct devices *devices)
{
	(void)devices;
}

static size_t type(struct devices *devices, enum r0_vm_console number, const void *data,
		   size_t size)
{
	if (number == R0_VM_COM1 || number == R0_VM_COM2)
		return serial_receive(&devices->serial[number - R0_VM_COM1], data, size);
	return 0;
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

size_t devices_poll(struct devices *devices, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = devices->wake_evt, .events = POLLIN };
	return 1;
}

void devices_serve(struct devices *devices, const struct pollfd *fds, size_t count)
{
	uint64_t times;
	size_t i;

	(void)count;
	if (fds[0].revents)
		(void)!read(devices->wake_evt, &times, sizeof(times));
	pthread_mutex_lock(&devices->lock);
	for (i = 0; i < R0_VM_CONSOLES; i++)
		push_input(&devices->consoles[i]);
	pthread_mutex_unlock(&devices->lock);
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
