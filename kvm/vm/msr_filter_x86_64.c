/* SPDX-License-Identifier: MIT */
/* MSR indices, merged into the ranges that KVM takes. */
#include "kvm/vm/msr_filter_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_index(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* KVM reads the bitmap in whole longs, and refuses a range without MSRs. */
static void add_range(struct msr_filter *filter, size_t number, uint32_t first, uint32_t last)
{
	filter->filter.ranges[number] = (struct kvm_msr_filter_range){
		.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
		.nmsrs = last - first + 1,
		.base = first,
		.bitmap = filter->bitmaps[number],
	};
}

int msr_filter_init(struct msr_filter *filter, uint32_t *indices, size_t count, struct error *error)
{
	size_t i, ranges = 0;
	uint32_t first = 0;

	filter->filter = (struct kvm_msr_filter){ .flags = KVM_MSR_FILTER_DEFAULT_ALLOW };
	/* A clear bit denies the access, which then leaves the VM. */
	memset(filter->bitmaps, 0xff, sizeof(filter->bitmaps));
	if (count)
		qsort(indices, count, sizeof(*indices), by_index);
	/* As far as the span goes from the lowest that is left: no other choice takes fewer ranges. */
	for (i = 0; i < count; i++) {
		uint32_t offset = indices[i] - first;

		if (!ranges || offset >= MSR_FILTER_SPAN) {
			if (ranges == KVM_MSR_FILTER_MAX_RANGES)
				return error_set(error, E2BIG,
						 "%zu MSRs are declared, too far apart: KVM can "
						 "watch for them in %d ranges of %u",
						 count, KVM_MSR_FILTER_MAX_RANGES, MSR_FILTER_SPAN);
			first = indices[i];
			offset = 0;
			ranges++;
		}
		add_range(filter, ranges - 1, first, indices[i]);
		filter->bitmaps[ranges - 1][offset / 8] &= (uint8_t) ~(1u << offset % 8);
	}
	return 0;
}

void msr_filter_init_strict(struct msr_filter *filter, bool apic_base)
{
	/* SDM vol. 4, table 2-2. KVM takes no filter that denies by default and has no range. */
	const uint32_t index = 0x1b;

	filter->filter = (struct kvm_msr_filter){ .flags = KVM_MSR_FILTER_DEFAULT_DENY };
	memset(filter->bitmaps, 0, sizeof(filter->bitmaps));
	add_range(filter, 0, index, index);
	filter->bitmaps[0][0] = apic_base;
}
