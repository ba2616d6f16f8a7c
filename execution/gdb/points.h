/* SPDX-License-Identifier: MIT */
/*
 * Where a test is to stop: instructions, and variables that are written. By the CPU's debug registers where this KVM's
 * fire and there is one left, or by a look after each single step. The test's memory stays as it is. Depends on
 * gdb/target.h for the kinds.
 */
#ifndef EXECUTION_GDB_POINTS_H
#define EXECUTION_GDB_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "gdb/target.h"

/* More than gdb has at a time, but for who sets them by a script. */
#define POINTS_MAX 256

/* SDM vol. 3B, 17.2. */
#define POINTS_SLOTS 4

struct point {
	enum gdb_point kind;
	uint64_t address;
	unsigned int length;
	bool is_own;   /* the debugger's, and not gdb's */
	bool never;    /* nothing executes it in a test */
	bool has_slot; /* by the CPU, in this one: */
	unsigned int slot;
	uint64_t value; /* of a variable, as it was last seen */
};

struct points {
	struct point list[POINTS_MAX];
	size_t count, by_step; /* of those, by single steps */
	unsigned int generation;
};

/* `by_cpu` if the CPU's fire for that kind. 0, also if it is there already; -ENOSPC. */
int points_insert(struct points *points, const struct point *point, bool by_cpu);

/* 0 or -ENOENT. */
int points_remove(struct points *points, enum gdb_point kind, uint64_t address);

/* All, or the debugger's own. */
void points_clear(struct points *points, bool only_own);

/* The one in a slot of these, a bit each; the one that stops before an instruction. NULL for none. */
struct point *points_in_slots(struct points *points, unsigned int slots);
struct point *points_at(struct points *points, uint64_t address);

/* Whether such a stop's point is there. */
bool points_has(const struct points *points, bool is_write, uint64_t address);

#endif /* EXECUTION_GDB_POINTS_H */
