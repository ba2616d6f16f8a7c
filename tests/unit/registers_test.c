/* SPDX-License-Identifier: MIT */
/* The register snapshot as text and as JSON, and what a reader of JSON has to stand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/registers.h"

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

static void round_trip(bool user, bool tcr, const char *json)
{
	const struct register_snapshot snapshot = with(user, tcr);
	struct register_snapshot read;
	struct error error = { "" };

	registers_json(&snapshot, text, sizeof(text));
	assert_string_equal(text, json);
	memset(&read, 0xa5, sizeof(read));
	assert_int_equal(registers_parse(&read, text, strlen(text), &error), 0);
	assert_int_equal(read.instruction_pointer, snapshot.instruction_pointer);
	assert_int_equal(read.stack_pointer, snapshot.stack_pointer);
	assert_int_equal(read.page_table_root, snapshot.page_table_root);
	assert_int_equal(read.has_user_page_table_root, user);
	assert_int_equal(read.user_page_table_root, snapshot.user_page_table_root);
	assert_int_equal(read.has_tcr_el1, tcr);
	assert_int_equal(read.tcr_el1, snapshot.tcr_el1);
}

static void json_without_optionals_comes_back(void **state)
{
	(void)state;
	round_trip(false, false, "{" THREE "}");
}

static void json_with_the_user_root_comes_back(void **state)
{
	(void)state;
	round_trip(true, false, "{" THREE ",\"user_page_table_root\":266240}");
}

static void json_with_tcr_comes_back(void **state)
{
	(void)state;
	round_trip(false, true, "{" THREE ",\"tcr_el1\":18446744073709551615}");
}

static void json_with_both_comes_back(void **state)
{
	(void)state;
	round_trip(true, true,
		   "{" THREE ",\"user_page_table_root\":266240,\"tcr_el1\":18446744073709551615}");
}

/* In a block of its own, with no NUL behind it: sanitizers see a reader that goes on. */
static int parse(struct register_snapshot *snapshot, const char *json, size_t length,
		 struct error *error)
{
	char *copy = malloc(length ? length : 1);
	int err;

	memcpy(copy, json, length);
	err = registers_parse(snapshot, copy, length, error);
	free(copy);
	return err;
}

static void other_spellings_are_read(void **state)
{
	static const char *const all[] = {
		" \t\r\n{ \"stack_pointer\" : 2 ,\n\"page_table_root\" :3,\"instruction_pointer\":1 } ",
		"{\"instruction_pointer\":1,\"stack_pointer\":2,\"page_table_root\":3,"
		"\"user_page_table_root\":null,\"tcr_el1\": null}",
		/* Members of later versions, of any kind. */
		"{\"a\":[],\"b\":{},\"c\":[1,[2,{\"d\":[-0.5e+7,0E1,true,false,null]}]],"
		"\"e\\\"\\\\\\u00e9\\n\":\"\\\"}\",\"instruction_pointer\":1,\"stack_pointer\":2,"
		"\"page_table_root\":3,\"f\":1e-9,\"\":\"\"}",
		/* A name may be spelt with escapes. */
		"{\"instruction\\u005Fpointer\":1,\"stack\\u005fpointer\":2,\"page_table_root\":3}",
		/* One that only begins as one of ours. */
		"{\"instruction_pointer\":1,\"stack_pointer\":2,\"page_table_root\":3,"
		"\"tcr_el1x\":4,\"tcr_el\":5,\"tcr_el1\\u0000\":6,"
		"\"user_page_table_root_and_very_much_more\":7}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct register_snapshot read;
		struct error error = { "" };

		memset(&read, 0xa5, sizeof(read));
		if (parse(&read, all[i], strlen(all[i]), &error))
			fail_msg("%s: %s", all[i], error.text);
		assert_int_equal(read.instruction_pointer, 1);
		assert_int_equal(read.stack_pointer, 2);
		assert_int_equal(read.page_table_root, 3);
		assert_false(read.has_user_page_table_root);
		assert_false(read.has_tcr_el1);
		assert_int_equal(read.user_page_table_root, 0);
	}
}

static void refuse(const char *json, size_t length)
{
	struct register_snapshot read, before;
	struct error error = { "" };

	memset(&read, 0xa5, sizeof(read));
	before = read;
	if (parse(&read, json, length, &error) != -EINVAL)
		fail_msg("taken: %.*s", (int)length, json);
	assert_true(strstr(error.text, "no register snapshot") != NULL);
	assert_memory_equal(&read, &before, sizeof(read));
}

static void bad_input_is_refused(void **state)
{
	static const char *const all[] = {
		"",
		" ",
		"null",
		"[]",
		"{}",
		"{" THREE,
		"{" THREE ",",
		"{" THREE ",}",
		"{," THREE "}",
		"{" THREE "}}",
		"{" THREE "} x",
		"{" THREE ",\"tcr_el1\"}",
		"{" THREE ",\"tcr_el1\":}",
		"{" THREE " \"tcr_el1\":1}",
		"{" THREE ",tcr_el1:1}",
		/* Numbers that are none, or do not fit. */
		"{" THREE ",\"tcr_el1\":-1}",
		"{" THREE ",\"tcr_el1\":+1}",
		"{" THREE ",\"tcr_el1\":1.0}",
		"{" THREE ",\"tcr_el1\":1e3}",
		"{" THREE ",\"tcr_el1\":01}",
		"{" THREE ",\"tcr_el1\":0x10}",
		"{" THREE ",\"tcr_el1\":\"1\"}",
		"{" THREE ",\"tcr_el1\":true}",
		"{" THREE ",\"tcr_el1\":[1]}",
		"{" THREE ",\"tcr_el1\":18446744073709551616}",
		"{" THREE ",\"tcr_el1\":20000000000000000000}",
		"{" THREE ",\"tcr_el1\":99999999999999999999999999999}",
		/* Missing, null or there twice. */
		"{\"instruction_pointer\":1,\"stack_pointer\":2}",
		"{\"instruction_pointer\":1,\"page_table_root\":2}",
		"{\"stack_pointer\":1,\"page_table_root\":2}",
		"{\"instruction_pointer\":1,\"stack_pointer\":2,\"page_table_root\":null}",
		"{" THREE ",\"tcr_el1\":1,\"tcr_el1\":1}",
		"{" THREE ",\"tcr_el1\":null,\"tcr_el1\":1}",
		"{" THREE ",\"stack_pointer\":2}",
		/* No JSON in what is only skipped. */
		"{" THREE ",\"x\":tru}",
		"{" THREE ",\"x\":nul",
		"{" THREE ",\"x\":-}",
		"{" THREE ",\"x\":1.}",
		"{" THREE ",\"x\":1e}",
		"{" THREE ",\"x\":00}",
		"{" THREE ",\"x\":[1}",
		"{" THREE ",\"x\":[1,]}",
		"{" THREE ",\"x\":{\"y\"}}",
		"{" THREE ",\"x\":{1:2}}",
		"{" THREE ",\"x\":\"\\q\"}",
		"{" THREE ",\"x\":\"\\u12g4\"}",
		"{" THREE ",\"x\":\"\\u12",
		"{" THREE ",\"x\":\"\\",
		"{" THREE ",\"x\":\"",
		"{" THREE ",\"x\":\"\n\"}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		refuse(all[i], strlen(all[i]));
	refuse("{" THREE "\0}", sizeof("{" THREE "\0}") - 1);
}

static void every_beginning_is_refused(void **state)
{
	static const char whole[] = "{" THREE ",\"x\":[{\"y\":\"\\u0041\"},-1.5e3,true]}";
	struct register_snapshot read;
	size_t length;

	(void)state;
	for (length = 0; length < sizeof(whole) - 1; length++)
		refuse(whole, length);
	assert_int_equal(parse(&read, whole, length, NULL), 0);
}

static void depth_is_bounded(void **state)
{
	enum { DEEP = 1000000 };
	static const char start[] = "{" THREE ",\"x\":";
	char *json = malloc(sizeof(start) + DEEP);

	(void)state;
	memcpy(json, start, sizeof(start) - 1);
	memset(json + sizeof(start) - 1, '[', DEEP);
	refuse(json, sizeof(start) - 1 + DEEP);
	free(json);
}

/* Whatever is read comes back by what is written of it; what is not read leaves no trace. */
static void random_changes_are_read_or_refused(void **state)
{
	static const char whole[] = "{" THREE ",\"x\":[{\"y\":\"\\u0041\"},-1.5e3,true],"
				    "\"user_page_table_root\":266240,\"tcr_el1\":12}";
	static const char likely[] = "{}[],:\"\\0123456789.-+eEutfn \n";
	uint32_t random = 1;
	unsigned int round, taken = 0;

	(void)state;
	for (round = 0; round < 100000; round++) {
		struct register_snapshot read, again;
		char json[sizeof(whole)];
		int changes;

		memcpy(json, whole, sizeof(json));
		for (changes = 0; changes < 3; changes++) {
			random = random * 1664525 + 1013904223;
			json[(random >> 16) % (sizeof(json) - 1)] =
				likely[(random >> 8) % (sizeof(likely) - 1)];
		}
		memset(&read, 0, sizeof(read));
		if (parse(&read, json, sizeof(json) - 1, NULL))
			continue;
		taken++;
		registers_json(&read, text, sizeof(text));
		memset(&again, 0, sizeof(again));
		assert_int_equal(parse(&again, text, strlen(text), NULL), 0);
		assert_memory_equal(&again, &read, sizeof(again));
	}
	/* Both happen. */
	assert_uint_in_range(taken, 100, 99900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_three_fields),
		cmocka_unit_test(text_has_the_user_root),
		cmocka_unit_test(text_never_has_tcr),
		cmocka_unit_test(text_of_zeros_is_padded),
		cmocka_unit_test(longest_forms_fit),
		cmocka_unit_test(json_without_optionals_comes_back),
		cmocka_unit_test(json_with_the_user_root_comes_back),
		cmocka_unit_test(json_with_tcr_comes_back),
		cmocka_unit_test(json_with_both_comes_back),
		cmocka_unit_test(other_spellings_are_read),
		cmocka_unit_test(bad_input_is_refused),
		cmocka_unit_test(every_beginning_is_refused),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(random_changes_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
