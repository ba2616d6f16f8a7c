/* SPDX-License-Identifier: MIT */
/* The subcommands on arm64. Depends on the subcommands alone. */
#include "command/command_list.h"
#include <stddef.h>
#include "command/commands.h"

const struct command commands[] = {
	{ "boot", boot_main, "boot a kernel in a virtual machine" },
	{ "compare", compare_main, "show results of several environments side by side" },
	{ "doctor", doctor_main, "find out what this host's KVM can do at EL1" },
	{ "lab", lab_main, "run a program on a genuine KVM inside an emulated machine" },
	{ "suite", suite_main, "run test kernels, and report their results" },
	{ "which-tests", which_tests_main,
	  "the tests that executed a line, or what a diff changes" },
	{ "backtrace", backtrace_main, NULL },
	{ "replaceable", replaceable_main, NULL },
	{ NULL, NULL, NULL },
};
