/* SPDX-License-Identifier: MIT */
/* A vCPU's registers and page tables, by KVM: Documentation/virt/kvm/api.rst, KVM_TRANSLATE. */
#include <errno.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/registers.h>
#include "monitor/translate.h"

static int get_regs(void *context, struct kvm_regs *regs)
{
	struct monitor_cpu *cpu = context;

	return KVM_IOCTL(cpu->vcpu.fd, KVM_GET_REGS, regs, NULL);
}

static int get_sregs(void *context, struct kvm_sregs *sregs)
{
	struct monitor_cpu *cpu = context;

	return KVM_IOCTL(cpu->vcpu.fd, KVM_GET_SREGS, sregs, NULL);
}

const struct registers_ops monitor_registers_ops = {
	.get_regs = get_regs,
	.get_sregs = get_sregs,
};

/*
 * Whether there is such a linear address: of 32 bits without long mode, else canonical, which with LA57
 * takes 57 bits instead of 48 (SDM vol. 1, 3.3.7.1). Those below 4 GiB there are always.
 */
static bool is_linear_address(struct monitor_cpu *cpu, uint64_t address)
{
	struct kvm_sregs sregs;
	int64_t upper;

	if (!(address >> 32))
		return true;
	if (get_sregs(cpu, &sregs) < 0 || !(sregs.efer & R0_EFER_LMA))
		return false;
	upper = (int64_t)address >> (sregs.cr4 & R0_CR4_LA57 ? 56 : 47);
	return upper == 0 || upper == -1;
}

int monitor_translate(struct monitor_cpu *cpu, uint64_t address, uint64_t *physical)
{
	struct kvm_translation translation = { .linear_address = address };

	/* KVM looks at no bits beyond those that the tables translate. */
	if (!is_linear_address(cpu, address))
		return -EFAULT;
	if (KVM_IOCTL(cpu->vcpu.fd, KVM_TRANSLATE, &translation, NULL) < 0 || !translation.valid)
		return -EFAULT;
	*physical = translation.physical_address;
	return 0;
}
