/* SPDX-License-Identifier: MIT */
/*
 * What a machine with interrupt controllers has besides its vCPUs: the PICs, the IOAPIC and the PIT,
 * which KVM has, and the HPET, which it has not. Depends on vmm/.
 */
#ifndef RUNNER_DEVICES_H
#define RUNNER_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/test.h>
#include "vmm/vm.h"

struct devices;

/*
 * The devices of a VM with interrupt controllers and a PIT, as they are after a reset. Returns 0 or
 * -errno. devices_destroy() releases them, and takes NULL; the VM stays the caller's.
 */
int devices_create(struct devices **devices, struct vm *vm, struct error *error);
void devices_destroy(struct devices *devices);

/* Put all of them back to how they were made, before the vCPUs. Returns 0 or -errno. */
int devices_reset(struct devices *devices, struct error *error);

/* Compare all of them with how they were made: 1 and what differs, as text; 0; or -errno. */
int devices_differ(struct devices *devices, char *what, size_t size, struct error *error);

/* Serve an access to guest-physical memory, if there is one of ours. Returns whether so. */
bool devices_access(struct devices *devices, struct r0_access *access);

/*
 * The HPET's next interrupt, by the monotonic clock in nanoseconds, or UINT64_MAX; and having it
 * raised, once its time has come.
 */
uint64_t devices_deadline(struct devices *devices);
void devices_expire(struct devices *devices);

#endif /* RUNNER_DEVICES_H */
