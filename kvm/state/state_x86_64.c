/* SPDX-License-Identifier: MIT */
/*
 * The whole state of an x86 vCPU but its memory: general, segment and control registers, MSRs,
 * XCR0 and the extended state, debug registers, pending events, the run state, and the local APIC
 * where KVM has one. Making a snapshot costs tens of ioctls once; putting it back touches what can have changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/x86/msr.h>
#include "kvm/kvm_x86_64.h"
#include "kvm/state/local_apic_x86_64.h"
#include "kvm/state/msrs_x86_64.h"
#include "kvm/state/nested_state_x86_64.h"
#include "kvm/state/pending_debug_x86_64.h"
#include "kvm/state/state_x86_64.h"
#include "kvm/vcpu/vcpu_x86_64.h"

/* IA32_TSC_ADJUST counts what the guest changed of its clock (SDM vol. 3B, 17.17.3). */

/* The local APIC's timer counts down: SDM vol. 3A, 10.4.1, table 10-1. */
#define APIC_CURRENT_COUNT 0x390

/* Its processor priority follows from others, and KVM works it out when it is next needed. */
#define APIC_PPR 0xa0

/* In the XSAVE area's 32-bit words: SDM vol. 1, 13.4.2. Its bits for the x87 and SSE. */
#define XSTATE_BV     (512 / 4)
#define XSTATE_LEGACY 3u

/* MSRs in KVM's list that are clocks: they go on, and are put back by their offset, if at all. */
static bool is_clock(uint32_t index)
{
	return index == 0x10 /* IA32_TIME_STAMP_COUNTER */ ||
	       index == 0x40000010 /* HV_X64_MSR_VP_RUNTIME */ ||
	       index == 0x40000020 /* HV_X64_MSR_TIME_REF_COUNT */;
}

/*
 * MSRs that a test can write and KVM keeps, but does not list: DEBUGCTL, the memory types (SDM
 * vol. 3A, 11.11.2) and the machine-check banks' addresses and more (SDM vol. 3B, 15.3.2). They
 * are put back where KVM has them.
 */
static const struct {
	uint32_t first, count;
} unlisted[] = {
	{ 0x1d9, 1 }, { 0x200, 16 }, { 0x250, 1 },   { 0x258, 2 },
	{ 0x268, 8 }, { 0x2ff, 1 },  { 0x400, 128 },
};

static size_t count_unlisted(void)
{
	size_t count = 0, i;

	for (i = 0; i < sizeof(unlisted) / sizeof(unlisted[0]); i++)
		count += unlisted[i].count;
	return count;
}

static bool is_listed(const struct kvm_msr_list *list, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < list->nmsrs; i++)
		if (list->indices[i] == index)
			return true;
	return false;
}

static void add_msr(struct kvm_msrs *msrs, uint32_t index)
{
	msrs->entries[msrs->nmsrs++] = (struct kvm_msr_entry){ .index = index };
}

/* Have KVM read all of them, or write them as they are, and drop those that it refuses. */
static int keep_those_it_takes(struct kvm_msrs *msrs, const struct vcpu *vcpu, bool write,
			       struct error *error)
{
	uint32_t at = 0;

	for (;;) {
		struct kvm_msr_entry *rest = &msrs->entries[at];
		int done = write ? msrs_write(vcpu, rest, msrs->nmsrs - at, error) :
				   msrs_read(vcpu, rest, msrs->nmsrs - at, error);

		if (done < 0)
			return done;
		at += (uint32_t)done;
		if (at == msrs->nmsrs)
			return 0;
		msrs->nmsrs--;
		memmove(&msrs->entries[at], &msrs->entries[at + 1],
			(msrs->nmsrs - at) * sizeof(msrs->entries[0]));
	}
}

/*
 * KVM lists MSRs that it then can't read, or not write back, on this CPU: keep those that it can
 * read and set to what they are.
 */
static int choose_msrs(struct vcpu_state *state, const struct vcpu *vcpu, struct error *error)
{
	const struct kvm_msr_list *list = vcpu->vm->kvm->own->msrs;
	uint32_t i, j;
	int err;

	state->msrs->nmsrs = 0;
	for (i = 0; i < list->nmsrs; i++)
		if (!is_clock(list->indices[i]))
			add_msr(state->msrs, list->indices[i]);
	for (i = 0; i < sizeof(unlisted) / sizeof(unlisted[0]); i++)
		for (j = 0; j < unlisted[i].count; j++)
			if (!is_listed(list, unlisted[i].first + j))
				add_msr(state->msrs, unlisted[i].first + j);
	err = keep_those_it_takes(state->msrs, vcpu, false, error);
	return err ? err : keep_those_it_takes(state->msrs, vcpu, true, error);
}

static struct kvm_msrs *allocate_msrs(size_t count)
{
	struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) + count * sizeof(msrs->entries[0]));

	if (msrs)
		msrs->nmsrs = (uint32_t)count;
	return msrs;
}

struct vcpu_state *vcpu_state_allocate(size_t xsave_size, size_t msr_count, struct error *error)
{
	struct vcpu_state *state = calloc(1, sizeof(*state));

	if (state) {
		state->xsave_size = xsave_size;
		state->xsave = calloc(1, xsave_size);
		state->msrs = allocate_msrs(msr_count);
		state->msrs_now = allocate_msrs(msr_count);
	}
	if (state && state->xsave && state->msrs && state->msrs_now)
		return state;
	vcpu_state_destroy(state);
	error_set(error, ENOMEM, "no memory for a vCPU's state");
	return NULL;
}

static struct vcpu_state *allocate(struct vcpu *vcpu, struct error *error)
{
	return vcpu_state_allocate(vcpu->vm->kvm->own->xsave_size,
				   vcpu->vm->kvm->own->msrs->nmsrs + count_unlisted(), error);
}

/* Documentation/virt/kvm/devices/vcpu.rst, KVM_VCPU_TSC_CTRL; Linux 5.16 and later. */
static int tsc_offset(struct vcpu *vcpu, unsigned long request, uint64_t *offset)
{
	struct kvm_device_attr attribute = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};

	return ioctl(vcpu->fd, request, &attribute);
}

/* Everything, the MSRs by the list that is in state->msrs. */
static int read_state(struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	bool large = vcpu->vm->kvm->own->xsave_size > sizeof(struct kvm_xsave);
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_REGS, &state->regs, error);

	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_GET_SREGS, &state->sregs, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_GET_VCPU_EVENTS, &state->events, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_GET_DEBUGREGS, &state->debugregs, error);
	if (err >= 0 && vcpu->vm->kvm->own->has_xcrs)
		err = KVM_IOCTL(vcpu->fd, KVM_GET_XCRS, &state->xcrs, error);
	if (err >= 0)
		err = large ? KVM_IOCTL(vcpu->fd, KVM_GET_XSAVE2, state->xsave, error) :
			      KVM_IOCTL(vcpu->fd, KVM_GET_XSAVE, state->xsave, error);
	if (err >= 0 && vcpu->vm->irqchip)
		err = KVM_IOCTL(vcpu->fd, KVM_GET_LAPIC, &state->lapic, error);
	if (err < 0)
		return err;
	err = nested_state_take(&state->nested, vcpu, error);
	if (err < 0)
		return err;
	state->has_xsave = vcpu_cpuid_has(vcpu, 1, CPUID_ECX, 26);
	cpu_features_read(state->features, vcpu);
	state->has_mp_state = ioctl(vcpu->fd, KVM_GET_MP_STATE, &state->mp_state) == 0;
	state->has_tsc_offset = tsc_offset(vcpu, KVM_GET_DEVICE_ATTR, &state->tsc_offset) == 0;
	err = msrs_read(vcpu, state->msrs->entries, state->msrs->nmsrs, error);
	if (err < 0)
		return err;
	if ((uint32_t)err < state->msrs->nmsrs)
		return error_set(error, EIO, "KVM does not give MSR %#x, which it gave before",
				 state->msrs->entries[err].index);
	return 0;
}

int vcpu_state_create(struct vcpu_state **result, struct vcpu *vcpu, struct error *error)
{
	struct vcpu_state *state = allocate(vcpu, error);
	int err;

	if (!state)
		return -ENOMEM;
	err = choose_msrs(state, vcpu, error);
	if (!err)
		err = read_state(state, vcpu, error);
	/* Linux takes MXCSR from the area only where SSE is called in use. */
	state->xsave->region[XSTATE_BV] |= XSTATE_LEGACY;
	if (err) {
		vcpu_state_destroy(state);
		return err;
	}
	*result = state;
	return 0;
}

void vcpu_state_destroy(struct vcpu_state *state)
{
	if (!state)
		return;
	free(state->xsave);
	free(state->msrs);
	free(state->msrs_now);
	free(state->nested);
	free(state);
}

/* Reading is cheaper than writing, and most tests leave all of these as they were. */
static int restore_msrs(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	uint32_t count = state->msrs->nmsrs, i;
	int got, done;

	memcpy(state->msrs_now, state->msrs,
	       sizeof(*state->msrs) + count * sizeof(state->msrs->entries[0]));
	got = msrs_read(vcpu, state->msrs_now->entries, count, error);
	if (got < 0)
		return got;
	for (i = 0; i < count; i++) {
		const struct kvm_msr_entry *entry = &state->msrs->entries[i];

		if ((int)i < got && state->msrs_now->entries[i].data == entry->data)
			continue;
		/* The test set its clock; KVM takes the offset back, not the adjustment. */
		if (entry->index == R0_MSR_TSC_ADJUST && state->has_tsc_offset) {
			uint64_t offset = state->tsc_offset;

			tsc_offset(vcpu, KVM_SET_DEVICE_ATTR, &offset);
		}
		done = msrs_write(vcpu, entry, 1, error);
		if (done < 0)
			return done;
		if (!done)
			return error_set(error, EIO, "KVM does not put MSR %#x back to %#llx",
					 entry->index, entry->data);
	}
	return 0;
}

static int restore_debugregs(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	struct kvm_debugregs debugregs = state->debugregs;

	return KVM_IOCTL(vcpu->fd, KVM_SET_DEBUGREGS, &debugregs, error);
}

static int restore_extended(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	struct kvm_xcrs xcrs = state->xcrs;
	int err = 0;

	if (state->has_xsave)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_XCRS, &xcrs, error);
	/* KVM_SET_XSAVE takes the larger area of KVM_GET_XSAVE2 as well. */
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_XSAVE, state->xsave, error);
	return err;
}

/*
 * Without an interrupt controller in KVM, a vCPU that left by I/O was running, and still is. With one,
 * an INIT may have come since.
 */
static int restore_mp_state(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	struct kvm_mp_state mp_state = state->mp_state;

	if (!state->has_mp_state)
		return 0;
	if (!vcpu->vm->irqchip && vcpu->run->exit_reason == KVM_EXIT_IO)
		return 0;
	return KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &mp_state, error);
}

/* With `same`, the local APIC and the run state are as they were. */
static int restore_rest(const struct vcpu_state *state, struct vcpu *vcpu, bool same,
			struct error *error)
{
	struct kvm_sync_regs *sync = &vcpu->run->s.regs;
	int err = 0;

	sync->regs = state->regs;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	if (memcmp(&sync->sregs, &state->sregs, sizeof(state->sregs)) != 0) {
		sync->sregs = state->sregs;
		vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
	}
	/* Without an interrupt controller in KVM, this one is what counts (api.rst, "cr8 (in)"). */
	vcpu->run->cr8 = state->sregs.cr8;
	/* With an interrupt controller, an NMI may have come since the vCPU ran. */
	if (vcpu->vm->irqchip ||
	    memcmp(&sync->events, &state->events, sizeof(state->events)) != 0) {
		sync->events = state->events;
		vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
	}
	if (!same)
		err = restore_mp_state(state, vcpu, error);
	if (!same && err >= 0)
		err = local_apic_drop_kick(state, vcpu, error);
	if (err >= 0)
		err = restore_debugregs(state, vcpu, error);
	if (err >= 0)
		err = restore_extended(state, vcpu, error);
	if (err >= 0)
		err = restore_msrs(state, vcpu, error);
	return err < 0 ? err : 0;
}

/*
 * NMIs and SMIs that other CPUs have sent since the last exit are queued, and would be pending after what is set here:
 * reading the events has them be pending now.
 */
static int take_queued(const struct vcpu *vcpu, struct error *error)
{
	struct kvm_vcpu_events events;

	return vcpu->vm->irqchip ? KVM_IOCTL(vcpu->fd, KVM_GET_VCPU_EVENTS, &events, error) : 0;
}

int vcpu_state_restore(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	int err = take_queued(vcpu, error);

	if (err >= 0 && vcpu->vm->irqchip)
		err = local_apic_restore(state, vcpu, error);
	return err < 0 ? err : restore_rest(state, vcpu, false, error);
}

int vcpu_state_restore_changes(const struct vcpu_state *state, struct vcpu *vcpu,
			       struct error *error)
{
	int same = vcpu->vm->irqchip ? local_apic_is_the_same(state, vcpu, error) : 0, err;

	if (same <= 0)
		return same < 0 ? same : vcpu_state_restore(state, vcpu, error);
	err = take_queued(vcpu, error);
	return err < 0 ? err : restore_rest(state, vcpu, true, error);
}

int vcpu_state_holds(const struct vcpu_state *state, const struct vcpu *vcpu, struct error *error)
{
	struct kvm_vcpu_events events;
	int same = vcpu->vm->irqchip ? local_apic_is_the_same(state, vcpu, error) : 0, err;

	if (same <= 0)
		return same;
	err = KVM_IOCTL(vcpu->fd, KVM_GET_VCPU_EVENTS, &events, error);
	return err < 0 ? err : memcmp(&events, &state->events, sizeof(events)) == 0;
}

void vcpu_state_shift_tsc(struct vcpu_state *state, uint64_t shift)
{
	state->tsc_offset += shift;
}

int vcpu_state_restore_lightly(const struct vcpu_state *state, struct vcpu *vcpu,
			       struct error *error)
{
	struct kvm_sync_regs *sync = &vcpu->run->s.regs;

	if (vcpu->vm->irqchip || vcpu->run->exit_reason != KVM_EXIT_IO ||
	    memcmp(&sync->sregs, &state->sregs, sizeof(state->sregs)) != 0 ||
	    memcmp(&sync->events, &state->events, sizeof(state->events)) != 0)
		return vcpu_state_restore_changes(state, vcpu, error);
	sync->regs = state->regs;
	vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	vcpu->run->cr8 = state->sregs.cr8;
	return 0;
}

int vcpu_state_restore_tsc(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	uint64_t offset = state->tsc_offset;

	if (!state->has_tsc_offset || tsc_offset(vcpu, KVM_SET_DEVICE_ATTR, &offset) == 0)
		return 0;
	return error_set(error, errno, "setting a vCPU's TSC offset failed: %s", strerror(errno));
}

int vcpu_state_clear(struct vcpu *vcpu, bool watched, struct error *error)
{
	int err = nested_state_leave(vcpu, error);

	if (err)
		return err;
	if (pending_debug_is_possible(vcpu) || (watched && vcpu->vm->kvm->own->is_vmx))
		return pending_debug_drop(vcpu, error);
	return 0;
}

int vcpu_state_restore_nested(const struct vcpu_state *state, struct vcpu *vcpu,
			      struct error *error)
{
	struct kvm_vcpu_events events = state->events;
	struct kvm_regs regs = state->regs;
	int err;

	if (!state->nested)
		return 0;
	err = nested_state_set(state->nested, vcpu, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_REGS, &regs, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_VCPU_EVENTS, &events, error);
	return err < 0 ? err : 0;
}

/* One part of the state, compared as bytes. */
static bool part_differs(const void *now, const void *pristine, size_t part, const char *name,
			 char *what, size_t size)
{
	const uint8_t *a = now, *b = pristine;
	size_t at = 0;

	while (at < part && a[at] == b[at])
		at++;
	if (at == part)
		return false;
	snprintf(what, size, "the vCPU's %s differ at byte %zu: %#x, it was %#x", name, at, a[at],
		 b[at]);
	return true;
}

static bool msrs_differ(const struct vcpu_state *now, const struct vcpu_state *pristine, char *what,
			size_t size)
{
	uint32_t i;

	for (i = 0; i < pristine->msrs->nmsrs && i < now->msrs->nmsrs; i++) {
		const struct kvm_msr_entry *a = &now->msrs->entries[i];
		const struct kvm_msr_entry *b = &pristine->msrs->entries[i];

		if (a->index == b->index && a->data == b->data)
			continue;
		snprintf(what, size, "MSR %#x is %#llx, it was %#llx", b->index, a->data, b->data);
		return true;
	}
	return false;
}

static bool nested_differs(const struct vcpu_state *now, const struct vcpu_state *pristine,
			   char *what, size_t size)
{
	if (!now->nested == !pristine->nested)
		return false;
	snprintf(what, size, "the vCPU is%s in %s", now->nested ? "" : " no longer",
		 nested_state_name(now->nested ? now->nested : pristine->nested));
	return true;
}

int vcpu_state_differs(const struct vcpu_state *state, struct vcpu *vcpu, char *what, size_t size,
		       struct error *error)
{
	struct vcpu_state *now = allocate(vcpu, error);
	bool differs;
	int err;

	if (!now)
		return -ENOMEM;
	/* What goes in with the next KVM_RUN has to be in first. */
	vcpu_complete(vcpu);
	memcpy(now->msrs, state->msrs,
	       sizeof(*now->msrs) + state->msrs->nmsrs * sizeof(now->msrs->entries[0]));
	err = read_state(now, vcpu, error);
	if (err) {
		vcpu_state_destroy(now);
		return err;
	}
	/* What is in its initial form may or may not be called in use; contents tell in either case. */
	memcpy(&now->xsave->region[XSTATE_BV], &state->xsave->region[XSTATE_BV], sizeof(uint64_t));
	memcpy(&now->lapic.regs[APIC_CURRENT_COUNT], &state->lapic.regs[APIC_CURRENT_COUNT],
	       sizeof(uint32_t));
	memcpy(&now->lapic.regs[APIC_PPR], &state->lapic.regs[APIC_PPR], sizeof(uint32_t));
#define DIFFERS(member, name) \
	part_differs(&now->member, &state->member, sizeof(state->member), name, what, size)
	differs = DIFFERS(regs, "general registers") || DIFFERS(sregs, "system registers") ||
		  DIFFERS(events, "pending events") || DIFFERS(debugregs, "debug registers") ||
		  DIFFERS(xcrs, "XCRs") || DIFFERS(mp_state, "run state") ||
		  DIFFERS(lapic, "local APIC's registers") || DIFFERS(tsc_offset, "TSC offset") ||
		  part_differs(now->xsave, state->xsave, vcpu->vm->kvm->own->xsave_size,
			       "extended state", what, size) ||
		  msrs_differ(now, state, what, size) || nested_differs(now, state, what, size);
#undef DIFFERS
	vcpu_state_destroy(now);
	return differs;
}
