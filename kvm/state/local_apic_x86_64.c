/* SPDX-License-Identifier: MIT */
/* A local APIC put back, or found to be as it was. SDM vol. 3A, chapter 10. */
#include "kvm/state/local_apic_x86_64.h"
#include <string.h>
#include <ring0/x86/apic.h>

/*
 * An INIT that is pending resets registers when it is taken: reading the run state has that done before
 * they are put back, all of them, as KVM does not tell. The system registers go in first: with
 * IA32_APIC_BASE, which decides what the local APIC's registers mean, and with CR8, which is only the upper
 * half of its TPR. The local APIC goes in before the MSRs: IA32_TSC_DEADLINE is heard only in the timer mode
 * that it sets (SDM vol. 3A, 10.5.4.1).
 */
int local_apic_restore(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	struct kvm_sync_regs *sync = &vcpu->run->s.regs;
	struct kvm_sregs sregs = state->sregs;
	struct kvm_lapic_state lapic = state->lapic;
	int err;

	ioctl(vcpu->fd, KVM_GET_MP_STATE, &(struct kvm_mp_state){ 0 });
	err = KVM_IOCTL(vcpu->fd, KVM_SET_SREGS, &sregs, error);
	sync->sregs = sregs;
	/* Twice: Linux 6.1's KVM makes PPR from what was in service before, and only then forgets that. */
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_LAPIC, &lapic, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_LAPIC, &lapic, error);
	return err;
}

/*
 * An interrupt command of the delivery mode 3, which is reserved, is KVM's way for a guest to end another
 * vCPU's HLT (Documentation/virt/kvm/x86/hypercalls.rst, KVM_HC_KICK_CPU): KVM remembers it until the vCPU
 * has halted and gone on.
 */
int local_apic_drop_kick(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	struct kvm_mp_state mp_state = state->mp_state;
	int err;

	if (!vcpu->vm->irqchip || !state->has_mp_state ||
	    state->mp_state.mp_state != KVM_MP_STATE_HALTED)
		return 0;
	err = KVM_IOCTL(vcpu->fd, KVM_GET_MP_STATE, &mp_state, error);
	if (err < 0 || mp_state.mp_state == KVM_MP_STATE_HALTED)
		return err;
	vcpu_settle(vcpu, NULL);
	mp_state = state->mp_state;
	return KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &mp_state, error);
}

/* Disabled by SVR, as INIT leaves it (SDM vol. 3A, 10.4.7.3). */
static bool is_enabled(const struct kvm_lapic_state *lapic)
{
	uint32_t svr;

	memcpy(&svr, lapic->regs + R0_APIC_SVR, sizeof(svr));
	return svr & R0_APIC_SVR_ENABLE;
}

/*
 * An INIT shows in the run state of all CPUs but the first, and in a local APIC that was enabled. It is read
 * after that: reading the run state has an INIT or a start-up IPI that is pending be taken. What the timer
 * has done unseen is forgotten with the write that its registers need to be as they were.
 */
int local_apic_is_the_same(const struct vcpu_state *state, const struct vcpu *vcpu,
			   struct error *error)
{
	struct kvm_mp_state mp_state;
	struct kvm_lapic_state lapic;
	int err;

	if (!is_enabled(&state->lapic) || !state->has_mp_state ||
	    vcpu->run->s.regs.sregs.apic_base != state->sregs.apic_base)
		return 0;
	err = KVM_IOCTL(vcpu->fd, KVM_GET_MP_STATE, &mp_state, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_GET_LAPIC, &lapic, error);
	if (err < 0)
		return err;
	return mp_state.mp_state == state->mp_state.mp_state &&
	       memcmp(lapic.regs, state->lapic.regs, sizeof(lapic.regs)) == 0;
}
