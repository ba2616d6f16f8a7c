/* SPDX-License-Identifier: MIT */
/*
 * ring0: test code that needs the CPU's highest privilege.
 *
 *	R0_TEST(io, inw_reads_the_port, .ioports = R0_IOPORTS({ 0x1, 0xfe }))
 *	{
 *		R0_ASSERT_EQ(inw(0x1), 0xfe);
 *	}
 *
 * The body runs in ring 0 of a VM that mirrors the program. See <ring0/test.h> for the
 * attributes, <ring0/assert.h> for the assertions, <ring0/fault.h> for exceptions and ring 3,
 * <ring0/interrupt.h> for waiting, <ring0/smp.h> for several CPUs, <ring0/mock.h> for what mocks may
 * do, <ring0/replace.h> for functions in place of others, <ring0/measure.h> for benchmarks, <ring0/fuzz.h> for fuzzing, <ring0/call.h> for the
 * host's side, and <ring0/x86.h> for the privileged instructions and interrupt controllers.
 */
#ifndef RING0_H
#define RING0_H

#include <ring0/test.h>
#include <ring0/assert.h>
#include <ring0/fault.h>
#include <ring0/interrupt.h>
#include <ring0/smp.h>
#include <ring0/measure.h>
#include <ring0/fuzz.h>
#include <ring0/mock.h>
#include <ring0/replace.h>
#include <ring0/call.h>

#ifdef __cplusplus
#error "ring0 is a C library: write the tests in C, and link them with the C++ program"
#endif

/* Print to the test's captured output; the formats are those of printf() but for floating point. */
void r0_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* End the test as failed with a message; it satisfies .should_panic. */
void r0_panic(const char *format, ...) __attribute__((format(printf, 1, 2))) R0_NORETURN;

/*
 * Copy [ptr, ptr + size) from the VM to the same addresses in the program, before the test or
 * r0_call() ends. Fails the test if that memory is not mapped and writable in both.
 */
void r0_publish(const void *ptr, size_t size);

#endif /* RING0_H */
