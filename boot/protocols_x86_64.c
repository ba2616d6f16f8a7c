/* SPDX-License-Identifier: MIT */
/* The protocols of x86, in the order in which a file is asked for them. */
#include "boot/protocol.h"

const struct boot_protocol *const boot_protocols[R0_BOOT_PROTOCOLS] = {
	[R0_BOOT_MULTIBOOT] = &boot_multiboot,
	[R0_BOOT_MULTIBOOT2] = &boot_multiboot2,
	[R0_BOOT_PVH] = &boot_pvh,
	[R0_BOOT_LINUX] = &boot_linux,
	[R0_BOOT_ELF] = &boot_elf,
	[R0_BOOT_FIRMWARE] = &boot_firmware,
};

const char boot_kernels[] = "ELF file, no Linux bzImage, no Multiboot header, no firmware";
