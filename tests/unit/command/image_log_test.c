/* SPDX-License-Identifier: MIT */
/* The lines of an image, in pieces, in each format, of several boots; and results side by side. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "command/compare/json_line.h"
#include "command/compare/table.h"
#include "command/image/log.h"

static const char sotest[] =
	"SeaBIOS\r\n"
	"# ring0 image: ends, 4 cases, build-id 1234\r\n"
	"# cpu: GenuineIntel family 0x6\r\n"
	"SOTEST VERSION 1 BEGIN 4\r\n"
	"# > 0 a.passes\r\n"
	"# | text: a.passes\r\n"
	"# |\r\n"
	"# a.passes: value: time: 1234.5 cycles (minimum 1200, spread 3.25, 101 samples)\r\n"
	"SOTEST BENCHMARK:a.passes time:cycles:1235\r\n"
	"# a.passes: value: entries: -12 pages\r\n"
	"# a.passes: value: x: 1 y (minimum z\r\n"
	"# a.passes: value: x: 1.2.3 y\r\n"
	"# a.passes: value: x\r\n"
	"# a.passes: duration: 12 us\r\n"
	"SOTEST SUCCESS \"a.passes\"\r\n"
	"# > 1 a.fails\r\n"
	"# a.fails: end: exception: #UD at 0x1\r\n"
	"# a.fails: registers: rip 0x1 rsp 0x7008 tr 0x30 gdtlimit 0x7f vector 0x6\r\n"
	"# a.fails: registers: error 0x2 fsbase 0x99 cr2 0x10 what 0x5\r\n"
	"# a.fails: stack: 0x7008: 1 ff\r\n"
	"# a.fails: stack: 0x7018: 3\r\n"
	"# a.fails: stack: 0x9000: 4\r\n"
	"# a.fails: entry: 0x2000: 0x3027\r\n"
	"# a.fails: verdict: crash\r\n"
	"# a.fails: message: one line\r\n"
	"# a.fails: message: another\r\n"
	"# a.fails: at: dir/file.c:7\r\n"
	"SOTEST FAIL \"a.fails\"\r\n"
	"# > 2 a.skips\r\n"
	"# a.skips: skipped: a condition\r\n"
	"SOTEST SKIP\r\n"
	"# > 3 a.is_lost\r\n"
	"# half a li";

static void check_values(const struct r0_result *result)
{
	const struct r0_value *value = result->values;

	assert_int_equal(result->value_count, 2);
	assert_string_equal(value[0].name, "time");
	assert_string_equal(value[0].unit, "cycles");
	assert_int_equal(value[0].decimals, 3);
	assert_int_equal(value[0].number, 1234500);
	assert_int_equal(value[0].minimum, 1200000);
	assert_int_equal(value[0].spread, 3250);
	assert_int_equal(value[0].samples, 101);
	assert_string_equal(value[1].name, "entries");
	assert_string_equal(value[1].unit, "pages");
	assert_int_equal(value[1].number, -12000);
	assert_int_equal(value[1].samples, 0);
}

static void check_stop(const struct image_stop *stop)
{
	const uint64_t stack[] = { 1, 0xff, 3 };

	assert_string_equal(stop->how, "exception");
	assert_string_equal(stop->text, "#UD at 0x1");
	assert_int_equal(stop->regs.rip, 1);
	assert_int_equal(stop->regs.rsp, 0x7008);
	assert_int_equal(stop->sregs.tr.selector, 0x30);
	assert_int_equal(stop->sregs.gdt.limit, 0x7f);
	assert_int_equal(stop->fault_address, 0x10);
	assert_int_equal(stop->fs_base, 0x99);
	assert_int_equal(stop->vector, 6);
	assert_int_equal(stop->error_code, 2);
	/* A line that does not go on where the last one ended is left out. */
	assert_int_equal(stop->stack_at, 0x7008);
	assert_int_equal(stop->stack_size, sizeof(stack));
	assert_memory_equal(stop->stack, stack, sizeof(stack));
	assert_int_equal(stop->entry_count, 1);
	assert_int_equal(stop->entries[0].address, 0x2000);
	assert_int_equal(stop->entries[0].value, 0x3027);
}

static void check_first(const struct image_log *log)
{
	assert_int_equal(log->count, 4);
	assert_string_equal(log->cases[0].name, "a.passes");
	assert_int_equal(log->cases[0].verdict, R0_VERDICT_PASS);
	assert_string_equal(log->cases[0].output.text, "text: a.passes\n\n");
	assert_int_equal(log->cases[0].duration_ns, 12000);
	check_values(&log->cases[0].values);
	assert_int_equal(log->cases[1].verdict, R0_VERDICT_CRASH);
	assert_string_equal(log->cases[1].message.text, "one line\nanother");
	check_stop(log->cases[1].stop);
	assert_true(!strncmp(log->cases[1].report.text,
			     "end: exception: #UD at 0x1\nregisters: rip", 41));
	assert_string_equal(log->cases[1].file, "dir/file.c");
	assert_int_equal(log->cases[1].line, 7);
	assert_int_equal(log->cases[2].verdict, R0_VERDICT_SKIP);
	assert_string_equal(log->cases[2].message.text, "a condition");
	assert_string_equal(image_log_value(log, "cpu"), "GenuineIntel family 0x6");
	assert_null(image_log_value(log, "gpu"));
}

static void test_sotest(void **state)
{
	struct image_log log = { 0 };
	uint64_t from = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sotest) - 1; i++)
		image_log_add(&log, sotest + i, 1);
	check_first(&log);
	assert_false(log.has_ended);
	/* The machine is gone: the case under way is lost, and the next boot goes on behind it. */
	assert_true(image_log_lose(&log, "it is gone", &from));
	assert_int_equal(from, 4);
	assert_true(log.cases[3].is_lost);
	assert_int_equal(log.cases[3].verdict, R0_VERDICT_CRASH);
	assert_string_equal(log.cases[3].message.text, "it is gone");
	image_log_add(&log, "SOTEST VERSION 1 BEGIN 0\nSOTEST END\n", 36);
	assert_true(log.has_ended);
	assert_false(image_log_lose(&log, "it is gone", &from));
	assert_int_equal(log.count, 4);
	image_log_finish(&log);
}

#define BOOT "# ring0 image: x, 3 cases, build-id 1\nSOTEST VERSION 1 BEGIN 3\n"

/* It may be in a loop, as real hardware whose boot loader knows no --from. */
static void test_boots_by_itself(void **state)
{
	static const char text[] = BOOT
		"# > 0 a\nSOTEST SUCCESS \"a\"\n# > 1 b\n# | ring0 image: x\n";
	static const char again[] = "SeaBIOS\n" BOOT
				    "# > 0 a\n# | said twice\nSOTEST FAIL \"a\"\n# > 1 b\n# | b\n";
	static const char rest[] = BOOT
		"# > 1 b\nSOTEST FAIL \"b\"\n# > 2 c\nSOTEST SKIP\nSOTEST END\n" BOOT;
	static const char second_round[] =
		"SOTEST FAIL \"b\"\n# > 2 c\nSOTEST SKIP\n# > 0 a\nSOTEST SUCCESS \"a\"\n";
	struct image_log log = { 0 };
	uint64_t from;

	(void)state;
	assert_int_equal(image_log_add(&log, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_false(log.has_reset);
	assert_int_equal(image_log_add(&log, again, sizeof(again) - 1),
			 strlen("SeaBIOS\n# ring0 image: x, 3 cases, build-id 1\n"));
	assert_true(log.has_reset);
	assert_true(image_log_lose(&log, "it reset", &from));
	assert_int_equal(from, 2);
	/* Another try of the case that it was lost in. */
	image_log_boot(&log);
	assert_int_equal(image_log_add(&log, rest, sizeof(rest) - 1), sizeof(rest) - 1);
	assert_int_equal(log.count, 3);
	assert_false(log.cases[1].is_lost);
	assert_int_equal(log.cases[1].verdict, R0_VERDICT_FAIL);
	assert_true(log.has_ended);
	image_log_finish(&log);

	log = (struct image_log){ 0 };
	image_log_add_all(&log, text, sizeof(text) - 1);
	image_log_add_all(&log, again, sizeof(again) - 1);
	image_log_add_all(&log, again, sizeof(again) - 1);
	assert_int_equal(log.count, 2);
	assert_int_equal(log.cases[0].verdict, R0_VERDICT_PASS);
	assert_string_equal(log.cases[1].output.text, "b\n");
	assert_false(log.cases[1].is_done);
	image_log_add_all(&log, rest, sizeof(rest) - 1);
	assert_int_equal(log.count, 3);
	assert_int_equal(log.cases[1].verdict, R0_VERDICT_FAIL);
	image_log_finish(&log);

	/* --repeat: what comes after the case that it was lost in is another round's. */
	log = (struct image_log){ 0 };
	image_log_add_all(&log, text, sizeof(text) - 1);
	image_log_add_all(&log, again, sizeof(again) - 1);
	image_log_add_all(&log, second_round, sizeof(second_round) - 1);
	assert_int_equal(log.count, 4);
	assert_int_equal(log.cases[3].number, 0);
	assert_int_equal(log.cases[3].verdict, R0_VERDICT_PASS);
	image_log_finish(&log);
}

static void test_formats(void **state)
{
	static const char *const texts[] = {
		"TAP version 14\n1..4\n# > 0 a\nok 1 - a\n# > 1 b\nnot ok 2 - b\n# > 2 c\nok 3 - c # SKIP x\n"
		"# > 3 d\nnot ok 4 - d # TODO why\n# end\n",
		"KTAP version 1\n1..4\n# > 0 a\nok 1 a\n# > 1 b\nnot ok 2 b\n# > 2 c\nok 3 c # SKIP x\n"
		"# > 3 d\nok 4 d # XFAIL why\n# end\n",
		"(d0) SOTEST VERSION 1 BEGIN 4\n(d0) # > 0 a\n(d0) SOTEST SUCCESS \"a\"\n(d0) # > 1 b\n"
		"(d0) SOTEST FAIL \"b\"\n(d0) # > 2 c\n(d0) SOTEST SKIP\n(d0) # > 3 d\n(d0) # d: verdict: xfail\n"
		"(d0) SOTEST SUCCESS \"d\"\n(d0) SOTEST END\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct image_log log = { 0 };

		image_log_add(&log, texts[i], strlen(texts[i]));
		assert_true(log.has_ended);
		assert_int_equal(log.count, 4);
		assert_int_equal(log.cases[0].verdict, R0_VERDICT_PASS);
		assert_int_equal(log.cases[1].verdict, R0_VERDICT_FAIL);
		assert_int_equal(log.cases[2].verdict, R0_VERDICT_SKIP);
		assert_int_equal(log.cases[3].verdict, R0_VERDICT_XFAIL);
		image_log_finish(&log);
	}
}

static void test_no_log(void **state)
{
	static const char text[] =
		"ok\nSOTEST FAIL \"nobody\"\n# > x\n# > \n\n# a: verdict: pass\nnot ok 1\n";
	struct image_log log = { 0 };
	uint64_t from;

	(void)state;
	image_log_add(&log, text, sizeof(text) - 1);
	assert_int_equal(log.count, 0);
	assert_false(image_log_lose(&log, "it is gone", &from));
	image_log_add(&log, "# the image gives up: no memory\n", 32);
	assert_string_equal(log.panic, "no memory");
	image_log_finish(&log);
}

static void test_json(void **state)
{
	static const char line[] =
		"{\"a\":1,\"b\":\"x\\\"y\\\\ \\u00e4\\n\",\"c\":{\"d\":\"\"},\"b\":\"z\"}";
	char *text = json_line_text(line, "b");

	(void)state;
	assert_string_equal(text, "x\"y\\ \303\244\n");
	free(text);
	text = json_line_text(line, "d");
	assert_string_equal(text, "");
	free(text);
	assert_null(json_line_text(line, "a"));
	assert_null(json_line_text(line, "x"));
	assert_null(json_line_text("\"b", "b"));
}

#define HEAD \
	"{\"ring0-results\":1,\"name\":\"x\",\"environment\":{\"ring0 image\":\"p, 3 cases, build-id 12\"}}\n"

static void add(struct table *table, const char *name, const char *text, int wanted)
{
	struct error error = { "" };

	assert_int_equal(table_add(table, name, text, &error), wanted);
	assert_true(!wanted == !error.text[0]);
}

static void test_table(void **state)
{
	struct table table = { 0 };
	struct error error = { "" };

	(void)state;
	add(&table, "metal",
	    HEAD "{\"case\":\"a\",\"verdict\":\"pass\"}\n{\"case\":\"b\",\"verdict\":\"pass\"}\n",
	    0);
	add(&table, "metal",
	    HEAD "{\"case\":\"a\",\"verdict\":\"pass\"}\n{\"case\":\"b\",\"verdict\":\"fail\"}\n",
	    0);
	add(&table, "qemu",
	    HEAD
	    "{\"case\":\"a\",\"verdict\":\"lost\",\"message\":\"why\"}\n{\"case\":\"c\",\"verdict\":\"skip\"}\n",
	    0);
	assert_int_equal(table.row_count, 3);
	assert_string_equal(table.columns[0].build_id, "12");
	assert_int_equal(table_compare(&table, NULL, &error), 0);
	assert_true(table_cell_differs(&table, &table.rows[0], 1));
	assert_true(table.rows[0].differs);
	assert_string_equal(table.rows[0].cells[1].message, "why");
	assert_string_equal(table.rows[1].cells[0].verdict, "unstable");
	assert_string_equal(table.rows[1].cells[1].verdict, "absent");
	assert_false(table_cell_differs(&table, &table.rows[1], 1));
	assert_false(table.rows[2].differs);
	assert_int_equal(table.differ, 2);
	assert_int_equal(table.columns[1].differ, 1);
	assert_int_equal(table.columns[1].skipped, 2);
	assert_int_equal(table_compare(&table, "bochs", &error), -22);
	table_finish(&table);
}

static void test_no_table(void **state)
{
	struct table table = { 0 };

	(void)state;
	add(&table, "x", "", -22);
	add(&table, "x", "{}\n", -22);
	add(&table, "x", HEAD "{\"case\":\"a\"}\n", -22);
	add(&table, "x", HEAD "{\"case\":\"a\",\"verdict\":\"good\"}\n", -22);
	table_finish(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sotest),	 cmocka_unit_test(test_boots_by_itself),
		cmocka_unit_test(test_formats),	 cmocka_unit_test(test_no_log),
		cmocka_unit_test(test_json),	 cmocka_unit_test(test_table),
		cmocka_unit_test(test_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
