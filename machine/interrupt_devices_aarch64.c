/* SPDX-License-Identifier: MIT */
/* A machine's GIC, which KVM has, and what mocks do with its lines. The timers are the vCPUs'. */
#include "machine/interrupt_devices.h"
#include <errno.h>
#include <stdlib.h>
#include "base/clock.h"
#include "kvm/vm/gic_aarch64.h"
#include "kvm/vm/vm_state.h"
#include "machine/line_changes.h"

struct interrupt_devices {
	struct vm *vm;
	struct vm_state *state; /* the pristine one */
	uint32_t raised;	/* lines of mocks', a bit each */
	struct line_changes changes;
};

int interrupt_devices_create(struct interrupt_devices **result, struct vm *vm, struct bus *bus,
			     struct error *error)
{
	struct interrupt_devices *devices = calloc(1, sizeof(*devices));
	int err;

	(void)bus;
	if (!devices)
		return error_set(error, ENOMEM, "no memory for a machine's devices");
	devices->vm = vm;
	err = vm_start(vm, error);
	if (!err && vm->cpus > 1)
		err = gic_enable(vm, error);
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

static int set_line(struct interrupt_devices *devices, unsigned int line, bool level,
		    struct error *error)
{
	if (level)
		devices->raised |= 1u << line;
	else
		devices->raised &= ~(1u << line);
	return vm_set_irq(devices->vm, line, level, error);
}

int interrupt_devices_reset(struct interrupt_devices *devices, struct error *error)
{
	unsigned int line;

	for (line = 0; line < GIC_SPIS; line++)
		if (devices->raised >> line & 1)
			set_line(devices, line, false, NULL);
	devices->changes = (struct line_changes){ 0 };
	return vm_state_restore(devices->state, devices->vm, error);
}

int interrupt_devices_differ(struct interrupt_devices *devices, char *what, size_t size,
			     struct error *error)
{
	return vm_state_differs(devices->state, devices->vm, what, size, error);
}

int interrupt_devices_set_line(struct interrupt_devices *devices, unsigned int line, bool level,
			       uint64_t after_ns, struct error *error)
{
	if (line >= GIC_SPIS)
		return error_set(error, EINVAL, "there is no line %u, they go up to %u", line,
				 GIC_SPIS - 1);
	if (!after_ns)
		return set_line(devices, line, level, error);
	return line_changes_add(&devices->changes, line, level, after_ns, error);
}

/* There are none where there is no GIC. */
uint64_t interrupt_devices_deadline(struct interrupt_devices *devices)
{
	return devices ? line_changes_deadline(&devices->changes) : UINT64_MAX;
}

void interrupt_devices_expire(struct interrupt_devices *devices)
{
	const uint64_t now = clock_ns();
	struct line_change due;

	while (devices && line_changes_take(&devices->changes, now, &due))
		set_line(devices, due.line, due.level, NULL);
}
