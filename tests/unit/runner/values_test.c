/* SPDX-License-Identifier: MIT */
/* Unit tests of base/json.c, report/values.c and baseline.c: numbers, what they were, reports that lie. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/json.h"
#include "plan/plan.h"
#include "report/baseline.h"
#include "report/formats.h"
#include "report/values.h"
#include "verdict/outcome.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct json json(const char *text)
{
	return json_of(text, strlen(text));
}

static void json_is_read(void **state)
{
	const struct json object = json(
		" { \"a\" : [1, {\"b\":\"]}\"} ,-2.50 ], \"ab\":\"\", \"c\\\"\": null, \"d\":{} } \n");
	struct json array = json_member(object, "a"), element;
	uint32_t decimals;
	int64_t number;
	char *text;

	(void)state;
	assert_true(json_is(object));
	element = json_next(array, (struct json){ NULL, NULL });
	assert_true(json_number(element, &number, &decimals));
	assert_int_equal(number, 1);
	assert_int_equal(decimals, 0);
	element = json_next(array, element);
	text = json_text(json_member(element, "b"));
	assert_string_equal(text, "]}");
	free(text);
	element = json_next(array, element);
	assert_true(json_number(element, &number, &decimals));
	assert_int_equal(number, -250);
	assert_int_equal(decimals, 2);
	assert_false(json_is(json_next(array, element)));
	text = json_text(json_member(object, "ab"));
	assert_string_equal(text, "");
	free(text);
	assert_false(json_is(json_member(object, "b")));
	assert_false(json_is(json_member(array, "a")));
	assert_false(json_is(json_next(object, (struct json){ NULL, NULL })));
	assert_false(json_is(json_member(json_member(object, "d"), "x")));
	assert_null(json_text(array));
	assert_null(json_text((struct json){ NULL, NULL }));
}

static void strings_have_escapes(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"",
		  "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\"\\ud83d\"", "\xef\xbf\xbd" },
		{ "\"\\ud83dx\\u12\"", "\xef\xbf\xbdx\xef\xbf\xbd"
				       "12" },
		{ "\"\\u\"", "\xef\xbf\xbd" },
		{ "\"\\u\\u\\u\\u\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		char *text = json_text(json(cases[i].json));

		assert_non_null(text);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static void other_text_is_no_json(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"\"",
		"\"a",
		"\"\\",
		"\"\\\"",
		"1 2",
		"{} {}",
		"\"a\nb\"",
		"[1}",
		"{\"a\":1]",
		"[\"a\" \"b\"]",
		"{\"a\" 1}",
		"<",
		"{\"a\":1\"b\":2}",
	};
	char deep[400];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++)
		if (json_is(json(texts[i])))
			fail_msg("%s is taken for JSON", texts[i]);
	memset(deep, '[', 200);
	memset(deep + 200, ']', 200);
	assert_false(json_is(json_of(deep, 400)));
	assert_true(json_is(json_of(deep + 160, 80)));
	/* No text of which the end is cut off is any, nor is more read than there is. */
	for (i = 0; i < 20; i++) {
		static const char whole[] = "{\"a\":[\"b\\u0041\",{}]}";
		char *part = malloc(i + 1);

		assert_non_null(part);
		memcpy(part, whole, i);
		assert_false(json_is(json_of(part, i)));
		free(part);
	}
}

static void numbers_are_exact(void **state)
{
	static const struct {
		const char *json;
		int64_t number;
		uint32_t decimals;
	} good[] = {
		{ "0", 0, 0 },
		{ "-1", -1, 0 },
		{ "9223372036854775799", 9223372036854775799, 0 },
		{ "0.000000001", 1, 9 },
	};
	static const char *const bad[] = { "-",
					   ".5",
					   "1e5",
					   "1.0000000001",
					   "9300000000000000000",
					   "99999999999999999999",
					   "null",
					   "\"1\"",
					   "1.2.3",
					   "--1" };
	uint32_t decimals;
	int64_t number;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(good); i++) {
		assert_true(json_number(json(good[i].json), &number, &decimals));
		assert_true(number == good[i].number && decimals == good[i].decimals);
	}
	for (i = 0; i < LENGTH(bad); i++)
		if (json_number(json(bad[i]), &number, &decimals))
			fail_msg("%s is taken for a number", bad[i]);
	assert_false(json_number((struct json){ NULL, NULL }, &number, &decimals));
}

static void numbers_are_written(void **state)
{
	static const struct {
		int64_t number;
		uint32_t decimals;
		const char *text;
	} cases[] = {
		{ 0, 3, "0" },		 { 412500, 3, "412.5" },
		{ 401000, 3, "401" },	 { 5, 3, "0.005" },
		{ -1050, 3, "-1.05" },	 { -7, 0, "-7" },
		{ 1, 9, "0.000000001" }, { INT64_MIN, 0, "-9223372036854775808" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		value_put_number(out, cases[i].number, cases[i].decimals);
		fclose(out);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static int read_text(struct baseline **baseline, const char *text, struct error *error)
{
	char name[] = "/tmp/ring0-values-XXXXXX";
	int fd = mkstemp(name), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	*error = (struct error){ "" };
	err = baseline_read(baseline, name, error);
	unlink(name);
	return err;
}

#define PLAN	     "{\"type\":\"plan\",\"version\":1,\"count\":1}\n"
#define CASE(values) "{\"type\":\"result\",\"name\":\"a.b\",\"values\":[" values "]}\n"

static void reports_are_read(void **state)
{
	static char time[] = "time", cycles[] = "cycles", ns[] = "ns";
	struct r0_value value = { .name = time, .unit = cycles };
	struct baseline *baseline;
	struct r0_value was;
	struct error error;

	(void)state;
	assert_int_equal(
		read_text(
			&baseline,
			PLAN "{\"type\":\"start\",\"id\":1}\n" CASE(
				"{\"name\":\"time\",\"unit\":\"cycles\",\"number\":1},"
				"{\"name\":\"time\",\"unit\":\"cycles\",\"number\":412.5,\"minimum\":401,\"spread\":3.05,\"samples\":101}"),
			&error),
		0);
	assert_true(baseline_find(baseline, "a.b", &value, &was));
	assert_true(was.number == 412500 && was.decimals == 3 && was.minimum == 401000 &&
		    was.spread == 3050 && was.samples == 101);
	value.unit = ns;
	assert_false(baseline_find(baseline, "a.b", &value, &was));
	assert_false(baseline_find(baseline, "a.c", &value, &was));
	assert_false(baseline_find(NULL, "a.b", &value, &was));
	assert_non_null(strstr(baseline_text(baseline), "a host that it does not name"));
	baseline_destroy(baseline);
	/* What of a value is not as it has to be makes it no value, and the report is read on. */
	assert_int_equal(
		read_text(
			&baseline,
			PLAN CASE(
				"{\"name\":1,\"unit\":\"ns\",\"number\":1},7,[],{\"name\":\"time\",\"unit\":\"ns\",\"number\":\"x\"}")
				CASE("{\"name\":\"time\",\"unit\":\"cycles\",\"number\":9000000000000000000}"),
			&error),
		0);
	value.unit = cycles;
	assert_false(baseline_find(baseline, "a.b", &value, &was));
	baseline_destroy(baseline);
}

#define TIME(number, minimum, spread)                                                   \
	"{\"name\":\"time\",\"unit\":\"ns\",\"number\":" number ",\"minimum\":" minimum \
	",\"spread\":" spread ",\"samples\":101}"

/* As --repeat has them: what differs between runs is noise. */
static void runs_are_taken_together(void **state)
{
	static char time[] = "time", ns[] = "ns";
	const struct r0_value value = { .name = time, .unit = ns };
	struct baseline *baseline;
	struct r0_value was;
	struct error error;

	(void)state;
	assert_int_equal(read_text(&baseline,
				   PLAN CASE(TIME("120", "110", "2")) CASE(TIME("100", "99", "3"))
					   CASE(TIME("104", "90", "1")),
				   &error),
			 0);
	assert_true(baseline_find(baseline, "a.b", &value, &was));
	assert_true(was.number == 104000 && was.minimum == 90000 && was.spread == 10000);
	baseline_destroy(baseline);
	assert_int_equal(read_text(&baseline,
				   PLAN CASE(TIME("100", "99", "7")) CASE(TIME("104", "90", "1")),
				   &error),
			 0);
	assert_true(baseline_find(baseline, "a.b", &value, &was));
	assert_true(was.number == 100000 && was.minimum == 90000 && was.spread == 7000);
	baseline_destroy(baseline);
}

static void other_files_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "\n", "text\n", "{}\n", "[]", PLAN "{\n", CASE(""), "{\"type\":\"summary\"}\n"
	};
	struct baseline *baseline;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++) {
		assert_int_equal(read_text(&baseline, texts[i], &error), -EINVAL);
		assert_null(baseline);
		assert_non_null(strstr(error.text, "no report of a test program"));
	}
	error = (struct error){ "" };
	assert_int_equal(baseline_read(&baseline, "/nonexistent/x.json", &error), -ENOENT);
	assert_non_null(strstr(error.text, "--compare: opening /nonexistent/x.json"));
	error = (struct error){ "" };
	assert_int_equal(baseline_read(&baseline, "/", &error), -EISDIR);
}

/* Of `number` with `spread`, both in thousandths, what was 100 ± 2 before. */
static void changed(int64_t number, int64_t spread, int64_t hundredths, bool is_within)
{
	static char time[] = "time", ns[] = "ns", name[] = "a.b";
	const struct r0_value value = { .name = time,
					.unit = ns,
					.number = number,
					.spread = spread,
					.samples = 101,
					.decimals = 3 };
	const struct plan_case c = { .name = name };
	struct report report = { 0 };
	struct value_change change;
	struct baseline *baseline;
	struct error error;

	assert_int_equal(
		read_text(
			&baseline,
			PLAN CASE(
				"{\"name\":\"time\",\"unit\":\"ns\",\"number\":100,\"minimum\":99,\"spread\":2,\"samples\":101}"),
			&error),
		0);
	report.baseline = baseline;
	assert_true(value_change(&report, &c, &value, &change));
	assert_int_equal(change.hundredths, hundredths);
	assert_true(change.is_measurement);
	assert_true(change.is_within_noise == is_within);
	baseline_destroy(baseline);
}

static void changes_are_told_from_noise(void **state)
{
	(void)state;
	changed(100000, 2000, 100, true);
	changed(104000, 2000, 104, true);
	changed(104001, 2000, 104, false);
	changed(96000, 2000, 96, true);
	changed(95999, 2000, 96, false);
	changed(102001, 0, 102, false);
	changed(250000, 200000, 250, true);
	changed(0, 0, 0, false);
}

static void emulation_is_told_of(void **state)
{
	static const char *const kinds[] = { "hardware", "software", "lab" };
	struct host host = { 0 };
	struct report report = { .host = &host };
	struct tally tally = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(kinds); i++) {
		host.kind = kinds[i];
		tally.measured = false;
		assert_null(values_warning(&report, &tally));
		tally.measured = true;
		assert_true((values_warning(&report, &tally) != NULL) == (i > 0));
	}
	report.host = NULL;
	assert_null(values_warning(&report, &tally));
}

static void hosts_are_told(void **state)
{
	struct host host = { .kind = "software", .cpu = "A CPU", .kernel = "Linux 6.1" };
	char text[300];

	(void)state;
	host_text(&host, text, sizeof(text));
	assert_non_null(strstr(text, "software KVM"));
	assert_non_null(strstr(text, ", A CPU, Linux 6.1"));
	host.is_without_kvm = true;
	host_text(&host, text, sizeof(text));
	assert_string_equal(text, "no KVM, A CPU, Linux 6.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_read),
		cmocka_unit_test(strings_have_escapes),
		cmocka_unit_test(other_text_is_no_json),
		cmocka_unit_test(numbers_are_exact),
		cmocka_unit_test(numbers_are_written),
		cmocka_unit_test(reports_are_read),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(runs_are_taken_together),
		cmocka_unit_test(changes_are_told_from_noise),
		cmocka_unit_test(emulation_is_told_of),
		cmocka_unit_test(hosts_are_told),
	};

	return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
