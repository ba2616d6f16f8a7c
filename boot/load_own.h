/* SPDX-License-Identifier: MIT */
/* What boot/load.c leaves to the architecture. */
#ifndef BOOT_LOAD_OWN_H
#define BOOT_LOAD_OWN_H

#include "boot/protocol.h"

/* Say what the machine has, in *request, and in its memory where that is how it is said. Returns 0 or -errno. */
int boot_own_describe(struct r0_vm *vm, enum r0_boot_protocol protocol,
		      struct boot_request *request, struct r0_error *error);

/* Its memory. */
void boot_own_map(const struct r0_vm *vm, struct memory_map *map);

/* Add what is there whatever the protocol has set up. Returns 0 or -errno. */
int boot_own_complete(struct r0_vm *vm, enum r0_boot_protocol protocol, struct boot_setup *setup,
		      struct r0_error *error);

/* Put setup->firmware where it belongs. Returns 0 or -errno. */
int boot_own_write_firmware(struct r0_vm *vm, const struct boot_setup *setup,
			    struct r0_error *error);

#endif /* BOOT_LOAD_OWN_H */
