/* SPDX-License-Identifier: MIT */
/* What is at the reset vector where no firmware is. Of the architecture. */
#ifndef BOOT_RESET_VECTOR_H
#define BOOT_RESET_VECTOR_H

#include <ring0/vm.h>
#include "base/error.h"

/*
 * Have a CPU that comes to the reset vector, by an INIT or by a jump to it, ask for a reset of the CPUs: the
 * host then does what firmware would, r0_vm_reset(). For a VM at rest with 1 MiB of memory at least. Returns 0
 * or -errno.
 */
int boot_add_reset_vector(struct r0_vm *vm, struct error *error);

#endif /* BOOT_RESET_VECTOR_H */
