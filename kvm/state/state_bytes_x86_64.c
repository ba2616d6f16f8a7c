/* SPDX-License-Identifier: MIT */
/* The state of x86 vCPUs and interrupt controllers as bytes, and compared by register. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/state/nested_state_x86_64.h"
#include "kvm/state/state_bytes.h"
#include "kvm/state/state_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"
#include "kvm/vm/vm_state_x86_64.h"

/* Far more than any CPU has: what a file says beyond that is no state. */
#define XSAVE_SIZE_MAX (1u << 20)
#define MSRS_MAX       (1u << 16)

/*
 * In front; then follow xsave_size bytes of extended state, the MSRs, and nested_size bytes of a
 * hypervisor's state, 0 if the guest is none.
 */
struct head {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	uint64_t tsc_offset;
	uint32_t features[CPU_FEATURE_WORDS];
	uint32_t has_tsc_offset;
	uint32_t mp_state;
	uint32_t has_mp_state;
	uint32_t has_xsave;
	uint32_t msr_count;
	uint64_t xsave_size;
	uint64_t nested_size;
};

uint32_t state_architecture(void)
{
	return EM_X86_64;
}

size_t vcpu_state_size(const struct vcpu_state *state)
{
	return sizeof(struct head) + state->xsave_size +
	       state->msrs->nmsrs * sizeof(state->msrs->entries[0]) +
	       (state->nested ? state->nested->size : 0);
}

void vcpu_state_save(const struct vcpu_state *state, void *bytes)
{
	struct head head = {
		.regs = state->regs,
		.sregs = state->sregs,
		.events = state->events,
		.debugregs = state->debugregs,
		.xcrs = state->xcrs,
		.lapic = state->lapic,
		.tsc_offset = state->tsc_offset,
		.has_tsc_offset = state->has_tsc_offset,
		.mp_state = state->mp_state.mp_state,
		.has_mp_state = state->has_mp_state,
		.has_xsave = state->has_xsave,
		.msr_count = state->msrs->nmsrs,
		.xsave_size = state->xsave_size,
		.nested_size = state->nested ? state->nested->size : 0,
	};
	size_t msrs_size = head.msr_count * sizeof(state->msrs->entries[0]);
	uint8_t *to = bytes;

	memcpy(head.features, state->features, sizeof(head.features));
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), state->xsave, state->xsave_size);
	memcpy(to + sizeof(head) + state->xsave_size, state->msrs->entries, msrs_size);
	if (state->nested)
		memcpy(to + sizeof(head) + state->xsave_size + msrs_size, state->nested,
		       head.nested_size);
}

int vcpu_state_load(struct vcpu_state **result, const void *bytes, size_t size, struct error *error)
{
	const uint8_t *from = bytes, *nested;
	struct vcpu_state *state;
	struct head head;

	if (size < sizeof(head))
		return error_set(error, EBADMSG, "%zu bytes are too few for a CPU's state", size);
	memcpy(&head, from, sizeof(head));
	if (head.xsave_size < sizeof(struct kvm_xsave) || head.xsave_size > XSAVE_SIZE_MAX ||
	    head.msr_count > MSRS_MAX || head.nested_size > size ||
	    size != sizeof(head) + head.xsave_size + head.msr_count * sizeof(struct kvm_msr_entry) +
			    head.nested_size)
		return error_set(error, EBADMSG,
				 "a CPU's state of %zu bytes with %llu of extended state and %u "
				 "MSRs: the sizes don't match",
				 size, (unsigned long long)head.xsave_size, head.msr_count);
	from += sizeof(head);
	nested = from + size - sizeof(head) - head.nested_size;
	if (head.nested_size && !nested_state_is_valid(nested, head.nested_size))
		return error_set(error, EBADMSG,
				 "a CPU's state whose %llu bytes of a hypervisor's are none",
				 (unsigned long long)head.nested_size);
	state = vcpu_state_allocate(head.xsave_size, head.msr_count, error);
	if (!state)
		return -ENOMEM;
	state->nested = head.nested_size ? malloc(head.nested_size) : NULL;
	if (head.nested_size && !state->nested) {
		vcpu_state_destroy(state);
		return error_set(error, ENOMEM, "no memory for the state of a nested guest");
	}
	state->regs = head.regs;
	state->sregs = head.sregs;
	state->events = head.events;
	state->debugregs = head.debugregs;
	state->xcrs = head.xcrs;
	state->lapic = head.lapic;
	state->mp_state.mp_state = head.mp_state;
	state->has_mp_state = head.has_mp_state;
	state->has_xsave = head.has_xsave;
	state->has_tsc_offset = head.has_tsc_offset;
	state->tsc_offset = head.tsc_offset;
	memcpy(state->features, head.features, sizeof(state->features));
	memcpy(state->xsave, from, head.xsave_size);
	memcpy(state->msrs->entries, from + head.xsave_size,
	       head.msr_count * sizeof(state->msrs->entries[0]));
	if (state->nested)
		memcpy(state->nested, nested, head.nested_size);
	*result = state;
	return 0;
}

int vcpu_state_fits(const struct vcpu_state *state, const struct vcpu *vcpu, struct error *error)
{
	if (state->xsave_size != vcpu->vm->kvm->own->xsave_size ||
	    state->has_xsave != vcpu_cpuid_has(vcpu, 1, CPUID_ECX, 26))
		return error_set(error, EINVAL, "has another extended state than this KVM's");
	if (state->nested && !nested_state_fits(state->nested, vcpu))
		return error_set(error, EINVAL, "is in %s, which this KVM does not offer",
				 nested_state_name(state->nested));
	return cpu_features_match(state->features, vcpu, error);
}

size_t vm_state_size(unsigned int cpus, bool irqchip)
{
	(void)cpus;
	(void)irqchip;
	return sizeof(struct vm_state);
}

void vm_state_save(const struct vm_state *state, void *bytes)
{
	memcpy(bytes, state, sizeof(*state));
}

int vm_state_load(struct vm_state **result, const void *bytes, size_t size, struct error *error)
{
	struct vm_state *state;

	if (size != sizeof(*state))
		return error_set(error, EBADMSG, "%zu bytes of interrupt controllers, not %zu",
				 size, sizeof(*state));
	state = malloc(sizeof(*state));
	if (!state)
		return error_set(error, ENOMEM, "no memory for a VM's state");
	memcpy(state, bytes, sizeof(*state));
	*result = state;
	return 0;
}

/* A register of up to 64 bits in a structure. */
struct field {
	const char *name;
	size_t offset, size;
};

#define FIELD(type, member, name)                                                       \
	{                                                                               \
		name, offsetof(struct type, member), sizeof(((struct type *)0)->member) \
	}

static const struct field general[] = {
	FIELD(kvm_regs, rax, "RAX"), FIELD(kvm_regs, rbx, "RBX"), FIELD(kvm_regs, rcx, "RCX"),
	FIELD(kvm_regs, rdx, "RDX"), FIELD(kvm_regs, rsi, "RSI"), FIELD(kvm_regs, rdi, "RDI"),
	FIELD(kvm_regs, rsp, "RSP"), FIELD(kvm_regs, rbp, "RBP"), FIELD(kvm_regs, r8, "R8"),
	FIELD(kvm_regs, r9, "R9"),   FIELD(kvm_regs, r10, "R10"), FIELD(kvm_regs, r11, "R11"),
	FIELD(kvm_regs, r12, "R12"), FIELD(kvm_regs, r13, "R13"), FIELD(kvm_regs, r14, "R14"),
	FIELD(kvm_regs, r15, "R15"), FIELD(kvm_regs, rip, "RIP"), FIELD(kvm_regs, rflags, "RFLAGS"),
};

static const struct field control[] = {
	FIELD(kvm_sregs, cr0, "CR0"),
	FIELD(kvm_sregs, cr2, "CR2"),
	FIELD(kvm_sregs, cr3, "CR3"),
	FIELD(kvm_sregs, cr4, "CR4"),
	FIELD(kvm_sregs, cr8, "CR8"),
	FIELD(kvm_sregs, efer, "EFER"),
	FIELD(kvm_sregs, gdt.base, "GDTR base"),
	FIELD(kvm_sregs, gdt.limit, "GDTR limit"),
	FIELD(kvm_sregs, idt.base, "IDTR base"),
	FIELD(kvm_sregs, idt.limit, "IDTR limit"),
	FIELD(kvm_sregs, apic_base, "IA32_APIC_BASE"),
};

static const struct field debug[] = {
	FIELD(kvm_debugregs, db[0], "DR0"), FIELD(kvm_debugregs, db[1], "DR1"),
	FIELD(kvm_debugregs, db[2], "DR2"), FIELD(kvm_debugregs, db[3], "DR3"),
	FIELD(kvm_debugregs, dr6, "DR6"),   FIELD(kvm_debugregs, dr7, "DR7"),
};

static const struct {
	const char *name;
	size_t offset;
} segments[] = {
	{ "CS", offsetof(struct kvm_sregs, cs) }, { "DS", offsetof(struct kvm_sregs, ds) },
	{ "ES", offsetof(struct kvm_sregs, es) }, { "FS", offsetof(struct kvm_sregs, fs) },
	{ "GS", offsetof(struct kvm_sregs, gs) }, { "SS", offsetof(struct kvm_sregs, ss) },
	{ "TR", offsetof(struct kvm_sregs, tr) }, { "LDTR", offsetof(struct kvm_sregs, ldt) },
};

static uint64_t value_of(const void *structure, const struct field *field)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)structure + field->offset, field->size);
	return value;
}

static void compare_fields(const struct field *fields, size_t count, const void *a, const void *b,
			   struct state_differences *to)
{
	size_t i;

	for (i = 0; i < count; i++) {
		uint64_t left = value_of(a, &fields[i]), right = value_of(b, &fields[i]);

		if (left != right)
			state_difference(to, "%s %#llx -> %#llx", fields[i].name,
					 (unsigned long long)left, (unsigned long long)right);
	}
}

#define COMPARE_FIELDS(fields, a, b, to) \
	compare_fields(fields, sizeof(fields) / sizeof((fields)[0]), a, b, to)

static void compare_segments(const struct kvm_sregs *a, const struct kvm_sregs *b,
			     struct state_differences *to)
{
	size_t i;

	for (i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		const struct kvm_segment *left =
			(const void *)((const uint8_t *)a + segments[i].offset);
		const struct kvm_segment *right =
			(const void *)((const uint8_t *)b + segments[i].offset);

		if (memcmp(left, right, sizeof(*left)) != 0)
			state_difference(
				to, "%s %#x at %#llx, limit %#x -> %#x at %#llx, limit %#x%s",
				segments[i].name, left->selector, (unsigned long long)left->base,
				left->limit, right->selector, (unsigned long long)right->base,
				right->limit,
				left->selector == right->selector && left->base == right->base &&
						left->limit == right->limit ?
					", attributes" :
					"");
	}
}

static bool find_msr(const struct kvm_msrs *msrs, uint32_t index, uint64_t *value)
{
	uint32_t i;

	for (i = 0; i < msrs->nmsrs; i++) {
		if (msrs->entries[i].index != index)
			continue;
		*value = msrs->entries[i].data;
		return true;
	}
	return false;
}

static void compare_msrs(const struct kvm_msrs *a, const struct kvm_msrs *b,
			 struct state_differences *to)
{
	uint64_t value;
	uint32_t i;

	for (i = 0; i < a->nmsrs; i++) {
		const struct kvm_msr_entry *left = &a->entries[i];

		if (!find_msr(b, left->index, &value))
			state_difference(to, "MSR %#x %#llx -> not there", left->index,
					 (unsigned long long)left->data);
		else if (value != left->data)
			state_difference(to, "MSR %#x %#llx -> %#llx", left->index,
					 (unsigned long long)left->data, (unsigned long long)value);
	}
	for (i = 0; i < b->nmsrs; i++)
		if (!find_msr(a, b->entries[i].index, &value))
			state_difference(to, "MSR %#x not there -> %#llx", b->entries[i].index,
					 (unsigned long long)b->entries[i].data);
}

/* The local APIC's registers are 16 bytes apart: SDM vol. 3A, 10.4.1. */
static void compare_lapic(const struct kvm_lapic_state *a, const struct kvm_lapic_state *b,
			  struct state_differences *to)
{
	uint32_t left, right;
	size_t at;

	for (at = 0; at < sizeof(a->regs); at += 16) {
		memcpy(&left, &a->regs[at], sizeof(left));
		memcpy(&right, &b->regs[at], sizeof(right));
		if (left != right)
			state_difference(to, "local APIC register %#zx: %#x -> %#x", at, left,
					 right);
	}
}

/* XMM registers by their names (SDM vol. 1, 13.4.1), the rest by its place. */
#define XMM_OFFSET 160
#define XMM_COUNT  16
#define XMM_SIZE   16

static void compare_extended(const struct vcpu_state *a, const struct vcpu_state *b,
			     struct state_differences *to)
{
	const uint8_t *left = (const uint8_t *)a->xsave, *right = (const uint8_t *)b->xsave;
	size_t end = XMM_OFFSET + XMM_COUNT * XMM_SIZE, i;
	char name[8];

	if (a->xsave_size != b->xsave_size) {
		state_difference(to, "extended state of %zu bytes -> %zu bytes", a->xsave_size,
				 b->xsave_size);
		return;
	}
	state_compare_bytes("x87 state", left, right, XMM_OFFSET, to);
	for (i = 0; i < XMM_COUNT; i++) {
		snprintf(name, sizeof(name), "XMM%zu", i);
		state_compare_bytes(name, left + XMM_OFFSET + i * XMM_SIZE,
				    right + XMM_OFFSET + i * XMM_SIZE, XMM_SIZE, to);
	}
	state_compare_bytes("extended state beyond SSE", left + end, right + end,
			    a->xsave_size - end, to);
}

static void compare_nested(const struct kvm_nested_state *a, const struct kvm_nested_state *b,
			   struct state_differences *to)
{
	if (!a != !b)
		state_difference(to, "%s -> %s", a ? nested_state_name(a) : "no hypervisor",
				 b ? nested_state_name(b) : "no hypervisor");
	else if (a && (a->size != b->size || strcmp(nested_state_name(a), nested_state_name(b))))
		state_difference(to, "%s -> %s", nested_state_name(a), nested_state_name(b));
	else if (a)
		state_compare_bytes("the hypervisor's state", a, b, a->size, to);
}

void vcpu_state_compare(const struct vcpu_state *a, const struct vcpu_state *b,
			struct state_differences *to)
{
	COMPARE_FIELDS(general, &a->regs, &b->regs, to);
	COMPARE_FIELDS(control, &a->sregs, &b->sregs, to);
	compare_segments(&a->sregs, &b->sregs, to);
	state_compare_bytes("pending interrupts", a->sregs.interrupt_bitmap,
			    b->sregs.interrupt_bitmap, sizeof(a->sregs.interrupt_bitmap), to);
	state_compare_bytes("pending events", &a->events, &b->events, sizeof(a->events), to);
	COMPARE_FIELDS(debug, &a->debugregs, &b->debugregs, to);
	state_compare_bytes("XCRs", &a->xcrs, &b->xcrs, sizeof(a->xcrs), to);
	if (a->mp_state.mp_state != b->mp_state.mp_state)
		state_difference(to, "run state %u -> %u", a->mp_state.mp_state,
				 b->mp_state.mp_state);
	compare_lapic(&a->lapic, &b->lapic, to);
	compare_msrs(a->msrs, b->msrs, to);
	compare_extended(a, b, to);
	compare_nested(a->nested, b->nested, to);
}

void vm_state_compare(const struct vm_state *a, const struct vm_state *b,
		      struct state_differences *to)
{
	static const char *const names[VM_STATE_CHIPS] = { "first PIC", "second PIC", "IOAPIC" };
	size_t i;

	for (i = 0; i < VM_STATE_CHIPS; i++)
		state_compare_bytes(names[i], &a->chips[i].chip, &b->chips[i].chip,
				    sizeof(a->chips[i].chip), to);
	state_compare_bytes("PIT", &a->pit, &b->pit, sizeof(a->pit), to);
}
