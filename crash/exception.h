/* SPDX-License-Identifier: MIT */
/*
 * Exceptions in words: vectors, error codes and addresses. Depends on crash.h alone.
 */
#ifndef CRASH_EXCEPTION_H
#define CRASH_EXCEPTION_H

#include "crash/crash.h"

/* "#PF", or "interrupt 42", into buffer; returns buffer. */
const char *crash_exception_name(int vector, char *buffer, size_t size);

bool crash_exception_has_error_code(int vector);

/* It is no exception, but an interrupt. */
bool crash_exception_is_interrupt(int vector);

/* Its delivery leaves RIP after the instruction that raised it. */
bool crash_exception_is_trap(int vector);

/* "0x7f…", "the NULL pointer", "NULL pointer + 0x10". */
void crash_exception_address(uint64_t address, char *buffer, size_t size);

/*
 * " (CR2 is 0x10)", for one that the instruction at `pc` raised with that fault address; "" if the
 * exception is not about an address.
 */
void crash_exception_about(int vector, uint64_t fault_address, uint64_t pc, char *buffer,
			   size_t size);

/* "#PF: write to 0x10, not present" or "#GP(0x28: GDT entry 5)": without the place. */
void crash_exception_summary(const struct crash_view *view, const struct crash *crash, char *buffer,
			     size_t size);

/* The lines of a report about vector, error code and CR2. */
void crash_exception_print(const struct crash_view *view, const struct crash *crash, FILE *out);

#endif /* CRASH_EXCEPTION_H */
