/* SPDX-License-Identifier: MIT */
/* Modules in memory: each on pages of its own, from behind the kernel on. Pure. */
#ifndef BOOT_MODULES_H
#define BOOT_MODULES_H

#include "boot/protocol.h"

struct boot_module_place {
	uint64_t address; /* below 4 GiB, a multiple of the page size */
	uint64_t size;
	uint64_t text; /* of its text; never 0 */
};

/*
 * Place all of the request's modules, the kernel having been placed; *places is an array of them, for
 * free(). -EFAULT if there is no room; -ENOMEM.
 */
int boot_place_modules(struct boot_setup *setup, const struct boot_request *request,
		       struct boot_module_place **places, struct error *error);

/*
 * Place all of them, and a list with an entry of entry_size bytes for each, which fill() writes. *list is its
 * address, below 1 MiB; not touched if there are no modules. Returns 0, or as boot_place_modules().
 */
int boot_place_module_list(struct boot_setup *setup, const struct boot_request *request,
			   size_t entry_size,
			   void (*fill)(uint8_t *entry, const struct boot_module_place *place),
			   uint64_t *list, struct error *error);

#endif /* BOOT_MODULES_H */
