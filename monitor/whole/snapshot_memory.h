/* SPDX-License-Identifier: MIT */
/*
 * A snapshot's memory. One that belongs to a machine, since it was taken from it or restored into it, knows which pages
 * may differ between the two: KVM's dirty log and the host's own writes say which, to all of the machine's snapshots.
 */
#ifndef MONITOR_WHOLE_SNAPSHOT_MEMORY_H
#define MONITOR_WHOLE_SNAPSHOT_MEMORY_H

#include "monitor/whole/snapshot.h"

/* Once: what its memory is like, but for what is written to it after that. Returns 0 or -errno. */
int snapshot_set_base(struct r0_vm_snapshot *snapshot, struct memory_base *base,
		      struct error *error);

/* A page of it. */
const uint8_t *snapshot_page(const struct r0_vm_snapshot *snapshot, uint64_t page);

/*
 * Share all memory with the machine, and copy what it has written since it was first shared; from now on the snapshot
 * is the machine's. The machine is at rest.
 */
int snapshot_take_memory(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error);

/* Put back what may differ, or everything in a machine that it was not the same as before. */
int snapshot_restore_memory(struct r0_vm_snapshot *snapshot, struct r0_vm *vm, struct error *error);

#endif /* MONITOR_WHOLE_SNAPSHOT_MEMORY_H */
