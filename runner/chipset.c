/* SPDX-License-Identifier: MIT */
/* A machine's devices: KVM's by their state, and the HPET by accesses to it and by an alarm. */
#include "runner/chipset.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "vmm/address.h"
#include "vmm/dev/hpet.h"
#include "vmm/vm_state_x86_64.h"

#define HPET_LEGACY 2u /* IA-PC HPET Specification 1.0a, 2.3.5 */

struct chipset {
	struct vm *vm;
	struct vm_state *state; /* the pristine one */
	struct hpet hpet;
	bool replaced; /* the HPET's timer 0 is IRQ 0, and not the PIT's channel 0 */
};

static uint64_t now_ns(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The HPET's lines have the GSIs' numbers: see struct vm_options. */
static void set_line(void *context, unsigned int number, bool level)
{
	struct chipset *chipset = context;

	vm_set_irq(chipset->vm, number, level, NULL);
}

int chipset_create(struct chipset **result, struct vm *vm, struct error *error)
{
	struct chipset *chipset = calloc(1, sizeof(*chipset));
	const struct hpet_options options = {
		.now = now_ns,
		.irq = { .set = set_line, .context = chipset },
		.routes = HPET_ROUTES,
	};
	int err;

	if (!chipset)
		return error_set(error, ENOMEM, "no memory for a machine's devices");
	chipset->vm = vm;
	hpet_init(&chipset->hpet, &options);
	err = vm_state_create(&chipset->state, vm, error);
	if (err) {
		free(chipset);
		return err;
	}
	*result = chipset;
	return 0;
}

void chipset_destroy(struct chipset *chipset)
{
	if (!chipset)
		return;
	vm_state_destroy(chipset->state);
	free(chipset);
}

/* The HPET first: it lowers its lines, which KVM's controllers see. */
int chipset_reset(struct chipset *chipset, struct error *error)
{
	chipset->hpet.dev.ops->reset(&chipset->hpet.dev);
	chipset->replaced = false;
	return vm_state_restore(chipset->state, chipset->vm, error);
}

/* After a reset all of its registers are 0, but for since when. */
static bool hpet_differs(const struct hpet *hpet, char *what, size_t size)
{
	static const struct hpet_registers none;
	struct hpet_registers now = hpet->registers;

	now.since = 0;
	if (!hpet->high && memcmp(&now, &none, sizeof(now)) == 0)
		return false;
	snprintf(what, size, "the HPET is not as after a reset");
	return true;
}

int chipset_differs(struct chipset *chipset, char *what, size_t size, struct error *error)
{
	if (hpet_differs(&chipset->hpet, what, size))
		return 1;
	return vm_state_differs(chipset->state, chipset->vm, what, size, error);
}

/* With legacy replacement the PIT no longer reaches IRQ 0: 2.4.1 there, and KVM_SET_PIT2. */
static void connect_pit(struct chipset *chipset)
{
	bool replace = chipset->hpet.registers.config & HPET_LEGACY;
	struct kvm_pit_state2 pit;

	if (replace == chipset->replaced ||
	    KVM_IOCTL(chipset->vm->fd, KVM_GET_PIT2, &pit, NULL) < 0)
		return;
	pit.flags ^= KVM_PIT_FLAGS_HPET_LEGACY;
	KVM_IOCTL(chipset->vm->fd, KVM_SET_PIT2, &pit, NULL);
	chipset->replaced = replace;
}

bool chipset_access(struct chipset *chipset, struct r0_access *access)
{
	struct dev *hpet = &chipset->hpet.dev;

	if (!range_holds(HPET_BASE, HPET_SIZE, access->address, access->width))
		return false;
	if (access->write) {
		hpet->ops->write(hpet, access->address - HPET_BASE, &access->value, access->width);
		connect_pit(chipset);
	} else {
		access->value = 0;
		hpet->ops->read(hpet, access->address - HPET_BASE, &access->value, access->width);
	}
	return true;
}

uint64_t chipset_deadline(struct chipset *chipset)
{
	return hpet_deadline(&chipset->hpet);
}

void chipset_expire(struct chipset *chipset)
{
	hpet_expire(&chipset->hpet);
}
