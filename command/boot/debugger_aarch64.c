/* SPDX-License-Identifier: MIT */
/* There is no debugger of arm64's machines: --gdb is refused before it would come to this. */
#include "command/boot/debugger.h"

int boot_debugger_create(struct boot_debugger **debugger, const struct boot_options *options,
			 const struct boot_file *image, const char *path, struct r0_vm *vm)
{
	(void)debugger;
	(void)options;
	(void)image;
	(void)path;
	(void)vm;
	return boot_error(BOOT_USAGE, "--gdb: there is none on arm64");
}

void boot_debugger_destroy(struct boot_debugger *debugger)
{
	(void)debugger;
}

int boot_debugger_hold_start(struct boot_debugger *debugger)
{
	(void)debugger;
	return 0;
}

void boot_debugger_fill(const struct boot_debugger *debugger, struct pollfd *fds)
{
	(void)debugger;
	(void)fds;
}

bool boot_debugger_attend(struct boot_debugger *debugger, const struct pollfd *fds)
{
	(void)debugger;
	(void)fds;
	return true;
}

bool boot_debugger_is_stopped(const struct boot_debugger *debugger)
{
	(void)debugger;
	return false;
}

uint64_t boot_debugger_take_stopped_ns(struct boot_debugger *debugger)
{
	(void)debugger;
	return 0;
}

void boot_debugger_tell_end(struct boot_debugger *debugger, int status)
{
	(void)debugger;
	(void)status;
}
