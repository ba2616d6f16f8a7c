/* SPDX-License-Identifier: MIT */
/* Pending debug exceptions: whether there may be one, and an entry that loses it. */
#include "kvm/state/pending_debug_x86_64.h"
#include "kvm/kvm_x86_64.h"
#include <errno.h>
#include <ring0/fault.h>
#include <ring0/x86/registers.h>

/* The enable bits of all four breakpoints: SDM vol. 3B, 18.2.4. */
#define DR7_ENABLES 0xffu

bool pending_debug_is_possible(const struct vcpu *vcpu)
{
	struct kvm_debugregs debugregs;
	struct kvm_regs regs;

	if (!vcpu->vm->kvm->own->is_vmx)
		return false;
	/* What it was at the last exit counts, but may have been changed since. */
	if (vcpu->run->s.regs.regs.rflags & R0_RFLAGS_TF)
		return true;
	return KVM_IOCTL(vcpu->fd, KVM_GET_REGS, &regs, NULL) < 0 || regs.rflags & R0_RFLAGS_TF ||
	       KVM_IOCTL(vcpu->fd, KVM_GET_DEBUGREGS, &debugregs, NULL) < 0 ||
	       debugregs.dr7 & DR7_ENABLES;
}

static struct kvm_segment flat(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

/* Protected mode without paging, in which every exception is beyond the IDT's limit. */
static void fill_sregs(struct kvm_sregs *sregs)
{
	const uint64_t apic_base = sregs->apic_base;

	*sregs = (struct kvm_sregs){
		.cs = flat(8, 0xb),
		.ds = flat(0x10, 3),
		.tr = { .limit = 0x67, .type = 0xb, .present = 1 },
		.ldt = { .unusable = 1 },
		.cr0 = R0_CR0_PE | R0_CR0_ET | R0_CR0_NE,
		.apic_base = apic_base,
	};
	sregs->es = sregs->fs = sregs->gs = sregs->ss = sregs->ds;
}

/* A vCPU that was told to stop runs all the same. */
static int enter(struct vcpu *vcpu, struct error *error)
{
	uint8_t before = __atomic_exchange_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	int err;

	vcpu->run->kvm_dirty_regs = 0;
	err = KVM_IOCTL_VALUE(vcpu->fd, KVM_RUN, 0, error);
	__atomic_store_n(&vcpu->run->immediate_exit, before, __ATOMIC_SEQ_CST);
	if (err < 0)
		return err;
	if (vcpu->run->exit_reason != KVM_EXIT_SHUTDOWN)
		return error_set(
			error, EIO,
			"a vCPU does not drop a pending debug exception: it left the VM for "
			"reason %u, not by a shutdown",
			vcpu->run->exit_reason);
	return 0;
}

/* SDM vol. 3C, 27.7.3: nothing is pending after an entry that injects a hardware exception. */
int pending_debug_drop(struct vcpu *vcpu, struct error *error)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE }, before;
	struct kvm_vcpu_events events = {
		.exception = { .injected = 1, .nr = R0_UD },
		.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW,
	};
	struct kvm_regs regs = { .rflags = R0_RFLAGS_FIXED };
	struct kvm_sregs sregs;
	int err;

	/* An INIT that is pending is taken by that, instead of by the entry. */
	err = KVM_IOCTL(vcpu->fd, KVM_GET_MP_STATE, &before, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &runnable, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_GET_SREGS, &sregs, error);
	if (err < 0)
		return err;
	fill_sregs(&sregs);
	err = KVM_IOCTL(vcpu->fd, KVM_SET_SREGS, &sregs, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_REGS, &regs, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_VCPU_EVENTS, &events, error);
	return err < 0 ? err : enter(vcpu, error);
}
