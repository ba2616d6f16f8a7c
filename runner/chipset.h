/* SPDX-License-Identifier: MIT */
/*
 * What a machine with interrupt controllers has besides its vCPUs: the PICs, the IOAPIC and the PIT,
 * which KVM has, and the HPET, which it has not. Depends on vmm/.
 */
#ifndef RUNNER_CHIPSET_H
#define RUNNER_CHIPSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/test.h>
#include "vmm/vm.h"

struct chipset;

/*
 * The devices of a VM with interrupt controllers and a PIT, as they are after a reset. Returns 0 or
 * -errno. chipset_destroy() releases them, and takes NULL; the VM stays the caller's.
 */
int chipset_create(struct chipset **chipset, struct vm *vm, struct error *error);
void chipset_destroy(struct chipset *chipset);

/* Put all of them back to how they were made, before the vCPUs. Returns 0 or -errno. */
int chipset_reset(struct chipset *chipset, struct error *error);

/* Compare all of them with how they were made: 1 and what differs, as text; 0; or -errno. */
int chipset_differs(struct chipset *chipset, char *what, size_t size, struct error *error);

/* Serve an access to guest-physical memory, if there is one of ours. Returns whether so. */
bool chipset_access(struct chipset *chipset, struct r0_access *access);

/*
 * The HPET's next interrupt, by the monotonic clock in nanoseconds, or UINT64_MAX; and having it
 * raised, once its time has come.
 */
uint64_t chipset_deadline(struct chipset *chipset);
void chipset_expire(struct chipset *chipset);

#endif /* RUNNER_CHIPSET_H */
