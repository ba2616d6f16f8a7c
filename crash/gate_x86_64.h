/* SPDX-License-Identifier: MIT */
/* Gates of the IDT, and the segments that they lead to. Depends on crash.h's view alone. */
#ifndef CRASH_GATE_X86_64_H
#define CRASH_GATE_X86_64_H

#include "crash/crash.h"

/* Where the IDT has that vector's gate. */
uint64_t crash_gate_address(const struct crash_view *view, int vector);

/* The current privilege level: in virtual-8086 mode it is 3. */
unsigned int crash_gate_privilege(const struct crash_view *view);

/* Why the code segment of a gate can't be loaded: true if it can't. */
bool crash_gate_refuses_code(const struct crash_view *view, unsigned int selector,
			     uint64_t *descriptor, char *reason, size_t size);

/* The descriptor of a selector: false, with a reason that begins with `what`, if it is null, or can't be read. */
bool crash_gate_descriptor(const struct crash_view *view, const char *what, unsigned int selector,
			   uint64_t *descriptor, char *reason, size_t size);

#endif /* CRASH_GATE_X86_64_H */
