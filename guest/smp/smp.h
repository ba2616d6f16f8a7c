/* SPDX-License-Identifier: MIT */
/* Several CPUs: what the rest of the runtime needs of them. */
#ifndef GUEST_SMP_SMP_H
#define GUEST_SMP_SMP_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/* Where a CPU starts that has no test to run: the entry code calls it through struct r0_guest. */
void r0_cpu_main(void);

/* For reports: what that CPU waits for from now on. */
void note_wait(struct r0_cpu *cpu, enum r0_wait waits, const void *awaited);

/* Wait until all CPUs but this one, which runs the test, have finished what they were given. */
void wait_for_other_cpus(void);

/* Fail, for that function, if there is no CPU of that number. */
void require_cpu(const char *function, unsigned int number);

/*
 * Fail, for one that waits for another CPU: there is none, or none that runs any more, as in the
 * teardown of a test that failed.
 */
void panic_alone(void) __attribute__((noreturn));

#pragma GCC visibility pop

#endif /* GUEST_SMP_SMP_H */
