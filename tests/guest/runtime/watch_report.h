/* SPDX-License-Identifier: MIT */
/* What the files of watched_variables_test share: one case for each r0_call(), printed as TAP. */
#ifndef TESTS_GUEST_WATCH_REPORT_H
#define TESTS_GUEST_WATCH_REPORT_H

#include <ring0.h>

/* What runs in ring 0. Not inlined, so that backtraces name them. */
#define RING0 __attribute__((noinline, no_sanitize("address")))

/* Watched in both files; for assembly, too. */
extern volatile uint64_t qword;

/* One case: watch.NAME. */
void report(const char *name, bool ok, const struct r0_result *result);
void report_skip(const char *name, const char *why);

/* 1 if a case has failed. */
int watch_report_failed(void);

/* By an environment in which watchpoints fire (tests/fixtures/firing_kvm.c), and ring 3 can't be watched. */
bool is_made_to_fire(void);

/* Whether the texts, up to NULL, come in the output in this order. */
bool has(const struct r0_result *result, ...);

bool passed(const struct r0_result *result);
bool is_stepped(const struct r0_result *result);

/* The cases of watch_own.c. */
void watch_own(void);

#endif /* TESTS_GUEST_WATCH_REPORT_H */
