/* SPDX-License-Identifier: MIT */
/*
 * What a test's ports, mocked memory and MSRs answer: its declarations, and for each test anew the states of
 * its mocks. Two devices for a bus, one for each space: an access comes in, an answer or a complaint goes out.
 * Knows no VM.
 */
#ifndef MOCK_MOCK_H
#define MOCK_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ring0/test.h>
#include "base/error.h"
#include "devices/bus.h"

/* So many accesses of each mock are remembered, for a report. */
#define MOCK_REMEMBERED 8

/* A mock of one test. */
struct mock {
	const struct r0_mock *declared;
	const struct r0_hypercall_mock *hypercall; /* that `declared` stands for, or NULL */
	struct r0_mock as_mock;			   /* what it is then */
	struct r0_hypercall *made;		   /* while its handler is called */
	enum bus_space space;
	void *state;
	struct r0_access last[MOCK_REMEMBERED]; /* a ring: number n is at n % MOCK_REMEMBERED */
	uint64_t accesses;
};

struct mocks {
	const struct r0_options *options; /* not owned */
	struct mock *entries; /* those of options->io, of options->mmio and of options->hypercalls */
	size_t count;
	/* Call the mock's handler. Returns 0, or -EPERM, with a message if it has one. */
	int (*call)(void *context, struct mock *mock, struct r0_access *access,
		    struct error *error);
	void *context;
	struct dev ports, memory; /* of the bus; an offset is the address */
	struct bus *bus;	  /* not owned; NULL for none */
	struct error *complaint;  /* not owned */
};

/*
 * Make a test's mocks, each state as its initial form, and have them asked where no other device of the bus is,
 * until mocks_finish(). They answer BUS_UNMAPPED where nothing is declared, and BUS_REFUSED, with a complaint
 * that names the access, to what is not as declared. The bus and *complaint stay the caller's. Returns 0;
 * -EINVAL with a complaint for a declaration that can't be; -ENOMEM.
 */
int mocks_init(struct mocks *mocks, const struct r0_options *options, struct bus *bus,
	       struct error *complaint);
void mocks_finish(struct mocks *mocks);

/* How many a test declares, of all sorts. */
size_t mocks_declared(const struct r0_options *options);

/* What mocks_init() fills in of its n-th one before it is called: which it is. */
void mock_of(struct mock *mock, const struct r0_options *options, size_t number);

/* Write "ports 0x100 to 0x107", "port 0x100", "guest-physical 0xd0000000 to 0xd0000fff" or "hypercall 0xc4000001". */
void mock_range_text(const struct mock *mock, char *text, size_t size);

/* Write the mock's last accesses, a line each. */
void mock_print_accesses(const struct mock *mock, FILE *out);

/*
 * Serve a hypercall, with what its handler answers in call->results. Returns 0; -ENOENT, without a message, if the test
 * does not declare it; -EPERM with a complaint.
 */
int mocks_hypercall(struct mocks *mocks, struct r0_hypercall *call);

/*
 * Serve an access to an MSR: fills in *value for a read. Returns 0; -ENOENT, without a message, if the test
 * does not declare it; -EPERM with one.
 */
int mocks_msr(const struct mocks *mocks, uint32_t index, bool write, uint64_t *value,
	      struct error *error);

#endif /* MOCK_MOCK_H */
