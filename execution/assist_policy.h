/* SPDX-License-Identifier: MIT */
/*
 * Whether the host completes instructions in KVM's place in this process, what of the program ring 0 is
 * to see otherwise for that, and how many it was. Depends on assist/.
 */
#ifndef EXECUTION_ASSIST_POLICY_H
#define EXECUTION_ASSIST_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
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
bool assistance_is_batch(void);

/* Whether any are completed, as was set, or by $R0_ASSIST and the host's CPU. */
bool assist_is_wanted(void);

/*
 * What ring 0 is to see of the program's code in place of instructions that this KVM mistakes for
 * others: *patches is for free(). There are none where nothing is to be completed, or can be.
 */
int assistance_patches(struct mirror_patch **patches, size_t *count, struct error *error);

/*
 * A test is over, and the calling thread, which ran that CPU, is no longer in need of it: what was
 * completed is counted.
 */
void assistance_end(struct machine_cpu *cpu);

/* How many instructions were completed in this process, and by mnemonic, as a list in words. */
uint64_t assistance_count(void);
char *assistance_names(void); /* for free(), or NULL */

#endif /* EXECUTION_ASSIST_POLICY_H */
