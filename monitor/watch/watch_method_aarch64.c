/* SPDX-License-Identifier: MIT */
/*
 * Watched variables on arm64: by the CPU's watchpoints alone. Single steps are no way, as an LDXR loop never ends under
 * them: each debug exception clears the monitor of the exclusive (Arm ARM, B2.9.5).
 */
#include "monitor/watch/watch_method.h"
#include <stdio.h>

enum watch_method monitor_watch_method(char *text, size_t size)
{
	snprintf(text, size, "hardware watchpoints");
	return WATCH_HARDWARE;
}
