/* SPDX-License-Identifier: MIT */
/* The state of the PICs, the IOAPIC and the PIT, by KVM_GET_IRQCHIP, KVM_GET_PIT2 and their like. */
#include "kvm/vm/vm_state_x86_64.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS 3
#define CHIPS	 VM_STATE_CHIPS

static const struct {
	uint32_t id;
	const char *name;
} chips[CHIPS] = {
	{ KVM_IRQCHIP_PIC_MASTER, "first PIC" },
	{ KVM_IRQCHIP_PIC_SLAVE, "second PIC" },
	{ KVM_IRQCHIP_IOAPIC, "IOAPIC" },
};

static int read_time(struct vm_state *state, const struct vm *vm, struct error *error)
{
	struct kvm_clock_data clock = { 0 };
	int err = KVM_IOCTL(vm->fd, KVM_GET_CLOCK, &clock, error);

	state->clock = clock.clock;
	state->tsc = __builtin_ia32_rdtsc();
	return err;
}

static int read_state(struct vm_state *state, const struct vm *vm, struct error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < CHIPS && vm->irqchip && !vm->split && err >= 0; i++) {
		state->chips[i].chip_id = chips[i].id;
		err = KVM_IOCTL(vm->fd, KVM_GET_IRQCHIP, &state->chips[i], error);
	}
	if (err >= 0 && vm->pit)
		err = KVM_IOCTL(vm->fd, KVM_GET_PIT2, &state->pit, error);
	if (err >= 0)
		err = read_time(state, vm, error);
	return err < 0 ? err : 0;
}

int vm_state_create(struct vm_state **result, struct vm *vm, struct error *error)
{
	struct vm_state *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return error_set(error, ENOMEM, "no memory for a VM's state");
	err = read_state(state, vm, error);
	if (err) {
		vm_state_destroy(state);
		return err;
	}
	*result = state;
	return 0;
}

void vm_state_destroy(struct vm_state *state)
{
	free(state);
}

/* The PIT comes first: until its timer is stopped it may raise its line. */
int vm_state_restore(const struct vm_state *state, struct vm *vm, struct error *error)
{
	size_t i;
	int err = 0;

	if (vm->pit) {
		struct kvm_pit_state2 pit = state->pit;

		err = KVM_IOCTL(vm->fd, KVM_SET_PIT2, &pit, error);
	}
	for (i = 0; i < CHIPS && vm->irqchip && !vm->split && err >= 0; i++) {
		struct kvm_irqchip chip = state->chips[i];

		/* Declared as one that reads, but it sets. */
		err = KVM_IOCTL(vm->fd, KVM_SET_IRQCHIP, &chip, error);
	}
	return err < 0 ? err : 0;
}

int vm_state_restore_after_cpus(const struct vm_state *state, struct vm *vm, struct error *error)
{
	(void)state;
	(void)vm;
	(void)error;
	return 0;
}

int vm_state_continue(struct vm_state *state, struct vm *vm, uint64_t *tsc_shift,
		      struct error *error)
{
	struct kvm_clock_data clock = { .clock = state->clock };
	uint64_t now = __builtin_ia32_rdtsc();
	/* Declared as one that reads, but it sets. */
	int err = KVM_IOCTL(vm->fd, KVM_SET_CLOCK, &clock, error);

	*tsc_shift = state->tsc - now;
	state->tsc = now;
	return err < 0 ? err : 0;
}

/* One part of the state, compared as bytes. */
static bool part_differs(const void *now, const void *pristine, size_t part, const char *name,
			 char *what, size_t size)
{
	const uint8_t *a = now, *b = pristine;
	size_t at = 0;

	while (at < part && a[at] == b[at])
		at++;
	if (at == part)
		return false;
	snprintf(what, size, "the %s differs at byte %zu: %#x, it was %#x", name, at, a[at], b[at]);
	return true;
}

int vm_state_differs(const struct vm_state *state, struct vm *vm, char *what, size_t size,
		     struct error *error)
{
	struct vm_state now = { 0 };
	int err = read_state(&now, vm, error);
	size_t i;

	if (err)
		return err;
	for (i = 0; i < CHANNELS; i++)
		now.pit.channels[i].count_load_time = state->pit.channels[i].count_load_time;
	for (i = 0; i < CHIPS; i++)
		if (part_differs(&now.chips[i].chip, &state->chips[i].chip,
				 sizeof(state->chips[i].chip), chips[i].name, what, size))
			return 1;
	return part_differs(&now.pit, &state->pit, sizeof(state->pit), "PIT", what, size);
}
