/* SPDX-License-Identifier: MIT */
/* The state of guests that are hypervisors. */
#include "kvm/state/nested_state_x86_64.h"
#include "kvm/kvm_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* No address, of the VMXON region and of a VMCS: api.rst, KVM_GET_NESTED_STATE. */
#define NO_ADDRESS (~0ull)

/* Far more than any KVM has. */
#define SIZE_MAX_ACCEPTED (1u << 20)

static bool is_vmx(const struct kvm_nested_state *state)
{
	return state->format == KVM_STATE_NESTED_FORMAT_VMX;
}

static bool is_active(const struct kvm_nested_state *state)
{
	if (is_vmx(state))
		return state->hdr.vmx.vmxon_pa != NO_ADDRESS;
	/* EFER.SVME and the host save area's address are with the other registers. */
	return (state->flags & (KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_GIF_SET)) !=
	       KVM_STATE_NESTED_GIF_SET;
}

int nested_state_take(struct kvm_nested_state **result, const struct vcpu *vcpu,
		      struct error *error)
{
	size_t size = vcpu->vm->kvm->own->nested_size;
	struct kvm_nested_state *state;
	int err;

	*result = NULL;
	if (!size)
		return 0;
	state = calloc(1, size);
	if (!state)
		return error_set(error, ENOMEM, "no memory for the state of a nested guest");
	state->size = (uint32_t)size;
	err = KVM_IOCTL(vcpu->fd, KVM_GET_NESTED_STATE, state, error);
	if (err >= 0 && is_active(state)) {
		*result = state;
		return 0;
	}
	free(state);
	return err < 0 ? err : 0;
}

bool nested_state_is_svm(const struct vcpu *vcpu)
{
	struct kvm_nested_state head = { .size = sizeof(head) };
	const struct kvm *kvm = vcpu->vm->kvm;

	if (!kvm->own->nested_size || kvm->own->is_vmx)
		return false;
	/* There is no room for a nested guest: E2BIG. */
	return ioctl(vcpu->fd, KVM_GET_NESTED_STATE, &head) != 0 || is_active(&head);
}

int nested_state_leave(const struct vcpu *vcpu, struct error *error)
{
	struct kvm_nested_state *now, none = { .size = sizeof(none) };
	int err = nested_state_take(&now, vcpu, error);

	if (err || !now)
		return err;
	none.format = now->format;
	if (is_vmx(now))
		none.hdr.vmx.vmxon_pa = none.hdr.vmx.vmcs12_pa = NO_ADDRESS;
	else
		none.flags = KVM_STATE_NESTED_GIF_SET;
	free(now);
	err = KVM_IOCTL(vcpu->fd, KVM_SET_NESTED_STATE, &none, error);
	return err < 0 ? err : 0;
}

int nested_state_set(const struct kvm_nested_state *state, const struct vcpu *vcpu,
		     struct error *error)
{
	int err =
		KVM_IOCTL(vcpu->fd, KVM_SET_NESTED_STATE, (struct kvm_nested_state *)state, error);

	return err < 0 ? err : 0;
}

bool nested_state_fits(const struct kvm_nested_state *state, const struct vcpu *vcpu)
{
	const struct kvm *kvm = vcpu->vm->kvm;

	return state->size <= kvm->own->nested_size && is_vmx(state) == kvm->own->is_vmx;
}

const char *nested_state_name(const struct kvm_nested_state *state)
{
	if (is_vmx(state))
		return state->flags & KVM_STATE_NESTED_GUEST_MODE ? "a nested guest, by VMX" :
								    "VMX operation";
	return state->flags & KVM_STATE_NESTED_GUEST_MODE ? "a nested guest, by SVM" :
							    "SVM, with GIF clear";
}

bool nested_state_is_valid(const void *bytes, size_t size)
{
	struct kvm_nested_state head;

	if (size < sizeof(head) || size > SIZE_MAX_ACCEPTED)
		return false;
	memcpy(&head, bytes, sizeof(head));
	return head.size == size && head.format <= KVM_STATE_NESTED_FORMAT_SVM && is_active(&head);
}
