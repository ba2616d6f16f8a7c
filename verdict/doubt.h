/* SPDX-License-Identifier: MIT */
/*
 * What a test used that a software KVM is known to get wrong, so that its pass shows nothing for
 * hardware, or its failure may be the KVM's: the list of docs/hosts.md.
 */
#ifndef VERDICT_DOUBT_H
#define VERDICT_DOUBT_H

#include <stddef.h>

enum doubt {
	DOUBT_EOI = 1 << 0,	   /* an interrupt was handled: none is in service meanwhile */
	DOUBT_DELIVERY = 1 << 1,   /* through an IDT or a TSS of its own: little is checked */
	DOUBT_FLUSHES = 1 << 2,	   /* of translations: none of them is remembered */
	DOUBT_CPUID = 1 << 3,	   /* leaves 1 and 7 are the host's */
	DOUBT_SYSCALL = 1 << 4,	   /* in ring 3, which it does not leave */
	DOUBT_INTERRUPT = 1 << 5,  /* INT n in ring 3, through gates of its own: #UD */
	DOUBT_WATCHPOINT = 1 << 6, /* in DR7, on data: never fires */
};

/* Those that can make a test pass which fails on hardware, and the other way round. */
#define DOUBTS_OF_PASSES (DOUBT_EOI | DOUBT_DELIVERY | DOUBT_FLUSHES | DOUBT_CPUID)
#define DOUBTS_OF_FAILURES                                                            \
	(DOUBT_EOI | DOUBT_DELIVERY | DOUBT_CPUID | DOUBT_SYSCALL | DOUBT_INTERRUPT | \
	 DOUBT_WATCHPOINT)

/* "EOI, TLB flushes" into text. */
void doubt_text(unsigned int doubts, char *text, size_t size);

#endif /* VERDICT_DOUBT_H */
