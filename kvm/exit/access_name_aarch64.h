/* SPDX-License-Identifier: MIT */
/* Names of accesses that nobody makes in the CPU's place, for messages. Pure. Arm ARM, C4.1.94. */
#ifndef KVM_EXIT_ACCESS_NAME_AARCH64_H
#define KVM_EXIT_ACCESS_NAME_AARCH64_H

#include <stdint.h>

/* "LDADD, an atomic", "LDXR, an exclusive"; never NULL. */
const char *access_name(uint32_t instruction);

#endif /* KVM_EXIT_ACCESS_NAME_AARCH64_H */
