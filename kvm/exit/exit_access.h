/* SPDX-License-Identifier: MIT */
/* What an exit comes to, and an access carried out on the bus. Pure: no file descriptor. */
#ifndef MONITOR_EXIT_ACCESS_H
#define MONITOR_EXIT_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "devices/bus.h"

enum exit_outcome {
	EXIT_CONTINUE, /* it is dealt with */
	EXIT_SHUTDOWN, /* the guest wants to end, or to be reset */
	EXIT_REFUSED,  /* the bus refused the access */
	EXIT_FATAL,    /* the vCPU can't go on */
	EXIT_HALTED,   /* HLT, with no interrupt controller in KVM to wait by */
	EXIT_DEBUG,    /* run->debug: for watch_dispatch() */
	EXIT_NONE, /* nothing to be done here; with a reason, an exit that ring0 does not know */
};

struct exit {
	enum exit_outcome outcome;
	/*
	 * A reason is a FAIL_ENTRY's from the hardware, a system event's type, arm64's ISS of an
	 * access that KVM can't decode, or the number of an unknown exit. Whatever has one and
	 * continues should be told, by exit_describe(), if only once.
	 */
	bool has_reason;
	uint64_t reason;
};

/* Read or write `size` bytes on the bus, in place. Returns EXIT_SHUTDOWN, EXIT_REFUSED or EXIT_CONTINUE. */
enum exit_outcome exit_access(struct bus *bus, enum bus_space space, uint64_t address, void *data,
			      size_t size, bool write);

#endif /* MONITOR_EXIT_ACCESS_H */
