/* SPDX-License-Identifier: MIT */
/*
 * What a vCPU's thread does from its start to its end: run, serve the exit, park when everything is
 * frozen, stop when everything ends. Reaches the vCPU through a table of functions, and so runs
 * without KVM.
 */
#ifndef MONITOR_CPU_LOOP_H
#define MONITOR_CPU_LOOP_H

#include <stdbool.h>
#include "kvm/exit/exit.h"
#include "monitor/park.h"

struct cpu_loop_ops {
	/* Before each entry: watchpoints. Returns 0, or -errno if the vCPU can't go on. */
	int (*arm)(void *context, struct error *error);
	/* KVM_RUN. Returns 0 with an exit to serve, -EINTR, or another -errno with a message. */
	int (*run)(void *context, struct error *error);
	/*
	 * Set or clear the flag that has the next run() finish what is pending and return -EINTR
	 * (KVM_CAP_IMMEDIATE_EXIT), or NULL: then nothing is finished before the vCPU parks.
	 */
	void (*immediate_exit)(void *context, bool on);
	/*
	 * After that: have KVM ask for what it would ask for at the next entry, without an entry. What is pending
	 * there is no part of the vCPU's state, so a snapshot would lose it. Returns as run() does, -EINTR if there
	 * is no more; or NULL.
	 */
	int (*settle)(void *context, struct error *error);
	void (*clear_kick)(void *context);
	/* Serve the exit. What is wrong with it, if anything, goes to *error. */
	struct exit (*serve)(void *context, struct error *error);
	void (*debug)(void *context); /* an exit by a watchpoint or step */
	/* Read the registers. Returns 0 or -errno. */
	int (*capture)(void *context, struct register_snapshot *registers);
	/*
	 * Whether the vCPU stands at a HLT that nothing can end; set by `halt`, which returns whether
	 * all others do, too.
	 */
	bool (*is_halted)(void *context);
	bool (*halt)(void *context);
};

struct cpu_loop {
	const struct cpu_loop_ops *ops;
	void *context;
	struct park_seat *seat; /* not owned */
};

enum cpu_loop_end {
	CPU_LOOP_KILLED,   /* from outside */
	CPU_LOOP_SHUTDOWN, /* the guest's own end */
	CPU_LOOP_HALTED,   /* it and all others */
	CPU_LOOP_FATAL,	   /* it can't go on */
};

struct cpu_loop_result {
	enum cpu_loop_end end;
	struct exit exit; /* that ended it, unless it was killed */
	bool at_rest; /* it was killed where it had parked: nothing is half-way, nor to be touched */
};

/* Run to the end. With CPU_LOOP_FATAL, *error says why. The caller then ends all others. */
struct cpu_loop_result cpu_loop_run(struct cpu_loop *loop, struct error *error);

#endif /* MONITOR_CPU_LOOP_H */
