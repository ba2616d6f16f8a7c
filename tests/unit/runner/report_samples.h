/* SPDX-License-Identifier: MIT */
/* Cases with every kind of outcome, and what a report says of them. */
#ifndef TESTS_UNIT_RUNNER_REPORT_SAMPLES_H
#define TESTS_UNIT_RUNNER_REPORT_SAMPLES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "verdict/doubt.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct r0_test plain = { .suite = "io", .name = "t", .file = "io_test.c", .line = 7 };
static const struct r0_test xfail = {
	.suite = "io",
	.name = "x",
	.file = "io_test.c",
	.line = 70,
	.options = { .xfail = "erratum #12: the chip is wrong" },
};

static const struct r0_test memory = {
	.suite = "mm",
	.name = "wild",
	.file = "mm_test.c",
	.line = 30,
	.options = { .groups = "slow,mm" },
};
static const struct r0_test odd = { .suite = "odd", .name = "t", .file = "o<&>.c", .line = 1 };

/* A case and its outcome. */
struct sample {
	const char *name;
	enum r0_verdict verdict;
	uint64_t duration_ns;
	const char *message, *output, *report;
	size_t output_size; /* where it holds NUL bytes; 0: it is as long as it looks */
	const char *file;
	int line;
	bool measured;
};

static const struct sample samples[] = {
	{ .name = "io.inw_reads_the_port", .verdict = R0_VERDICT_PASS, .duration_ns = 36120 },
	{ .name = "io.talks",
	  .verdict = R0_VERDICT_PASS,
	  .duration_ns = 912,
	  .output = "hello\nunfinished",
	  .measured = true },
	{ .name = "io.inw_fails",
	  .verdict = R0_VERDICT_FAIL,
	  .duration_ns = 1234567,
	  .message = "R0_ASSERT_EQ(inw(0x1), 0xfe)\n  inw(0x1) is 255 (0xff)\n  0xfe is 254 (0xfe)",
	  .output = "before\n",
	  .file = "io_test.c",
	  .line = 12 },
	{ .name = "io.no_avx",
	  .verdict = R0_VERDICT_SKIP,
	  .duration_ns = 4000,
	  .message = "has_avx() is false" },
	{ .name = "io.known[0]",
	  .verdict = R0_VERDICT_XFAIL,
	  .duration_ns = 50000,
	  .message = "1 == 2",
	  .output = "seen\n",
	  .file = "io_test.c",
	  .line = 71 },
	{ .name = "io.known[1]",
	  .verdict = R0_VERDICT_XPASS,
	  .duration_ns = 999999,
	  .message = "passed, where a failure was expected" },
	{ .name = "io.loops",
	  .verdict = R0_VERDICT_TIMEOUT,
	  .duration_ns = 10000000000,
	  .message = "ran for longer than 10000 ms, in spin (io_test.c:90)",
	  .report = "RIP 0x401000\n  #0 spin (io_test.c:90)\n" },
	{ .name = "mm.wild",
	  .verdict = R0_VERDICT_CRASH,
	  .duration_ns = 85000,
	  .message = "#PF at 0x401136: write to 0x10, not present",
	  .report = "  walk: PML4E 0x0\n\nrip 0x401136\n\n",
	  .output = "\x1b[2J\x1b]0;owned\x07\xff caf\xc3\xa9\r\nnext\n",
	  .file = "mm_test.c",
	  .line = 31 },
	{ .name = "mm.host",
	  .verdict = R0_VERDICT_ERROR,
	  .duration_ns = 0,
	  .message = "KVM_RUN: KVM cannot execute \"pxor\"" },
	{ .name = "odd.#1 \\ of \n\x1b[31m\xfe",
	  .verdict = R0_VERDICT_FAIL,
	  .duration_ns = 123456789012,
	  .message = "",
	  .output = "...\nnot ok 3 - forged\n",
	  .report = "   \n" },
	{ .name = "io.puts_nul",
	  .verdict = R0_VERDICT_FAIL,
	  .duration_ns = 7000,
	  .message = "R0_FAIL()",
	  .output = "x\0y\nafter\n",
	  .output_size = 10,
	  .file = "io_test.c",
	  .line = 99 },
};

static inline char *copy(const char *text)
{
	char *copied = strdup(text ? text : "");

	assert_non_null(copied);
	return copied;
}

static inline size_t size_of(const struct sample *sample)
{
	if (!sample->output)
		return 0;
	return sample->output_size ? sample->output_size : strlen(sample->output);
}

static inline char *copy_output(const struct sample *sample)
{
	char *copied = calloc(1, size_of(sample) + 1);

	assert_non_null(copied);
	return memcpy(copied, sample->output ? sample->output : "", size_of(sample));
}

static inline const struct r0_test *test_of(const char *name)
{
	if (!strncmp(name, "mm.", 3))
		return &memory;
	if (!strncmp(name, "odd.", 4))
		return &odd;
	return strstr(name, "known") ? &xfail : &plain;
}

/* What only the golden texts have. */
static bool tells_host;
static const struct host sample_host = {
	.kind = "hardware",
	.virtualization = "SVM",
	.cpu = "A CPU <of> \"ours\" # 1",
	.kernel = "Linux 6.1.0-13-amd64",
};

static inline void add_values(struct r0_result *result)
{
	static char time[] = "time", cycles[] = "cycles", odd_name[] = "a \"b\" <c>: d#",
		    bytes[] = "bytes";
	const struct r0_value measured = {
		.name = time,
		.unit = cycles,
		.number = 412500,
		.minimum = 401000,
		.spread = 3050,
		.samples = 101,
		.decimals = 3,
	};
	const struct r0_value given = { .name = odd_name, .unit = bytes, .number = -7 };

	assert_int_equal(outcome_add_value(result, &measured), 0);
	assert_int_equal(outcome_add_value(result, &given), 0);
}

/* Report the first `count` of the samples in a format, as a text from malloc(). */
static inline char *report_samples(struct report report, const struct sample *sample, size_t count,
				   size_t planned, const char *broken)
{
	struct plan_case *cases = calloc(planned, sizeof(*cases));
	struct plan plan = report.plan ? *report.plan : (struct plan){ .shuffled = false };
	struct tally tally = { .duration_ns = 3410000 };
	char *text = NULL;
	size_t size, i;

	assert_non_null(cases);
	plan.cases = cases;
	plan.count = plan.once = planned;
	for (i = 0; i < planned; i++) {
		cases[i].test = test_of(sample[i].name);
		cases[i].name = copy(sample[i].name);
	}
	report.out = open_memstream(&text, &size);
	assert_non_null(report.out);
	report.plan = &plan;
	if (tells_host) {
		report.host = &sample_host;
		tally.doubts = "1 pass proves nothing: a <b>\x1b (EOI)";
	}
	assert_int_equal(report.ops->begin(&report), 0);
	for (i = 0; i < count; i++) {
		struct outcome outcome = {
			.result = { .verdict = sample[i].verdict,
				    .message = copy(sample[i].message),
				    .report = copy(sample[i].report),
				    .output = copy_output(&sample[i]),
				    .output_size = size_of(&sample[i]),
				    .file = copy(sample[i].file),
				    .line = sample[i].line },
			.duration_ns = sample[i].duration_ns,
			.doubts = i ? 0 : DOUBT_EOI | DOUBT_FLUSHES,
		};

		if (report.live && report.ops->running)
			report.ops->running(&report, &cases[i], 1500000000, &tally);
		if (sample[i].measured)
			add_values(&outcome.result);
		tally_add(&tally, outcome.result.verdict);
		tally_add_values(&tally, &outcome.result);
		report.ops->result(&report, &cases[i], &outcome);
		outcome_finish(&outcome);
	}
	for (; i < planned && report.ops->not_run; i++)
		report.ops->not_run(&report, &cases[i],
				    broken ? broken : "the run stopped at the first failure",
				    broken);
	report.ops->end(&report, &tally, broken);
	assert_null(report.state);
	fclose(report.out);
	for (i = 0; i < planned; i++)
		free(cases[i].name);
	free(cases);
	return text;
}

#endif /* TESTS_UNIT_RUNNER_REPORT_SAMPLES_H */
