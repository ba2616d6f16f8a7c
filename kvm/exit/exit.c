/* SPDX-License-Identifier: MIT */
/* Exits that every architecture has: Documentation/virt/kvm/api.rst, 5. Depends on the bus. */
#include "kvm/exit/exit.h"
#include <inttypes.h>
#include <stdio.h>
#include "kvm/exit/exit_own.h"

static struct exit outcome(enum exit_outcome outcome)
{
	return (struct exit){ .outcome = outcome };
}

static struct exit with_reason(enum exit_outcome outcome, uint64_t reason)
{
	return (struct exit){ .outcome = outcome, .has_reason = true, .reason = reason };
}

static struct exit memory_io(struct kvm_run *run, struct bus *bus)
{
	if (run->mmio.len > sizeof(run->mmio.data))
		return outcome(EXIT_FATAL);
	return outcome(exit_access(bus, BUS_MEMORY, run->mmio.phys_addr, run->mmio.data,
				   run->mmio.len, run->mmio.is_write));
}

static struct exit system_event(const struct kvm_run *run)
{
	switch (run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
	case KVM_SYSTEM_EVENT_RESET:
		return with_reason(EXIT_SHUTDOWN, run->system_event.type);
	case KVM_SYSTEM_EVENT_CRASH:
		/* The guest's own word that it is lost. */
		return with_reason(EXIT_FATAL, run->system_event.type);
	default:
		return with_reason(EXIT_CONTINUE, run->system_event.type);
	}
}

struct exit exit_classify(struct kvm_run *run, size_t run_size, struct bus *bus)
{
	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		return memory_io(run, bus);
	case KVM_EXIT_HLT:
		return outcome(EXIT_HALTED);
	case KVM_EXIT_DEBUG:
		return outcome(EXIT_DEBUG);
	case KVM_EXIT_SHUTDOWN:
		return outcome(EXIT_SHUTDOWN);
	case KVM_EXIT_SYSTEM_EVENT:
		return system_event(run);
	case KVM_EXIT_FAIL_ENTRY:
		return with_reason(EXIT_FATAL, run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		return outcome(EXIT_FATAL);
	case KVM_EXIT_INTR:
		return outcome(EXIT_NONE);
	default:
		return exit_classify_own(run, run_size, bus);
	}
}

static const char *suberror_text(uint32_t suberror)
{
	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		return "an instruction that it can't emulate";
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		return "exceptions at the same time";
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		return "an exit while it delivered an event";
	case KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON:
		return "an exit that it did not expect";
	default:
		return "unknown";
	}
}

static void describe_system_event(uint32_t type, char *text, size_t size)
{
	switch (type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		snprintf(text, size, "the guest powered the machine off");
		break;
	case KVM_SYSTEM_EVENT_RESET:
		snprintf(text, size, "the guest reset the machine");
		break;
	case KVM_SYSTEM_EVENT_CRASH:
		snprintf(text, size, "the guest reported that it crashed");
		break;
	default:
		snprintf(text, size, "system event %" PRIu32 ", which ring0 does not know", type);
		break;
	}
}

static void describe_io(const char *kind, uint64_t address, const struct exit *exit, char *text,
			size_t size)
{
	const char *what = "";

	if (exit->outcome == EXIT_SHUTDOWN)
		what = ": the guest asked for the machine's end or reset";
	else if (exit->outcome == EXIT_FATAL)
		what = ": KVM's description of it is no valid one";
	snprintf(text, size, "access to %s 0x%" PRIx64 "%s", kind, address, what);
}

void exit_describe(const struct kvm_run *run, const struct exit *exit, char *text, size_t size)
{
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		describe_io("port", run->io.port, exit, text, size);
		break;
	case KVM_EXIT_MMIO:
		describe_io("address", run->mmio.phys_addr, exit, text, size);
		break;
	case KVM_EXIT_HLT:
		snprintf(text, size, "the CPU halted");
		break;
	case KVM_EXIT_DEBUG:
		snprintf(text, size, "a debug event");
		break;
	case KVM_EXIT_INTR:
		snprintf(text, size, "a signal");
		break;
	case KVM_EXIT_SHUTDOWN:
		snprintf(text, size, "the CPU shut down, as after a triple fault");
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		describe_system_event(run->system_event.type, text, size);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		exit_describe_entry(run, text, size);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(text, size, "KVM gave up (internal error, suberror %" PRIu32 ": %s)",
			 run->internal.suberror, suberror_text(run->internal.suberror));
		break;
	case KVM_EXIT_ARM_NISV:
		snprintf(text, size,
			 "an access to 0x%" PRIx64 " that KVM can't decode (ISS 0x%" PRIx64 ")",
			 (uint64_t)run->arm_nisv.fault_ipa, (uint64_t)run->arm_nisv.esr_iss);
		break;
	default:
		snprintf(text, size,
			 "KVM left the VM for a reason that ring0 does not know, %" PRIu32,
			 run->exit_reason);
		break;
	}
}
