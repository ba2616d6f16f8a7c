/* SPDX-License-Identifier: MIT */
/* `ring0 boot`: from the command line to the exit status. Depends on boot.h. */
#include <signal.h>
#include <stdio.h>
#include "command/boot/boot.h"
#include "command/commands.h"

/* End by the signal that ended it, so that a shell's loop ends too. */
static void pass_signal_on(int number)
{
	sigset_t none;

	sigemptyset(&none);
	signal(number, SIG_DFL);
	boot_terminal_restore();
	fflush(NULL);
	raise(number);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int boot_main(int argc, char **argv)
{
	struct boot_options options;
	int status = boot_options_parse(argc, argv, &options);
	struct boot_result result = { 0 };

	if (!status && options.help) {
		boot_options_help();
		status = fflush(stdout) ? BOOT_INTERNAL : 0;
	} else if (!status) {
		status = boot_run(&options, &result);
	}
	boot_options_finish(&options);
	if (result.signal)
		pass_signal_on(result.signal);
	return status;
}
