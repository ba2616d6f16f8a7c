/* SPDX-License-Identifier: MIT */
/* What the boot loader says: memory, command line, where ACPI's tables are; copied, since it lies in memory that is free. */
#ifndef IMAGE_START_HARDWARE_LOADER_X86_64_H
#define IMAGE_START_HARDWARE_LOADER_X86_64_H

#include <ring0/private/types.h>

struct range {
	uint64_t start, end; /* end exclusive */
};

#define LOADER_RANGES 128
#define LOADER_WORDS  4096

struct loader {
	const char *protocol;
	bool names_image;	  /* the command line begins with the image's name, perhaps */
	char name[64];		  /* what it calls itself, or empty */
	char words[LOADER_WORDS]; /* the command line */
	struct range ram[LOADER_RANGES]; /* that may be used, by what it says: in any order */
	unsigned int ram_count;
	struct range taken[LOADER_RANGES]; /* modules */
	unsigned int taken_count;
	uint64_t rsdp; /* physical address, or 0 */
	uint8_t rsdp_copy[36];
	bool has_rsdp_copy;
	uint64_t smbios; /* of an entry point, or 0: where a BIOS has it */
};

extern struct loader loader;

/* Read what a loader of that magic number has left at a physical address below 4 GiB. */
void loader_read(uint32_t magic, uint32_t information);

#endif /* IMAGE_START_HARDWARE_LOADER_X86_64_H */
