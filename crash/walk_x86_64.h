/* SPDX-License-Identifier: MIT */
/*
 * The guest's page tables as its CPU sees them: the entries that lead to an address, and what in
 * them forbids an access. Depends on crash.h's view alone.
 */
#ifndef CRASH_WALK_X86_64_H
#define CRASH_WALK_X86_64_H

#include "crash/crash.h"

/* An access as the CPU makes it; neither write nor fetch is a read. */
struct crash_access {
	bool write;
	bool fetch;
	bool user; /* by code in ring 3 */
};

struct crash_walk_entry {
	const char *name;   /* "PML4E" */
	uint64_t address;   /* guest-physical, of the entry */
	uint64_t value;	    /* 0 unless readable */
	bool readable;	    /* the table is in guest memory */
	bool leaf;	    /* maps a page: no further level */
	bool has_rights;    /* it may forbid accesses: a PDPTE of 4 does not */
	unsigned int shift; /* an entry maps 1 << shift bytes */
};

struct crash_walk {
	uint64_t address;
	bool paging;	/* CR0.PG is set */
	bool canonical; /* nothing else is known if not */
	bool mapped;
	uint64_t gpa; /* if mapped */
	unsigned int count;
	struct crash_walk_entry entries[5];
};

void crash_walk(const struct crash_view *view, uint64_t address, struct crash_walk *walk);

/* Put why the CPU refuses that access into reason ("" if it does not). True if it is refused. */
bool crash_walk_refuses(const struct crash_view *view, const struct crash_walk *walk,
			struct crash_access access, char *reason, size_t size);

void crash_walk_print(const struct crash_view *view, const struct crash_walk *walk, FILE *out);

/* Read memory by way of the page tables, whatever the permissions. Returns how much was read. */
size_t crash_walk_read(const struct crash_view *view, uint64_t address, void *to, size_t size);

/* If the CPU refuses the access to any byte of [address, address + size): true and the reason. */
bool crash_walk_refuses_range(const struct crash_view *view, uint64_t address, size_t size,
			      struct crash_access access, char *reason, size_t reason_size);

#endif /* CRASH_WALK_X86_64_H */
