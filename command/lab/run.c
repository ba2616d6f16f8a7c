/* SPDX-License-Identifier: MIT */
/*
 * Machines, from their start to their end, and the programs that run in them one after the other.
 *
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/lab/collect.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/programs/files.h"
#include "command/lab/kernels/image.h"
#include "command/lab/kernels/initramfs.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/machine.h"
#include "command/lab/options.h"
#include "command/lab/run.h"
#include "command/lab/session.h"
#include "command/lab/signals.h"
#include "command/lab/state.h"
#include "command/lab/strings.h"

/* As the programs that ring0 builds say that all was skipped. */
#define STATUS_SKIP 77

/* Start from a saved state. -1, with nothing said, if that does not work. */
static int start_warm(struct lab_machine *machine, const struct lab_start *start)
{
	int status = lab_machine_start(machine, start);

	if (status)
		return status;
	status = machine->emulator->restore(machine) ?
			 -1 :
			 lab_session_hello(machine, start->options, true);
	if (status < 0 && !lab_signal) {
		if (start->options->verbose)
			lab_error(0, "the saved machine could not be restored; starting afresh");
		lab_state_remove(start->restore);
		lab_machine_stop(machine);
	}
	return status;
}

/*
 * A state is kept if a machine that is restored from it answers. That one then takes the place of the
 * stopped one that was saved. -1 if it does not answer, and the state is removed.
 */
static int try_state(struct lab_machine *machine, const struct lab_start *start)
{
	char *state = lab_state_find(start->options, start->kernel);
	struct lab_start how = { .options = start->options,
				 .kernel = start->kernel,
				 .image = -1,
				 .initramfs = -1,
				 .restore = state };
	struct lab_machine restored = { .process = -1 };
	int status = state ? start_warm(&restored, &how) : -1;

	free(state);
	if (status || lab_signal) {
		lab_machine_stop(&restored);
		return lab_signal ? 128 + lab_signal : status;
	}
	/* How it came up is to be told of the machine that goes on. */
	free(restored.log);
	restored.log = machine->log;
	restored.log_size = machine->log_size;
	machine->log = NULL;
	lab_machine_stop(machine);
	*machine = restored;
	return 0;
}

/* Save the state for the next time: without that it works too. */
static int save(struct lab_machine *machine, const struct lab_start *start)
{
	int err = lab_state_save(machine, start->options, start->kernel);
	int status = err ? -1 : try_state(machine, start);

	if (status >= 0)
		return status;
	lab_error(0, "the machine's state can't be kept for a faster start: %s",
		  !err		   ? "a machine that is restored from it does not answer" :
		  machine->refusal ? machine->refusal :
				     strerror(-err));
	if (machine->emulator->resume(machine))
		return lab_machine_autopsy(machine, start->options);
	return lab_session_hello(machine, start->options, false);
}

static int start_cold(struct lab_machine *machine, struct lab_start *start)
{
	const struct lab_options *options = start->options;
	int status;

	start->image = lab_kernel_image(start->kernel);
	if (start->image < 0)
		return LAB_NO_KERNEL;
	start->initramfs = lab_initramfs(options, start->kernel);
	status = start->initramfs < 0 ? LAB_INTERNAL : lab_machine_start(machine, start);
	close(start->initramfs);
	close(start->image);
	if (!status)
		status = lab_session_boot(machine, options);
	if (status)
		return status;
	return start->save ? save(machine, start) : lab_session_hello(machine, options, false);
}

static int start(struct lab_machine *machine, const struct lab_options *options,
		 const struct lab_kernel *kernel, const struct lab_files *files)
{
	char *state = options->cold ? NULL : lab_state_find(options, kernel);
	struct lab_start how = {
		.options = options, .kernel = kernel, .image = -1, .initramfs = -1, .restore = state
	};
	int status = -1;

	if (state)
		status = start_warm(machine, &how);
	if (status < 0 && !lab_signal) {
		how.restore = NULL;
		how.save = !options->cold;
		status = start_cold(machine, &how);
	}
	free(state);
	if (status < 0)
		status = 128 + lab_signal;
	return status ? status : lab_session_files(machine, options, files);
}

/* With --keep: what there is to know about a machine that is about to end. */
static void keep_log(const struct lab_machine *machine, const struct lab_options *options)
{
	const char *base = getenv("TMPDIR");
	char *path = lab_format("%s/ring0-lab-XXXXXX", base && *base == '/' ? base : "/tmp");
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0 ||
	    dprintf(fd, "%s\n\n%s", machine->command, machine->log ? machine->log : "") < 0)
		lab_error(0, "keeping the log in %s: %s", path, strerror(errno));
	else
		lab_error(0, "%s's command line and the console's log of the %s machine are in %s",
			  machine->emulator->name, options->architecture->name, path);
	if (fd >= 0)
		close(fd);
	free(path);
}

static void stop(struct lab_machine *machine, const struct lab_options *options)
{
	if (options->keep && machine->pid > 0)
		keep_log(machine, options);
	lab_machine_stop(machine);
}

/* Whether the machine still serves after that status of the lab's own. */
static bool survives(int status)
{
	return status == LAB_MISSING || status == LAB_ARCHITECTURE || status == LAB_TIMEOUT;
}

/* One program, in the machine that runs or in a new one. */
static int run_one(struct lab_machine *machine, const struct lab_options *options,
		   const struct lab_kernel *kernel, const struct lab_files *files,
		   const char *program, const char *inside)
{
	int status = 0, end = 0;

	if (machine->pid <= 0)
		status = start(machine, options, kernel, files);
	if (!status)
		status = lab_session_run(machine, options, files, program, inside, &end);
	if (!status || survives(status))
		return status ? status : end;
	stop(machine, options);
	return status;
}

/* One for all: a failure comes before a skip, and a pass of some hides the others' skips. */
static int combine(int all, int status, bool first)
{
	if (first)
		return status;
	if (all != 0 && all != STATUS_SKIP)
		return all;
	if (status != 0 && status != STATUS_SKIP)
		return status;
	return all == STATUS_SKIP && status == STATUS_SKIP ? STATUS_SKIP : 0;
}

int lab_run(const struct lab_options *options, const struct lab_kernel *kernel,
	    const struct lab_files *files, const struct lab_strings *inside)
{
	struct lab_machine machine = { .process = -1 };
	FILE *statuses = options->statuses ? fopen(options->statuses, "we") : NULL;
	int all = 0, collected;

	if (options->statuses && !statuses)
		return lab_error(LAB_DISK, "writing %s: %s", options->statuses, strerror(errno));
	for (size_t i = 0; i < inside->count && !lab_signal; i++) {
		const char *program = options->programs.items[i];
		int status = run_one(&machine, options, kernel, files, program, inside->items[i]);

		if (options->each && !lab_signal)
			lab_error(0, "%s: exit status %d", program, status);
		if (statuses && !lab_signal) {
			fprintf(statuses, "%d\t%s\n", status, program);
			fflush(statuses);
		}
		all = combine(all, status, i == 0);
		/* What no machine can be had for, the others can't be run for either. */
		if (status >= LAB_NO_KERNEL && status <= LAB_INTERNAL && !machine.booted &&
		    status != LAB_TIMEOUT && status != LAB_PANIC && status != LAB_NO_MEMORY)
			break;
	}
	/* Also after a signal, unless it came when no program was running. */
	if (machine.pid > 0) {
		collected = lab_collect(&machine, options);
		all = all ? all : collected;
	}
	stop(&machine, options);
	if (statuses && fclose(statuses))
		all = lab_error(LAB_DISK, "writing %s: %s", options->statuses, strerror(errno));
	return all;
}
