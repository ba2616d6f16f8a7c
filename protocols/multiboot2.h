/* SPDX-License-Identifier: MIT */
/* Multiboot2 Specification, version 2.0: what a boot loader and a kernel agree on. For C and assembly. */
#ifndef PROTOCOLS_MULTIBOOT2_H
#define PROTOCOLS_MULTIBOOT2_H

/* 3.1.1: the header lies in the first 32768 bytes of the file, at a multiple of 8. */
#define MULTIBOOT2_HEADER_WITHIN 32768
#define MULTIBOOT2_HEADER_MAGIC	 0xe85250d6
#define MULTIBOOT2_HEADER_SIZE	 16
#define MULTIBOOT2_MACHINE_I386	 0

/* 3.1.3 and on: the header's tags. Whatever is not optional has to be understood. */
#define MULTIBOOT2_TAG_SIZE	    8
#define MULTIBOOT2_TAG_OPTIONAL	    1
#define MULTIBOOT2_TAG_END	    0
#define MULTIBOOT2_TAG_INFORMATION  1
#define MULTIBOOT2_TAG_ADDRESSES    2
#define MULTIBOOT2_TAG_ENTRY	    3
#define MULTIBOOT2_TAG_CONSOLE	    4
#define MULTIBOOT2_TAG_FRAMEBUFFER  5
#define MULTIBOOT2_TAG_ALIGNED	    6
#define MULTIBOOT2_TAG_EFI_SERVICES 7
#define MULTIBOOT2_TAG_EFI_ENTRY_32 8
#define MULTIBOOT2_TAG_EFI_ENTRY_64 9
#define MULTIBOOT2_TAG_RELOCATABLE  10

/* 3.1.12: where the loader is to put a kernel that may be anywhere. */
#define MULTIBOOT2_AS_LOW_AS_POSSIBLE 1

/* 3.3: EAX at the kernel's entry; EBX is the address of the information. */
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289

/* 3.6: the types of what a kernel is told. */
#define MULTIBOOT2_END		0
#define MULTIBOOT2_COMMAND_LINE 1
#define MULTIBOOT2_LOADER_NAME	2
#define MULTIBOOT2_MODULE	3
#define MULTIBOOT2_MEMORY	4
#define MULTIBOOT2_MAP		6
#define MULTIBOOT2_ACPI_OLD	14
#define MULTIBOOT2_ACPI_NEW	15
#define MULTIBOOT2_LOAD_BASE	21

#ifndef __ASSEMBLER__
#include <ring0/private/types.h>

/* 3.6.1: what begins the information, and each tag of it; those are at multiples of 8. */
struct multiboot2_information {
	uint32_t size, reserved;
};

struct multiboot2_tag {
	uint32_t type, size;
};

struct multiboot2_module {
	struct multiboot2_tag tag;
	uint32_t start, end;
	char text[];
};

struct multiboot2_map {
	struct multiboot2_tag tag;
	uint32_t entry_size, entry_version;
};

struct multiboot2_range {
	uint64_t address, length;
	uint32_t type, reserved;
};

#endif /* __ASSEMBLER__ */
#endif /* PROTOCOLS_MULTIBOOT2_H */
