/* SPDX-License-Identifier: MIT */
/* What a test leaves in a vCPU that can't be put back, or tells nothing. Of the architecture. */
#ifndef EXECUTION_LEFTOVERS_H
#define EXECUTION_LEFTOVERS_H

#include "run/run.h"

/*
 * Take away what a reset can't put back of that vCPU of the run's machine, which is at rest. Returns whether
 * something stays, so that the machine is good for nothing.
 */
bool leftovers_stay(const struct run *run, struct vcpu *vcpu);

/* Whether the registers of a triple fault are those after a reset of the CPU. */
bool leftovers_hide_place(const struct run *run);

#endif /* EXECUTION_LEFTOVERS_H */
