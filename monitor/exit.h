/* SPDX-License-Identifier: MIT */
/*
 * What one exit of a vCPU means, and its port I/O or MMIO carried out on the bus. Pure: it knows
 * KVM's run structure and no file descriptor.
 */
#ifndef MONITOR_EXIT_H
#define MONITOR_EXIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>
#include "devices/bus.h"

enum exit_outcome {
	EXIT_CONTINUE, /* it is dealt with */
	EXIT_SHUTDOWN, /* the guest wants to end, or to be reset */
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

/*
 * Classify the exit in *run, of which run_size bytes are mapped. I/O is carried out on the bus,
 * under the bus's lock, which the caller holds; what the guest reads is left in *run for the next
 * KVM_RUN. Where nothing answers, the guest reads ones and its write is dropped; the bus counts it.
 */
struct exit exit_classify(struct kvm_run *run, size_t run_size, struct bus *bus);

/* The part of it that is the architecture's own: all exits that exit_classify() does not know. */
struct exit exit_classify_own(struct kvm_run *run, size_t run_size, struct bus *bus);

/* Read or write `size` bytes on the bus, in place. Returns EXIT_SHUTDOWN or EXIT_CONTINUE. */
enum exit_outcome exit_access(struct bus *bus, enum bus_space space, uint64_t address, void *data,
			      size_t size, bool write);

/* What happened as one line for the user, without a newline, from *run as exit_classify() saw it. */
void exit_describe(const struct kvm_run *run, const struct exit *exit, char *text, size_t size);

/* The architecture's own part of that: why the CPU did not enter the VM (KVM_EXIT_FAIL_ENTRY). */
void exit_describe_entry(const struct kvm_run *run, char *text, size_t size);

#endif /* MONITOR_EXIT_H */
