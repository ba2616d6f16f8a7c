/* SPDX-License-Identifier: MIT */
/* The protocols of arm64. */
#include "boot/protocol.h"

const struct boot_protocol *const boot_protocols[R0_BOOT_PROTOCOLS] = {
	[R0_BOOT_LINUX] = &boot_linux,
	[R0_BOOT_FLAT] = &boot_flat,
};

const char boot_kernels[] =
	"Linux Image, compressed by gzip or not; what has no header is for the protocol flat";
