/* SPDX-License-Identifier: MIT */
/*
 * Bringing vCPUs to rest and letting them go on: what their threads and the coordinator that stops
 * them share. Knows no KVM.
 *
 * Freezes and thaws are counted in rounds, odd ones frozen. A vCPU parks for a round and says which:
 * so it can't take a freeze that follows a thaw at once for the one before, nor the coordinator a
 * vCPU that has not yet left the last round for one that is at rest in this.
 */
#ifndef MONITOR_PARK_H
#define MONITOR_PARK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "kvm/state/registers.h"

/* Of all vCPUs of a machine. */
struct park_control {
	_Atomic(uint64_t) round; /* odd while frozen */
	atomic_bool killed;
	atomic_bool held; /* vCPUs wait where they come to look, and may be frozen there */
	int kill_evt;	  /* readable once killed, and never drained */
	int parked_evt;	  /* gets 1 from each vCPU that parks; or -1 */
};

/* Of one vCPU. */
struct park_seat {
	struct park_control *control; /* not owned */
	int thaw_evt;		      /* wakes this vCPU's waits; or -1 */
	_Atomic(uint64_t) parked;     /* the round that it is at rest for, or 0 */
	atomic_bool held;	      /* as the control's, for this vCPU alone */
	pthread_mutex_t lock;	      /* of what follows: the registers it had when it parked */
	struct register_snapshot registers;
	bool has_registers;
};

/* Make the eventfds. Returns 0 or -errno. */
int park_control_init(struct park_control *control, struct error *error);
void park_control_finish(struct park_control *control);

/* Back to neither frozen nor killed, once no vCPU's thread is left. */
void park_control_reset(struct park_control *control);

int park_seat_init(struct park_seat *seat, struct park_control *control, struct error *error);
void park_seat_finish(struct park_seat *seat);

/* Whether this is the time to park, or to end. */
bool park_is_frozen(const struct park_control *control);
bool park_is_killed(const struct park_control *control);
bool park_is_held(const struct park_seat *seat);

/* Have every vCPU wait where it looks next, or not any more: those that sleep have to be woken then. */
void park_hold(struct park_control *control, bool held);
void park_hold_one(struct park_seat *seat, bool held);

/* End everything, from any thread: no vCPU waits or parks any more. Returns whether it was the first. */
bool park_kill(struct park_control *control);

/*
 * In the vCPU's thread, at rest: hand in its registers, NULL if they can't be read, and stay until the
 * thaw or the end. Returns at once if nothing is frozen.
 */
void park(struct park_seat *seat, const struct register_snapshot *registers);

/* In the vCPU's thread: wait for park_wake(), a freeze, a thaw or the end; may return early. */
void park_sleep(struct park_seat *seat);
void park_wake(struct park_seat *seat);

/*
 * The coordinator's: begin to freeze, after which every vCPU has to be kicked; wait until all have
 * parked; thaw. park_wait() returns 0; -ESHUTDOWN if all was ended meanwhile; -ETIMEDOUT after
 * `limit_ms`, with a bit set in *missing for each seat, of at most 64, that has not parked.
 */
void park_freeze(struct park_control *control);
int park_wait(struct park_control *control, struct park_seat *const *seats, size_t count,
	      unsigned int limit_ms, uint64_t *missing);
void park_thaw(struct park_control *control, struct park_seat *const *seats, size_t count);

#endif /* MONITOR_PARK_H */
