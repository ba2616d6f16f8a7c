/* SPDX-License-Identifier: MIT */
/* Multiboot Specification, version 0.6.96: what a boot loader and a kernel agree on. For C and assembly. */
#ifndef PROTOCOLS_MULTIBOOT_H
#define PROTOCOLS_MULTIBOOT_H

/* 3.1: the header lies in the first 8192 bytes of the file, at a multiple of 4. */
#define MULTIBOOT_HEADER_WITHIN 8192
#define MULTIBOOT_HEADER_MAGIC	0x1badb002

/* 3.1.2: the header's flags. The low half is what the kernel can't do without. */
#define MULTIBOOT_NEEDS_ALIGNED_MODULES (1 << 0)
#define MULTIBOOT_NEEDS_MEMORY		(1 << 1)
#define MULTIBOOT_NEEDS_VIDEO		(1 << 2)
#define MULTIBOOT_NEEDS_ANY		0xffff
#define MULTIBOOT_HAS_ADDRESSES		(1 << 16)

/* 3.2: EAX at the kernel's entry; EBX is the address of the information. */
#define MULTIBOOT_LOADER_MAGIC 0x2badb002

/* 3.3: which members of the information there are. */
#define MULTIBOOT_HAS_MEMORY	   (1 << 0)
#define MULTIBOOT_HAS_COMMAND_LINE (1 << 2)
#define MULTIBOOT_HAS_MODULES	   (1 << 3)
#define MULTIBOOT_HAS_MAP	   (1 << 6)
#define MULTIBOOT_HAS_LOADER_NAME  (1 << 9)

/* 3.3, and E820: the type of a range of memory that may be used. */
#define MULTIBOOT_MEMORY_USABLE 1

#ifndef __ASSEMBLER__
#include <ring0/private/types.h>

struct multiboot_header {
	uint32_t magic, flags, checksum;
	/* With MULTIBOOT_HAS_ADDRESSES: */
	uint32_t header_address, load_address, load_end, bss_end, entry;
};

struct multiboot_information {
	uint32_t flags;
	uint32_t memory_lower, memory_upper; /* in KiB */
	uint32_t boot_device;
	uint32_t command_line;
	uint32_t module_count, modules;
	uint32_t symbols[4];
	uint32_t map_size, map;
	uint32_t drives_size, drives;
	uint32_t configuration;
	uint32_t loader_name;
	uint32_t others[13]; /* APM, VBE, framebuffer */
};

/* An entry of the map: its size counts what follows that. */
struct multiboot_range {
	uint32_t size;
	uint64_t address, length;
	uint32_t type;
} __attribute__((packed));

struct multiboot_module {
	uint32_t start, end, text, reserved;
};

#endif /* __ASSEMBLER__ */
#endif /* PROTOCOLS_MULTIBOOT_H */
