/* SPDX-License-Identifier: MIT */
/*
 * --coverage-by-test: what each case has counted, as files of coverage of its own. The process's counters before a
 * case and after it differ by what that has counted, in the machine and in mocks, if cases run one after another.
 */
#ifndef RUNNER_BY_TEST_H
#define RUNNER_BY_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "mirror/counters.h"
#include "plan/plan.h"

struct by_test {
	const struct counters *counters; /* not owned */
	char *folder;			 /* absolute */
	uint8_t *before;		 /* in a file */
};

/*
 * Make the folder, and if `anew` remove from it what earlier runs of the plan's cases have left; if not, by_test_end() may end
 * the case that an earlier process has begun. Returns 0; -EINVAL if the
 * program counts nothing; -ENOTSUP if nothing can write the counters; -EIO of the folder. by_test_finish() in any case.
 */
int by_test_init(struct by_test *by_test, const struct counters *counters, const char *folder,
		 const struct plan *plan, bool anew, struct error *error);
void by_test_finish(struct by_test *by_test);

/* Around a case, on one thread, by the case's name. by_test_end() returns 0 or -errno, with a message. */
void by_test_begin(const struct by_test *by_test);
int by_test_end(const struct by_test *by_test, const char *name, struct error *error);

/*
 * The name of a case's folder, for free(); NULL without memory. What file systems and tools may not take is written
 * as =XX, the byte in hexadecimal.
 */
char *by_test_encode(const char *name);

#endif /* RUNNER_BY_TEST_H */
