/* SPDX-License-Identifier: MIT */
/* Where what comes out of a machine's devices goes: interrupts and text. */
#include "monitor/wiring/outlets.h"
#include <errno.h>
#include <stdlib.h>
#include "monitor/wiring/irqchip.h"

/* To the guest's interrupt controllers. KVM refuses only lines that there are none of. */
static void set_line(void *context, unsigned int number, bool level)
{
	struct wiring *wiring = context;

	if (wiring->irqchip)
		irqchip_set_line(wiring->irqchip, number, level);
	else
		vm_set_irq(wiring->vm, number, level, NULL);
}

struct irq_line outlets_line(struct wiring *wiring, unsigned int number)
{
	if (!wiring->vm->irqchip)
		return (struct irq_line){ 0 };
	return (struct irq_line){ set_line, wiring, number };
}

static void print(void *context, const void *bytes, size_t size)
{
	struct wiring_console *console = context;
	const struct r0_vm_options *options = console->wiring->options;

	output_write(&(struct output){ capture_output(&console->capture).write, &console->capture },
		     bytes, size);
	if (options->output)
		options->output(options->context, console->number, bytes, size);
}

int outlets_open_console(struct wiring *wiring, enum r0_vm_console number, struct output *output,
			 struct error *error)
{
	struct wiring_console *console = &wiring->consoles[number];
	void *room = malloc(R0_VM_CONSOLE_MAX);

	if (!room)
		return error_set(error, ENOMEM, "no memory for a console's output");
	console->wiring = wiring;
	console->number = number;
	console->present = true;
	capture_init(&console->capture, room, R0_VM_CONSOLE_MAX);
	*output = (struct output){ print, console };
	return 0;
}
