/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of runner/session.c: r0_main() with a pool that plays outcomes from a script.
 */
#include "run_fixture.h"

static const int two[] = { 1, 2 };

R0_TEST(a, one)
{
}

R0_TEST(a, danger, .groups = "nodefault,slow")
{
}

R0_TEST(b, each, .params = R0_PARAMS(two))
{
}

static void lists(void **state)
{
	(void)state;
	RUN("--list", "--repeat=3");
	assert_string_equal(ran.out, "a.one\nb.each[0]\nb.each[1]\n");
	assert_int_equal(ran.status, 0);
	RUN("--list", "--verbose", "--all", "a.*");
	assert_non_null(strstr(ran.out, "a.danger  "));
	assert_non_null(strstr(ran.out, "run_test.c:"));
	assert_non_null(strstr(ran.out, "  groups: nodefault,slow  attributes: .groups = "
					"\"nodefault,slow\"\n"));
	assert_string_equal(ran.err, "");
}

static void exit_statuses(void **state)
{
	static const struct {
		const char *verdicts;
		int status;
	} rows[] = {
		{ "p", 0 },   { "psp", 0 },  { "s", 77 },  { "ppf", 1 },
		{ "pce", 1 }, { "ppe", 99 }, { "efp", 1 }, { "sse", 99 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		script.verdicts = rows[i].verdicts;
		RUN("--color=never");
		assert_int_equal(ran.status, rows[i].status);
		assert_string_equal(ran.err, "");
		assert_non_null(strstr(ran.out, "3 tests in "));
		RUN("--skip-status=0");
		assert_int_equal(ran.status, rows[i].status == 77 ? 0 : rows[i].status);
		RUN("--fail-status=5");
		assert_int_equal(ran.status, rows[i].status == 1 ? 5 : rows[i].status);
	}
}

static void passes_options_on(void **state)
{
	(void)state;
	script.verdicts = "f";
	RUN("--timeout=250", "a.one", "--format=tap");
	assert_non_null(strstr(ran.out, "duration_ms: 250.000\n"));
	assert_int_equal(ran.status, 1);
}

static void passes_workers_and_checks_on(void **state)
{
	(void)state;
	RUN("-j3", "--check-reset", "a.one");
	assert_one_line(ran.err, "fail_fast 0 check_reset 1 workers 3");
	RUN("--fail-fast", "a.one");
	assert_one_line(ran.err, "fail_fast 1 check_reset 0 workers 0");
}

/* A directory for a test's files, and what is in one of them. */
static char folder[] = "/tmp/r0-run-test-XXXXXX";
static char content[8192];

static int make_folder(void **state)
{
	reset(state);
	strcpy(folder, "/tmp/r0-run-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

/* Read and remove it. */
static bool take_file(const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file)
		return false;
	read_back(file, content, sizeof(content));
	unlink(path);
	return true;
}

/* Fails if a test left something in it. */
static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static const char *in_folder(const char *option, const char *name)
{
	static char texts[4][128];
	static unsigned int next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "%s%s/%s", option, folder, name);
	return text;
}

static void several_reports(void **state)
{
	(void)state;
	script.verdicts = "pf";
	RUN("--format=tap", in_folder("--format=junit=", "x.xml"),
	    in_folder("--format=json=", "x.json"), in_folder("--format=ktap=", "x.ktap"));
	assert_int_equal(ran.status, 1);
	assert_begins(ran.out, "TAP version 14\n1..3\nok 1 - a.one\nnot ok 2 - ");
	assert_true(take_file("x.xml"));
	assert_non_null(strstr(content, " tests=\"3\" failures=\"2\""));
	assert_true(take_file("x.json"));
	assert_non_null(
		strstr(content, "{\"type\":\"summary\",\"count\":3,\"pass\":1,\"fail\":2,"));
	assert_true(take_file("x.ktap"));
	assert_begins(content, "KTAP version 1\n1..2\n");
	/* Only files: people still see the run. */
	RUN(in_folder("--format=sotest=", "x"));
	assert_non_null(strstr(ran.out, "Running 3 tests in ring 0\non "));
	assert_true(take_file("x"));
	assert_non_null(strstr(content, "SOTEST VERSION 1 BEGIN 3\r\n"));
}

/* One that can't be written costs the status, not the others. */
static void one_report_breaks(void **state)
{
	(void)state;
	RUN("--format=tap", "--format=json=/dev/full", "--format=junit=/dev/full/x");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "writing the report to /dev/full/x: Not a directory");
	assert_string_equal(ran.out, "");
	RUN("--format=tap", "--format=json=/dev/full");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "writing the report to /dev/full: No space left on device");
	assert_non_null(strstr(ran.out, "ok 3 - b.each[1]\n"));
	RUN("--format=tap", "--format=junit=/dev/full");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "writing the report to /dev/full: No space left on device");
	RUN_TO(TO_CLOSED_PIPE, in_folder("--format=junit=", "x.xml"));
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "writing the report to standard output: Broken pipe");
	assert_true(take_file("x.xml"));
	assert_non_null(strstr(content, " tests=\"3\" failures=\"0\" errors=\"0\""));
}

static void a_limited_file_size(void **state)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	struct rlimit before;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &before);
	/* The tests' own files are written by the parent, which ignores the limit's signal. */
	limit_in_child = &none;
	RUN_TO(TO_PIPE, in_folder("--format=json=", "x"));
	limit_in_child = NULL;
	assert_int_equal(ran.status, 99);
	assert_true(take_file("x"));
	assert_string_equal(content, "");
}

static void signals(void **state)
{
	static const struct {
		int number, status;
		const char *why;
	} rows[] = {
		{ SIGINT, 130, "interrupted by SIGINT" },
		{ SIGTERM, 143, "terminated by SIGTERM" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		script =
			(struct script){ .verdicts = "pf", .results = 2, .signal = rows[i].number };
		RUN("--format=pretty", in_folder("--format=junit=", "x.xml"),
		    in_folder("--format=tap=", "x.tap"), in_folder("--format=json=", "x.json"));
		assert_int_equal(ran.status, rows[i].status);
		assert_string_equal(ran.err, "");
		assert_non_null(strstr(ran.out, "1 passed, 1 failed, 1 not run\n"));
		assert_non_null(strstr(ran.out, rows[i].why));
		assert_true(take_file("x.xml"));
		assert_non_null(strstr(content, " tests=\"3\" failures=\"1\" errors=\"0\""));
		assert_non_null(strstr(content, rows[i].why));
		assert_true(take_file("x.tap"));
		assert_non_null(strstr(content, "Bail out! "));
		assert_true(take_file("x.json"));
		assert_non_null(strstr(content, "\"id\":3,\"name\":\"b.each[1]\",\"suite\":\"b\","
						"\"test\":\"each\",\"param\":1,"
						"\"verdict\":\"not-run\""));
	}
	/* Before the first test. */
	script = (struct script){ .signal = SIGINT };
	RUN("--format=tap");
	assert_int_equal(ran.status, 130);
	assert_string_equal(ran.out, "TAP version 14\n1..3\nBail out! interrupted by SIGINT\n");
}

/* As timeout(1) does it, and as a user does who has waited long enough. */
static void a_second_signal(void **state)
{
	(void)state;
	script = (struct script){ .signal = SIGTERM, .twice = true };
	RUN("--format=tap");
	assert_int_equal(ran.status, 143);
	assert_string_equal(ran.out, "TAP version 14\n1..3\nBail out! terminated by SIGTERM\n");
	script = (struct script){ .signal = SIGINT, .repeated = true };
	RUN("--format=tap");
	assert_int_equal(ran.status, 1000 + SIGINT);
}

static void an_ignored_signal_stays_ignored(void **state)
{
	(void)state;
	signal(SIGINT, SIG_IGN);
	script = (struct script){ .verdicts = "p", .results = 1, .signal = SIGINT };
	RUN("--format=tap");
	signal(SIGINT, SIG_DFL);
	assert_int_equal(ran.status, 0);
	assert_non_null(strstr(ran.out, "ok 3 - "));
}

/* Several workers, and a signal: what has no result may be in the middle. */
static void gaps_are_filled(void **state)
{
	(void)state;
	script.gap = 1;
	RUN("--format=tap");
	assert_string_equal(
		ran.out, "TAP version 14\n1..3\nok 1 - a.one\n"
			 "ok 2 - b.each[0] # SKIP not run: the run stopped at the first failure\n"
			 "ok 3 - b.each[1]\n");
}

static void annotates(void **state)
{
	const char *annotation;

	(void)state;
	setenv("GITHUB_ACTIONS", "true", 1);
	script.verdicts = "pf";
	RUN("--color=never");
	assert_int_equal(ran.status, 1);
	annotation = strstr(ran.out, "\n::error file=");
	assert_non_null(annotation);
	assert_true(annotation > strstr(ran.out, "FAILED  3 tests"));
	assert_non_null(strstr(annotation, ",title=b.each[0] (fail)::why\n::error file="));
	RUN("--format=tap");
	assert_null(strstr(ran.out, "::error"));
	RUN(in_folder("--output=", "x"));
	assert_string_equal(ran.out, "");
	assert_true(take_file("x"));
	assert_null(strstr(content, "::error"));
	RUN("--list");
	assert_null(strstr(ran.out, "::"));
}

static void bazel(void **state)
{
	(void)state;
	setenv("TEST_TOTAL_SHARDS", "4", 1);
	setenv("TEST_SHARD_INDEX", "1", 1);
	setenv("TEST_SHARD_STATUS_FILE", in_folder("", "status"), 1);
	setenv("XML_OUTPUT_FILE", in_folder("", "test.xml"), 1);
	RUN("--format=tap");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "TAP version 14\n1..1\n# shard 2/4\nok 1 - b.each[0]\n");
	assert_true(take_file("status"));
	assert_true(take_file("test.xml"));
	assert_non_null(strstr(content, "<testcase name=\"each[0]\" classname=\"b\""));
	/* A shard without tests is a success, and a report of none. */
	setenv("TEST_SHARD_INDEX", "3", 1);
	RUN("--format=tap");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out,
			    "TAP version 14\n1..0 # SKIP no tests in this shard, 4 of 4\n");
	assert_true(take_file("status"));
	assert_true(take_file("test.xml"));
	assert_non_null(strstr(content, " tests=\"0\""));
	/* A filter that matches nothing is none. */
	setenv("TESTBRIDGE_TEST_ONLY", "z.*", 1);
	RUN("--format=tap");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "the pattern \"z.*\" matches no test");
	assert_true(take_file("status"));
	assert_false(take_file("test.xml"));
	setenv("TEST_SHARD_STATUS_FILE", "/nonexistent/status", 1);
	RUN("--format=tap");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "TEST_SHARD_STATUS_FILE: touching /nonexistent/status: No such");
}

static void shuffles_and_shards(void **state)
{
	char first[sizeof(ran.out)];

	(void)state;
	RUN("--list", "--shuffle=3");
	strcpy(first, ran.out);
	RUN("--list", "--shuffle=3");
	assert_string_equal(ran.out, first);
	assert_int_equal(strlen(first), strlen("a.one\nb.each[0]\nb.each[1]\n"));
	RUN("--shuffle=3", "--format=tap");
	assert_non_null(strstr(ran.out, "1..3\n# --shuffle=3\n"));
	RUN("--shuffle", "--format=pretty");
	assert_non_null(strstr(ran.out, "Running 3 tests in ring 0 (--shuffle="));
	RUN("--shard=4/4");
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "SKIPPED  0 tests: no tests in this shard, 4 of 4\n");
}

static void lists_json(void **state)
{
	(void)state;
	RUN("--list=json", "--all");
	assert_int_equal(ran.status, 0);
	assert_begins(ran.out,
		      "{\"type\":\"test\",\"name\":\"a.one\",\"suite\":\"a\",\"test\":\"one\","
		      "\"file\":\"");
	assert_non_null(strstr(ran.out, "\"groups\":[\"nodefault\",\"slow\"],\"attributes\":"
					"\".groups = \\\"nodefault,slow\\\"\"}\n"));
	assert_non_null(strstr(ran.out, "\"name\":\"b.each[1]\",\"suite\":\"b\",\"test\":\"each\","
					"\"param\":1,"));
}

static void no_kvm(void **state)
{
	(void)state;
	script.message = "open /dev/kvm: Permission denied: join the group kvm";
	script.err = -ENODEV;
	RUN("--format=pretty");
	assert_int_equal(ran.status, 77);
	assert_one_line(ran.out, script.message);
	assert_one_line(ran.out, "or run it in the lab: `ring0 lab ");
	RUN("--skip-status=3");
	assert_int_equal(ran.status, 3);
	script.err = -EACCES;
	RUN("--format=tap");
	assert_int_equal(ran.status, 77);
	assert_memory_equal(
		ran.out,
		"TAP version 14\n1..0 # SKIP open /dev/kvm: Permission denied: join the "
		"group kvm; or run it in the lab: `ring0 lab ",
		strlen("TAP version 14\n1..0 # SKIP open /dev/kvm: Permission denied: "
		       "join the group kvm; or run it in the lab: `ring0 lab "));
	assert_string_equal(ran.err, "");
}

static void a_broken_run(void **state)
{
	(void)state;
	script.message = "KVM_CREATE_VM: Cannot allocate memory";
	script.err = -ENOMEM;
	RUN("--format=tap");
	assert_int_equal(ran.status, 99);
	assert_string_equal(ran.out,
			    "TAP version 14\n1..3\nBail out! KVM_CREATE_VM: Cannot allocate "
			    "memory\n");
	assert_one_line(ran.err, script.message);
	/* After a first result, a missing KVM is no reason to skip. */
	script.err = -ENODEV;
	script.results = 1;
	RUN("--format=tap");
	assert_int_equal(ran.status, 99);
	assert_non_null(strstr(ran.out, "ok 1 - a.one\nBail out! KVM_CREATE_VM"));
	script.verdicts = "f";
	RUN("--format=pretty");
	assert_int_equal(ran.status, 1);
	assert_non_null(strstr(ran.out, "1 failed, 2 not run\nThe run had to stop: KVM_CREATE"));
}

static void unwritable_reports(void **state)
{
	static const char *const words[] = { "--format=tap", "--format=pretty", "--list", "--help",
					     "--version" };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(words); i++) {
		RUN_TO(TO_CLOSED_PIPE, words[i]);
		assert_int_equal(ran.status, 99);
		assert_one_line(ran.err, "writing the report to standard output: Broken pipe");
		RUN_TO(TO_FULL, words[i]);
		assert_int_equal(ran.status, 99);
		assert_one_line(ran.err, "standard output: No space left on device");
	}
	RUN_TO(TO_NOWHERE, "--format=tap");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "standard output: Bad file descriptor");
	RUN("--output=/dev/full");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "writing the report to /dev/full: No space left on device");
	RUN("--output=/nonexistent/report");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "/nonexistent/report: No such file or directory");
	assert_string_equal(ran.out, "");
}

static void writes_to_a_file(void **state)
{
	char path[] = "/tmp/r0-run-test-XXXXXX", option[64], text[512];
	int fd = mkstemp(path);
	FILE *file;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(option, sizeof(option), "--output=%s", path);
	RUN("--format=tap", "a.one", option);
	assert_int_equal(ran.status, 0);
	assert_string_equal(ran.out, "");
	file = fopen(path, "r");
	assert_non_null(file);
	read_back(file, text, sizeof(text));
	unlink(path);
	drop_host(text);
	assert_string_equal(text, "TAP version 14\n1..1\nok 1 - a.one\n");
}

static void bad_usage(void **state)
{
	static const struct {
		const char *word, *message;
	} rows[] = {
		{ "--wombat", "program: --wombat: no such option" },
		{ "nothing.like.it", "the pattern \"nothing.like.it\" matches no test" },
		{ "-*", "nothing selected" },
		{ "--group=fast", "no test is in the group \"fast\"" },
		{ "a.dange?", "matches only nodefault tests" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		RUN(rows[i].word);
		assert_int_equal(ran.status, 99);
		assert_string_equal(ran.out, "");
		assert_non_null(strstr(ran.err, strchr(rows[i].message, ' ')));
		assert_ptr_equal(strchr(ran.err, '\n'), ran.err + strlen(ran.err) - 1);
	}
	setenv("R0_TIMEOUT_FACTOR", "fast", 1);
	RUN("--list");
	assert_int_equal(ran.status, 99);
	assert_one_line(ran.err, "R0_TIMEOUT_FACTOR=fast");
}

static void informs(void **state)
{
	(void)state;
	RUN("--help");
	assert_int_equal(ran.status, 0);
	assert_begins(ran.out, "Usage: ");
	RUN("--version");
	assert_int_equal(ran.status, 0);
	assert_one_line(ran.out, "(ring0 ");
}

static void leaves_sigpipe_as_it_was(void **state)
{
	struct sigaction action;
	char *argv[] = { (char *)"program", (char *)"--output=/dev/null", NULL };

	(void)state;
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(r0_main(2, argv), 0);
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_ptr_equal(action.sa_handler, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lists, reset),
		cmocka_unit_test_setup(exit_statuses, reset),
		cmocka_unit_test_setup(passes_options_on, reset),
		cmocka_unit_test_setup(passes_workers_and_checks_on, reset),
		cmocka_unit_test_setup_teardown(several_reports, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(one_report_breaks, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_limited_file_size, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(signals, make_folder, remove_folder),
		cmocka_unit_test_setup(a_second_signal, reset),
		cmocka_unit_test_setup(an_ignored_signal_stays_ignored, reset),
		cmocka_unit_test_setup(gaps_are_filled, reset),
		cmocka_unit_test_setup_teardown(annotates, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(bazel, make_folder, remove_folder),
		cmocka_unit_test_setup(shuffles_and_shards, reset),
		cmocka_unit_test_setup(lists_json, reset),
		cmocka_unit_test_setup(no_kvm, reset),
		cmocka_unit_test_setup(a_broken_run, reset),
		cmocka_unit_test_setup(unwritable_reports, reset),
		cmocka_unit_test_setup(writes_to_a_file, reset),
		cmocka_unit_test_setup(bad_usage, reset),
		cmocka_unit_test_setup(informs, reset),
		cmocka_unit_test_setup(leaves_sigpipe_as_it_was, reset),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
