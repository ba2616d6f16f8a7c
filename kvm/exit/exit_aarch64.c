/* SPDX-License-Identifier: MIT */
/* Exits that only arm64 has. There is no port I/O: its devices are all in memory. */
#include "kvm/exit/exit_own.h"
#include <inttypes.h>
#include <stdio.h>

struct exit exit_classify_own(struct kvm_run *run, size_t run_size, struct bus *bus)
{
	(void)run_size;
	(void)bus;
	switch (run->exit_reason) {
	case KVM_EXIT_ARM_NISV:
		/* Without a valid syndrome nobody knows what was to be read or written. */
		return (struct exit){
			.outcome = EXIT_FATAL,
			.has_reason = true,
			.reason = run->arm_nisv.esr_iss,
		};
	default:
		return (struct exit){
			.outcome = EXIT_NONE,
			.has_reason = true,
			.reason = run->exit_reason,
		};
	}
}

void exit_describe_entry(const struct kvm_run *run, char *text, size_t size)
{
	snprintf(text, size,
		 "the CPU refused the VM's state (hardware entry failure 0x%" PRIx64 ")",
		 (uint64_t)run->fail_entry.hardware_entry_failure_reason);
}
