/* SPDX-License-Identifier: MIT */
/*
 * Eventfds that KVM itself signals when the guest writes somewhere, so that the vCPU need not leave
 * the VM's kernel side (ioeventfd). The eventfds stay the caller's.
 */
#ifndef MONITOR_WIRING_EVENTFD_H
#define MONITOR_WIRING_EVENTFD_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "devices/bus.h"
#include "kvm/vm/vm.h"

/* A write that signals `fd`. It then never comes to the bus: who reads `fd` tells the device. */
struct eventfd_io {
	enum bus_space space;
	uint64_t address;
	uint32_t size;	/* of the write, in bytes: 1, 2, 4 or 8; 0 for any */
	bool match;	/* only a write of `value` */
	uint64_t value; /* as a little-endian number of `size` bytes */
	int fd;
};

/* The write by which a driver notifies of a queue of the virtio device whose window is at `base`. */
struct eventfd_io eventfd_virtio_notify(uint64_t base, uint32_t queue, int fd);

/* Returns 0 or KVM's -errno: -EEXIST for a write that has one already. It goes with the VM. */
int eventfd_add_io(struct vm *vm, const struct eventfd_io *io, struct error *error);

#endif /* MONITOR_WIRING_EVENTFD_H */
