/* SPDX-License-Identifier: MIT */
/* What ended a machine, as a line and a status. Depends on <ring0/vm.h>. */
#include <string.h>
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
		return BOOT_HALTED;
	case R0_VM_KILLED:
		break;
	}
	return BOOT_INTERNAL;
}

int boot_outcome_tell(const struct boot_options *options, const struct r0_vm_outcome *outcome)
{
	const char *name = strrchr(options->kernel, '/');
	int status = status_of(outcome);

	name = name ? name + 1 : options->kernel;
	if (outcome->end == R0_VM_RESET)
		return boot_error(status, "%s: it reset the machine %d times: that is the limit",
				  name, BOOT_RESETS_MAX);
	if (outcome->cpu == R0_VM_NO_CPU || options->cpus == 1)
		return boot_error(status, "%s: %s", name, outcome->reason);
	return boot_error(status, "%s: CPU %u: %s", name, outcome->cpu, outcome->reason);
}
