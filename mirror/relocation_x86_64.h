/* SPDX-License-Identifier: MIT */
/* The relocation of a function that the dynamic linker looks up on its first call. */
#ifndef MIRROR_RELOCATION_X86_64_H
#define MIRROR_RELOCATION_X86_64_H

#include <elf.h>

#define RELOCATION_LAZY R_X86_64_JUMP_SLOT

#endif /* MIRROR_RELOCATION_X86_64_H */
