/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory as its own page tables show it, with the rights and the faults that the CPU
 * has. SDM vol. 3A, 4.5 to 4.8; APM vol. 2, 5.3 to 5.6.
 */
#include "assist/x86_64/paging.h"
#include <string.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/registers.h>
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

/* What no entry may have set: SDM vol. 3A, tables 4-15 to 4-20. */
static uint64_t reserved_bits(const struct cpu *cpu, unsigned int level, bool leaf)
{
	uint64_t reserved = ((1ull << 52) - 1) & ~((1ull << cpu->physical_bits) - 1);

	if (!(cpu->sregs->efer & R0_EFER_NXE))
		reserved |= R0_PAGE_NX;
	if (level == 3)
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

static void set_bits(struct cpu *cpu, uint64_t address, uint64_t entry, uint64_t bits)
{
	uint8_t *at;

	if ((entry & bits) == bits)
		return;
	at = assist_memory_own(cpu->memory, gpa(address), sizeof(entry), true);
	entry |= bits;
	if (at)
		memcpy(at, &entry, sizeof(entry));
}

enum done cpu_translate(struct cpu *cpu, uint64_t address, struct access access, r0_gpa *physical)
{
	uint64_t bits = R0_PAGE_RW | R0_PAGE_US;
	struct page_walk walk;
	bool nx = false;
	unsigned int i;

	page_walk(&walk, cpu->sregs->cr3, PAGE_WALK_LEVELS, address, read_entry, cpu);
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
		nx |= (entry->value & R0_PAGE_NX) != 0;
	}
	if (!is_allowed(cpu, bits, nx, access))
		return page_fault(cpu, address, access, R0_PF_P);
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
	size_t at = 0;
	r0_gpa physical;

	while (at < size) {
		enum done done = cpu_translate(cpu, address + at, access, &physical);

		if (done != DONE)
			return done;
		at += left_in_page(address + at, size - at);
	}
	return DONE;
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
		memcpy(at, bytes, size);
	else if (at)
		memcpy(bytes, at, size);
	else if (write || assist_memory_read(cpu->memory, physical, bytes, size) != size)
		return move_by_bus(cpu, physical.value, bytes, size, write);
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
	if (first < size) {
		done = cpu_probe(cpu, address + first, size - first, access);
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
		size_t step = left_in_page(cpu->rip + at, 15 - at);
		const uint8_t *memory;
		r0_gpa physical = { 0 };
		enum done done = cpu_is_canonical(cpu->rip + at) ?
					 cpu_translate(cpu, cpu->rip + at, access, &physical) :
					 cpu_raise_code(cpu, R0_GP, 0);

		if (done != DONE) {
			*count = at;
			return at ? DONE : done;
		}
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
