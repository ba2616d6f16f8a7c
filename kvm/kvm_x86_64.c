/* SPDX-License-Identifier: MIT */
/* What x86's KVM tells of itself: Documentation/virt/kvm/api.rst, 4. */
#include "kvm/kvm_x86_64.h"
#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/kvm_own.h"

const struct kvm_capability kvm_own_needs[] = {
	{ KVM_CAP_SYNC_REGS, "KVM_CAP_SYNC_REGS", "4.17" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "4.13" },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "3.7" },
	{ KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR", "5.10" },
	{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER", "5.10" },
	{ KVM_CAP_XSAVE, "KVM_CAP_XSAVE", "2.6.36" },
	{ KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS", "2.6.35" },
	{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS", "2.6.33" },
	{ 0, NULL, NULL },
};

const char kvm_own_way[] =
	"load the module kvm_intel or kvm_amd, or enable virtualization in the firmware";

struct kvm_cpuid_entry2 *kvm_cpuid_leaf(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf)
{
	uint32_t i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		bool by_subleaf = entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX;

		if (entry->function == leaf && (!by_subleaf || entry->index == subleaf))
			return entry;
	}
	return NULL;
}

/* A list whose right size KVM tells only by E2BIG and the count that it leaves behind. */
static int get_cpuid(struct kvm *kvm, struct error *error)
{
	int count = 128, err;

	for (;;) {
		struct kvm_cpuid2 *cpuid =
			calloc(1, sizeof(*cpuid) + (size_t)count * sizeof(cpuid->entries[0]));

		if (!cpuid)
			return error_set(error, ENOMEM, "no memory for the list of CPUID leaves");
		cpuid->nent = (uint32_t)count;
		if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, cpuid) == 0) {
			kvm->own->cpuid = cpuid;
			return 0;
		}
		err = errno;
		free(cpuid);
		if (err != E2BIG || count > 4096)
			return error_set(error, err, "KVM's KVM_GET_SUPPORTED_CPUID failed: %s",
					 strerror(err));
		count *= 2;
	}
}

static int get_msrs(struct kvm *kvm, struct error *error)
{
	struct kvm_msr_list head = { 0 };

	if (ioctl(kvm->fd, KVM_GET_MSR_INDEX_LIST, &head) < 0 && errno != E2BIG)
		return error_set(error, errno, "KVM's KVM_GET_MSR_INDEX_LIST failed: %s",
				 strerror(errno));
	kvm->own->msrs = calloc(1, sizeof(head) + head.nmsrs * sizeof(head.indices[0]));
	if (!kvm->own->msrs)
		return error_set(error, ENOMEM, "no memory for the list of MSRs");
	kvm->own->msrs->nmsrs = head.nmsrs;
	return KVM_IOCTL_VALUE(kvm->fd, KVM_GET_MSR_INDEX_LIST, kvm->own->msrs, error);
}

/* KVM has no XCRs where its CPU has no XSAVE (SDM vol. 2A, CPUID, leaf 1), and is not too old for that. */
static int check_xcrs(struct kvm *kvm, struct error *error)
{
	static const struct kvm_capability xcrs = { KVM_CAP_XCRS, "KVM_CAP_XCRS", "2.6.36" };
	const struct kvm_cpuid_entry2 *leaf = kvm_cpuid_leaf(kvm->own->cpuid, 1, 0);

	kvm->own->has_xcrs = ioctl(kvm->fd, KVM_CHECK_EXTENSION, xcrs.number) > 0;
	if (kvm->own->has_xcrs || !leaf || !(leaf->ecx & bit_XSAVE))
		return 0;
	return kvm_lacks(&xcrs, error);
}

static bool cpu_has_vmx(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && c & 1u << 5;
}

int kvm_own_create(struct kvm *kvm, struct error *error)
{
	struct kvm_own *own = calloc(1, sizeof(*own));
	int value, err;

	if (!own)
		return error_set(error, ENOMEM, "no memory");
	kvm->own = own;
	value = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
	own->xsave_size = value > (int)sizeof(struct kvm_xsave) ? (size_t)value :
								  sizeof(struct kvm_xsave);
	value = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE);
	own->nested_size = value > (int)sizeof(struct kvm_nested_state) ? (size_t)value : 0;
	value = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_DISABLE_QUIRKS2);
	own->quirks = value > 0 ? (uint64_t)value : 0;
	own->tsc_deadline = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
	err = get_cpuid(kvm, error);
	if (err >= 0)
		err = get_msrs(kvm, error);
	if (err >= 0)
		err = check_xcrs(kvm, error);
	own->is_vmx = cpu_has_vmx();
	return err < 0 ? err : 0;
}

void kvm_own_destroy(struct kvm_own *own)
{
	if (!own)
		return;
	free(own->cpuid);
	free(own->msrs);
	free(own);
}
