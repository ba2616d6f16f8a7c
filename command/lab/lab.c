/* SPDX-License-Identifier: MIT */
/*
 * `ring0 lab`: the order of things, and what signals do to it. Depends on lab.h and libc.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "command/commands.h"
#include "command/lab/emulator.h"
#include "command/lab/lab.h"

static void catch_signals(void)
{
	const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct sigaction action;

		/* What was ignored, as by nohup(1), stays so. */
		sigaction(numbers[i], NULL, &action);
		if (action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	lab_signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* End by the signal that ended the lab, so that a shell's loop ends too. */
static void pass_signal_on(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(lab_signal, SIG_DFL);
	fflush(NULL);
	raise(lab_signal);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int act(struct lab_options *options)
{
	int status = 0;

	catch_signals();
	if (options->fetch && options->kvm->emulator->fetch)
		status = options->kvm->emulator->fetch(options);
	if (options->fetch && !status)
		status = lab_fetch(options->architecture);
	if (!status && options->programs.count)
		status = options->matrix ? lab_matrix(options) : lab_run_program(options);
	return status;
}

int lab_main(int argc, char **argv)
{
	struct lab_options options = { .cpus = 1, .memory = 512, .timeout = 600 };
	int status = lab_options_parse(argc, argv, &options);

	if (!status && options.help) {
		lab_options_help();
		status = fflush(stdout) ? LAB_DISK : 0;
	} else if (!status) {
		status = act(&options);
	}
	lab_options_finish(&options);
	if (lab_signal)
		pass_signal_on();
	return status;
}
