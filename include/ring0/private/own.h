/* SPDX-License-Identifier: MIT */
/*
 * Headers that each architecture has its own of, by their suffix: #include R0_OWN_HEADER(ABI). Compilers define
 * __aarch64__ as 1 or not at all.
 */
#ifndef RING0_PRIVATE_OWN_H
#define RING0_PRIVATE_OWN_H

#define R0_OWN_HEADER(name)		      R0_OWN_HEADER_OF_(name, __aarch64__)
#define R0_OWN_HEADER_OF_(name, is_aarch64)   R0_OWN_HEADER_NAME_(name, is_aarch64)
#define R0_OWN_HEADER_NAME_(name, is_aarch64) R0_##name##_HEADER_##is_aarch64

/* In quotes, within which no macro of the program's changes a word. */
#define R0_ABI_HEADER_1		      "ring0/private/abi_aarch64.h"
#define R0_ABI_HEADER___aarch64__     "ring0/private/abi_x86_64.h"
#define R0_FAULT_HEADER_1	      "ring0/private/fault_aarch64.h"
#define R0_FAULT_HEADER___aarch64__   "ring0/private/fault_x86_64.h"
#define R0_OPTIONS_HEADER_1	      "ring0/private/options_aarch64.h"
#define R0_OPTIONS_HEADER___aarch64__ "ring0/private/options_x86_64.h"
#define R0_VM_HEADER_1		      "ring0/private/vm_aarch64.h"
#define R0_VM_HEADER___aarch64__      "ring0/private/vm_x86_64.h"

#endif /* RING0_PRIVATE_OWN_H */
