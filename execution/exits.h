/* SPDX-License-Identifier: MIT */
/* What each exit of a vCPU leads to. */
#ifndef EXECUTION_EXITS_H
#define EXECUTION_EXITS_H

#include "execution/execution.h"

/* Serve what a vcpu_run() of run->cpu came back with. */
enum step exits_serve(struct execution *run, int result);

#endif /* EXECUTION_EXITS_H */
