/* SPDX-License-Identifier: MIT */
/* Where firmware would have the first CPU go on after a reset. Of the architecture. */
#ifndef MONITOR_WHOLE_RESUME_H
#define MONITOR_WHOLE_RESUME_H

#include "monitor/state.h"

/* After a reset, or out of the sleep of ACPI's S3; with control held. */
void monitor_resume(struct r0_vm *vm, bool slept, struct r0_vm_entry *entry);

#endif /* MONITOR_WHOLE_RESUME_H */
