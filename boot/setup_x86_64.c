/* SPDX-License-Identifier: MIT */
/* How kernels start on x86: flat, in one of the modes that there are tables for. */
#include "boot/setup_x86_64.h"
#include <errno.h>

#define FOUR_GIB (1ull << 32)

static int enter(struct boot_setup *setup, enum r0_vm_mode mode, uint64_t tables_size, uint64_t at,
		 struct error *error)
{
	static const struct boot_room room = { BOOT_ROOM_FROM, FOUR_GIB, PAGE_SIZE };

	if (at >= FOUR_GIB || !boot_setup_has(setup, at))
		return error_set(error, ENOEXEC,
				 "its entry %#llx is in nothing that is loaded below 4 GiB",
				 (unsigned long long)at);
	setup->entry.mode = mode;
	setup->entry.ip = at;
	return boot_setup_place(setup, "tables for the CPU", NULL, tables_size, &room,
				&setup->entry.tables, error);
}

int boot_setup_enter_32(struct boot_setup *setup, uint64_t at, struct error *error)
{
	return enter(setup, R0_VM_MODE_PROTECTED, PAGE_SIZE, at, error);
}

int boot_setup_enter_64(struct boot_setup *setup, uint64_t at, struct error *error)
{
	return enter(setup, R0_VM_MODE_LONG, R0_VM_TABLES_SIZE, at, error);
}
