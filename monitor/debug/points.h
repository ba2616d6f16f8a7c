/* SPDX-License-Identifier: MIT */
/* What a debugger keeps of a machine: between the files of this folder alone. */
#ifndef MONITOR_DEBUG_POINTS_H
#define MONITOR_DEBUG_POINTS_H

#include "monitor/debug/debug.h"
#include "monitor/state.h"

/* Debug registers for addresses: SDM vol. 3B, 17.2. */
#define DEBUG_SLOTS 4

/* How a point stops a CPU. */
enum debug_way {
	DEBUG_BY_MEMORY, /* INT3 in the guest's memory */
	DEBUG_BY_CPU,	 /* a debug register */
	DEBUG_BY_STEP,	 /* a look after each instruction */
};

struct debug_point {
	enum monitor_point kind;
	enum debug_way way;
	uint64_t address; /* linear */
	unsigned int length;
	unsigned int slot; /* DEBUG_BY_CPU */
	uint64_t physical; /* DEBUG_BY_MEMORY: where, and what was there */
	uint8_t byte;
	uint64_t value; /* MONITOR_POINT_WRITE by step, as it was; under lock */
};

/* Set with the machine at rest, but for what says otherwise; its vCPUs' threads read it. */
struct monitor_debug {
	bool by_memory;	  /* KVM gives INT3 to the host */
	bool by_register; /* watchpoints in debug registers fire */
	char method[128];
	struct debug_point points[MONITOR_POINTS_MAX];
	size_t count;
	size_t ways[3]; /* how many there are of each way */
	int stop_evt;	/* readable once a CPU has stopped */
	pthread_mutex_t lock;
};

/* The point that stops a CPU before the instruction at a linear address, or NULL. */
const struct debug_point *debug_find_code(const struct monitor_debug *debug, uint64_t address,
					  enum debug_way way);

/* Have a vCPU stop, from its own thread: at a point, or NULL after a step. */
void debug_stop(struct monitor_cpu *cpu, const struct debug_point *point);

/* Of the architecture: find out what works here. 0, or -ENOTSUP with a message if nothing does. */
int debug_find_method(struct monitor_debug *debug, bool by_step, struct error *error);

#endif /* MONITOR_DEBUG_POINTS_H */
