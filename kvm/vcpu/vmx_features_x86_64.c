/* SPDX-License-Identifier: MIT */
/* SDM vol. 3D, appendix A.3.3: bits 63:32 of IA32_VMX_PROCBASED_CTLS2 are the controls that may be 1. */
#include "kvm/vcpu/vmx_features_x86_64.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define MSR_VMX_PROCBASED_CTLS2 0x48b

/* Secondary controls, bit 22: SDM vol. 3C, table 25-7. */
#define MAY_HAVE_MBEC (1ull << (32 + 22))

/* KVM's list of MSRs, of one. */
struct one_msr {
	uint32_t count, padding;
	struct kvm_msr_entry entry;
};

_Static_assert(sizeof(struct one_msr) == sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry) &&
		       offsetof(struct one_msr, entry) == offsetof(struct kvm_msrs, entries),
	       "as KVM_GET_MSRS has it");

int vmx_features_choose(const struct vcpu *vcpu, enum cpu_model_choice mbec, struct error *error)
{
	struct one_msr controls = { .count = 1, .entry.index = MSR_VMX_PROCBASED_CTLS2 };
	bool has;
	int err;

	if (mbec == CPU_MODEL_AS_SUPPORTED)
		return 0;
	/* What KVM itself supports; 0 where it has no VMX for guests. */
	if (ioctl(vcpu->vm->kvm->fd, KVM_GET_MSRS, &controls) != 1)
		controls.entry.data = 0;
	has = controls.entry.data & MAY_HAVE_MBEC;
	if (mbec == CPU_MODEL_ON && !has)
		return error_set(error, EINVAL, "no CPU feature 'vmx-mbec' here");
	if (mbec == CPU_MODEL_ON || !has)
		return 0;
	controls.entry.data &= ~MAY_HAVE_MBEC;
	err = KVM_IOCTL_VALUE(vcpu->fd, KVM_SET_MSRS, &controls, error);
	if (err < 0)
		return err;
	return err == 1 ? 0 :
			  error_set(error, EINVAL,
				    "this KVM can't be without the CPU feature 'vmx-mbec'");
}
