/* SPDX-License-Identifier: MIT */
/* What ended a machine, as a line and a status. Depends on boot/report.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "boot/report.h"
#include "command/boot/boot.h"

static int status_of(const struct r0_vm_outcome *outcome)
{
	switch (outcome->end) {
	case R0_VM_POWER_OFF:
		return BOOT_OK;
	case R0_VM_STATUS:
		return outcome->exit_code;
	case R0_VM_TRIPLE_FAULT:
		return BOOT_SHUT_DOWN;
	case R0_VM_FATAL:
		return BOOT_GAVE_UP;
	case R0_VM_TIME_LIMIT:
	case R0_VM_RESET:
		return BOOT_LIMIT;
	case R0_VM_HALTED:
	case R0_VM_SLEEP:
		return BOOT_HALTED;
	case R0_VM_KILLED:
		break;
	}
	return BOOT_INTERNAL;
}

/* Each line of the report with a margin. */
static void show(const char *report, size_t size)
{
	text_put_lines(stderr, report, size, "    ");
}

/* `ring0 backtrace` is this command, wherever it is. */
static void name_command(void)
{
	setenv("RING0_COMMAND", "/proc/self/exe", false);
}

static void tell_death(const char *name, const char *cpu, int status, struct r0_vm *vm,
		       const struct r0_vm_outcome *outcome, const struct boot_regions *regions)
{
	char message[1024], *report = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&report, &size);

	if (!out) {
		boot_error(status, "%s: %s%s", name, cpu, outcome->reason);
		return;
	}
	name_command();
	boot_report(vm, outcome, regions, message, sizeof(message), out);
	fclose(out);
	boot_error(status, "%s: %s%s", name, cpu, message);
	if (report && size)
		show(report, size);
	free(report);
}

int boot_outcome_tell(const struct boot_options *options, struct r0_vm *vm,
		      const struct r0_vm_outcome *outcome, const struct boot_file *symbols)
{
	const struct boot_image image = { symbols->data, symbols->size };
	const char *kernel = options->kernel ? options->kernel : options->from;
	const char *name = strrchr(kernel, '/');
	static struct boot_regions regions;
	int status = status_of(outcome);
	char *path, cpu[32] = "";

	name = name ? name + 1 : kernel;
	if (outcome->end == R0_VM_RESET)
		return boot_error(status, "%s: it reset the machine %d times: that is the limit",
				  name, BOOT_RESETS_MAX);
	if (outcome->cpu != R0_VM_NO_CPU && options->cpus > 1)
		snprintf(cpu, sizeof(cpu), "CPU %u: ", outcome->cpu);
	path = realpath(options->symbols ? options->symbols : kernel, NULL);
	boot_regions_init(&regions, &image, path ? path : kernel);
	tell_death(name, cpu, status, vm, outcome, &regions);
	free(path);
	if (!options->until || (outcome->end != R0_VM_POWER_OFF && outcome->end != R0_VM_STATUS))
		return status;
	return boot_error(BOOT_UNSAID, "%s: it ended before it said '%s': nothing is saved", name,
			  options->until);
}
