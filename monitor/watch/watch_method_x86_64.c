/* SPDX-License-Identifier: MIT */
/* A guest that writes to a variable and halts: does the watchpoint fire? On x86. */
#include "monitor/watch/watch_method.h"
#include <stdio.h>
#include "kvm/watch/watch_probe.h"
#include "monitor/watch/probe_x86_64.h"

static void look(struct vcpu *vcpu, void *context)
{
	const struct watch_point point = { .address = PROBE_DATA, .length = 4 };
	enum watch_answer *answer = context;

	*answer = watch_probe(vcpu, &point);
}

static enum watch_answer probe(void)
{
	/* movl $1, PROBE_DATA */
	static const uint8_t code[] = { 0xc7, 0x04, 0x25, 0x00, 0x90, 0, 0, 0x01, 0, 0, 0 };
	enum watch_answer answer = WATCH_UNKNOWN;

	monitor_probe(code, sizeof(code), look, &answer);
	return answer;
}

enum watch_method monitor_watch_method(char *text, size_t size)
{
	if (monitor_probe_is_qemu()) {
		snprintf(text, size,
			 "single steps, as QEMU's emulation, which this host is, crashes over "
			 "watchpoints of its guests' guests");
		return WATCH_SINGLE_STEP;
	}
	switch (probe()) {
	case WATCH_FIRES:
		snprintf(text, size, "hardware watchpoints");
		return WATCH_HARDWARE;
	case WATCH_NEVER_FIRES:
	case WATCH_REFUSED:
		snprintf(text, size,
			 "single steps, as this KVM takes watchpoints that then never fire");
		return WATCH_SINGLE_STEP;
	case WATCH_UNKNOWN:
		break;
	}
	snprintf(text, size, "single steps, as watchpoints can't be tried");
	return WATCH_SINGLE_STEP;
}
