/* SPDX-License-Identifier: MIT */
/* Watched variables, between what all architectures share of them and what each has of its own. */
#ifndef EXECUTION_WATCHED_VARIABLES_OWN_H
#define EXECUTION_WATCHED_VARIABLES_OWN_H

#include "execution/watched_variables.h"
#include "kvm/watch/watch.h"
#include "run/run.h"

#define WATCHED_VARIABLES_OBJECTS 16

struct watched_object {
	const struct r0_watched *declared;
	const uint8_t *now; /* the VM's copy of it */
	uint8_t *before;    /* as it was last seen; from `values` */
	uint64_t writes;
	char last[160]; /* the last one's values */
	bool missed;	/* it changed, and nothing told */
};

struct watched_variables {
	struct debugger debugger;
	struct watched_object objects[WATCHED_VARIABLES_OBJECTS];
	size_t count;
	uint8_t values[WATCHED_VARIABLES_SIZE_MAX];
	bool by_steps;
	const char *why; /* by steps */
	/* Otherwise: */
	struct watch_set set;
	unsigned int slots; /* a bit each */
	unsigned char object_of[WATCH_SLOTS];
	/* Where the CPU tells of a store before it is done: */
	unsigned int hits, suspended; /* slots that it hit, and those that are out of its way */
	struct kvm_regs store;	      /* the registers before it */
	bool exclusive;		      /* it is one of a loop that no exception may come into */
	uint64_t load, again; /* of one that has failed: what it needs anew, or 0, and itself */

	struct buffer text; /* the writes that are shown */
	unsigned int shown;
	uint64_t chains[WATCHED_VARIABLES_SHOWN]; /* a hash for each of them */
};

/*
 * The architecture's: whether `enough` watchpoints are known to serve, decides watchpoints->by_steps. Returns 0 or -errno,
 * with the run's complaint.
 */
int watched_variables_own_choose(struct run *run, struct watched_variables *watchpoints,
				 bool enough);

/* The debugger's operations. */
extern const struct debugger_ops watched_variables_own_ops;

/* Where a write was: `after`, the registers are those of the next instruction. */
struct watched_place {
	const struct kvm_regs *regs;
	const struct kvm_sregs *sregs;
	uint64_t pc, sp, fp;
	bool after;
};

/* In execution/watched_writes.c: a write, there. */
void watched_variables_note(struct watched_variables *watchpoints, struct watched_object *object,
			    const struct run *run, const struct watched_place *place);

/* The objects of these slots, each once. */
void watched_variables_note_hits(struct watched_variables *watchpoints, unsigned int hits,
				 const struct run *run, const struct watched_place *place);

/* What changed there. */
void watched_variables_compare(struct watched_variables *watchpoints, const struct run *run,
			       const struct watched_place *place);

/* At the end: what changed without a watchpoint's telling. */
void watched_variables_note_missed(struct watched_variables *watchpoints);

/* "&counter" is the variable counter; another expression is a pointer. */
const char *watched_object_name(const struct watched_object *object);

#endif /* EXECUTION_WATCHED_VARIABLES_OWN_H */
