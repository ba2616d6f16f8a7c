/* SPDX-License-Identifier: MIT */
/* The same empty tests in Check, each in a process of its own unless CK_FORK=no. */
#include <check.h>
#include "bench/many.h"

#define TEST(number)              \
	START_TEST(test_##number) \
	{                         \
	}                         \
	END_TEST
#define ADD(number) tcase_add_test(tcase, test_##number);

MANY(TEST)

int main(void)
{
	Suite *suite = suite_create("bench");
	TCase *tcase = tcase_create("empty");
	SRunner *runner;
	int failed;

	MANY(ADD)
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
