/* SPDX-License-Identifier: MIT */
/* Lazily bound functions: System V ABI, AMD64 supplement, 4.4.1. */
#include "mirror/bind_own.h"
#include <elf.h>

const unsigned int bind_own_relocation = R_X86_64_JUMP_SLOT;
