/* SPDX-License-Identifier: MIT */
/* What a view says of an x86 CPU's page tables. Depends on crash.h, and on kvm/ for CPUID's leaves. */
#ifndef CRASH_VIEW_X86_64_H
#define CRASH_VIEW_X86_64_H

#include "crash/crash.h"

/* Fill in how wide physical addresses are and which bits are reserved, by what CPUID says in the guest. */
void crash_view_take_cpuid(struct crash_view *view, struct kvm_cpuid2 *cpuid);

#endif /* CRASH_VIEW_X86_64_H */
