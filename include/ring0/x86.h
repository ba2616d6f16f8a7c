/* SPDX-License-Identifier: MIT */
/*
 * The x86-64 CPU by the names in its manuals, for tests and for any other C code: privileged and
 * related instructions as functions, the registers' bits, MSRs, descriptors, paging structures
 * and CPUID features; and a PC's interrupt controllers and timers. "SDM" is Intel's Software Developer's Manual, "APM" is AMD's Architecture
 * Programmer's Manual. Sections of the SDM are those of editions before 081 (September 2023), which
 * put a chapter in front of the one on paging.
 *
 * Everything here is inline and needs no <ring0.h>. Only what <ring0/x86/safe.h> declares, and
 * what walks page tables in <ring0/x86/paging.h>, and what accesses the APICs and the HPET, must be
 * called inside a test.
 */
#ifndef RING0_X86_H
#define RING0_X86_H

#ifndef __x86_64__
#error "<ring0/x86.h> is for x86-64"
#endif

#include <ring0/x86/instructions.h>
#include <ring0/x86/registers.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/descriptors.h>
#include <ring0/x86/cpuid.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/safe.h>
#include <ring0/x86/apic.h>
#include <ring0/x86/ioapic.h>
#include <ring0/x86/pic.h>
#include <ring0/x86/pit.h>
#include <ring0/x86/hpet.h>

#endif /* RING0_X86_H */
