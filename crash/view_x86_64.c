/* SPDX-License-Identifier: MIT */
/* A CPU's page tables by its CPUID: SDM vol. 2A, CPUID; APM vol. 3, appendix E. */
#include "crash/view_x86_64.h"
#include "kvm/kvm_x86_64.h"

/* Where leaf 8000_0008H is absent. */
#define PHYSICAL_BITS 36

#define PDPE1GB 26

/* The first four letters of "AuthenticAMD". */
#define AUTH 0x68747541

void crash_view_take_cpuid(struct crash_view *view, struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *vendor = kvm_cpuid_leaf(cpuid, 0, 0);
	const struct kvm_cpuid_entry2 *features = kvm_cpuid_leaf(cpuid, 0x80000001, 0);
	const struct kvm_cpuid_entry2 *sizes = kvm_cpuid_leaf(cpuid, 0x80000008, 0);

	view->physical_bits = sizes ? sizes->eax & 0xff : PHYSICAL_BITS;
	view->no_gigabyte_pages = !features || !(features->edx >> PDPE1GB & 1);
	view->amd = vendor && vendor->ebx == AUTH;
}
