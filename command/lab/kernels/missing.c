/* SPDX-License-Identifier: MIT */
/*
 * What RING0_LAB=auto adds: a run that finds no kernel, or no Bochs, has one fetched. Of several runs
 * at once one fetches, and the others wait for it. Depends on emulator.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "command/lab/architectures.h"
#include "command/lab/cache.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/kernels/fetch.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/kernels/missing.h"
#include "command/lab/options.h"
#include "command/lab/signals.h"
#include "command/lab/strings.h"

/* How often a run looks whether it is its turn. */
#define TURN_MS 200

/* Wait until no other run fetches, or for a signal. A descriptor that holds the lock, or -1. */
static int take_turn(const struct lab_architecture *architecture)
{
	char *cache = lab_cache_directory();
	char *path = cache ? lab_format("%s/lock-%s", cache, architecture->name) : NULL;
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	bool waits = false;

	/* Where there are no locks, two fetch at once: the kernel takes its place in one step. */
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) &&
	       (errno == EWOULDBLOCK || errno == EINTR)) {
		struct pollfd ended = { .fd = lab_signals, .events = POLLIN };

		if (!waits)
			lab_error(0, "another run fetches a kernel: waiting for it");
		waits = true;
		if (poll(&ended, 1, TURN_MS) > 0 && (lab_signal = lab_take_signal()))
			break;
	}
	free(path);
	free(cache);
	return fd;
}

int lab_fetch_missing(const struct lab_options *options)
{
	const struct lab_architecture *architecture = options->architecture;
	const struct lab_emulator *emulator = options->kvm->emulator;
	const char *lab = getenv("RING0_LAB");
	int status = 0, turn;
	char *program;

	if (!lab || strcmp(lab, "auto"))
		return 0;
	program = emulator->program(options);
	if (program && !lab_kernel_is_missing(options)) {
		free(program);
		return 0;
	}
	/* Without an emulator, the kernel would be fetched for nothing. */
	if (!program && !emulator->fetch)
		return emulator->say_missing(options, "there is none in $PATH");
	free(program);
	turn = take_turn(architecture);
	if (lab_signal) {
		status = 128 + lab_signal;
	} else if (lab_kernel_is_missing(options)) {
		lab_error(0, "there is no %s kernel yet: fetching one by apt, some 40 MB in all",
			  architecture->name);
		status = lab_fetch(architecture);
	}
	if (!status && emulator->fetch)
		status = emulator->fetch(options);
	if (turn >= 0)
		close(turn);
	return status;
}
