/* SPDX-License-Identifier: MIT */
/*
 * Walks the guest's page tables (SDM vol. 3A, 4.5; APM vol. 2, 5.3). Depends on crash.h's view
 * alone.
 */
#include "crash/walk_x86_64.h"
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/registers.h>
#include "base/page_walk_x86_64.h"

static const char *const level_names[] = { "PTE", "PDE", "PDPTE", "PML4E", "PML5E" };

static unsigned int level_count(const struct crash_view *view)
{
	return view->sregs.cr4 & R0_CR4_LA57 ? PAGE_WALK_LEVELS_LA57 : PAGE_WALK_LEVELS;
}

static bool read_entry(void *context, uint64_t at, uint64_t *entry)
{
	const struct crash_view *view = context;

	return view->read_physical(view->context, at, entry, sizeof(*entry)) == sizeof(*entry);
}

/* A level of tables where there is no long mode: SDM vol. 3A, 4.3 (entries of 4 bytes) and 4.4 (PAE). */
struct narrow_level {
	const char *name;
	unsigned int shift, bits, size;
	bool may_end, has_rights; /* by PS */
};

static const struct narrow_level levels_of_32_bits[] = {
	{ "PDE", 22, 10, 4, true, true },
	{ "PTE", 12, 10, 4, false, true },
};
static const struct narrow_level levels_of_pae[] = {
	{ "PDPTE", 30, 2, 8, false, false },
	{ "PDE", 21, 9, 8, true, true },
	{ "PTE", 12, 9, 8, false, true },
};

/* Where the page of an entry begins; a PDE of 4 MiB has bits 39 to 32 of that in its bits 20 to 13 (4.3). */
static uint64_t narrow_page(const struct narrow_level *level, uint64_t value)
{
	uint64_t page = value & R0_PAGE_ADDRESS & ~((1ull << level->shift) - 1);

	return level->shift == 22 ? page | (value >> 13 & 0xff) << 32 : page;
}

static void walk_narrow(const struct crash_view *view, struct crash_walk *walk)
{
	const bool pae = view->sregs.cr4 & R0_CR4_PAE;
	const struct narrow_level *level = pae ? levels_of_pae : levels_of_32_bits;
	uint64_t table = view->sregs.cr3 & (pae ? 0xffffffe0 : 0xfffff000);

	for (;; level++) {
		struct crash_walk_entry *entry = &walk->entries[walk->count++];
		uint64_t index = walk->address >> level->shift & ((1u << level->bits) - 1);
		bool large = level->may_end && (pae || view->sregs.cr4 & R0_CR4_PSE);

		*entry = (struct crash_walk_entry){ .name = level->name,
						    .shift = level->shift,
						    .has_rights = level->has_rights,
						    .address = table + index * level->size };
		entry->readable = view->read_physical(view->context, entry->address, &entry->value,
						      level->size) == level->size;
		if (!entry->readable || !(entry->value & R0_PAGE_P))
			return;
		entry->leaf = level->shift == 12 || (large && entry->value & R0_PAGE_PS);
		if (entry->leaf)
			break;
		table = entry->value & R0_PAGE_ADDRESS;
	}
	walk->mapped = true;
	walk->gpa = narrow_page(level, walk->entries[walk->count - 1].value) |
		    (walk->address & ((1ull << level->shift) - 1));
}

void crash_walk(const struct crash_view *view, uint64_t address, struct crash_walk *walk)
{
	unsigned int levels = level_count(view), i;
	struct page_walk tables;

	memset(walk, 0, sizeof(*walk));
	walk->paging = view->sregs.cr0 & R0_CR0_PG;
	if (!(view->sregs.efer & R0_EFER_LMA)) {
		walk->address = (uint32_t)address;
		walk->canonical = true;
		walk->mapped = !walk->paging;
		walk->gpa = walk->mapped ? walk->address : 0;
		if (walk->paging)
			walk_narrow(view, walk);
		return;
	}
	walk->address = address;
	walk->canonical = !walk->paging || page_walk_is_canonical(address, levels);
	walk->mapped = !walk->paging;
	walk->gpa = address;
	if (!walk->paging || !walk->canonical)
		return;
	page_walk(&tables, view->sregs.cr3, levels, address, read_entry, (void *)view);
	walk->mapped = tables.mapped;
	walk->gpa = tables.mapped ? tables.physical : 0;
	walk->count = tables.count;
	for (i = 0; i < tables.count; i++) {
		const struct page_walk_entry *entry = &tables.entries[i];

		walk->entries[i] = (struct crash_walk_entry){
			.name = level_names[entry->level],
			.address = entry->address,
			.value = entry->readable ? entry->value : 0,
			.readable = entry->readable,
			.leaf = entry->leaf,
			.has_rights = true,
			.shift = page_walk_shift(entry->level),
		};
	}
}

/* The last entry that was read, or NULL. */
static const struct crash_walk_entry *last_entry(const struct crash_walk *walk)
{
	return walk->count ? &walk->entries[walk->count - 1] : NULL;
}

/*
 * Why an entry that is present has a reserved bit set: SDM vol. 3A, 4.5.4 and tables 4-14 to 4-20; APM
 * vol. 2, 5.3.3. PAT, bit 7 of a PTE and bit 12 of a large page, is none, nor are 52 to 62. False and
 * nothing if none is.
 */
static bool has_reserved(const struct crash_view *view, const struct crash_walk_entry *entry,
			 char *reason, size_t size)
{
	unsigned int limit = view->physical_bits ? view->physical_bits : 52;
	bool large = entry->value & R0_PAGE_PS && (entry->shift == 21 || entry->shift == 30);
	uint64_t address_bits = R0_PAGE_ADDRESS & ~((1ull << limit) - 1) & entry->value;
	/* From PAT up to where the address of a large page begins. */
	uint64_t low_bits = large ? entry->value & ((1ull << entry->shift) - 1) & ~0x1fffull : 0;

	reason[0] = '\0';
	/* The CPU looked at those when CR3 was loaded: SDM vol. 3A, 4.4.1. */
	if (!entry->has_rights)
		return false;
	if (entry->value & R0_PAGE_NX && !(view->sregs.efer & R0_EFER_NXE))
		snprintf(reason, size, "the %s has NX set, reserved while EFER.NXE is clear",
			 entry->name);
	else if (entry->shift > 30 && entry->value & R0_PAGE_PS)
		snprintf(reason, size, "the %s has PS set, which is reserved there", entry->name);
	else if (entry->shift > 30 && view->amd && entry->value & R0_PAGE_G)
		snprintf(reason, size, "the %s has bit 8 set, reserved there on AMD's CPUs",
			 entry->name);
	else if (large && entry->shift == 30 && view->no_gigabyte_pages)
		snprintf(reason, size, "the %s has PS set, and this CPU has no pages of 1 GiB",
			 entry->name);
	else if (address_bits)
		snprintf(reason, size,
			 "the %s has bit %d set, reserved on this CPU, whose physical addresses "
			 "have %u bits",
			 entry->name, __builtin_ctzll(address_bits), limit);
	else if (low_bits)
		snprintf(reason, size, "the %s has bit %d set, reserved in that of a page of %s",
			 entry->name, __builtin_ctzll(low_bits),
			 entry->shift == 30 ? "1 GiB" : "2 MiB");
	return reason[0];
}

bool crash_walk_refuses(const struct crash_view *view, const struct crash_walk *walk,
			struct crash_access access, char *reason, size_t size)
{
	const struct crash_walk_entry *last = last_entry(walk);
	const struct crash_walk_entry *user_clear = NULL;

	reason[0] = '\0';
	if (!walk->canonical) {
		snprintf(reason, size, "the address is not canonical");
		return true;
	}
	/* In the order of the walk: the CPU looks at an entry's bits before it goes on. */
	for (unsigned int i = 0; i < walk->count; i++)
		if (walk->entries[i].value & R0_PAGE_P &&
		    has_reserved(view, &walk->entries[i], reason, size))
			return true;
	if (last && (!last->readable || !(last->value & R0_PAGE_P))) {
		int length = last->readable ?
				     snprintf(reason, size, "the %s has P clear", last->name) :
				     snprintf(reason, size,
					      "the %s at %#llx is outside guest memory", last->name,
					      (unsigned long long)last->address);

		/* Nothing is mapped at all, or next to nothing: CR3 is wrong rather than an entry. */
		if (walk->count == 1 && length > 0 && (size_t)length < size)
			snprintf(reason + length, size - (size_t)length, ", with CR3 %#llx",
				 (unsigned long long)view->sregs.cr3);
		return true;
	}
	for (unsigned int i = 0; i < walk->count; i++) {
		const struct crash_walk_entry *entry = &walk->entries[i];

		if (entry->has_rights && !(entry->value & R0_PAGE_US) && !user_clear)
			user_clear = entry;
	}
	for (unsigned int i = 0; i < walk->count; i++) {
		const struct crash_walk_entry *entry = &walk->entries[i];

		if (!entry->has_rights)
			continue;
		if (access.user && !(entry->value & R0_PAGE_US)) {
			snprintf(reason, size, "the %s has U clear: the page is the supervisor's",
				 entry->name);
			return true;
		}
		if (access.write && !(entry->value & R0_PAGE_RW) &&
		    (access.user || view->sregs.cr0 & R0_CR0_WP)) {
			snprintf(reason, size, "the %s has W clear: the page is read-only",
				 entry->name);
			return true;
		}
		if (access.fetch && entry->value & R0_PAGE_NX) {
			snprintf(reason, size, "the %s has NX set: the page is not executable",
				 entry->name);
			return true;
		}
	}
	if (walk->count && !access.user && !user_clear) {
		if (access.fetch && view->sregs.cr4 & R0_CR4_SMEP) {
			snprintf(reason, size, "the page is the user's and CR4.SMEP is set");
			return true;
		}
		if (!access.fetch && view->sregs.cr4 & R0_CR4_SMAP &&
		    !(view->regs.rflags & R0_RFLAGS_AC)) {
			snprintf(reason, size,
				 "the page is the user's, CR4.SMAP is set and RFLAGS.AC clear");
			return true;
		}
	}
	return false;
}

void crash_walk_print(const struct crash_view *view, const struct crash_walk *walk, FILE *out)
{
	fprintf(out, "page walk of 0x%016llx, CR3 0x%llx:\n", (unsigned long long)walk->address,
		(unsigned long long)view->sregs.cr3);
	if (!walk->paging) {
		fprintf(out, "  none: CR0.PG is clear, so that addresses are physical\n");
		return;
	}
	if (!walk->canonical) {
		fprintf(out, "  none: the address is not canonical\n");
		return;
	}
	for (unsigned int i = 0; i < walk->count; i++) {
		const struct crash_walk_entry *entry = &walk->entries[i];
		uint64_t value = entry->value;

		fprintf(out, "  %-5s at 0x%012llx: ", entry->name,
			(unsigned long long)entry->address);
		if (!entry->readable) {
			fprintf(out, "outside guest memory\n");
			return;
		}
		fprintf(out, "0x%016llx  ", (unsigned long long)value);
		if (!(value & R0_PAGE_P)) {
			fprintf(out, "not present\n");
			return;
		}
		if (!entry->has_rights) {
			fprintf(out, "P\n");
			continue;
		}
		fprintf(out, "P %c %c %c %c %s %s", value & R0_PAGE_RW ? 'W' : '-',
			value & R0_PAGE_US ? 'U' : '-', value & R0_PAGE_A ? 'A' : '-',
			entry->leaf && value & R0_PAGE_D ? 'D' : '-',
			entry->shift > 12 && value & R0_PAGE_PS ? "PS" : "--",
			value & R0_PAGE_NX ? "NX" : "--");
		if (entry->leaf)
			fprintf(out, "  page at 0x%llx",
				(unsigned long long)(walk->gpa & ~((1ull << entry->shift) - 1)));
		fprintf(out, "\n");
	}
	if (walk->mapped)
		fprintf(out, "  physical address 0x%llx\n", (unsigned long long)walk->gpa);
}

size_t crash_walk_read(const struct crash_view *view, uint64_t address, void *to, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t part = 4096 - ((address + done) & 4095);
		struct crash_walk walk;
		size_t got;

		if (part > size - done)
			part = size - done;
		crash_walk(view, address + done, &walk);
		if (!walk.mapped)
			break;
		got = view->read_physical(view->context, walk.gpa, (char *)to + done, part);
		done += got;
		if (got < part)
			break;
	}
	return done;
}

bool crash_walk_refuses_range(const struct crash_view *view, uint64_t address, size_t size,
			      struct crash_access access, char *reason, size_t reason_size)
{
	uint64_t last = address + (size ? size - 1 : 0);

	for (uint64_t page = address;;) {
		struct crash_walk walk;

		crash_walk(view, page, &walk);
		if (crash_walk_refuses(view, &walk, access, reason, reason_size))
			return true;
		if ((page | 4095) == (last | 4095))
			return false;
		page = (page | 4095) + 1;
	}
}
