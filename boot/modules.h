/* SPDX-License-Identifier: MIT */
/* Modules in memory: each on pages of its own, from behind the kernel on. Pure. */
#ifndef BOOT_MODULES_H
#define BOOT_MODULES_H

#include "boot/protocol.h"

struct boot_module_place {
	uint64_t address; /* below 4 GiB, a multiple of the page size */
	uint64_t text;	  /* of its text; never 0 */
};

/*
 * Place all of the request's modules, the kernel having been placed; *places is an array of them, for
 * free(). -EFAULT if there is no room; -ENOMEM.
 */
int boot_place_modules(struct boot_setup *setup, const struct boot_request *request,
		       struct boot_module_place **places, struct error *error);

#endif /* BOOT_MODULES_H */
