/* SPDX-License-Identifier: MIT */
/* A machine's devices: KVM's by their state, and the HPET by the bus and by an alarm. */
#include "machine/interrupt_devices.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "devices/pc/hpet.h"
#include "kvm/vm_state.h"
#include "kvm/vm_x86_64.h"

/* More that are to come a mock can't have. */
#define LATER_MAX 64

/* What a mock wants done with a line later. */
struct later {
	uint64_t at; /* 0 for none */
	unsigned int line;
	bool level;
};

struct interrupt_devices {
	struct vm *vm;
	struct vm_state *state; /* the pristine one */
	struct hpet hpet;
	uint32_t raised; /* lines of mocks', a bit each */
	struct later later[LATER_MAX];
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
	memset(devices->later, 0, sizeof(devices->later));
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
	uint64_t first = hpet_deadline(&devices->hpet);
	size_t i;

	for (i = 0; i < LATER_MAX; i++)
		if (devices->later[i].at && devices->later[i].at < first)
			first = devices->later[i].at;
	return first;
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
	size_t i;

	if (line >= KVM_IOAPIC_NUM_PINS)
		return error_set(error, EINVAL, "there is no line %u, they go up to %d", line,
				 KVM_IOAPIC_NUM_PINS - 1);
	if (!after_ns)
		return set_mocked_line(devices, line, level, error);
	for (i = 0; i < LATER_MAX && devices->later[i].at; i++)
		;
	if (i == LATER_MAX)
		return error_set(error, ENOSPC, "%d changes of lines are to come already",
				 LATER_MAX);
	devices->later[i] =
		(struct later){ .at = clock_ns() + after_ns, .line = line, .level = level };
	return 0;
}

/* The one that is due for longest, or NULL. */
static struct later *next_due(struct interrupt_devices *devices, uint64_t now)
{
	struct later *next = NULL;
	size_t i;

	for (i = 0; i < LATER_MAX; i++) {
		struct later *later = &devices->later[i];

		if (later->at && later->at <= now && (!next || later->at < next->at))
			next = later;
	}
	return next;
}

void interrupt_devices_expire(struct interrupt_devices *devices)
{
	uint64_t now = clock_ns();
	struct later *later;

	hpet_expire(&devices->hpet);
	while ((later = next_due(devices, now))) {
		set_mocked_line(devices, later->line, later->level, NULL);
		later->at = 0;
	}
}
