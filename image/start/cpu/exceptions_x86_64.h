/* SPDX-License-Identifier: MIT */
/* Exceptions in the start-up code: of an access to an MSR, which may be absent; all others are told, and the end. */
#ifndef IMAGE_START_CPU_EXCEPTIONS_X86_64_H
#define IMAGE_START_CPU_EXCEPTIONS_X86_64_H

#include <ring0/private/types.h>

/* Load the start-up code's IDT. */
void exceptions_init(void);

/* False if the access is a #GP. */
bool exceptions_rdmsr(uint32_t index, uint64_t *value);
bool exceptions_wrmsr(uint32_t index, uint64_t value);

/* Leave VMX operation, if the CPU is in it. */
bool exceptions_vmxoff(void);

/* Interrupts are let in, and acknowledged, while that is set. */
extern bool exceptions_drain;

/* What to do about an NMI, or NULL for nothing: one that comes just before a test, or just after it. */
extern void (*exceptions_nmi)(void);

struct exception_frame {
	uint64_t registers[9];
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

#endif /* IMAGE_START_CPU_EXCEPTIONS_X86_64_H */
