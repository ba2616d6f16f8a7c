/* SPDX-License-Identifier: MIT */
/* The registers with which a protocol has a kernel start. Of the architecture. */
#ifndef BOOT_ENTRY_H
#define BOOT_ENTRY_H

#include <ring0/vm.h>

/* Set those of the first CPU that are not 0 here, its entry having been set. Returns 0 or -errno. */
int boot_set_registers(struct r0_vm *vm, const struct r0_vm_registers *wanted,
		       struct r0_error *error);

#endif /* BOOT_ENTRY_H */
