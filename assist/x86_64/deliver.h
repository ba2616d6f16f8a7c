/* SPDX-License-Identifier: MIT */
/*
 * Delivery of exceptions and software interrupts through the guest's IDT. Depends on assist/x86_64/cpu.h.
 */
#ifndef ASSIST_X86_64_DELIVER_H
#define ASSIST_X86_64_DELIVER_H

#include "assist/x86_64/cpu.h"

enum deliver_source {
	DELIVER_EXCEPTION, /* INT1's, too */
	DELIVER_SOFTWARE,  /* INT n and INT3: the gate's DPL counts */
};

/*
 * Deliver a vector: CS:RIP, SS:RSP and RFLAGS become the handler's. What its own delivery raises is
 * delivered in its place, down to a double fault, with `rip` as where that was. Returns DONE, DONE_SHUTDOWN for a triple fault,
 * DONE_REFUSED or DONE_CANNOT.
 */
enum done deliver(struct cpu *cpu, const struct fault *fault, enum deliver_source source,
		  uint64_t rip);

#endif /* ASSIST_X86_64_DELIVER_H */
