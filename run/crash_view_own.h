/* SPDX-License-Identifier: MIT */
/* What run/crash_view.c leaves to the architecture. */
#ifndef RUN_CRASH_VIEW_OWN_H
#define RUN_CRASH_VIEW_OWN_H

#include "run/run.h"

/* What a view says of a CPU besides its registers, and these, as they are now. */
void crash_view_own_cpu(struct crash_view *view, const struct machine_cpu *cpu);
void crash_view_own_registers(struct crash_view *view, const struct machine_cpu *cpu);

/* Have it be at the instruction by which it halted. */
void crash_view_own_before_halt(struct crash_view *view);

/* Where the instruction is that the vCPU left by. */
uint64_t crash_view_own_place(const struct run *run);

#endif /* RUN_CRASH_VIEW_OWN_H */
