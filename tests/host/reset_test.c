/* SPDX-License-Identifier: MIT */
/*
 * That a reset puts everything back: after code that changes a part of the machine, and a reset, all
 * that KVM tells of the vCPU and all of its memory is, bit by bit, what it was before any code ran.
 * What is changed is changed for sure: it is compared before the reset, too. Prints TAP. Built with
 * general registers only; depends on machine/machine.h and execution/execute.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include <ring0/x86/safe.h>
#include <ring0/private/abi.h>
#include "execution/execute.h"
#include "kvm/kvm_x86_64.h"

#define MSRS_MAX 512

/* All that KVM can tell. The padding between the members is zero. */
struct state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	struct kvm_mp_state mp_state;
	uint8_t xsave[16384];
	uint32_t msr_count;
	struct kvm_msr_entry msrs[MSRS_MAX];
	bool memory_is_pristine;
};

static struct machine machine;

/* Time goes on: SDM vol. 4, table 2-2; Documentation/virt/kvm/x86/msr.rst. */
static bool goes_on(uint32_t index)
{
	return index == R0_MSR_TSC || index == 0x11 || index == 0x4b564d00 ||
	       index == 0x40000010 /* HV_X64_MSR_VP_RUNTIME */ ||
	       index == 0x40000020 /* HV_X64_MSR_TIME_REF_COUNT */;
}

static void capture_msrs(struct state *state)
{
	const struct kvm_msr_list *list = machine.vm.kvm->own->msrs;
	struct {
		uint32_t count, padding; /* as in struct kvm_msrs */
		struct kvm_msr_entry entry;
	} one = { .count = 1 };
	uint32_t i, count = 0;

	for (i = 0; i < list->nmsrs && count < MSRS_MAX; i++) {
		one.entry = (struct kvm_msr_entry){ .index = list->indices[i] };
		if (!goes_on(one.entry.index) &&
		    ioctl(machine.cpus[0].vcpu.fd, KVM_GET_MSRS, &one) == 1)
			state->msrs[count++] = one.entry;
	}
	state->msr_count = count;
}

static void capture(struct state *state)
{
	const struct frames *now = &machine.memory.frames;
	int fd = machine.cpus[0].vcpu.fd, err = 0;

	memset(state, 0, sizeof(*state));
	/* What is to be put back with the next KVM_RUN, is by this one. */
	vcpu_complete(&machine.cpus[0].vcpu);
	err |= ioctl(fd, KVM_GET_REGS, &state->regs);
	err |= ioctl(fd, KVM_GET_SREGS, &state->sregs);
	err |= ioctl(fd, KVM_GET_VCPU_EVENTS, &state->events);
	err |= ioctl(fd, KVM_GET_DEBUGREGS, &state->debugregs);
	err |= ioctl(fd, KVM_GET_XCRS, &state->xcrs);
	err |= ioctl(fd, KVM_GET_MP_STATE, &state->mp_state);
	if (machine.vm.kvm->own->xsave_size > sizeof(state->xsave))
		err = -1;
	else if (machine.vm.kvm->own->xsave_size > sizeof(struct kvm_xsave))
		err |= ioctl(fd, KVM_GET_XSAVE2, state->xsave);
	else
		err |= ioctl(fd, KVM_GET_XSAVE, state->xsave);
	/* Which parts are in use (XSTATE_BV) may differ: those that are not, read as initialised. */
	memset(state->xsave + 512, 0, 8);
	capture_msrs(state);
	state->memory_is_pristine =
		!memcmp(now->bytes, machine.template->mirror->frames.bytes, now->count * PAGE_SIZE);
	if (err) {
		printf("Bail out! the state of the vCPU can't be read\n");
		exit(1);
	}
}

enum part {
	REGS = 1 << 0,
	SREGS = 1 << 1,
	EVENTS = 1 << 2,
	DEBUGREGS = 1 << 3,
	XCRS = 1 << 4,
	MP_STATE = 1 << 5,
	XSAVE = 1 << 6,
	MSRS = 1 << 7,
	MEMORY = 1 << 8,
};

static const char *const part_names[] = {
	"general registers",
	"segment and control registers",
	"events",
	"debug registers",
	"XCR0",
	"run state",
	"extended state",
	"MSRs",
	"memory",
};

static unsigned int difference(const struct state *a, const struct state *b)
{
#define DIFFERS(member) (memcmp(&a->member, &b->member, sizeof(a->member)) != 0)
	return (DIFFERS(regs) ? REGS : 0u) | (DIFFERS(sregs) ? SREGS : 0u) |
	       (DIFFERS(events) ? EVENTS : 0u) | (DIFFERS(debugregs) ? DEBUGREGS : 0u) |
	       (DIFFERS(xcrs) ? XCRS : 0u) | (DIFFERS(mp_state) ? MP_STATE : 0u) |
	       (DIFFERS(xsave) ? XSAVE : 0u) | (DIFFERS(msrs) ? MSRS : 0u) |
	       (DIFFERS(memory_is_pristine) ? MEMORY : 0u);
#undef DIFFERS
}

static void tell(const struct state *a, const struct state *b, unsigned int parts)
{
	uint32_t i;

	for (i = 0; i < sizeof(part_names) / sizeof(part_names[0]); i++)
		if (parts & 1u << i)
			printf("# not as before: %s\n", part_names[i]);
	for (i = 0; i < sizeof(a->xsave) && parts & XSAVE; i++)
		if (a->xsave[i] != b->xsave[i])
			printf("# byte %u of the XSAVE area is %#x, was %#x\n", i, b->xsave[i],
			       a->xsave[i]);
	for (i = 0; i < a->msr_count; i++)
		if (a->msrs[i].data != b->msrs[i].data)
			printf("# MSR %#x is %#llx, was %#llx\n", a->msrs[i].index, b->msrs[i].data,
			       a->msrs[i].data);
}

/* What runs in ring 0. */

static void change_general(void *arg)
{
	(void)arg;
	r0_write_rflags(r0_read_rflags() | R0_RFLAGS_AC | R0_RFLAGS_ID | R0_RFLAGS_IOPL(3));
	__asm__ volatile("mov $-1, %%rbx; mov %%rbx, %%r8; mov %%rbx, %%r9; mov %%rbx, %%r12;"
			 "mov %%rbx, %%r13; mov %%rbx, %%r14; mov %%rbx, %%r15"
			 :
			 :
			 : "rbx", "r8", "r9", "r12", "r13", "r14", "r15");
}

static void change_segments(void *arg)
{
	(void)arg;
	r0_write_ds(0);
	r0_write_es(R0_USER_DS);
	r0_write_gs(R0_USER_DS);
	r0_wrmsr(R0_MSR_GS_BASE, 0x1234);
	r0_wrmsr(R0_MSR_FS_BASE, 0x5678);
}

static void change_tables(void *arg)
{
	struct r0_table_register gdtr = r0_sgdt();

	(void)arg;
	gdtr.limit = 0x3f;
	r0_lgdt(gdtr);
	r0_lidt((struct r0_table_register){ 0 });
	r0_lldt(0);
}

static void change_control(void *arg)
{
	(void)arg;
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_AM & ~R0_CR0_WP);
	r0_write_cr2(0x123456);
	r0_write_cr4((r0_read_cr4() & ~R0_CR4_PGE & ~R0_CR4_OSFXSR) | R0_CR4_TSD);
	r0_write_cr8(5);
	r0_wrmsr(R0_MSR_EFER, r0_rdmsr(R0_MSR_EFER) & ~R0_EFER_SCE);
}

static void change_msrs(void *arg)
{
	static const uint32_t indices[] = {
		R0_MSR_STAR,
		R0_MSR_LSTAR,
		R0_MSR_CSTAR,
		R0_MSR_FMASK,
		R0_MSR_KERNEL_GS_BASE,
		R0_MSR_SYSENTER_CS,
		R0_MSR_SYSENTER_ESP,
		R0_MSR_SYSENTER_EIP,
		R0_MSR_TSC_AUX,
		R0_MSR_TSC_ADJUST,
		R0_MSR_PAT,
		R0_MSR_MTRR_DEF_TYPE,
	};
	uint64_t value;
	size_t i;

	(void)arg;
	/* Bit 8 is reserved in none of them that KVM checks, or the write is refused. */
	for (i = 0; i < sizeof(indices) / sizeof(indices[0]); i++)
		if (r0_rdmsr_safe(indices[i], &value) < 0)
			r0_wrmsr_safe(indices[i], value ^ 0x100);
}

static void change_debug(void *arg)
{
	(void)arg;
	r0_write_dr0(0x1000);
	r0_write_dr1(0x2000);
	r0_write_dr2(0x3000);
	r0_write_dr3(0x4000);
	r0_write_dr6(R0_DR6_RESET | R0_DR6_B(1));
	/* None is on: with VMX that would cost the machine (kvm/state/pending_debug_x86_64.h). */
	r0_write_dr7(R0_DR7_RESET | R0_DR7_RW(3, R0_DR7_RW_WRITE) | R0_DR7_LEN(2, 3));
}

static void change_xcr0(void *arg)
{
	(void)arg;
	if (!r0_cpu_has(R0_FEATURE_OSXSAVE))
		R0_SKIP("the VM's CPU has no XSAVE");
	r0_xsetbv(0, R0_XCR0_X87);
}

static long load_vectors(void *arg)
{
	static const uint32_t mxcsr = 0x1f00;
	static const uint16_t control = 0x27f;

	__asm__ volatile("movdqu %0, %%xmm0\n\t"
			 "movdqu %0, %%xmm15\n\t"
			 "ldmxcsr %1\n\t"
			 "fninit\n\t"
			 "fldcw %2\n\t"
			 "fld1"
			 :
			 : "m"(*(const uint8_t(*)[16])arg), "m"(mxcsr), "m"(control));
	return 0;
}

/* From ring 3, where a KVM that emulates ring 0 executes them as well. */
static void change_vectors(void *arg)
{
	uint64_t value[2] = { 0x1111, 0x2222 };
	struct r0_fault fault = r0_user_call(load_vectors, value);

	(void)arg;
	R0_ASSERT_EQ(fault.vector, -1);
}

static uint64_t data[4096] = { 1 };

static void change_memory(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(data) / sizeof(data[0]); i += 512)
		data[i] = 2;
	/* The page tables themselves, by way of guest-physical memory. */
	*(uint64_t *)(R0_DIRECT_MAP + (r0_read_cr3() & R0_CR3_ADDRESS) + 8 * 77) = 0x1000;
}

static void halt(void *arg)
{
	(void)arg;
	r0_cli();
	r0_hlt();
}

static void halt_interruptible(void *arg)
{
	(void)arg;
	r0_sti_hlt();
}

static void fault_thrice(void *arg)
{
	(void)arg;
	r0_lidt((struct r0_table_register){ 0 });
	r0_ud2();
}

static void fault_once(void *arg)
{
	(void)arg;
	__asm__ volatile("movl $1, 8" : : : "memory");
}

static void read_nothing(void *arg)
{
	(void)arg;
	r0_in32(0x99);
}

static void turn_paging_off(void *arg)
{
	(void)arg;
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_PG & ~R0_CR0_PE);
}

/* By its name a counter, as a compiler makes them. */
uint64_t counted[2] __asm__("__gcov0.reset_test") __attribute__((used));

static void count_and_change_memory(void *arg)
{
	counted[1]++;
	change_memory(arg);
}

static const struct {
	const char *name;
	void (*fn)(void *arg);
	unsigned int parts; /* that it changes, at least */
} changes[] = {
	{ "general registers", change_general, REGS },
	{ "segments", change_segments, SREGS },
	{ "descriptor tables", change_tables, SREGS },
	{ "control registers and EFER", change_control, SREGS },
	{ "MSRs", change_msrs, MSRS },
	{ "debug registers", change_debug, DEBUGREGS },
	{ "XCR0", change_xcr0, XCRS },
	{ "x87 and SSE registers", change_vectors, XSAVE },
	{ "memory and page tables", change_memory, MEMORY },
	{ "HLT with interrupts off", halt, REGS },
	{ "HLT with interrupts on", halt_interruptible, REGS },
	{ "a page fault", fault_once, REGS },
	{ "a triple fault", fault_thrice, REGS },
	{ "an IN that is not answered", read_nothing, REGS },
	{ "paging off", turn_paging_off, REGS },
};

#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static void try(size_t number, const struct state *pristine)
{
	static const struct r0_options options;
	static struct state changed, reset;
	const struct job job = {
		.fn = changes[number].fn,
		.options = &options,
		.limit_ns = 10000000000,
	};
	struct deadline deadline = { 0 };
	struct error error = { "" };
	struct outcome outcome;
	unsigned int parts, left;
	bool usable = execute(&machine, &job, &deadline, &outcome);
	enum r0_verdict verdict = outcome.result.verdict;
	const char *message = outcome.result.message ? outcome.result.message : "";

	if (verdict == R0_VERDICT_SKIP || verdict == R0_VERDICT_ERROR) {
		printf("ok %zu - %s # SKIP %s\n", number + 1, changes[number].name, message);
		parts = changes[number].parts;
		left = usable && machine_reset(&machine, &error) == 0 ? 0 : ~0u;
		goto out;
	}
	capture(&changed);
	parts = difference(pristine, &changed);
	if (!usable || machine_reset(&machine, &error) != 0) {
		printf("not ok %zu - %s\n# %s\n", number + 1, changes[number].name,
		       usable ? error.text : "the machine is not usable");
		exit(1);
	}
	capture(&reset);
	left = difference(pristine, &reset);
	/* QEMU's emulation of SVM does not leave the VM for XSETBV: KVM loads its own with each entry. */
	if (changes[number].parts == XCRS && !(parts & XCRS) && !left) {
		printf("ok %zu - %s # SKIP KVM does not see the change here\n", number + 1,
		       changes[number].name);
		goto out;
	}
	printf("%s %zu - %s\n",
	       left || (parts & changes[number].parts) != changes[number].parts ? "not ok" : "ok",
	       number + 1, changes[number].name);
	if ((parts & changes[number].parts) != changes[number].parts)
		printf("# it did not change what it should (%#x): %s\n", parts, message);
	tell(pristine, &reset, left);
out:
	if (left)
		printf("# %s\n", error.text);
	free(outcome.result.message);
	free(outcome.result.report);
	free(outcome.result.output);
	free(outcome.result.file);
}

static void tell_counters(const char *name, bool ok, int number, const char *why)
{
	printf("%s %zu - %s\n", ok ? "ok" : "not ok", CHANGES + 1 + (size_t)number, name);
	if (!ok)
		printf("# %s\n", why);
}

/* Run that once on a machine, whatever it gives. */
static bool count_once(const struct job *job)
{
	struct deadline deadline = { 0 };
	struct outcome outcome;
	bool passed = execute(&machine, job, &deadline, &outcome) &&
		      outcome.result.verdict == R0_VERDICT_PASS;

	outcome_finish(&outcome);
	return passed;
}

/* Counters are put back, too, and the process's own get what was counted. */
static void try_counters(const struct template *template)
{
	static const struct r0_options options;
	const struct job job = {
		.fn = count_and_change_memory,
		.options = &options,
		.limit_ns = 10000000000,
	};
	struct error error = { "" };
	bool given = true, differs = false;
	char what[256] = "";
	unsigned int i;

	if (machine_init(&machine, template, &(struct machine_options){ .cpus = 1 }, &error) != 0) {
		printf("Bail out! %s\n", error.text);
		exit(1);
	}
	for (i = 1; i <= 3; i++) {
		given &= count_once(&job) && machine_reset(&machine, &error) == 0 &&
			 counted[1] == i;
		differs |= memory_differs(&machine.memory, what, sizeof(what));
	}
	tell_counters("counters are given back by each reset", given, 1, error.text);
	tell_counters("and are pristine for the next test", !differs, 2, what);
	given = count_once(&job);
	memory_forget_counts(&machine.memory);
	given &= machine_reset(&machine, &error) == 0 && counted[1] == 3;
	given &= count_once(&job) && machine_reset(&machine, &error) == 0 && counted[1] == 4;
	tell_counters("what is to be forgotten is not given back, what comes after it is", given, 3,
		      error.text);
	given = count_once(&job);
	machine_finish(&machine);
	tell_counters("a machine that goes gives back what it has", given && counted[1] == 5, 4,
		      "it does not");
}

/* As if a kick had come between the triple fault and its exit. */
static void try_triple_fault(const struct state *pristine)
{
	static const char name[] = "a triple fault that did not leave the VM";
	static struct state now;
	struct kvm_vcpu_events events = pristine->events;
	struct error error = { "" };
	bool was_pending;

	if (!(events.flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT)) {
		printf("ok %zu - %s # SKIP KVM does not tell of it\n", CHANGES + 1, name);
		return;
	}
	events.triple_fault.pending = 1;
	ioctl(machine.cpus[0].vcpu.fd, KVM_SET_VCPU_EVENTS, &events);
	capture(&now);
	was_pending = now.events.triple_fault.pending;
	machine_reset(&machine, &error);
	capture(&now);
	printf("%s %zu - %s\n",
	       was_pending && !difference(pristine, &now) && !error.text[0] ? "ok" : "not ok",
	       CHANGES + 1, name);
}

int main(void)
{
	static struct state pristine;
	struct template *template;
	struct error error = { "" };
	int err = template_create(&template, &(struct template_needs){ .cpus = 1 }, &error);
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (err && template_error_is_no_kvm(err)) {
		printf("1..0 # SKIP %s\n", error.text);
		return 77;
	}
	if (err ||
	    machine_init(&machine, template, &(struct machine_options){ .cpus = 1 }, &error) != 0) {
		printf("Bail out! %s\n", error.text);
		return 1;
	}
	printf("TAP version 14\n1..%zu\n", CHANGES + 5);
	capture(&pristine);
	for (i = 0; i < CHANGES; i++)
		try(i, &pristine);
	try_triple_fault(&pristine);
	machine_finish(&machine);
	try_counters(template);
	template_destroy(template);
	return 0;
}
