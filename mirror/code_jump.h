/* SPDX-License-Identifier: MIT */
/* What leads from patched code to other code, however far away. Of the architecture. Pure. */
#ifndef MIRROR_CODE_JUMP_H
#define MIRROR_CODE_JUMP_H

#include <stddef.h>
#include <stdint.h>

/* The most bytes that such a jump takes. */
#define CODE_JUMP_MOST 16

/*
 * Write a jump to an address, which changes no register that a function is called with, nor one that it has to
 * keep. Returns its size in bytes.
 */
size_t code_jump(uint8_t *to, uint64_t target);

#endif /* MIRROR_CODE_JUMP_H */
