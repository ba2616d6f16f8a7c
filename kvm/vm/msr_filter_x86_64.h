/* SPDX-License-Identifier: MIT */
/*
 * Which MSRs leave the VM when the guest accesses them, as KVM wants to be told: few ranges, each
 * with a bitmap. Pure; kvm/vm/vm.h hands it to KVM.
 */
#ifndef KVM_VM_MSR_FILTER_X86_64_H
#define KVM_VM_MSR_FILTER_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>
#include "base/error.h"

/* MSRs that one range can span: Documentation/virt/kvm/api.rst, KVM_X86_SET_MSR_FILTER. */
#define MSR_FILTER_SPAN (KVM_MSR_FILTER_MAX_BITMAP_SIZE * 8u)

struct msr_filter {
	struct kvm_msr_filter filter; /* points into bitmaps: don't copy */
	uint8_t bitmaps[KVM_MSR_FILTER_MAX_RANGES][KVM_MSR_FILTER_MAX_BITMAP_SIZE];
};

/*
 * Fill in a filter that denies these MSRs, in any order and perhaps repeatedly, and allows all
 * others. Sorts the indices. Returns 0, or -E2BIG with a message if they lie in more than
 * KVM_MSR_FILTER_MAX_RANGES ranges of MSR_FILTER_SPAN.
 */
int msr_filter_init(struct msr_filter *filter, uint32_t *indices, size_t count,
		    struct error *error);

/* Fill in a filter that denies all MSRs, but for IA32_APIC_BASE, if that is to be had. */
void msr_filter_init_strict(struct msr_filter *filter, bool apic_base);

#endif /* KVM_VM_MSR_FILTER_X86_64_H */
