/* SPDX-License-Identifier: MIT */
/*
 * Whether the host completes instructions in KVM's place in this process, what of the program ring 0 is
 * to see otherwise for that, and how many it was.
 */
#ifndef ASSIST_ASSIST_POLICY_H
#define ASSIST_ASSIST_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assist;
struct code_patches;
struct error;

enum assist_policy {
	ASSIST_POLICY_AUTO, /* where the host's CPU has neither VMX nor SVM: its KVM is software */
	ASSIST_POLICY_ON,
	ASSIST_POLICY_OFF,
};

/* "auto", "on" or "off". Returns whether it is one of these. */
bool assist_policy_of(const char *text, enum assist_policy *mode);

/* For the process, before the first test; $R0_ASSIST counts until then. */
void assist_policy_set(enum assist_policy mode);

/* Whether one exit may complete more than one instruction; true at first. For measurements. */
void assist_policy_set_batch(bool batch);
bool assist_policy_is_batch(void);

/* Whether any are completed, as was set, or by $R0_ASSIST and the host's CPU. */
bool assist_policy_is_wanted(void);

/*
 * Add what ring 0 is to see of the program's code in place of instructions that this KVM mistakes for others: nothing
 * where none is to be completed, or can be. Returns 0, or -errno with a message.
 */
int assist_policy_add_patches(struct code_patches *patches, struct error *error);

/*
 * A test is over, and the calling thread, which ran the CPU that `assist` is of, is no longer in need of it:
 * what was completed is counted. NULL does nothing.
 */
void assist_policy_end(struct assist *assist);

/* How many instructions were completed in this process, and by mnemonic, as a list in words. */
uint64_t assist_policy_count(void);
char *assist_policy_names(void); /* for free(), or NULL */

/* By how many exits of KVM's they were. */
uint64_t assist_policy_exits(void);

#endif /* ASSIST_ASSIST_POLICY_H */
