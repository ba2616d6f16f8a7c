/* SPDX-License-Identifier: MIT */
/*
 * What a test's ports, mocked memory, MSRs and CPUID answer: its declarations, and for each test
 * anew the states of its mocks. Knows no VM: an access comes in, an answer or a complaint goes
 * out.
 */
#ifndef EXECUTION_MOCK_H
#define EXECUTION_MOCK_H

#include <stddef.h>
#include <stdint.h>
#include <ring0/test.h>
#include "base/error.h"

struct mocks {
	const struct r0_options *options; /* not owned */
	void **io_states;		  /* one for each of options->io, each from malloc() */
	void **mmio_states;
};

/* Make a test's mocks, each state as its initial form. Returns 0 or -ENOMEM. */
int mocks_init(struct mocks *mocks, const struct r0_options *options, struct error *error);
void mocks_finish(struct mocks *mocks);

/*
 * Serve an access to a port or to mocked memory: fills in access->value for a read. Returns 0, or
 * -EPERM with a message that names the access if nothing declares it, or it is not as declared.
 */
int mocks_port(const struct mocks *mocks, struct r0_access *access, struct error *error);
int mocks_memory(const struct mocks *mocks, struct r0_access *access, struct error *error);

/*
 * The same for an MSR. Returns 0; -ENOENT, without a message, if the test does not declare it;
 * -EPERM with one.
 */
int mocks_msr(const struct mocks *mocks, uint32_t index, bool write, uint64_t *value,
	      struct error *error);

#endif /* EXECUTION_MOCK_H */
