/* SPDX-License-Identifier: MIT */
/* Exits that only x86 has: port I/O, and those of a machine without KVM's interrupt controllers. */
#include "base/address.h"
#include "kvm/exit/entry_failure_x86_64.h"
#include "kvm/exit/exit_own.h"

/*
 * IN and OUT, and the string instructions: count items of size bytes, one after another from
 * data_offset on, all for the one port. The first item that ends the machine is the last.
 */
static struct exit port_io(struct kvm_run *run, size_t run_size, struct bus *bus)
{
	/* A copy: the data may lie anywhere in the structure, over this, too. */
	const __typeof__(run->io) io = run->io;
	struct exit exit = { .outcome = EXIT_CONTINUE };
	uint8_t *data;
	uint32_t i;

	if (!range_holds(0, run_size, io.data_offset, (uint64_t)io.size * io.count))
		return (struct exit){ .outcome = EXIT_FATAL };
	if (!io.size)
		return exit;
	data = (uint8_t *)run + io.data_offset;
	for (i = 0; i < io.count && exit.outcome == EXIT_CONTINUE; i++)
		exit.outcome = exit_access(bus, BUS_PORT, io.port, data + (size_t)i * io.size,
					   io.size, io.direction == KVM_EXIT_IO_OUT);
	return exit;
}

/* Hyper-V's status codes: Hypervisor Top Level Functional Specification, appendix B. */
#define HV_INVALID_HYPERCALL_CODE 2
#define HV_INVALID_CONNECTION_ID  0x12

#define HV_POST_MESSAGE 0x5c
#define HV_SIGNAL_EVENT 0x5d

/*
 * What KVM leaves to the monitor of Hyper-V's interfaces: pages for messages and events have moved, of which there are
 * none here; hypercalls, which have nobody to go to; a debugger, which there is not.
 */
static struct exit hyperv(struct kvm_run *run)
{
	uint16_t code = (uint16_t)run->hyperv.u.hcall.input;

	switch (run->hyperv.type) {
	case KVM_EXIT_HYPERV_HCALL:
		run->hyperv.u.hcall.result = code == HV_POST_MESSAGE || code == HV_SIGNAL_EVENT ?
						     HV_INVALID_CONNECTION_ID :
						     HV_INVALID_HYPERCALL_CODE;
		break;
	case KVM_EXIT_HYPERV_SYNDBG:
		run->hyperv.u.syndbg.status = 0;
		break;
	}
	return (struct exit){ .outcome = EXIT_CONTINUE };
}

struct exit exit_classify_own(struct kvm_run *run, size_t run_size, struct bus *bus)
{
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		return port_io(run, run_size, bus);
	case KVM_EXIT_HYPERV:
		return hyperv(run);
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_SET_TPR:
		/* An interrupt could be injected now, or one of a lower priority (CR8). */
		return (struct exit){ .outcome = EXIT_NONE };
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
	entry_failure_describe(run->fail_entry.hardware_entry_failure_reason, &run->s.regs, text,
			       size);
}
