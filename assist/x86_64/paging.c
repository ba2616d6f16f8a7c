/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory as its own page tables show it, with the rights and the faults that the CPU
 * has. SDM vol. 3A, 4.3 to 4.8; APM vol. 2, 5.2 to 5.6.
 */
#include "assist/x86_64/paging.h"
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/segment.h"
#include "base/page_walk_x86_64.h"

struct access cpu_access(const struct cpu *cpu, bool write)
{
	return (struct access){ .write = write, .user = cpu_cpl(cpu) == 3 };
}

static enum done page_fault(struct cpu *cpu, uint64_t address, struct access access, uint32_t code)
{
	bool reports_fetch = cpu->sregs->efer & R0_EFER_NXE || cpu->sregs->cr4 & R0_CR4_SMEP;

	code |= access.write ? R0_PF_WR : 0;
	code |= access.user ? R0_PF_US : 0;
	code |= access.fetch && reports_fetch ? R0_PF_ID : 0;
	cpu->fault =
		(struct fault){ .vector = R0_PF, .has_code = true, .code = code, .cr2 = address };
	return DONE_FAULT;
}

/* What no entry may have set: SDM vol. 3A, tables 4-8 to 4-11 and 4-15 to 4-20. */
static uint64_t reserved_bits(const struct cpu *cpu, unsigned int level, bool leaf)
{
	uint64_t reserved = ((1ull << 52) - 1) & ~((1ull << cpu->physical_bits) - 1);

	/* Bits 21 to 13 of a large page's entry: what is beyond 40 bits does not fit. */
	if (!(cpu->sregs->cr4 & R0_CR4_PAE))
		return leaf && level ? 1ull << 21 : 0;
	if (!cpu_is_long(cpu))
		reserved |= 0x7ffull << 52;

	if (!(cpu->sregs->efer & R0_EFER_NXE))
		reserved |= R0_PAGE_NX;
	if (level >= 3)
		reserved |= R0_PAGE_PS;
	/* Bit 12 of a large page's entry is PAT, those between it and the address reserved. */
	if (leaf && level)
		reserved |= ((PAGE_SIZE << (9 * level)) - 1) & ~0x1fffull;
	return reserved;
}

/* What a page's combined bits allow: SDM vol. 3A, 4.6.1. */
static bool is_allowed(const struct cpu *cpu, uint64_t bits, bool nx, struct access access)
{
	uint64_t cr4 = cpu->sregs->cr4;
	bool user_page = bits & R0_PAGE_US;

	if (access.user && !user_page)
		return false;
	if (access.fetch)
		return !nx && (access.user || !user_page || !(cr4 & R0_CR4_SMEP));
	if (!access.user && user_page && cr4 & R0_CR4_SMAP &&
	    (access.implicit || !(cpu->flags & R0_RFLAGS_AC)))
		return false;
	if (!access.write || bits & R0_PAGE_RW)
		return true;
	return !access.user && !(cpu->sregs->cr0 & R0_CR0_WP);
}

/* Entries may be in memory that this VM has no copy of, and only shows. */
static bool read_entry(void *context, uint64_t address, uint64_t *entry)
{
	struct cpu *cpu = context;
	const uint8_t *at = assist_memory_own(cpu->memory, gpa(address), sizeof(*entry), false);

	if (at) {
		memcpy(entry, at, sizeof(*entry));
		return true;
	}
	return assist_memory_read(cpu->memory, gpa(address), entry, sizeof(*entry)) ==
	       sizeof(*entry);
}

/* All of them are in an entry's first byte. */
static void set_bits(struct cpu *cpu, uint64_t address, uint64_t entry, uint64_t bits)
{
	uint8_t *at;

	if ((entry & bits) == bits)
		return;
	at = assist_memory_own(cpu->memory, gpa(address), 1, true);
	if (at)
		*at |= (uint8_t)bits;
}

static bool read_entry32(void *context, uint64_t address, uint64_t *entry)
{
	struct cpu *cpu = context;
	uint32_t value;

	if (assist_memory_read(cpu->memory, gpa(address), &value, sizeof(value)) != sizeof(value))
		return false;
	*entry = value;
	return true;
}

/* 32-bit paging: SDM vol. 3A, 4.3. */
static void walk32(struct cpu *cpu, uint64_t address, struct page_walk *walk)
{
	uint64_t table = cpu->sregs->cr3 & 0xfffff000;
	unsigned int level;

	*walk = (struct page_walk){ .mapped = false };
	for (level = 2; level-- > 0;) {
		struct page_walk_entry *entry = &walk->entries[walk->count++];

		*entry = (struct page_walk_entry){ .level = level };
		entry->address = table + (address >> (12 + 10 * level) & 1023) * 4;
		entry->readable = read_entry32(cpu, entry->address, &entry->value);
		if (!entry->readable || !(entry->value & R0_PAGE_P))
			return;
		table = entry->value & 0xfffff000;
		entry->leaf = !level || (entry->value & R0_PAGE_PS && cpu->sregs->cr4 & R0_CR4_PSE);
		if (entry->leaf)
			break;
	}
	if (walk->count == 1)
		/* PSE-36: bits 39 to 32 of the address are bits 20 to 13. */
		walk->physical = (table & 0xffc00000) | (table >> 13 & 0xff) << 32 |
				 (address & 0x3fffff);
	else
		walk->physical = table | (address & 0xfff);
	walk->mapped = true;
}

/* PAE paging: SDM vol. 3A, 4.4; the four entries at CR3 have neither rights nor accessed bits. */
static void walk_pae(struct cpu *cpu, uint64_t address, struct page_walk *walk)
{
	uint64_t at = (cpu->sregs->cr3 & 0xffffffe0) + (address >> 30 & 3) * 8, pointer = 0;
	bool readable = read_entry(cpu, at, &pointer);

	if (readable && pointer & R0_PAGE_P) {
		page_walk(walk, pointer, 2, address, read_entry, cpu);
		return;
	}
	*walk = (struct page_walk){ .count = 1 };
	walk->entries[0] = (struct page_walk_entry){ .address = at, .level = 2 };
	walk->entries[0].readable = readable;
}

static void find_page(struct cpu *cpu, uint64_t address, struct page_walk *walk)
{
	uint64_t cr4 = cpu->sregs->cr4;

	if (cpu_is_long(cpu))
		page_walk(walk, cpu->sregs->cr3,
			  cr4 & R0_CR4_LA57 ? PAGE_WALK_LEVELS_LA57 : PAGE_WALK_LEVELS, address,
			  read_entry, cpu);
	else if (cr4 & R0_CR4_PAE)
		walk_pae(cpu, address, walk);
	else
		walk32(cpu, address, walk);
}

/* What the page's protection key adds: SDM vol. 3A, 4.6.2. */
static bool key_allows(const struct cpu *cpu, uint64_t entry, uint64_t bits, struct access access)
{
	uint32_t rights = cpu->pkru >> (entry >> 59 & 15) * 2;

	if (!(cpu->sregs->cr4 & R0_CR4_PKE) || !cpu_is_long(cpu) || access.fetch ||
	    !(bits & R0_PAGE_US))
		return true;
	if (rights & 1)
		return false;
	return !(rights & 2) || !access.write || (!access.user && !(cpu->sregs->cr0 & R0_CR0_WP));
}

enum done cpu_translate(struct cpu *cpu, uint64_t address, struct access access, r0_gpa *physical)
{
	uint64_t bits = R0_PAGE_RW | R0_PAGE_US;
	struct page_walk walk;
	bool nx = false;
	unsigned int i;

	if (!(cpu->sregs->cr0 & R0_CR0_PG)) {
		physical->value = address;
		return DONE;
	}
	find_page(cpu, address, &walk);
	for (i = 0; i < walk.count; i++) {
		const struct page_walk_entry *entry = &walk.entries[i];

		/* A table that is not there reads as all ones on a bus: reserved bits are set. */
		if (!entry->readable)
			return page_fault(cpu, address, access, R0_PF_P | R0_PF_RSVD);
		if (!(entry->value & R0_PAGE_P))
			return page_fault(cpu, address, access, 0);
		if (entry->value & reserved_bits(cpu, entry->level, entry->leaf))
			return page_fault(cpu, address, access, R0_PF_P | R0_PF_RSVD);
		bits &= entry->value;
		nx |= cpu->sregs->cr4 & R0_CR4_PAE && entry->value & R0_PAGE_NX;
	}
	if (!is_allowed(cpu, bits, nx, access))
		return page_fault(cpu, address, access, R0_PF_P);
	if (!key_allows(cpu, walk.entries[walk.count - 1].value, bits, access))
		return page_fault(cpu, address, access, R0_PF_P | R0_PF_PK);
	for (i = 0; i < walk.count; i++)
		set_bits(cpu, walk.entries[i].address, walk.entries[i].value,
			 R0_PAGE_A | (walk.entries[i].leaf && access.write ? R0_PAGE_D : 0));
	physical->value = walk.physical;
	return DONE;
}

static size_t left_in_page(uint64_t address, size_t size)
{
	size_t left = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return size < left ? size : left;
}

enum done cpu_probe(struct cpu *cpu, uint64_t address, size_t size, struct access access)
{
	size_t at = 0, step;
	r0_gpa physical;

	for (; at < size; at += step) {
		enum done done = cpu_translate(cpu, address + at, access, &physical);

		if (done != DONE)
			return done;
		step = left_in_page(address + at, size - at);
		if (!cpu->bus && access.write &&
		    !assist_memory_own(cpu->memory, physical, step, true))
			return DONE_CANNOT;
	}
	return DONE;
}

/*
 * Whole, as the CPU's are where they are aligned: another one may have written there between two halves (SDM vol. 3A,
 * 8.1.1).
 */
static void store(uint8_t *to, const uint8_t *from, size_t size)
{
	uint64_t value = 0;

	if (size > 8 || ((uintptr_t)to & (size - 1)) || (size & (size - 1))) {
		memcpy(to, from, size);
		return;
	}
	memcpy(&value, from, size);
	switch (size) {
	case 1:
		__atomic_store_n(to, (uint8_t)value, __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_store_n((uint16_t *)to, (uint16_t)value, __ATOMIC_RELAXED);
		break;
	case 4:
		__atomic_store_n((uint32_t *)to, (uint32_t)value, __ATOMIC_RELAXED);
		break;
	case 8:
		__atomic_store_n((uint64_t *)to, value, __ATOMIC_RELAXED);
		break;
	}
}

/* In accesses of 8 bytes at most, naturally aligned ones where they can be. */
static enum done move_by_bus(struct cpu *cpu, uint64_t physical, uint8_t *bytes, size_t size,
			     bool write)
{
	while (size) {
		size_t width = 8;
		enum bus_result result;

		while (width > size || (physical & (width - 1) && width > 1))
			width /= 2;
		result = write ? bus_write(cpu->bus, BUS_MEMORY, physical, bytes, width) :
				 bus_read(cpu->bus, BUS_MEMORY, physical, bytes, width);
		if (result == BUS_REFUSED || result == BUS_SHUTDOWN)
			return DONE_REFUSED;
		physical += width;
		bytes += width;
		size -= width;
	}
	return DONE;
}

/* Within one page. */
static enum done move_physical(struct cpu *cpu, r0_gpa physical, uint8_t *bytes, size_t size,
			       bool write)
{
	uint8_t *at = assist_memory_own(cpu->memory, physical, size, write);

	if (at && write)
		store(at, bytes, size);
	else if (at)
		memcpy(bytes, at, size);
	else if (write || assist_memory_read(cpu->memory, physical, bytes, size) != size)
		return !cpu->bus ? DONE_CANNOT :
				   move_by_bus(cpu, physical.value, bytes, size, write);
	if (!write)
		assist_memory_unpatch(cpu->memory, physical, bytes, size);
	return DONE;
}

static enum done move(struct cpu *cpu, uint64_t address, uint8_t *bytes, size_t size,
		      struct access access)
{
	size_t first = left_in_page(address, size), at;
	r0_gpa physical;
	enum done done;

	done = cpu_translate(cpu, address, access, &physical);
	if (done != DONE)
		return done;
	if (first < size || (!cpu->bus && access.write)) {
		done = cpu_probe(cpu, address, size, access);
		if (done != DONE)
			return done;
	}
	done = move_physical(cpu, physical, bytes, first, access.write);
	for (at = first; done == DONE && at < size;) {
		size_t step = left_in_page(address + at, size - at);

		done = cpu_translate(cpu, address + at, access, &physical);
		if (done == DONE)
			done = move_physical(cpu, physical, bytes + at, step, access.write);
		at += step;
	}
	return done;
}

enum done cpu_read(struct cpu *cpu, uint64_t address, void *to, size_t size, struct access access)
{
	access.write = false;
	return move(cpu, address, to, size, access);
}

enum done cpu_write(struct cpu *cpu, uint64_t address, const void *from, size_t size,
		    struct access access)
{
	access.write = true;
	return move(cpu, address, (uint8_t *)from, size, access);
}

void cpu_peek(struct cpu *cpu, uint64_t address, uint8_t *to, size_t size)
{
	struct fault before = cpu->fault;
	size_t at = 0;

	while (at < size) {
		size_t step = left_in_page(address + at, size - at);
		r0_gpa physical;

		if (cpu_translate(cpu, address + at, cpu_access(cpu, false), &physical) != DONE ||
		    assist_memory_read(cpu->memory, physical, to + at, step) != step)
			memset(to + at, 0, step);
		at += step;
	}
	cpu->fault = before;
}

/* Code that the VM shows of the process: a page at a time, for one completion. */
static bool fetch_shown(struct cpu *cpu, r0_gpa physical, uint8_t *to, size_t size)
{
	struct cpu_text *text = cpu->text;
	uint64_t page = page_floor(physical.value);

	if (text->page != page) {
		text->page = UINT64_MAX;
		if (assist_memory_read(cpu->memory, gpa(page), text->bytes, PAGE_SIZE) != PAGE_SIZE)
			return false;
		text->page = page;
	}
	memcpy(to, text->bytes + (physical.value - page), size);
	return true;
}

enum done cpu_fetch(struct cpu *cpu, uint8_t *bytes, size_t *count)
{
	struct access access = { .fetch = true, .user = cpu_cpl(cpu) == 3 };
	size_t at = 0;

	while (at < 15) {
		r0_gpa physical = { 0 };
		const uint8_t *memory;
		uint64_t address;
		size_t step = 0;
		enum done done = segment_code_address(cpu, cpu->rip + at, &address);

		if (done == DONE)
			done = cpu_translate(cpu, address, access, &physical);
		if (done != DONE) {
			*count = at;
			return at ? DONE : done;
		}
		step = left_in_page(address, 15 - at);
		/* A segment's end may be within the page. */
		if (cpu->bits != 64 && step > cpu->sregs->cs.limit - (cpu->rip + at))
			step = cpu->sregs->cs.limit - (cpu->rip + at) + 1;
		memory = assist_memory_own(cpu->memory, physical, step, false);
		if (memory) {
			memcpy(bytes + at, memory, step);
			assist_memory_unpatch(cpu->memory, physical, bytes + at, step);
		} else if (!fetch_shown(cpu, physical, bytes + at, step)) {
			break;
		}
		at += step;
	}
	*count = at;
	cpu->why = at ? NULL : "its code is not in memory";
	return at ? DONE : DONE_CANNOT;
}
