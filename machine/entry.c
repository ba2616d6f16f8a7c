/* SPDX-License-Identifier: MIT */
/* The memory that CPUs have of their own, and the runtime's variables, as a test finds them. */
#include "machine/entry.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ring0/private/abi.h>
#include "guest/exceptions/fault.h"
#include "guest/exceptions/syscall.h"
#include "guest/host/outside.h"
#include "guest/smp/smp.h"
#include "machine/entry_own.h"
#include "mirror/bind.h"

static int allow_area(uint64_t area, struct error *error)
{
	size_t i;

	for (i = 0; i < entry_own_part_count; i++)
		if (mprotect((uint8_t *)area + entry_own_parts[i].offset, entry_own_parts[i].size,
			     PROT_READ | PROT_WRITE) < 0)
			return error_set(error, errno, "mprotect() of the guest's stacks: %s",
					 strerror(errno));
	return 0;
}

static size_t copies_size(const struct entry *entry)
{
	return (entry->cpus - 1) * entry->tls.copy_size;
}

static int reserve(size_t size, int protection, uint64_t *address, struct error *error)
{
	void *memory = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return error_set(error, errno, "reserving %zu KiB for the guest failed: %s",
				 size >> 10, strerror(errno));
	*address = (uint64_t)memory;
	return 0;
}

int entry_reserve(struct entry *entry, unsigned int cpus, struct error *error)
{
	unsigned int cpu;
	size_t page;
	int err;

	*entry = (struct entry){ .cpus = cpus };
	tls_find(&entry->tls, entry_own_thread_pointer());
	/* Touched, so that they are in the template even if the program's .bss is a sparse mapping. */
	for (page = 0; page < R0_GUEST_SIZE; page += PAGE_SIZE)
		*((volatile char *)&r0_guest + page) = 0;
	*(const struct outside *volatile *)&outside = NULL;
	err = reserve((size_t)cpus * R0_AREA_SIZE, PROT_NONE, &entry->area, error);
	for (cpu = 0; cpu < cpus && !err; cpu++)
		err = allow_area(entry_area(entry, cpu), error);
	if (!err && cpus > 1)
		err = reserve(copies_size(entry), PROT_READ | PROT_WRITE, &entry->copies, error);
	if (err)
		entry_release(entry);
	return err;
}

void entry_release(struct entry *entry)
{
	if (entry->area)
		munmap((void *)entry->area, (size_t)entry->cpus * R0_AREA_SIZE);
	if (entry->copies)
		munmap((void *)entry->copies, copies_size(entry));
}

size_t entry_supervisor_ranges(const struct entry *entry, struct mirror_range *ranges)
{
	unsigned int cpu;

	ranges[0] = (struct mirror_range){ (uint64_t)r0_entry_start, (uint64_t)r0_entry_end };
	ranges[1] =
		(struct mirror_range){ (uint64_t)&r0_guest, (uint64_t)&r0_guest + R0_GUEST_SIZE };
	for (cpu = 0; cpu < entry->cpus; cpu++)
		ranges[2 + cpu] =
			(struct mirror_range){ entry_area(entry, cpu),
					       entry_area(entry, cpu) + R0_AREA_STACK - PAGE_SIZE };
	return 2 + entry->cpus;
}

static void fill_cpu(struct r0_guest *guest, unsigned int number, const struct entry *entry,
		     const struct mirror *mirror)
{
	struct r0_cpu *cpu = r0_cpu_at(guest, number);

	cpu->area = entry_area(entry, number);
	cpu->user_stack = cpu->area + R0_AREA_USER_STACK + R0_AREA_USER_SIZE;
	cpu->number = number;
	entry_own_fill(guest, cpu, mirror);
}

static void fill_guest(struct r0_guest *guest, const struct entry *entry,
		       const struct mirror *mirror)
{
	unsigned int cpu;
	size_t i;

	guest->exception = r0_exception;
	guest->cpu_main = r0_cpu_main;
	for (cpu = 0; cpu < entry->cpus; cpu++)
		fill_cpu(guest, cpu, entry, mirror);
	if (mirror->hidden.start < mirror->hidden.end) {
		guest->sparse[guest->sparse_count].first = mirror->hidden.start;
		guest->sparse[guest->sparse_count++].last = mirror->hidden.end - 1;
	}
	for (i = 0; i < mirror->part_count; i++) {
		const struct mirror_part *part = &mirror->parts[i];

		if (part->kind != MIRROR_SPARSE)
			continue;
		/* With too many, the last one spans the rest: the host knows which are. */
		if (guest->sparse_count < R0_SPARSE_RANGES)
			guest->sparse[guest->sparse_count++].first = part->map.start;
		guest->sparse[guest->sparse_count - 1].last = part->map.end - 1;
	}
}

int entry_prepare(const struct entry *entry, const struct kvm *kvm, struct mirror *mirror,
		  struct error *error)
{
	static const struct outside *const table = &outside_host;
	const uint64_t own_getpid = bind_function((uint64_t)getpid);
	struct r0_guest guest = { 0 };
	unsigned int cpu;
	int err;

	fill_guest(&guest, entry, mirror);
	err = mirror_write(mirror, gva((uint64_t)&r0_guest), &guest, sizeof(guest));
	for (cpu = 1; cpu < entry->cpus && !err; cpu++)
		err = tls_copy(&entry->tls, mirror, entry_tls_copy(entry, cpu));
	if (!err)
		err = mirror_write(mirror, gva((uint64_t)&outside), &table, sizeof(table));
	if (!err)
		err = mirror_write(mirror, gva((uint64_t)&syscall_getpid), &own_getpid,
				   sizeof(own_getpid));
	if (!err)
		err = entry_own_prepare(entry, kvm, mirror);
	if (err)
		return error_set(error, -err,
				 "the guest runtime's memory is not where the mirror looks for it");
	return 0;
}
