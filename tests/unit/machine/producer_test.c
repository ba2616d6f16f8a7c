/* SPDX-License-Identifier: MIT */
/* Unit tests of command/replaceable/producer.c: compilers and flags, as they were really printed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "command/replaceable/producer.h"

static void gcc(void **state)
{
	struct producer producer = producer_of("GNU C17 12.2.0 -mtune=generic -march=x86-64 -g -O2 "
					       "-fasynchronous-unwind-tables");

	(void)state;
	assert_int_equal(producer.compiler, COMPILER_GCC);
	assert_true(producer.has_flags);
	assert_true(producer.optimizes);
	assert_true(producer.interposition);
	assert_false(producer.pic || producer.live_patching || producer.lto);
	producer =
		producer_of("GNU C17 12.2.0 -g -O2 -O0 -fPIC -flive-patching=inline-clone -flto");
	assert_false(producer.optimizes);
	assert_true(producer.pic && producer.live_patching && producer.lto);
	/* The last of those that exclude each other. */
	producer = producer_of("GNU C17 12.2.0 -g -Og -fPIC -fPIE -fno-semantic-interposition");
	assert_true(producer.optimizes);
	assert_false(producer.pic || producer.interposition);
	assert_true(producer_of("GNU GIMPLE 12.2.0 -O2").lto);
}

static void clang(void **state)
{
	struct producer producer = producer_of("Debian clang version 14.0.6");

	(void)state;
	assert_int_equal(producer.compiler, COMPILER_CLANG);
	assert_false(producer.has_flags);
	producer = producer_of(
		"Debian clang version 14.0.6 /usr/lib/llvm-14/bin/clang -O2 -fPIC "
		"-fsemantic-interposition -grecord-command-line -g -c a\\ b.c -o -O0.o");
	assert_true(producer.has_flags && producer.optimizes);
	assert_true(producer.pic && producer.interposition);
}

static void others(void **state)
{
	(void)state;
	assert_int_equal(producer_of("rustc version 1.63.0").compiler, COMPILER_OTHER);
	assert_int_equal(producer_of("GNU AS 2.40").compiler, COMPILER_GCC);
	assert_int_equal(producer_of(NULL).compiler, COMPILER_OTHER);
}

static void builtins(void **state)
{
	(void)state;
	assert_true(producer_is_builtin("strlen"));
	assert_false(producer_is_builtin("atoi"));
	assert_true(producer_is_builtin("sqrt"));
	assert_true(producer_is_builtin("floorf"));
	assert_true(producer_is_builtin("fma"));
	assert_false(producer_is_builtin("f"));
	assert_false(producer_is_builtin("sq"));
	assert_false(producer_is_builtin("cos sin"));
	assert_true(producer_knows("GNU C17 12.2.0 -g -O2", "strlen"));
	assert_false(producer_knows("GNU C17 12.2.0 -g -fno-builtin", "strlen"));
	assert_false(producer_knows("GNU C17 12.2.0 -g -ffreestanding", "strlen"));
	assert_true(producer_knows("GNU C17 12.2.0 -g -fno-builtin -fbuiltin", "strlen"));
	assert_false(producer_knows("GNU C17 12.2.0 -g -fno-builtin-strlen", "strlen"));
	assert_true(producer_knows("GNU C17 12.2.0 -g -fno-builtin-strlen", "strcmp"));
	assert_true(producer_knows("Debian clang version 14.0.6", "strlen"));
	assert_true(producer_is_own("GNU C11 12.2.0 -g -fno-builtin-ring0"));
	assert_false(producer_is_own("GNU C11 12.2.0 -g -fno-builtin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gcc),
		cmocka_unit_test(clang),
		cmocka_unit_test(others),
		cmocka_unit_test(builtins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
