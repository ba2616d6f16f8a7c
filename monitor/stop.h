/* SPDX-License-Identifier: MIT */
/* What a debugger asks of a vCPU, and why one has stopped: between a vCPU's thread and monitor/debug/. */
#ifndef MONITOR_STOP_H
#define MONITOR_STOP_H

#include <stdint.h>

enum monitor_point {
	MONITOR_POINT_CODE,	/* an instruction, in memory or by the CPU */
	MONITOR_POINT_HARDWARE, /* an instruction, by the CPU: the memory stays as it is */
	MONITOR_POINT_WRITE,	/* a variable of 1, 2, 4 or 8 bytes, aligned */
};

enum monitor_action {
	MONITOR_STAY, /* at rest while others run */
	MONITOR_RUN,
	MONITOR_STEP, /* one instruction; interrupts are left for later where KVM can do that */
};

enum monitor_stop_kind { MONITOR_STOP_STEP, MONITOR_STOP_POINT };

struct monitor_stop {
	unsigned int cpu;
	enum monitor_stop_kind kind;
	enum monitor_point point; /* MONITOR_STOP_POINT: of this kind */
	uint64_t address;	  /* likewise: where it is */
};

#endif /* MONITOR_STOP_H */
