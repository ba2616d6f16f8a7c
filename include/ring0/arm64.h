/* SPDX-License-Identifier: MIT */
/*
 * The arm64 CPU by the names in its manual, for tests at EL1 and for any other C code: system registers, their fields,
 * barriers, maintenance of TLBs and caches, translation table descriptors, exception syndromes, the generic timer and the
 * GIC.
 * Sections are those of the Arm Architecture Reference Manual for A-profile (DDI 0487).
 *
 * Everything here is inline and needs no <ring0.h>. Only what <ring0/arm64/safe.h> declares, and what walks the
 * tables in <ring0/arm64/translation.h>, must be called inside a test.
 */
#ifndef RING0_ARM64_H
#define RING0_ARM64_H

#ifndef __aarch64__
#error "<ring0/arm64.h> is for arm64"
#endif

#include <ring0/arm64/registers.h>
#include <ring0/arm64/instructions.h>
#include <ring0/arm64/exceptions.h>
#include <ring0/arm64/translation.h>
#include <ring0/arm64/timer.h>
#include <ring0/arm64/gic.h>
#include <ring0/arm64/safe.h>

#endif /* RING0_ARM64_H */
