/* SPDX-License-Identifier: MIT */
/*
 * The subcommands that a cross build for arm64 has: for the lab, whose own command tells what those of a host's build need
 * libraries for. Depends on the subcommands alone.
 */
#include <stddef.h>
#include "command/command_list.h"
#include "command/commands.h"

const struct command commands[] = {
	{ "boot", boot_main, "boot a kernel in a virtual machine" },
	{ "doctor", doctor_main, "find out what this host's KVM can do at EL1" },
	{ "suite", suite_main, "run test kernels, and report their results" },
	{ NULL, NULL, NULL },
};
