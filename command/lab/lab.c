/* SPDX-License-Identifier: MIT */
/*
 * `ring0 lab`: the order of things. A run goes through the files in this one: options.c reads the
 * command line; programs/gather.c collects what goes along, by files.c and library.c, which reads programs by
 * elf.c; kernels/kernel.c finds a kernel and its modules, or fetch.c gets them by apt.c, unasked for
 * missing.c, both uncompressed by uncompress.c; run.c has machine.c start an emulator (emulators/emulator.h)
 * with the kernel of image.c and the initial file system of initramfs.c, state.c save and restore a
 * machine that has booted, and session.c talk to the init program in it.
 */
#include <stdio.h>

#include "command/commands.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/kernels/fetch.h"
#include "command/lab/matrix.h"
#include "command/lab/options.h"
#include "command/lab/program.h"
#include "command/lab/signals.h"

static int act(struct lab_options *options)
{
	int status = 0;

	lab_catch_signals();
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
		lab_pass_signal_on();
	return status;
}
