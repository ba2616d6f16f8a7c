/* SPDX-License-Identifier: MIT */
/* The subcommands on arm64: not those that need its machines of <ring0/vm.h>, which are to come. Depends on the subcommands alone. */
#include "command/command_list.h"
#include <stddef.h>
#include "command/commands.h"

const struct command commands[] = {
	{ "compare", compare_main, "show results of several environments side by side" },
	{ "lab", lab_main, "run a program on a genuine KVM inside an emulated machine" },
	{ "which-tests", which_tests_main,
	  "the tests that executed a line, or what a diff changes" },
	{ "backtrace", backtrace_main, NULL },
	{ "replaceable", replaceable_main, NULL },
	{ NULL, NULL, NULL },
};
