/* SPDX-License-Identifier: MIT */
/*
 * Xen's x86/HVM direct boot ABI (docs/misc/pvh.pandoc): the ELF note PHYS32_ENTRY of public/elfnote.h, and
 * the structures of public/arch-x86/hvm/start_info.h. For C and assembly.
 */
#ifndef PROTOCOLS_PVH_H
#define PROTOCOLS_PVH_H

#define PVH_NOTE_NAME	      "Xen"
#define PVH_NOTE_PHYS32_ENTRY 18

/* EBX at the kernel's entry is the address of the start_info. */
#define PVH_START_MAGIC	  0x336ec578
#define PVH_START_VERSION 1 /* from which on there is a map of memory */

#define PVH_MEMORY_USABLE 1 /* as E820 has it */

#ifndef __ASSEMBLER__
#include <ring0/private/types.h>

struct pvh_start_info {
	uint32_t magic, version, flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t command_line;
	uint64_t rsdp;
	uint64_t map;
	uint32_t map_entries;
	uint32_t reserved;
};

struct pvh_module {
	uint64_t address, size, command_line, reserved;
};

struct pvh_range {
	uint64_t address, size;
	uint32_t type, reserved;
};

#endif /* __ASSEMBLER__ */
#endif /* PROTOCOLS_PVH_H */
