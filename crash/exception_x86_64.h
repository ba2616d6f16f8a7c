/* SPDX-License-Identifier: MIT */
/*
 * Exceptions in words: vectors, error codes and addresses. Depends on crash.h alone.
 */
#ifndef CRASH_EXCEPTION_X86_64_H
#define CRASH_EXCEPTION_X86_64_H

#include "crash/crash.h"

/* Bits of a page fault's error code (SDM vol. 3A, 4.7). */
#define CRASH_PF_P    (1u << 0)
#define CRASH_PF_W    (1u << 1)
#define CRASH_PF_U    (1u << 2)
#define CRASH_PF_RSVD (1u << 3)
#define CRASH_PF_I    (1u << 4)
#define CRASH_PF_PK   (1u << 5)
#define CRASH_PF_SS   (1u << 6)
#define CRASH_PF_SGX  (1u << 15)

/* "#PF", or "interrupt 42", into buffer; returns buffer. */
const char *crash_exception_name(int vector, char *buffer, size_t size);

bool crash_exception_has_error_code(int vector);

/* Its delivery leaves RIP after the instruction that raised it. */
bool crash_exception_is_trap(int vector);

/* "0x7f…", "the NULL pointer", "NULL pointer + 0x10". */
void crash_exception_address(uint64_t address, char *buffer, size_t size);

/* "#PF: write to 0x10, not present" or "#GP(0x28: GDT entry 5)": without the place. */
void crash_exception_summary(const struct crash_view *view, const struct crash *crash, char *buffer,
			     size_t size);

/* The lines of a report about vector, error code and CR2. */
void crash_exception_print(const struct crash_view *view, const struct crash *crash, FILE *out);

#endif /* CRASH_EXCEPTION_X86_64_H */
