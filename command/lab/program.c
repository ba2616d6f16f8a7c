/* SPDX-License-Identifier: MIT */
/*
 * One run of the lab, all in all: what it takes along, the kernel, the machine.
 */
#include <string.h>
#include <sys/utsname.h>

#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/programs/files.h"
#include "command/lab/programs/gather.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/kernels/missing.h"
#include "command/lab/options.h"
#include "command/lab/program.h"
#include "command/lab/run.h"
#include "command/lab/strings.h"

int lab_run_program(struct lab_options *options)
{
	struct lab_files files = { 0 };
	struct lab_strings inside = { 0 };
	struct lab_kernel kernel = { 0 };
	struct utsname host;
	int status;

	uname(&host);
	if (!options->sysroot && strcmp(host.machine, options->architecture->name))
		options->sysroot = options->architecture->sysroot;
	if (options->architecture->init == options->architecture->init_end)
		return lab_error(LAB_ARCHITECTURE,
				 "this ring0 was built without the lab for %s: a C compiler for it "
				 "was missing",
				 options->architecture->name);
	status = lab_gather(&files, options, &inside);
	if (!status)
		status = lab_fetch_missing(options);
	if (!status && options->kvm->emulator->check)
		status = options->kvm->emulator->check(options);
	if (!status)
		status = lab_kernel_find(options, &kernel);
	if (!status)
		status = lab_kernel_check(options, &kernel);
	if (!status)
		status = lab_run(options, &kernel, &files, &inside);
	lab_kernel_finish(&kernel);
	lab_strings_finish(&inside);
	lab_files_finish(&files);
	return status;
}
