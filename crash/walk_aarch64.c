/* SPDX-License-Identifier: MIT */
/* Walks the guest's translation tables: Arm ARM, D8.2 and D8.3. */
#include "crash/walk_aarch64.h"
#include "base/page_walk_aarch64.h"
#include "crash/view_aarch64.h"

#define SCTLR_M 1ul

/* TCR_EL1: T0SZ, TG0; T1SZ, TG1. The walk below is that of 48 bits and pages of 4 KiB. */
#define SIZE_48_BITS 16u
#define TG0_4K	     0u
#define TG1_4K	     2u

static bool read_entry(void *context, uint64_t at, uint64_t *entry)
{
	const struct crash_view *view = context;

	return view->read_physical(view->context, at, entry, sizeof(*entry)) == sizeof(*entry);
}

static bool is_known_format(uint64_t tcr, bool upper)
{
	if (upper)
		return (tcr >> 16 & 0x3f) == SIZE_48_BITS && (tcr >> 30 & 3) == TG1_4K;
	return (tcr & 0x3f) == SIZE_48_BITS && (tcr >> 14 & 3) == TG0_4K;
}

static void print_rights(uint64_t value, FILE *out)
{
	fprintf(out, ", EL1: %s%s, EL0: %s%s%s%s", value & DESCRIPTOR_READ_ONLY ? "r-" : "rw",
		value & DESCRIPTOR_PXN ? "-" : "x",
		!(value & DESCRIPTOR_USER)   ? "--" :
		value & DESCRIPTOR_READ_ONLY ? "r-" :
					       "rw",
		value & DESCRIPTOR_UXN ? "-" : "x", value & DESCRIPTOR_AF ? "" : ", AF clear",
		value & DESCRIPTOR_NG ? "" : ", global");
	fprintf(out, ", attributes %u", DESCRIPTOR_ATTRIBUTES_OF(value));
}

static void print_entry(const struct page_walk_entry *entry, FILE *out)
{
	fprintf(out, "  level %u at 0x%llx: ", entry->level, (unsigned long long)entry->address);
	if (!entry->readable) {
		fprintf(out, "not in memory\n");
		return;
	}
	fprintf(out, "0x%016llx", (unsigned long long)entry->value);
	if (!(entry->value & DESCRIPTOR_VALID))
		fprintf(out, ", invalid");
	else if (entry->leaf)
		print_rights(entry->value, out);
	else
		fprintf(out, ", table");
	fprintf(out, "\n");
}

void crash_walk_print(const struct crash_view *view, uint64_t address, FILE *out)
{
	const bool upper = address >> 55 & 1;
	const uint64_t root = view->system[upper ? CRASH_TTBR1_EL1 : CRASH_TTBR0_EL1];
	struct page_walk walk;
	unsigned int i;

	fprintf(out, "page walk to 0x%llx: ", (unsigned long long)address);
	if (!(view->system[CRASH_SCTLR_EL1] & SCTLR_M)) {
		fprintf(out, "none, SCTLR_EL1.M is clear\n");
		return;
	}
	fprintf(out, "TTBR%d_EL1 is 0x%llx\n", upper, (unsigned long long)root);
	if (!is_known_format(view->system[CRASH_TCR_EL1], upper)) {
		fprintf(out,
			"  TCR_EL1 0x%llx selects another format than 48 bits and 4 KiB pages\n",
			(unsigned long long)view->system[CRASH_TCR_EL1]);
		return;
	}
	page_walk(&walk, root, address, read_entry, (void *)view);
	for (i = 0; i < walk.count; i++)
		print_entry(&walk.entries[i], out);
	if (walk.mapped)
		fprintf(out, "  to guest-physical 0x%llx\n", (unsigned long long)walk.physical);
}
