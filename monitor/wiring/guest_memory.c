/* SPDX-License-Identifier: MIT */
/* The memory of a machine: a memfd, KVM's slots over it, and dirty pages. */
#include "monitor/wiring/guest_memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "monitor/wiring/platform.h"

#define WORD_PAGES 64

static size_t words_of(uint64_t size)
{
	return (size / PAGE_SIZE + WORD_PAGES - 1) / WORD_PAGES;
}

/* What is below the hole at most. */
static uint64_t low_size(void)
{
	return platform_map.memory_low_end - platform_map.memory;
}

uint64_t guest_memory_address(uint64_t page)
{
	const uint64_t offset = page * PAGE_SIZE, low = low_size();

	return offset < low ? platform_map.memory + offset :
			      offset - low + platform_map.memory_high;
}

/* Slots are numbered as the regions are. */
static int set_slot(struct guest_memory *memory, uint32_t number, bool present, struct error *error)
{
	const struct ram_region *region = &memory->ram.regions[number];

	return vm_set_slot(memory->vm,
			   &(struct vm_slot){ .number = number,
					      .address = region->address,
					      .size = present ? region->size : 0,
					      .host = region->host,
					      .read_only = region->read_only,
					      .log_dirty = memory->logs && !region->read_only },
			   error);
}

static int set_slots(struct guest_memory *memory, bool present, struct error *error)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < memory->ram.count && err >= 0; i++)
		err = set_slot(memory, i, present, error);
	return err < 0 ? err : 0;
}

static int add_region(struct guest_memory *memory, uint64_t offset, uint64_t size,
		      struct error *error)
{
	const struct ram_region region = {
		.address = gpa(guest_memory_address(offset / PAGE_SIZE)),
		.size = size,
		.host = memory->host + offset,
		/* The hole starts at a multiple of a word's pages. */
		.dirty = memory->dirty + offset / PAGE_SIZE / WORD_PAGES,
	};

	return ram_add(&memory->ram, &region, error);
}

static int map(struct guest_memory *memory, struct error *error)
{
	void *host;

	memory->fd = memfd_create("ring0-guest", MFD_CLOEXEC);
	if (memory->fd < 0 || ftruncate(memory->fd, (off_t)memory->size) != 0)
		return error_set(error, errno, "making a VM's memory of %llu KiB failed: %s",
				 (unsigned long long)memory->size >> 10, strerror(errno));
	host = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		    memory->fd, 0);
	if (host == MAP_FAILED)
		return error_set(error, errno, "mapping a VM's memory of %llu KiB failed: %s",
				 (unsigned long long)memory->size >> 10, strerror(errno));
	memory->host = host;
	return 0;
}

int guest_memory_init(struct guest_memory *memory, struct vm *vm, uint64_t size,
		      struct error *error)
{
	uint64_t low = size < low_size() ? size : low_size();
	int err;

	*memory = (struct guest_memory){
		.vm = vm, .fd = -1, .size = size, .cpu_walks = guest_memory_cpu_walks()
	};
	if (!size || size % PAGE_SIZE || size > GUEST_MEMORY_MAX)
		return error_set(
			error, EINVAL,
			"a VM's memory of %#llx bytes is not a multiple of 4096 up to %#lx",
			(unsigned long long)size, GUEST_MEMORY_MAX);
	memory->dirty = calloc(words_of(size), sizeof(uint64_t));
	memory->dirty_by_guest = calloc(words_of(size), sizeof(uint64_t));
	if (!memory->dirty || !memory->dirty_by_guest)
		err = error_set(error, ENOMEM, "no memory to keep track of a VM's");
	else
		err = map(memory, error);
	if (!err)
		err = add_region(memory, 0, low, error);
	if (!err && size > low)
		err = add_region(memory, low, size - low, error);
	if (!err)
		err = set_slots(memory, true, error);
	if (err)
		guest_memory_finish(memory);
	return err;
}

static int add_rom(struct guest_memory *memory, const void *data, uint64_t size,
		   struct error *error)
{
	struct ram_region region = {
		.address = gpa(platform_map.memory_high - size),
		.size = size,
		.read_only = true,
	};
	int err;

	region.host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region.host == MAP_FAILED)
		return error_set(error, errno, "mapping a ROM of %llu KiB failed: %s",
				 (unsigned long long)size >> 10, strerror(errno));
	memcpy(region.host, data, size);
	err = ram_add(&memory->ram, &region, error);
	if (!err)
		err = set_slot(memory, (uint32_t)memory->ram.count - 1, true, error);
	if (err < 0) {
		munmap(region.host, size);
		return err;
	}
	memory->rom = region.host;
	memory->rom_size = size;
	return 0;
}

int guest_memory_set_rom(struct guest_memory *memory, const void *data, uint64_t size,
			 struct error *error)
{
	if (!memory->rom)
		return add_rom(memory, data, size, error);
	if (size != memory->rom_size)
		return error_set(error, EINVAL, "a ROM of %llu KiB, where one of %llu KiB is",
				 (unsigned long long)size >> 10,
				 (unsigned long long)memory->rom_size >> 10);
	memcpy(memory->rom, data, size);
	return 0;
}

void guest_memory_finish(struct guest_memory *memory)
{
	if (memory->rom)
		munmap(memory->rom, memory->rom_size);
	if (memory->base)
		memory_base_unmap(memory->base, memory->host);
	else if (memory->host)
		munmap(memory->host, memory->size);
	memory_base_release(memory->base);
	if (memory->fd >= 0)
		close(memory->fd);
	free(memory->dirty);
	free(memory->dirty_by_guest);
}

static int get_dirty_log(struct guest_memory *memory, struct error *error)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < memory->ram.count && err >= 0; i++) {
		const struct ram_region *region = &memory->ram.regions[i];
		size_t first;

		if (region->read_only)
			continue;
		first = (size_t)(region->dirty - memory->dirty);
		err = vm_dirty_log(memory->vm, i, memory->dirty_by_guest + first, error);
	}
	return err < 0 ? err : 0;
}

int guest_memory_log(struct guest_memory *memory, bool on, struct error *error)
{
	int err;

	if (memory->logs == on)
		return 0;
	memory->logs = on;
	err = set_slots(memory, true, error);
	if (err) {
		memory->logs = !on;
		return err;
	}
	memset(memory->dirty, 0, words_of(memory->size) * sizeof(uint64_t));
	return on ? get_dirty_log(memory, error) : 0;
}

int guest_memory_harvest(struct guest_memory *memory,
			 void (*note)(void *context, size_t word, uint64_t pages), void *context,
			 bool *by_guest, struct error *error)
{
	size_t words = words_of(memory->size), i;
	int err = get_dirty_log(memory, error);

	if (err)
		return err;
	*by_guest = false;
	for (i = 0; i < words; i++) {
		uint64_t pages = memory->dirty[i] | memory->dirty_by_guest[i];

		if (memory->dirty_by_guest[i])
			*by_guest = true;
		memory->dirty[i] = 0;
		if (pages)
			note(context, i, pages);
	}
	return 0;
}

void guest_memory_zero(struct guest_memory *memory, uint8_t *at, uint64_t size)
{
	uint64_t first = page_ceiling((uint64_t)(at - memory->host));
	uint64_t end = page_floor((uint64_t)(at - memory->host) + size);
	uint8_t *first_page = memory->host + first, *last_end = memory->host + end;

	if (end <= first || memory->base ||
	    fallocate(memory->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)first,
		      (off_t)(end - first)) != 0) {
		memset(at, 0, size);
		return;
	}
	memset(at, 0, (size_t)(first_page - at));
	memset(last_end, 0, (size_t)(at + size - last_end));
}

int guest_memory_share(struct guest_memory *memory, struct error *error)
{
	struct memory_base *base;
	int fd, err;

	if (memory->base)
		return 0;
	fd = fcntl(memory->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return error_set(error, errno, "sharing a VM's memory failed: %s", strerror(errno));
	base = memory_base_create(fd, 0, memory->size, false, error);
	if (!base)
		return -ENOMEM;
	err = memory_base_find_data(base, memory_base_present(base), error);
	if (!err && !memory_base_map(base, memory->host, error))
		err = -ENOMEM;
	if (err) {
		memory_base_release(base);
		return err;
	}
	memory->base = base;
	close(memory->fd);
	memory->fd = -1;
	return 0;
}

int guest_memory_show(struct guest_memory *memory, struct memory_base *base, struct error *error)
{
	struct memory_base *before = memory->base;

	if (!memory_base_map(base, memory->host, error))
		return -ENOMEM;
	memory->base = memory_base_hold(base);
	memory_base_release(before);
	if (memory->fd >= 0)
		close(memory->fd);
	memory->fd = -1;
	return guest_memory_forget(memory, error);
}

int guest_memory_forget(struct guest_memory *memory, struct error *error)
{
	int err = set_slots(memory, false, error);

	return err ? err : set_slots(memory, true, error);
}

int guest_memory_remap(struct guest_memory *memory, uint64_t address, struct error *error)
{
	uint8_t *page = ram_at(&memory->ram, gpa(page_floor(address)), PAGE_SIZE, false);

	if (!page)
		return 0;
	/* A copy would be gone; and it may not be absent or read-only for a moment, as vCPUs run. */
	if (memory->base && mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0 &&
	    mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE) == 0)
		return 0;
	if (memory->base)
		return error_set(error, errno, "mapping a page of a VM's memory anew failed: %s",
				 strerror(errno));
	if (mmap(page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED,
		 memory->fd, (off_t)(page - memory->host)) == MAP_FAILED)
		return error_set(error, errno, "mapping a page of a VM's memory anew failed: %s",
				 strerror(errno));
	return 0;
}
