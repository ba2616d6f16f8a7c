/* SPDX-License-Identifier: MIT */
/* Reports of foreign kernels' deaths on x86. */
#include <inttypes.h>
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "boot/report.h"
#include "crash/registers.h"
#include "crash/view_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"
#include "monitor/rest.h"
#include "monitor/translate.h"

#define ACCESSES_SHOWN 8

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

/* What a view's functions read by. */
struct source {
	struct r0_vm *vm;
	unsigned int cpu;
	const struct boot_regions *kernel;
	struct boot_regions regions; /* with the CPU's stack */
};

static size_t read_physical(void *context, uint64_t address, void *to, size_t size)
{
	const struct source *source = context;
	size_t done = 0;

	while (done < size) {
		size_t part = PAGE_SIZE - (address + done) % PAGE_SIZE;

		part = part < size - done ? part : size - done;
		if (r0_vm_read(source->vm, address + done, (uint8_t *)to + done, part, NULL))
			break;
		done += part;
	}
	return done;
}

/* As the CPU's own tables map it, but for the page that only the file has. */
static size_t read_virtual(void *context, uint64_t address, void *to, size_t size)
{
	const struct source *source = context;
	size_t done = 0;

	while (done < size) {
		uint64_t at = address + done, physical;
		size_t part = PAGE_SIZE - at % PAGE_SIZE, got;

		part = part < size - done ? part : size - done;
		got = boot_regions_read_header(&source->regions, at, (uint8_t *)to + done, part);
		if (!got && !monitor_translate(&source->vm->cpus[source->cpu], at, &physical))
			got = read_physical(context, physical, (uint8_t *)to + done, part);
		done += got;
		if (got < part)
			break;
	}
	return done;
}

static bool is_64_bit(const struct crash_view *view)
{
	return view->sregs.efer & R0_EFER_LMA && view->sregs.cs.l;
}

static uint64_t linear_ip(const struct crash_view *view)
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

static void find_regions(struct source *source, struct crash_view *view)
{
	source->regions = *source->kernel;
	boot_regions_add_code(&source->regions, linear_ip(view));
	boot_regions_add_stack(&source->regions, linear_stack(view, view->regs.rsp));
	view->region_count = source->regions.count;
}

static void make_view(struct source *source, struct crash_view *view)
{
	struct monitor_cpu *cpu = &source->vm->cpus[source->cpu];

	*view = (struct crash_view){
		.regions = source->regions.regions,
		.read = read_virtual,
		.read_physical = read_physical,
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
		crash->byte_count = view->read(view->context, linear_ip(view), crash->bytes,
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
static void make_narrow(struct source *source, const struct crash_view *view,
			struct crash_view *narrow)
{
	const struct kvm_sregs *sregs = &view->sregs;
	const bool is_protected = sregs->cr0 & R0_CR0_PE && !(view->regs.rflags & R0_RFLAGS_VM);

	*narrow = *view;
	find_regions(source, narrow);
	narrow->code_bits = is_protected && sregs->cs.db ? 32 : 16;
	narrow->own_regs = &view->regs;
	narrow->regs.rip = linear_ip(view);
	narrow->regs.rsp = linear_stack(view, view->regs.rsp);
	narrow->regs.rbp = linear_stack(view, view->regs.rbp);
}

/* Of a CPU whose registers are lost, those of its last exit, if there was one. Returns whether. */
static bool find_last(const struct source *source, const struct crash_view *view,
		      struct crash_view *last, char *place, size_t size)
{
	const struct vcpu_own *own = source->vm->cpus[source->cpu].vcpu.own;

	if (!own->has_last)
		return false;
	*last = *view;
	last->regs = own->last_regs;
	last->sregs = own->last_sregs;
	last->fault_address = last->sregs.cr2;
	crash_place(last, linear_ip(last), place, size);
	return true;
}

/* A CPU that was reset has no paging: code is there only where it had none before. */
static void describe_lost(struct source *source, const struct r0_vm_outcome *outcome,
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

static void describe_ending(struct source *source, const struct r0_vm_outcome *outcome,
			    char *message, size_t size, FILE *out)
{
	struct crash_view own, view;
	struct crash crash;
	char what[768];

	make_view(source, &own);
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

static void print_others(struct source *source, unsigned int but, FILE *out)
{
	unsigned int i;

	for (i = 0; i < source->vm->options.cpus; i++) {
		struct crash_view view;
		char place[512];

		if (i == but)
			continue;
		source->cpu = i;
		make_view(source, &view);
		crash_place(&view, linear_ip(&view), place, sizeof(place));
		fprintf(out, "CPU %u: %s\n", i, place);
		crash_registers_print(&view, out);
	}
}

static void print_access(const struct r0_vm_access *access, unsigned int times, FILE *out)
{
	fprintf(out, "  %s of %#" PRIx64 " (%u byte%s) %s %s %#" PRIx64,
		access->write ? "write" : "read", access->value, access->width,
		access->width == 1 ? "" : "s", access->write ? "to" : "from",
		access->port ? "port" : "address", access->address);
	if (times > 1)
		fprintf(out, ", %u times", times);
	fputc('\n', out);
}

static bool is_same(const struct r0_vm_access *a, const struct r0_vm_access *b)
{
	return a->port == b->port && a->write == b->write && a->width == b->width &&
	       a->address == b->address && a->value == b->value;
}

static void print_accesses(struct r0_vm *vm, FILE *out)
{
	struct r0_vm_access accesses[ACCESSES_SHOWN];
	unsigned int times = 0;
	size_t count, i;
	uint64_t total = r0_vm_unmapped(vm, accesses, ACCESSES_SHOWN, &count);

	if (total)
		fprintf(out, "accesses that nothing answered: %" PRIu64 ", the last of them\n",
			total);
	for (i = 0; i < count; i++) {
		times++;
		if (i + 1 < count && is_same(&accesses[i], &accesses[i + 1]))
			continue;
		print_access(&accesses[i], times, out);
		times = 0;
	}
}

void boot_report(struct r0_vm *vm, const struct r0_vm_outcome *outcome,
		 const struct boot_regions *regions, char *message, size_t size, FILE *out)
{
	const unsigned int cpu = outcome->cpu == R0_VM_NO_CPU ? 0 : outcome->cpu;
	struct source source = { .vm = vm, .cpu = cpu, .kernel = regions };

	switch (outcome->end) {
	case R0_VM_TRIPLE_FAULT:
	case R0_VM_FATAL:
	case R0_VM_HALTED:
	case R0_VM_TIME_LIMIT:
		describe_ending(&source, outcome, message, size, out);
		print_others(&source, cpu, out);
		print_accesses(vm, out);
		break;
	default:
		snprintf(message, size, "%s", outcome->reason);
		break;
	}
}
