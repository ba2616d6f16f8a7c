/* SPDX-License-Identifier: MIT */
/* What ends a halt on arm64. */
#ifndef RUN_HALT_AARCH64_H
#define RUN_HALT_AARCH64_H

#include "run/halt.h"

/* Whether a vCPU that is out of KVM_RUN halts until a timer's time has come. */
bool halt_is_timed(const struct machine_cpu *cpu);

#endif /* RUN_HALT_AARCH64_H */
