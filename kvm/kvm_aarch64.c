/* SPDX-License-Identifier: MIT */
/* What arm64's KVM tells of itself: Documentation/virt/kvm/api.rst, 4. */
#include "kvm/kvm_aarch64.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/address.h"
#include "kvm/kvm_own.h"

/* Of a VM of type 0, and the most that translation tables without FEAT_LPA2 have. */
#define PHYSICAL_BITS	  40
#define PHYSICAL_BITS_MAX 48

const struct kvm_capability kvm_own_needs[] = {
	{ KVM_CAP_ONE_REG, "KVM_CAP_ONE_REG", "3.6" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "4.13" },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "3.18" },
	{ KVM_CAP_ARM_PSCI_0_2, "KVM_CAP_ARM_PSCI_0_2", "3.16" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "4.1" },
	{ 0, NULL, NULL },
};

const char kvm_own_way[] =
	"this kernel has no KVM, or was not started at EL2, as in most virtual machines";

static bool has(const struct kvm *kvm, int capability)
{
	return ioctl(kvm->fd, KVM_CHECK_EXTENSION, capability) > 0;
}

int kvm_own_create(struct kvm *kvm, struct error *error)
{
	const long page = sysconf(_SC_PAGESIZE);
	struct kvm_own *own;
	int bits;

	/* A slot takes whole pages of the host's, and the dirty log has a bit for each of these: api.rst, 4.35 and 4.8. */
	if (page != (long)PAGE_SIZE)
		return error_set(
			error, ENODEV,
			"this kernel has pages of %ld KiB, and ring0 needs pages of 4 KiB: "
			"boot one that has them (Debian's linux-image-arm64)",
			page / 1024);
	own = calloc(1, sizeof(*own));
	if (!own)
		return error_set(error, ENOMEM, "no memory");
	kvm->own = own;
	bits = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);
	own->physical_bits = bits <= 0		      ? PHYSICAL_BITS :
			     bits > PHYSICAL_BITS_MAX ? PHYSICAL_BITS_MAX :
							(unsigned int)bits;
	own->sve = has(kvm, KVM_CAP_ARM_SVE);
	own->pointer_authentication = has(kvm, KVM_CAP_ARM_PTRAUTH_ADDRESS) &&
				      has(kvm, KVM_CAP_ARM_PTRAUTH_GENERIC);
	own->nisv = has(kvm, KVM_CAP_ARM_NISV_TO_USER);
	return 0;
}

void kvm_own_destroy(struct kvm_own *own)
{
	free(own);
}
