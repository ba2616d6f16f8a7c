/* SPDX-License-Identifier: MIT */
/* Runs of pages, cases, texts. */
#include "image/payload.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/private/abi.h>
#include "image/bytes.h"
#include "image/case_list.h"
#include "image/module_list.h"
#include "image/start/payload/format.h"
#include "machine/machine_own.h"

struct making {
	const struct frozen *frozen;
	struct bytes runs, pages, modules;
	struct case_list cases;
};

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE_SIZE - 1);
}

static void add_page(struct making *making, uint64_t address, uint32_t flags, const uint8_t *page)
{
	struct image_run *runs = (struct image_run *)making->runs.data, *last = NULL;
	struct image_run run = {
		.address = address,
		.pages = 1,
		.flags = flags,
		.first = making->pages.size / PAGE_SIZE,
	};

	if (page)
		bytes_append(&making->pages, page, PAGE_SIZE);
	if (making->runs.size)
		last = &runs[making->runs.size / sizeof(run) - 1];
	if (last && last->address + last->pages * PAGE_SIZE == address && last->flags == flags)
		last->pages++;
	else
		bytes_append(&making->runs, &run, sizeof(run));
}

/* Ring 3's tables say what is there, with its rights, and what of it ring 0 keeps to itself. */
static void add_program_page(struct making *making, uint64_t address)
{
	const struct mirror *mirror = making->frozen->mirror;
	uint8_t page[PAGE_SIZE];
	unsigned int rights;
	r0_gpa physical;
	uint32_t flags;

	if (!page_table_walk(&mirror->frames, mirror->user_root, gva(address), &physical, &rights))
		return;
	flags = (rights & PAGE_WRITE ? IMAGE_RUN_WRITE : 0) |
		(rights & PAGE_EXECUTE ? IMAGE_RUN_EXECUTE : 0) |
		(rights & PAGE_USER ? IMAGE_RUN_USER : 0);
	frozen_page(making->frozen, address, page);
	if (is_zero(page))
		add_page(making, address, flags | IMAGE_RUN_ZERO, NULL);
	else
		add_page(making, address, flags, page);
}

static void add_program(struct making *making)
{
	const struct mirror *mirror = making->frozen->mirror;
	uint64_t address;
	size_t i;

	for (i = 0; i < mirror->part_count; i++)
		for (address = mirror->parts[i].map.start; address < mirror->parts[i].map.end;
		     address += PAGE_SIZE)
			add_program_page(making, address);
}

static void add_devices(struct making *making)
{
	struct mirror_config config = { 0 };
	size_t i;

	machine_own_devices(&config, making->frozen->entry.cpus);
	for (i = 0; i < config.device_count; i++)
		if (!mirror_find(making->frozen->mirror, config.devices[i]))
			add_page(making, config.devices[i],
				 IMAGE_RUN_WRITE | IMAGE_RUN_USER | IMAGE_RUN_DEVICE |
					 IMAGE_RUN_ZERO,
				 NULL);
}

static void fill_addresses(struct image_payload *header, const struct entry *entry)
{
	unsigned int cpu;

	header->guest = (uint64_t)&r0_guest;
	header->run = (uint64_t)r0_guest_run;
	header->vectors = (uint64_t)r0_vector_stubs;
	header->syscalls = (uint64_t)r0_syscall_entry;
	header->cpu_start = (uint64_t)r0_cpu_start;
	header->doorbell = (uint64_t)r0_doorbell;
	header->idle_doorbell = (uint64_t)r0_idle_doorbell;
	header->cpu_doorbell = (uint64_t)r0_cpu_doorbell;
	header->wait_halted = (uint64_t)r0_wait_halted;
	header->pad = (uint64_t)r0_image_pad;
	header->pad_size = R0_IMAGE_PAD_SIZE;
#ifdef __GLIBC__
	header->stream = (uint64_t)&stdout;
	header->stream_start = offsetof(struct _IO_FILE, _IO_write_base);
	header->stream_end = offsetof(struct _IO_FILE, _IO_write_ptr);
#endif
	header->area = entry_area(entry, 0);
	header->cpu_count = entry->cpus;
	for (cpu = 0; cpu < entry->cpus; cpu++)
		header->fs_base[cpu] = entry_fs_base(entry, cpu);
}

/* The parts one behind the other, and where each is, in the header. */
static int put_together(struct making *making, struct image_payload *header, uint8_t **payload,
			size_t *size)
{
	struct bytes all = { 0 };
	const uint64_t summed = offsetof(struct image_payload, runs_at);

	bytes_append(&all, header, sizeof(*header));
	bytes_append(&all, making->cases.texts.data, making->cases.texts.size);
	bytes_align(&all, 8);
	header->runs_at = all.size;
	header->run_count = making->runs.size / sizeof(struct image_run);
	bytes_append(&all, making->runs.data, making->runs.size);
	header->cases_at = all.size;
	header->case_count = making->cases.cases.size / sizeof(struct image_case);
	bytes_append(&all, making->cases.cases.data, making->cases.cases.size);
	header->modules_at = all.size;
	header->module_count = making->modules.size / sizeof(struct image_module);
	bytes_append(&all, making->modules.data, making->modules.size);
	header->ram_at = all.size;
	header->ram_count = making->cases.ram.size / sizeof(struct image_ram);
	bytes_append(&all, making->cases.ram.data, making->cases.ram.size);
	bytes_align(&all, PAGE_SIZE);
	header->pages_at = all.size;
	header->page_count = making->pages.size / PAGE_SIZE;
	bytes_append(&all, making->pages.data, making->pages.size);
	header->size = all.size;
	if (all.failed || making->cases.texts.failed || making->runs.failed ||
	    making->cases.cases.failed || making->cases.ram.failed || making->modules.failed ||
	    making->pages.failed) {
		free(all.data);
		return -ENOMEM;
	}
	memcpy(all.data, header, sizeof(*header));
	header->checksum = image_checksum(all.data + summed, all.size - summed);
	memcpy(all.data, header, sizeof(*header));
	*payload = all.data;
	*size = all.size;
	return 0;
}

int payload_make(const struct frozen *frozen, const struct plan *plan, const char *words,
		 uint8_t **payload, size_t *size, struct error *error)
{
	struct image_payload header = {
		.magic = IMAGE_MAGIC,
		.version = IMAGE_VERSION,
		.header_size = sizeof(header),
	};
	struct making making = { .frozen = frozen };
	int err;

	add_program(&making);
	add_devices(&making);
	case_list_make(&making.cases, plan, sizeof(header));
	module_list_make(&making.modules, &making.cases);
	header.words_at = case_list_add_text(&making.cases, words);
	fill_addresses(&header, &frozen->entry);
	err = put_together(&making, &header, payload, size);
	free(making.runs.data);
	free(making.pages.data);
	free(making.modules.data);
	case_list_finish(&making.cases);
	return err ? error_set(error, -err, "no memory for the image") : 0;
}
