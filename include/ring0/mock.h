/* SPDX-License-Identifier: MIT */
/*
 * What a mock's functions may call: they run on the host, in the program's process. The assertions of
 * <ring0/assert.h> that need no ring 0 (all but R0_ASSERT_FAULT(), R0_EXPECT_FAULT() and R0_SKIP()), R0_FAIL(),
 * r0_panic() and r0_printf() work there, too.
 */
#ifndef RING0_MOCK_H
#define RING0_MOCK_H

#include <ring0/private/types.h>
#include <ring0/test.h>

/*
 * Fail the test by what the mock was asked to do, with a text as for printf(): `return
 * r0_mock_fail(access, "written while busy");`. Returns -1. The test ends when the function that calls it returns,
 * whatever that returns. In an .at_end function, `access` is NULL.
 */
int r0_mock_fail(const struct r0_access *access, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Set an interrupt line of the test's machine, which has to have .irqchip: IRQ `line` of the PICs, 0 to
 * 15, and input `line` of the IOAPIC, 0 to 23 (but IRQ 0 is input 2). A line stays as it is set: an edge
 * is true and then false, a level is true until the device has what it wants. All are false when a test
 * starts. The test fails where there is no such line.
 */
void r0_mock_set_irq(const struct r0_access *access, unsigned int line, bool level);

/*
 * The same so many nanoseconds later, by the host's clock, whether the test runs or waits. Those that
 * the test does not live to see are forgotten; more than 64 at a time fail it.
 */
void r0_mock_set_irq_after(const struct r0_access *access, unsigned int line, bool level,
			   uint64_t nanoseconds);

#endif /* RING0_MOCK_H */
