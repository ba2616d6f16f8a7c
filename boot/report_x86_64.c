/* SPDX-License-Identifier: MIT */
/* Reports of foreign kernels' deaths on x86. */
#include <inttypes.h>
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "boot/report_own.h"
#include "crash/registers.h"
#include "crash/view_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"
#include "monitor/rest.h"

/*
 * What internal.data[0] has of KVM_INTERNAL_ERROR_DELIVERY_EV: the event, if valid (SDM vol. 3C, 25.9.3).
 * kvm-amd, whose exit of that kind is always a nested page fault (APM vol. 2, appendix C), has the
 * address there instead.
 */
#define EVENT_VALID	(1u << 31)
#define EVENT_VECTOR	0xffu
#define EXIT_SVM_NESTED 0x400

/* Of a CPU after a reset (SDM vol. 3A, table 9-1). */
#define RESET_IP   0xfff0
#define RESET_BASE 0xffff0000

static bool is_64_bit(const struct crash_view *view)
{
	return view->sregs.efer & R0_EFER_LMA && view->sregs.cs.l;
}

/* One that waits for its SIPI has registers like any other. */
bool report_is_off(const struct report_source *source)
{
	(void)source;
	return false;
}

uint64_t report_ip(const struct crash_view *view)
{
	return is_64_bit(view) ? view->regs.rip : (uint32_t)(view->sregs.cs.base + view->regs.rip);
}

/* Of RSP or RBP. */
static uint64_t linear_stack(const struct crash_view *view, uint64_t address)
{
	const struct kvm_segment *ss = &view->sregs.ss;

	return is_64_bit(view) ?
		       address :
		       (uint32_t)(ss->base + (address & (ss->db ? UINT32_MAX : UINT16_MAX)));
}

static void find_regions(struct report_source *source, struct crash_view *view)
{
	source->regions = *source->kernel;
	boot_regions_add_code(&source->regions, report_ip(view));
	boot_regions_add_stack(&source->regions, linear_stack(view, view->regs.rsp));
	view->region_count = source->regions.count;
}

void report_make_view(struct report_source *source, struct crash_view *view)
{
	struct monitor_cpu *cpu = &source->vm->cpus[source->cpu];

	*view = (struct crash_view){
		.regions = source->regions.regions,
		.read = report_read_virtual,
		.read_physical = report_read_physical,
		.context = source,
	};
	crash_view_take_cpuid(view, &cpu->vcpu.own->cpuid);
	KVM_IOCTL(cpu->vcpu.fd, KVM_GET_REGS, &view->regs, NULL);
	KVM_IOCTL(cpu->vcpu.fd, KVM_GET_SREGS, &view->sregs, NULL);
	find_regions(source, view);
	view->fault_address = view->sregs.cr2;
	view->fs_base = view->sregs.fs.base;
}

static bool is_reset(const struct crash_view *view)
{
	return view->regs.rip == RESET_IP && view->sregs.cs.base == RESET_BASE;
}

static void describe_internal_error(const struct kvm_run *run, const struct crash_view *view,
				    struct crash *crash)
{
	uint64_t event = run->internal.ndata > 0 ? run->internal.data[0] : 0;
	uint64_t reason = run->internal.ndata > 1 ? run->internal.data[1] : 0;

	if (run->internal.suberror == KVM_INTERNAL_ERROR_DELIVERY_EV) {
		bool told = event & EVENT_VALID && reason != EXIT_SVM_NESTED;

		crash->kind = CRASH_UNDELIVERED;
		crash->vector = told ? (int)(event & EVENT_VECTOR) : -1;
		return;
	}
	if (run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return;
	crash->kind = CRASH_INTERNAL;
	if (run->emulation_failure.ndata > 1 &&
	    run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) {
		crash->byte_count = run->emulation_failure.insn_size;
		if (crash->byte_count > sizeof(crash->bytes))
			crash->byte_count = sizeof(crash->bytes);
		memcpy(crash->bytes, run->emulation_failure.insn_bytes, crash->byte_count);
	} else {
		crash->byte_count = view->read(view->context, report_ip(view), crash->bytes,
					       sizeof(crash->bytes));
	}
}

static void classify(const struct r0_vm *vm, const struct r0_vm_outcome *outcome,
		     const struct crash_view *view, struct crash *crash)
{
	const struct kvm_run *run;

	*crash = (struct crash){ .kind = CRASH_PLACE };
	if (outcome->end == R0_VM_TIME_LIMIT)
		crash->kind = CRASH_TIMEOUT;
	if (outcome->cpu == R0_VM_NO_CPU)
		return;
	run = vm->cpus[outcome->cpu].vcpu.run;
	if (outcome->end == R0_VM_TRIPLE_FAULT) {
		crash->kind = CRASH_TRIPLE_FAULT;
		crash->lost_registers = is_reset(view);
		crash->why_lost = "KVM resets a CPU of this kind that shuts down";
	}
	if (outcome->end == R0_VM_FATAL && run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		describe_internal_error(run, view, crash);
}

/* Of code of 16 and 32 bits, by linear addresses. What `view` is stays there: it is pointed to. */
static void make_narrow(struct report_source *source, const struct crash_view *view,
			struct crash_view *narrow)
{
	const struct kvm_sregs *sregs = &view->sregs;
	const bool is_protected = sregs->cr0 & R0_CR0_PE && !(view->regs.rflags & R0_RFLAGS_VM);

	*narrow = *view;
	find_regions(source, narrow);
	narrow->code_bits = is_protected && sregs->cs.db ? 32 : 16;
	narrow->own_regs = &view->regs;
	narrow->regs.rip = report_ip(view);
	narrow->regs.rsp = linear_stack(view, view->regs.rsp);
	narrow->regs.rbp = linear_stack(view, view->regs.rbp);
}

/* Of a CPU whose registers are lost, those of its last exit, if there was one. Returns whether. */
static bool find_last(const struct report_source *source, const struct crash_view *view,
		      struct crash_view *last, char *place, size_t size)
{
	const struct vcpu_own *own = source->vm->cpus[source->cpu].vcpu.own;

	if (!own->has_last)
		return false;
	*last = *view;
	last->regs = own->last_regs;
	last->sregs = own->last_sregs;
	last->fault_address = last->sregs.cr2;
	crash_place(last, report_ip(last), place, size);
	return true;
}

/* A CPU that was reset has no paging: code is there only where it had none before. */
static void describe_lost(struct report_source *source, const struct r0_vm_outcome *outcome,
			  const struct crash_view *view, const struct crash *crash, char *message,
			  size_t size, FILE *out)
{
	struct crash_view last, narrow;
	char place[512];

	if (!find_last(source, view, &last, place, sizeof(place))) {
		snprintf(message, size, "%s; where it was is not known: %s", outcome->reason,
			 crash->why_lost);
		return;
	}
	snprintf(message, size,
		 "%s; where it was is not known: %s; it last left the VM before that at %s",
		 outcome->reason, crash->why_lost, place);
	fprintf(out, "as it last left the VM, at %s:\n", place);
	if (!is_64_bit(&last) && !(last.sregs.cr0 & R0_CR0_PG)) {
		make_narrow(source, &last, &narrow);
		crash_code(&narrow, out);
	}
	crash_registers_print(&last, out);
}

void report_describe(struct report_source *source, const struct r0_vm_outcome *outcome,
		     char *message, size_t size, FILE *out)
{
	struct crash_view own, view;
	struct crash crash;
	char what[768];

	report_make_view(source, &own);
	classify(source->vm, outcome, &own, &crash);
	if (crash.lost_registers) {
		describe_lost(source, outcome, &own, &crash, message, size, out);
		return;
	}
	if (is_64_bit(&own))
		view = own;
	else
		make_narrow(source, &own, &view);
	/* Its message is about the instruction: what KVM and assist/ have to say of it is here. */
	if (crash.kind == CRASH_INTERNAL)
		fprintf(out, "%s\n", outcome->reason);
	crash_describe(&view, &crash, what, sizeof(what), out);
	/* What KVM or the host has to say of it comes first, unless the report is about just that. */
	if (crash.kind == CRASH_PLACE || crash.kind == CRASH_TIMEOUT)
		snprintf(message, size, "%s, %s", outcome->reason, what);
	else
		snprintf(message, size, "%s", what);
}
