/* SPDX-License-Identifier: MIT */
/* What results_kept.c has for those that know a protocol each, and they for results.c. */
#ifndef SUITE_RESULTS_OWN_H
#define SUITE_RESULTS_OWN_H

#include "suite/results.h"

/* A result, and why, which may be NULL. */
void suite_results_put(struct suite_results *results, enum r0_verdict verdict, const char *name,
		       const char *message, uint64_t now_ns);

/* Why it is skipped or has given up. */
void suite_results_set_reason(struct suite_results *results, const char *reason);

/* The rest of a text that begins with another one, or NULL. */
const char *suite_results_after(const char *text, const char *begin);

/* A number of decimal digits, behind which *text is then; false if there is none, or it is too large. */
bool suite_results_number(const char **text, size_t *number);

/*
 * One line, without its end. Returns whether the protocol knows it: while none is chosen, that decides.
 */
bool results_kvm_unit_tests_line(struct suite_results *results, const char *line, uint64_t now_ns);
bool results_sotest_line(struct suite_results *results, const char *line, uint64_t now_ns);
bool results_tap_line(struct suite_results *results, const char *line, uint64_t now_ns);

/* The text is at its end: whether it is complete. */
void results_tap_end(struct suite_results *results);

#endif /* SUITE_RESULTS_OWN_H */
