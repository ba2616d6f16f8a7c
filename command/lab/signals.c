/* SPDX-License-Identifier: MIT */
/* Signals that end the lab: they arrive at a descriptor, which all that waits looks at. Depends on libc. */
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command/lab/signals.h"

int lab_signals = -1;
int lab_signal;

void lab_catch_signals(void)
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

void lab_pass_signal_on(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(lab_signal, SIG_DFL);
	fflush(NULL);
	raise(lab_signal);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void lab_unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

int lab_take_signal(void)
{
	struct signalfd_siginfo info;

	return read(lab_signals, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}
