/* SPDX-License-Identifier: MIT */
/* Registers as the lines of a report. Depends on crash.h alone. */
#ifndef RUNNER_CRASH_REGISTERS_H
#define RUNNER_CRASH_REGISTERS_H

#include "runner/crash.h"

void crash_registers_print(const struct crash_view *view, FILE *out);

#endif /* RUNNER_CRASH_REGISTERS_H */
