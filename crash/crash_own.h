/* SPDX-License-Identifier: MIT */
/* What crash/crash.c leaves to the architecture. */
#ifndef CRASH_CRASH_OWN_H
#define CRASH_CRASH_OWN_H

#include "crash/child.h"

/* What is said of a crash. */
struct crash_words {
	char *message; /* one line */
	size_t size;   /* of that */
	FILE *out;     /* the report's lines */
	bool is_about_address;
	uint64_t address; /* if so: whose page walk the report has further down */
};

/*
 * Put an exception that nobody took, was not delivered, or ended in a triple fault into words; `where` is
 * what tell_where() says.
 */
void crash_own_describe(const struct crash_view *view, const struct crash *crash,
			const struct crash_child *child, const char *where,
			struct crash_words *words);

/*
 * Put a CPU that was running when its time was over into words, where there is more to say than that: whether there
 * is.
 */
bool crash_own_hung(const struct crash_view *view, struct crash_words *words);

/*
 * Where the command ring0 tells no call chain: what the registers and the stack tell by themselves, a line for each
 * call. Returns how many there are.
 */
unsigned int crash_own_chain(const struct crash_view *view, FILE *out);

/* The lines of a report about the page walk to an address. */
void crash_own_walk(const struct crash_view *view, uint64_t address, FILE *out);

#endif /* CRASH_CRASH_OWN_H */
