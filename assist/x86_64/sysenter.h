/* SPDX-License-Identifier: MIT */
/* SYSENTER, SYSEXIT and SYSRET. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_SYSENTER_H
#define ASSIST_X86_64_SYSENTER_H

#include "assist/x86_64/cpu.h"

/* Execute one; it sets RIP itself. `wide` is a return to 64-bit code. */
enum done sysenter_execute(struct cpu *cpu);
enum done sysexit_execute(struct cpu *cpu, bool wide);
enum done sysret_execute(struct cpu *cpu, bool wide);

#endif /* ASSIST_X86_64_SYSENTER_H */
