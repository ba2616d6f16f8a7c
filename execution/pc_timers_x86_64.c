/* SPDX-License-Identifier: MIT */
/* A machine's devices: KVM's by their state, and the HPET by accesses to it and by an alarm. */
#include "execution/pc_timers_x86_64.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/address.h"
#include "base/clock.h"
#include "devices/hpet.h"
#include "kvm/vm_state_x86_64.h"

#define HPET_LEGACY 2u /* IA-PC HPET Specification 1.0a, 2.3.5 */

struct interrupt_devices {
	struct vm *vm;
	struct vm_state *state; /* the pristine one */
	struct hpet hpet;
	bool replaced; /* the HPET's timer 0 is IRQ 0, and not the PIT's channel 0 */
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

int interrupt_devices_create(struct interrupt_devices **result, struct vm *vm, struct error *error)
{
	struct interrupt_devices *devices = calloc(1, sizeof(*devices));
	const struct hpet_options options = {
		.now = now_ns,
		.irq = { .set = set_line, .context = devices },
		.routes = HPET_ROUTES,
	};
	int err;

	if (!devices)
		return error_set(error, ENOMEM, "no memory for a machine's devices");
	devices->vm = vm;
	hpet_init(&devices->hpet, &options);
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
	devices->hpet.dev.ops->reset(&devices->hpet.dev);
	devices->replaced = false;
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

/* With legacy replacement the PIT no longer reaches IRQ 0: 2.4.1 there, and KVM_SET_PIT2. */
static void connect_pit(struct interrupt_devices *devices)
{
	bool replace = devices->hpet.registers.config & HPET_LEGACY;
	struct kvm_pit_state2 pit;

	if (replace == devices->replaced ||
	    KVM_IOCTL(devices->vm->fd, KVM_GET_PIT2, &pit, NULL) < 0)
		return;
	pit.flags ^= KVM_PIT_FLAGS_HPET_LEGACY;
	KVM_IOCTL(devices->vm->fd, KVM_SET_PIT2, &pit, NULL);
	devices->replaced = replace;
}

bool interrupt_devices_access(struct interrupt_devices *devices, struct r0_access *access)
{
	struct dev *hpet = &devices->hpet.dev;

	if (!range_holds(HPET_BASE, HPET_SIZE, access->address, access->width))
		return false;
	if (access->write) {
		hpet->ops->write(hpet, access->address - HPET_BASE, &access->value, access->width);
		connect_pit(devices);
	} else {
		access->value = 0;
		hpet->ops->read(hpet, access->address - HPET_BASE, &access->value, access->width);
	}
	return true;
}

uint64_t interrupt_devices_deadline(struct interrupt_devices *devices)
{
	return hpet_deadline(&devices->hpet);
}

void interrupt_devices_expire(struct interrupt_devices *devices)
{
	hpet_expire(&devices->hpet);
}
