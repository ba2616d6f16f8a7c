/* SPDX-License-Identifier: MIT */
/* A machine's devices: KVM's by their state, and the HPET by the bus and by an alarm. */
#include "machine/interrupt_devices.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "devices/pc/hpet.h"
#include "kvm/vm/vm_state.h"
#include "kvm/vm/vm_x86_64.h"
#include "machine/line_changes.h"

struct interrupt_devices {
	struct vm *vm;
	struct vm_state *state; /* the pristine one */
	struct hpet hpet;
	uint32_t raised; /* lines of mocks', a bit each */
	struct line_changes changes;
};

static uint64_t now_ns(void *context)
{
	(void)context;
	return clock_ns();
}

/* The HPET's lines have the GSIs' numbers: see struct vm_options. */
static void set_line(void *context, unsigned int number, bool level)
{
	struct interrupt_devices *devices = context;

	vm_set_irq(devices->vm, number, level, NULL);
}

/* With legacy replacement the PIT no longer reaches IRQ 0: IA-PC HPET Specification 1.0a, 2.4.1. */
static void replace_pit(void *context, bool on)
{
	struct interrupt_devices *devices = context;

	vm_replace_pit(devices->vm, on, NULL);
}

int interrupt_devices_create(struct interrupt_devices **result, struct vm *vm, struct bus *bus,
			     struct error *error)
{
	struct interrupt_devices *devices = calloc(1, sizeof(*devices));
	const struct hpet_options options = {
		.now = now_ns,
		.irq = { .set = set_line, .context = devices },
		.replaces = replace_pit,
		.replaces_context = devices,
		.routes = HPET_ROUTES,
	};
	int err;

	if (!devices)
		return error_set(error, ENOMEM, "no memory for a machine's devices");
	devices->vm = vm;
	hpet_init(&devices->hpet, &options);
	err = bus_add(bus, BUS_MEMORY, HPET_BASE, HPET_SIZE, &devices->hpet.dev, error);
	if (!err)
		err = vm_state_create(&devices->state, vm, error);
	if (err) {
		free(devices);
		return err;
	}
	*result = devices;
	return 0;
}

void interrupt_devices_destroy(struct interrupt_devices *devices)
{
	if (!devices)
		return;
	vm_state_destroy(devices->state);
	free(devices);
}

/* The HPET first: it lowers its lines, which KVM's controllers see. */
int interrupt_devices_reset(struct interrupt_devices *devices, struct error *error)
{
	unsigned int line;

	devices->hpet.dev.ops->reset(&devices->hpet.dev);
	for (line = 0; line < KVM_IOAPIC_NUM_PINS; line++)
		if (devices->raised >> line & 1)
			vm_set_irq(devices->vm, line, false, NULL);
	devices->raised = 0;
	devices->changes = (struct line_changes){ 0 };
	return vm_state_restore(devices->state, devices->vm, error);
}

/* After a reset all of its registers are 0. */
static bool hpet_differs(const struct hpet *hpet, char *what, size_t size)
{
	static const struct hpet_registers none;

	if (!hpet->high && memcmp(&hpet->registers, &none, sizeof(none)) == 0)
		return false;
	snprintf(what, size, "the HPET is not as after a reset");
	return true;
}

int interrupt_devices_differ(struct interrupt_devices *devices, char *what, size_t size,
			     struct error *error)
{
	if (hpet_differs(&devices->hpet, what, size))
		return 1;
	return vm_state_differs(devices->state, devices->vm, what, size, error);
}

uint64_t interrupt_devices_deadline(struct interrupt_devices *devices)
{
	uint64_t timer = devices ? hpet_deadline(&devices->hpet) : UINT64_MAX;
	uint64_t change = devices ? line_changes_deadline(&devices->changes) : UINT64_MAX;

	return timer < change ? timer : change;
}

static int set_mocked_line(struct interrupt_devices *devices, unsigned int line, bool level,
			   struct error *error)
{
	if (level)
		devices->raised |= 1u << line;
	else
		devices->raised &= ~(1u << line);
	return vm_set_irq(devices->vm, line, level, error);
}

int interrupt_devices_set_line(struct interrupt_devices *devices, unsigned int line, bool level,
			       uint64_t after_ns, struct error *error)
{
	if (line >= KVM_IOAPIC_NUM_PINS)
		return error_set(error, EINVAL, "there is no line %u, they go up to %d", line,
				 KVM_IOAPIC_NUM_PINS - 1);
	if (!after_ns)
		return set_mocked_line(devices, line, level, error);
	return line_changes_add(&devices->changes, line, level, after_ns, error);
}

void interrupt_devices_expire(struct interrupt_devices *devices)
{
	const uint64_t now = clock_ns();
	struct line_change due;

	if (!devices)
		return;
	hpet_expire(&devices->hpet);
	while (line_changes_take(&devices->changes, now, &due))
		set_mocked_line(devices, due.line, due.level, NULL);
}
