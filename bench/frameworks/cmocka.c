/* SPDX-License-Identifier: MIT */
/* The same empty tests in cmocka, which isolates nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "bench/many.h"

#define TEST(number)                            \
	static void test_##number(void **state) \
	{                                       \
		(void)state;                    \
	}
#define ADD(number) cmocka_unit_test(test_##number),

MANY(TEST)

int main(void)
{
	static const struct CMUnitTest tests[] = { MANY(ADD) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
