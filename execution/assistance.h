/* SPDX-License-Identifier: MIT */
/*
 * What the host completes of a test in KVM's place: whether it is to, what came of it, and how much
 * it was in the whole run. Depends on assist/ and execution.h.
 */
#ifndef EXECUTION_ASSISTANCE_H
#define EXECUTION_ASSISTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct execution;
struct machine_cpu;
struct mirror_patch;

enum assistance_mode {
	ASSISTANCE_AUTO, /* where the host's CPU has neither VMX nor SVM: its KVM is software */
	ASSISTANCE_ON,
	ASSISTANCE_OFF,
};

/* "auto", "on" or "off". Returns whether it is one of these. */
bool assistance_mode_of(const char *text, enum assistance_mode *mode);

/* For the process, before the first test; $R0_ASSIST counts until then. */
void assistance_set(enum assistance_mode mode);

/* Whether one exit may complete more than one instruction; true at first. For measurements. */
void assistance_set_batch(bool batch);

enum assistance {
	ASSISTANCE_COMPLETED, /* the test goes on */
	ASSISTANCE_REFUSED,   /* an access was refused; run->complaint says why */
	ASSISTANCE_SHUTDOWN,  /* a triple fault */
	ASSISTANCE_NONE,      /* the instruction stays undone; run->why may say more */
};

/*
 * What ring 0 is to see of the program's code in place of instructions that this KVM mistakes for
 * others: *patches is for free(). There are none where nothing is to be completed, or can be.
 */
int assistance_patches(struct mirror_patch **patches, size_t *count, struct error *error);

/* KVM could not execute the instruction at RIP. */
enum assistance assistance_complete(struct execution *run);

/*
 * A test is over, and the calling thread, which ran that CPU, is no longer in need of it: what was
 * completed is counted.
 */
void assistance_end(struct machine_cpu *cpu);

/* How many instructions were completed in this process, and by mnemonic, as a list in words. */
uint64_t assistance_count(void);
char *assistance_names(void); /* for free(), or NULL */

#endif /* EXECUTION_ASSISTANCE_H */
