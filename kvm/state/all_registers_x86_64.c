/* SPDX-License-Identifier: MIT */
/* All of a vCPU's registers by KVM's ioctls: see all_registers_x86_64.h. */
#include "kvm/state/all_registers_x86_64.h"
#include <errno.h>
#include <string.h>
#include <ring0/x86/msr.h>
#include "kvm/state/msrs_x86_64.h"

static const struct {
	uint32_t index;
	size_t offset;
} msrs[] = {
#define MSR(index, member)                                    \
	{                                                     \
		index, offsetof(struct all_registers, member) \
	}
	MSR(R0_MSR_KERNEL_GS_BASE, kernel_gs_base),
	MSR(R0_MSR_STAR, star),
	MSR(R0_MSR_LSTAR, lstar),
	MSR(R0_MSR_FMASK, fmask),
	MSR(R0_MSR_SYSENTER_CS, sysenter_cs),
	MSR(R0_MSR_SYSENTER_ESP, sysenter_esp),
	MSR(R0_MSR_SYSENTER_EIP, sysenter_eip),
};

#define MSRS (sizeof(msrs) / sizeof(*msrs))

/* One by one: a list ends at the first that KVM does not tell. */
static uint64_t get_msr(const struct vcpu *vcpu, uint32_t index)
{
	struct kvm_msr_entry entry = { .index = index };

	return msrs_read(vcpu, &entry, 1, NULL) == 1 ? entry.data : 0;
}

static uint64_t get_xcr0(int fd)
{
	struct kvm_xcrs xcrs = { 0 };

	if (KVM_IOCTL(fd, KVM_GET_XCRS, &xcrs, NULL) < 0 || !xcrs.nr_xcrs)
		return 0;
	return xcrs.xcrs[0].value;
}

int all_registers_get(const struct vcpu *vcpu, struct all_registers *registers, struct error *error)
{
	const int fd = vcpu->fd;
	size_t i;
	int err = KVM_IOCTL(fd, KVM_GET_REGS, &registers->regs, error);

	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_GET_SREGS, &registers->sregs, error);
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_GET_DEBUGREGS, &registers->debugregs, error);
	if (err >= 0)
		err = KVM_IOCTL(fd, KVM_GET_XSAVE, &registers->xsave, error);
	if (err < 0)
		return err;
	registers->xcr0 = get_xcr0(fd);
	for (i = 0; i < MSRS; i++) {
		const uint64_t value = get_msr(vcpu, msrs[i].index);

		memcpy((uint8_t *)registers + msrs[i].offset, &value, sizeof(value));
	}
	return 0;
}

static int set_msrs(const struct vcpu *vcpu, const struct all_registers *now,
		    const struct all_registers *wanted, struct error *error)
{
	size_t i;

	for (i = 0; i < MSRS; i++) {
		struct kvm_msr_entry entry = { .index = msrs[i].index };
		uint64_t before;

		memcpy(&before, (const uint8_t *)now + msrs[i].offset, sizeof(before));
		memcpy(&entry.data, (const uint8_t *)wanted + msrs[i].offset, sizeof(before));
		if (entry.data != before && msrs_write(vcpu, &entry, 1, error) != 1)
			return error_set(error, EINVAL, "KVM does not take %#llx in MSR %#x",
					 (unsigned long long)entry.data, entry.index);
	}
	return 0;
}

static int set_xcr0(int fd, uint64_t value, struct error *error)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs = { { .value = value } } };

	return KVM_IOCTL(fd, KVM_SET_XCRS, &xcrs, error);
}

int all_registers_set(struct vcpu *vcpu, const struct all_registers *wanted, struct error *error)
{
	struct all_registers now, copy = *wanted;
	struct kvm_sync_regs *sync = &vcpu->run->s.regs;
	int fd = vcpu->fd, err = all_registers_get(vcpu, &now, error);

#define DIFFERS(member) memcmp(&now.member, &copy.member, sizeof(now.member))
	if (err >= 0 && DIFFERS(sregs))
		err = KVM_IOCTL(fd, KVM_SET_SREGS, &copy.sregs, error);
	if (err >= 0 && DIFFERS(regs))
		err = KVM_IOCTL(fd, KVM_SET_REGS, &copy.regs, error);
	if (err >= 0 && DIFFERS(debugregs))
		err = KVM_IOCTL(fd, KVM_SET_DEBUGREGS, &copy.debugregs, error);
	if (err >= 0 && DIFFERS(xsave))
		err = KVM_IOCTL(fd, KVM_SET_XSAVE, &copy.xsave, error);
	if (err >= 0 && DIFFERS(xcr0))
		err = set_xcr0(fd, copy.xcr0, error);
	if (err >= 0)
		err = set_msrs(vcpu, &now, &copy, error);
	/* What was seen at the last exit is not so any more. */
	if (err >= 0 && all_registers_get(vcpu, &now, error) == 0) {
		sync->regs = now.regs;
		sync->sregs = now.sregs;
	}
	return err < 0 ? err : 0;
}
