/* SPDX-License-Identifier: MIT */
/* Registers as the lines of a report. Depends on crash.h alone. */
#ifndef CRASH_REGISTERS_X86_64_H
#define CRASH_REGISTERS_X86_64_H

#include "crash/crash.h"

void crash_registers_print(const struct crash_view *view, FILE *out);

#endif /* CRASH_REGISTERS_X86_64_H */
