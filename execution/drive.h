/* SPDX-License-Identifier: MIT */
/* From a run's first KVM_RUN to its end. */
#ifndef EXECUTION_DRIVE_H
#define EXECUTION_DRIVE_H

#include "run/run.h"

/* Run what parts_begin() has set up, on all its CPUs and with its debugger, until it has ended. */
void drive(struct run *run);

#endif /* EXECUTION_DRIVE_H */
