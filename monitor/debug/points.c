/* SPDX-License-Identifier: MIT */
/* Where a vCPU is to stop, and that it has: see points.h. */
#include "monitor/debug/points.h"
#include <unistd.h>

const struct debug_point *debug_find_code(const struct monitor_debug *debug, uint64_t address,
					  enum debug_way way)
{
	size_t i;

	for (i = 0; i < debug->count; i++)
		if (debug->points[i].kind != MONITOR_POINT_WRITE && debug->points[i].way == way &&
		    debug->points[i].address == address)
			return &debug->points[i];
	return NULL;
}

void debug_stop(struct monitor_cpu *cpu, const struct debug_point *point)
{
	struct monitor_debug *debug = cpu->machine->debug;
	static const uint64_t one = 1;

	pthread_mutex_lock(&debug->lock);
	cpu->debug.stop = (struct monitor_stop){ .cpu = cpu->number, .kind = MONITOR_STOP_STEP };
	if (point) {
		cpu->debug.stop.kind = MONITOR_STOP_POINT;
		cpu->debug.stop.point = point->kind;
		cpu->debug.stop.address = point->address;
	}
	cpu->debug.stopped = true;
	pthread_mutex_unlock(&debug->lock);
	park_hold(&cpu->machine->park, true);
	(void)!write(debug->stop_evt, &one, sizeof(one));
}
