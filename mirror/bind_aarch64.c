/* SPDX-License-Identifier: MIT */
/* Lazily bound functions: ELF for the Arm 64-bit Architecture, 5.7.11.6. */
#include "mirror/bind_own.h"
#include <elf.h>

const unsigned int bind_own_relocation = R_AARCH64_JUMP_SLOT;
