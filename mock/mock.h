/* SPDX-License-Identifier: MIT */
/*
 * What a test's ports, mocked memory, MSRs and CPUID answer: its declarations, and for each test
 * anew the states of its mocks. Knows no VM: an access comes in, an answer or a complaint goes
 * out.
 */
#ifndef MOCK_MOCK_H
#define MOCK_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ring0/test.h>
#include "base/error.h"

/* So many accesses of each mock are remembered, for a report. */
#define MOCK_REMEMBERED 8

/* A mock of one test. */
struct mock {
	const struct r0_mock *declared;
	bool ports; /* or guest-physical memory */
	void *state;
	struct r0_access last[MOCK_REMEMBERED]; /* a ring: number n is at n % MOCK_REMEMBERED */
	uint64_t accesses;
};

struct mocks {
	const struct r0_options *options; /* not owned */
	struct mock *entries;		  /* those of options->io, then those of options->mmio */
	size_t count;
	/* Call the mock's handler. Returns 0, or -EPERM, with a message if it has one. */
	int (*call)(void *context, struct mock *mock, struct r0_access *access,
		    struct error *error);
	void *context;
};

/* Make a test's mocks, each state as its initial form. Returns 0 or -ENOMEM. */
int mocks_init(struct mocks *mocks, const struct r0_options *options, struct error *error);
void mocks_finish(struct mocks *mocks);

/* Write "ports 0x100 to 0x107", "port 0x100" or "guest-physical 0xd0000000 to 0xd0000fff". */
void mock_range_text(const struct mock *mock, char *text, size_t size);

/* Write the mock's last accesses, a line each. */
void mock_print_accesses(const struct mock *mock, FILE *out);

/*
 * Serve an access to a port or to mocked memory: fills in access->value for a read. Returns 0, or
 * -EPERM with a message that names the access if nothing declares it, or it is not as declared.
 */
int mocks_port(struct mocks *mocks, struct r0_access *access, struct error *error);
int mocks_memory(struct mocks *mocks, struct r0_access *access, struct error *error);

/*
 * The same for an MSR. Returns 0; -ENOENT, without a message, if the test does not declare it;
 * -EPERM with one.
 */
int mocks_msr(const struct mocks *mocks, uint32_t index, bool write, uint64_t *value,
	      struct error *error);

#endif /* MOCK_MOCK_H */
