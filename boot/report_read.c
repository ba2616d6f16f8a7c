/* SPDX-License-Identifier: MIT */
/* What reports of foreign kernels' deaths read the guest's memory by. */
#include "boot/report_own.h"
#include "monitor/rest.h"
#include "monitor/translate.h"

size_t report_read_physical(void *context, uint64_t address, void *to, size_t size)
{
	const struct report_source *source = context;
	size_t done = 0;

	while (done < size) {
		size_t part = PAGE_SIZE - (address + done) % PAGE_SIZE;

		part = part < size - done ? part : size - done;
		if (r0_vm_read(source->vm, address + done, (uint8_t *)to + done, part, NULL))
			break;
		done += part;
	}
	return done;
}

/* As the CPU's own tables map it, but for the page that only the file has. */
size_t report_read_virtual(void *context, uint64_t address, void *to, size_t size)
{
	const struct report_source *source = context;
	size_t done = 0;

	while (done < size) {
		uint64_t at = address + done, physical;
		size_t part = PAGE_SIZE - at % PAGE_SIZE, got;

		part = part < size - done ? part : size - done;
		got = boot_regions_read_header(&source->regions, at, (uint8_t *)to + done, part);
		if (!got && !monitor_translate(&source->vm->cpus[source->cpu], at, &physical))
			got = report_read_physical(context, physical, (uint8_t *)to + done, part);
		done += got;
		if (got < part)
			break;
	}
	return done;
}
