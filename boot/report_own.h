/* SPDX-License-Identifier: MIT */
/* What boot/report.c leaves to the architecture, and what that reads the guest by: report_read.c. */
#ifndef BOOT_REPORT_OWN_H
#define BOOT_REPORT_OWN_H

#include "boot/report.h"
#include "crash/crash.h"

/* What a view's functions read by: their context. */
struct report_source {
	struct r0_vm *vm;
	unsigned int cpu;
	const struct boot_regions *kernel;
	struct boot_regions regions; /* with the CPU's stack */
};

/* Of a view: guest-physical memory; and memory as the CPU's own tables map it, but for the page that only the file has. */
size_t report_read_physical(void *context, uint64_t address, void *to, size_t size);
size_t report_read_virtual(void *context, uint64_t address, void *to, size_t size);

/* ---- of the architecture ---- */

/* The view of the source's CPU, which is at rest. */
void report_make_view(struct report_source *source, struct crash_view *view);

/* Whether the source's CPU, which is at rest, was never started, or is off again: there is nothing to tell of it. */
bool report_is_off(const struct report_source *source);

/* Where the CPU of a view is: a linear address. */
uint64_t report_ip(const struct crash_view *view);

/* What the source's CPU came to: a line, and a report. */
void report_describe(struct report_source *source, const struct r0_vm_outcome *outcome,
		     char *message, size_t size, FILE *out);

#endif /* BOOT_REPORT_OWN_H */
