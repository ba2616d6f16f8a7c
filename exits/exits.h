/* SPDX-License-Identifier: MIT */
/* What each exit of a vCPU leads to. */
#ifndef EXITS_EXITS_H
#define EXITS_EXITS_H

#include "run/run.h"

/* Serve what a vcpu_run() of run->cpu came back with. */
enum step exits_serve(struct run *run, int result);

#endif /* EXITS_EXITS_H */
