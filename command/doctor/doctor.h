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

/* Something to try in ring 0, or at EL1. */
struct doctor_probe {
	const char *name;
	const char *what; /* the instruction, or what is done */
	uint64_t feature; /* R0_FEATURE_… that the CPU needs for it, or 0; arm64's: probes_aarch64.c */
	void (*run)(void *arg);
	bool other_cpuid;		  /* with doctor_cpuid_ecx */
	const volatile uint32_t *watched; /* by .watch, or NULL: whether it takes single steps */
	unsigned int cpus;		  /* 0 is one */
};

/* As a probe's feature on arm64: it runs with a GIC. */
#define DOCTOR_WITH_GIC (1ull << 63)

extern const struct doctor_probe doctor_probes[];
extern const size_t doctor_probe_count;

/* CPUID leaf 1, ECX, for a probe that asks for another one: what KVM supports, less a few bits. */
extern uint32_t doctor_cpuid_ecx;

/* Runs in ring 0 by r0_call(): try the probe that `probe` points to. */
void doctor_probe_run(void *probe);

/* What the first probe found: cycles that its loop took, by doctor_own_cycles(). */
extern uint64_t doctor_cycles;
#define DOCTOR_TIMED_ROUNDS	  150
#define DOCTOR_TIMED_INSTRUCTIONS (3 * DOCTOR_TIMED_ROUNDS)

/* Have an APIC timer interrupt a VM made for it. Takes at most about two seconds. */
void doctor_timer_probe(struct doctor_finding *finding);

/* ---- of the architecture ---- */

struct kvm;
struct r0_options;

/* What is asked of KVM. */
struct doctor_capability {
	int number; /* of KVM_CHECK_EXTENSION */
	const char *name, *use;
	bool needed;
	const char *unit;   /* of what it says, if that is a number, or NULL */
	int (*ask)(int fd); /* in place of KVM_CHECK_EXTENSION, of /dev/kvm, or NULL: 0 is no */
};

#define DOCTOR_CAPABILITIES_MAX 48

extern const struct doctor_capability doctor_capabilities[];
extern const size_t doctor_capability_count;

/* What a CPU that has not what a probe needs is said to lack it in, and what ring 0 is called. */
extern const char doctor_own_absent[], doctor_own_level[];

/* What is tried last, otherwise than by r0_call(); `find` is NULL if there is nothing. */
struct doctor_last {
	const char *name, *what;
	void (*find)(struct doctor_finding *finding);
};
extern const struct doctor_last doctor_own_last;

/* Before the first probe, on a KVM that can be used. */
void doctor_own_begin(const struct kvm *kvm);

/* What a probe is run with, beyond its time limit. */
void doctor_own_options(const struct doctor_probe *probe, struct r0_options *options);

/* The clock of doctor_cycles. */
uint64_t doctor_own_cycles(void);

#endif /* COMMAND_DOCTOR_DOCTOR_H */
