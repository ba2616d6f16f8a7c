/* SPDX-License-Identifier: MIT */
/*
 * `ring0 doctor` between its files: what is tried in ring 0, and what came of it. Depends on
 * ring0's public headers.
 */
#ifndef COMMAND_DOCTOR_DOCTOR_H
#define COMMAND_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_result {
	DOCTOR_WORKS,
	DOCTOR_ABSENT,	    /* the VM's CPUID does not have it */
	DOCTOR_UNSUPPORTED, /* KVM gave up: KVM_EXIT_INTERNAL_ERROR */
	DOCTOR_WRONG,	    /* it does something else than the manuals say */
	DOCTOR_HANGS,	    /* it did not come back within its time limit */
	DOCTOR_FAILED,	    /* the host could not try it */
};

struct doctor_finding {
	enum doctor_result result;
	char detail[256]; /* empty, or more on it in a few words */
};

/* Something to try in ring 0. */
struct doctor_probe {
	const char *name;
	const char *what; /* the instruction, or what is done */
	uint64_t feature; /* R0_FEATURE_… that the CPU needs for it, or 0 */
	void (*run)(void *arg);
	bool other_cpuid;		  /* with doctor_cpuid_ecx */
	const volatile uint32_t *watched; /* by .watch, or NULL: whether it takes single steps */
	unsigned int cpus;		  /* 0 is one */
};

extern const struct doctor_probe doctor_probes[];
extern const size_t doctor_probe_count;

/* CPUID leaf 1, ECX, for a probe that asks for another one: what KVM supports, less a few bits. */
extern uint32_t doctor_cpuid_ecx;

/* Runs in ring 0 by r0_call(): try the probe that `probe` points to. */
void doctor_probe_run(void *probe);

/* What the first probe found: time-stamp counter cycles that its loop took. */
extern uint64_t doctor_cycles;
#define DOCTOR_TIMED_ROUNDS	  150
#define DOCTOR_TIMED_INSTRUCTIONS (3 * DOCTOR_TIMED_ROUNDS)

/* Have an APIC timer interrupt a VM made for it. Takes at most about two seconds. */
void doctor_timer_probe(struct doctor_finding *finding);

#endif /* COMMAND_DOCTOR_DOCTOR_H */
