/* SPDX-License-Identifier: MIT */
/* On arm64 there is no debugger yet: none begins. */
#include <errno.h>
#include "monitor/debug/points.h"

int debug_find_method(struct monitor_debug *debug, bool by_step, struct error *error)
{
	(void)debug;
	(void)by_step;
	return error_set(error, ENOTSUP, "a machine of arm64 can't be debugged yet");
}

int monitor_debug_arm(struct monitor_cpu *cpu, struct error *error)
{
	(void)cpu;
	(void)error;
	return 0;
}

bool monitor_debug_serve(struct monitor_cpu *cpu)
{
	(void)cpu;
	return false;
}

void monitor_debug_exit(struct monitor_cpu *cpu)
{
	(void)cpu;
}

void monitor_debug_completed(struct monitor_cpu *cpu)
{
	(void)cpu;
}
