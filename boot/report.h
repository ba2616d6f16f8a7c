/* SPDX-License-Identifier: MIT */
/*
 * Why a foreign kernel died, as a line and a report: exception or instruction, code, call chain, page
 * walk and registers, by crash/. Of the architecture.
 */
#ifndef BOOT_REPORT_H
#define BOOT_REPORT_H

#include <stdio.h>
#include <ring0/vm.h>
#include "boot/regions.h"

/*
 * Of a VM that has ended with that outcome. `message` gets a line for R0_VM_TRIPLE_FAULT, R0_VM_FATAL,
 * R0_VM_HALTED and R0_VM_TIME_LIMIT, with a place in the kernel where it has one; else the outcome's
 * reason. The report goes to `out`. Never fails: what can't be found out is said to be unknown. Starts
 * the command ring0 and waits for it, some seconds at most.
 */
void boot_report(struct r0_vm *vm, const struct r0_vm_outcome *outcome,
		 const struct boot_regions *regions, char *message, size_t size, FILE *out);

#endif /* BOOT_REPORT_H */
