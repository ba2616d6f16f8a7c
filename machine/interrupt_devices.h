/* SPDX-License-Identifier: MIT */
/*
 * What a machine with interrupt controllers has besides its vCPUs: the PICs, the IOAPIC and the PIT,
 * which KVM has, and the HPET, which it has not. Depends on kvm/ and devices/.
 */
#ifndef MACHINE_INTERRUPT_DEVICES_H
#define MACHINE_INTERRUPT_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "devices/bus.h"
#include "kvm/vm/vm.h"

struct interrupt_devices;

/*
 * The devices of a VM with interrupt controllers and a PIT, as they are after a reset; the HPET is on the bus.
 * Returns 0 or -errno. interrupt_devices_destroy() releases them, and takes NULL; the VM and the bus stay the
 * caller's, and end with them.
 */
int interrupt_devices_create(struct interrupt_devices **devices, struct vm *vm, struct bus *bus,
			     struct error *error);
void interrupt_devices_destroy(struct interrupt_devices *devices);

/* Put all of them back to how they were made, before the vCPUs. Returns 0 or -errno. */
int interrupt_devices_reset(struct interrupt_devices *devices, struct error *error);

/* Compare all of them with how they were made: 1 and what differs, as text; 0; or -errno. */
int interrupt_devices_differ(struct interrupt_devices *devices, char *what, size_t size,
			     struct error *error);

/*
 * A mock sets a line, at once or later: forgotten by the next reset. Returns 0, or -errno with a message.
 */
int interrupt_devices_set_line(struct interrupt_devices *devices, unsigned int line, bool level,
			       uint64_t after_ns, struct error *error);

/*
 * When the next of that or the HPET's next interrupt is, by the monotonic clock in nanoseconds, or
 * UINT64_MAX; and having it done, once its time has come. NULL has none.
 */
uint64_t interrupt_devices_deadline(struct interrupt_devices *devices);
void interrupt_devices_expire(struct interrupt_devices *devices);

#endif /* MACHINE_INTERRUPT_DEVICES_H */
