/* SPDX-License-Identifier: MIT */
/* The register snapshot as text and as JSON. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/state/registers.h"

static char text[REGISTERS_TEXT_SIZE];

static const struct register_snapshot three = {
	.instruction_pointer = 0xffffffff81000000,
	.stack_pointer = 0xffffc90000003f58,
	.page_table_root = 0x2a0a000,
};

#define THREE                                                                                  \
	"\"instruction_pointer\":18446744071578845184,\"stack_pointer\":18446683600570040152," \
	"\"page_table_root\":44081152"

static struct register_snapshot with(bool user, bool tcr)
{
	struct register_snapshot snapshot = three;

	snapshot.has_user_page_table_root = user;
	snapshot.user_page_table_root = user ? 0x41000 : 0;
	snapshot.has_tcr_el1 = tcr;
	snapshot.tcr_el1 = tcr ? UINT64_MAX : 0;
	return snapshot;
}

static void text_has_three_fields(void **state)
{
	(void)state;
	registers_text(&three, text, sizeof(text));
	assert_string_equal(text, "ip=0xffffffff81000000 sp=0xffffc90000003f58 "
				  "ptroot=0x0000000002a0a000");
}

static void text_has_the_user_root(void **state)
{
	const struct register_snapshot snapshot = with(true, true);

	(void)state;
	registers_text(&snapshot, text, sizeof(text));
	assert_string_equal(text, "ip=0xffffffff81000000 sp=0xffffc90000003f58 "
				  "ptroot=0x0000000002a0a000 uptroot=0x0000000000041000");
}

static void text_never_has_tcr(void **state)
{
	const struct register_snapshot snapshot = with(false, true);

	(void)state;
	registers_text(&snapshot, text, sizeof(text));
	assert_string_equal(text, "ip=0xffffffff81000000 sp=0xffffc90000003f58 "
				  "ptroot=0x0000000002a0a000");
}

static void text_of_zeros_is_padded(void **state)
{
	const struct register_snapshot zeros = { .has_user_page_table_root = true };

	(void)state;
	registers_text(&zeros, text, sizeof(text));
	assert_string_equal(text, "ip=0x0000000000000000 sp=0x0000000000000000 "
				  "ptroot=0x0000000000000000 uptroot=0x0000000000000000");
}

static void longest_forms_fit(void **state)
{
	struct register_snapshot longest;

	(void)state;
	memset(&longest, 0xff, sizeof(longest));
	longest.has_user_page_table_root = longest.has_tcr_el1 = true;
	registers_text(&longest, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1);
	registers_json(&longest, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1);
	assert_int_equal(text[strlen(text) - 1], '}');
}

static void assert_json(bool user, bool tcr, const char *json)
{
	const struct register_snapshot snapshot = with(user, tcr);

	registers_json(&snapshot, text, sizeof(text));
	assert_string_equal(text, json);
}

static void json_without_optionals(void **state)
{
	(void)state;
	assert_json(false, false, "{" THREE "}");
}

static void json_with_the_user_root(void **state)
{
	(void)state;
	assert_json(true, false, "{" THREE ",\"user_page_table_root\":266240}");
}

static void json_with_tcr(void **state)
{
	(void)state;
	assert_json(false, true, "{" THREE ",\"tcr_el1\":18446744073709551615}");
}

static void json_with_both(void **state)
{
	(void)state;
	assert_json(true, true,
		    "{" THREE ",\"user_page_table_root\":266240,\"tcr_el1\":18446744073709551615}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_three_fields),
		cmocka_unit_test(text_has_the_user_root),
		cmocka_unit_test(text_never_has_tcr),
		cmocka_unit_test(text_of_zeros_is_padded),
		cmocka_unit_test(longest_forms_fit),
		cmocka_unit_test(json_without_optionals),
		cmocka_unit_test(json_with_the_user_root),
		cmocka_unit_test(json_with_tcr),
		cmocka_unit_test(json_with_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
