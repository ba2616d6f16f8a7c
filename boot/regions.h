/* SPDX-License-Identifier: MIT */
/*
 * A kernel's ELF file as the regions of a crash report (crash/crash.h), which has functions and lines
 * from it: of a kernel that runs where it is linked. Pure.
 */
#ifndef BOOT_REGIONS_H
#define BOOT_REGIONS_H

#include "boot/elf_file.h"
#include "crash/crash.h"

struct boot_regions {
	struct crash_region regions[ELF_FILE_SEGMENTS_MAX + 3];
	size_t count;
	/*
	 * Where the file's first page is taken to be: who looks for symbols finds the ELF header there.
	 * It is not in the guest's memory unless `has_header` is false.
	 */
	bool has_header;
	uint64_t header_at;
	struct boot_image image;
};

/* `path` stays the caller's. No regions for what is no ELF file. */
void boot_regions_init(struct boot_regions *regions, const struct boot_image *image,
		       const char *path);

/* The stack that a CPU is on, as far as it is not in the kernel's file. */
void boot_regions_add_stack(struct boot_regions *regions, uint64_t sp);

/* The page of the code that a CPU is at, if that is not in the kernel's file. */
void boot_regions_add_code(struct boot_regions *regions, uint64_t ip);

/* Bytes of the header's page, as far as there are; returns how many. */
size_t boot_regions_read_header(const struct boot_regions *regions, uint64_t address, void *to,
				size_t size);

#endif /* BOOT_REGIONS_H */
