/* SPDX-License-Identifier: MIT */
/*
 * Reports on invented results in one format: random bytes in every text, every verdict, shuffled,
 * stopped and broken runs. What tests/check_formats gives to real readers of the format.
 *
 *	format_samples FORMAT SEED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan/plan.h"
#include "report/formats.h"

#define CASES 12

static unsigned int seed;

static unsigned int below(unsigned int limit)
{
	return (unsigned int)rand_r(&seed) % limit;
}

/* A text of pieces that mean something in some format, and of random bytes. */
static char *invent(unsigned int pieces)
{
	static const char *const special[] = {
		"<",
		">",
		"&",
		"\"",
		"'",
		"]]>",
		"<![CDATA[",
		"&#0;",
		"-->",
		"\\",
		"\n",
		"\r",
		"\t",
		"\nok 1 - forged\n",
		"\nnot ok 1\n",
		"1..9",
		"\nSOTEST END\r\n",
		"\nBail out!\n",
		"#",
		" # SKIP ",
		"\nKTAP version 1\n",
		"\n# Subtest: forged\n",
		"\x1b[2J",
		"\xc2\x85",
		"\xe2\x80\xae",
		"\xef\xbf\xbe",
		"\xef\xbf\xbf",
		"\xed\xa0\x80",
		"\xf0\x9f\x98\x80",
		"\xf4\x8f\xbf\xbf",
		"\x7f",
		"::error::",
		"plain",
		" ",
		"}\n{",
	};
	char *text = calloc(1, pieces * 24 + 1);
	size_t length = 0;

	while (text && pieces--) {
		if (below(2))
			length += (size_t)sprintf(
				text + length, "%s",
				special[below(sizeof(special) / sizeof(special[0]))]);
		else
			text[length++] = (char)(1 + below(255));
	}
	return text;
}

static const char *const suites[] = { "io", "mm", "o&<\">#\n\x01\xff" };
static const int elements[] = { 1, 2 };
static struct r0_test tests[CASES];
static struct plan_case cases[CASES];

static bool invent_plan(struct plan *plan)
{
	size_t i;

	*plan = (struct plan){ .cases = cases, .count = CASES, .once = CASES };
	plan->shuffled = below(2);
	for (i = 0; i < CASES; i++) {
		tests[i] = (struct r0_test){
			.suite = suites[plan->shuffled ? below(3) : i / 5],
			.name = invent(below(8)),
			.file = below(4) ? invent(4) : NULL,
			.line = (int)below(1000),
			.attributes = invent(3),
			.options = { .groups = below(2) ? invent(4) : NULL,
				     .xfail = below(2) ? invent(4) : NULL },
		};
		if (below(2))
			tests[i].options.params = (struct r0_params)R0_PARAMS(elements);
		cases[i] = (struct plan_case){ .test = &tests[i], .param = i };
		if (asprintf(&cases[i].name, "%s.%s", tests[i].suite, tests[i].name) < 0)
			return false;
	}
	return true;
}

static void release_plan(void)
{
	size_t i;

	for (i = 0; i < CASES; i++) {
		free((void *)tests[i].name);
		free((void *)tests[i].file);
		free((void *)tests[i].attributes);
		free((void *)tests[i].options.groups);
		free((void *)tests[i].options.xfail);
		free(cases[i].name);
	}
}

static void invent_value(struct r0_result *result)
{
	const struct r0_value value = {
		.name = invent(3),
		.unit = invent(2),
		.number = (int64_t)((uint64_t)below(1u << 30) * below(1u << 30)) *
			  (below(2) ? 1 : -1),
		.minimum = below(1000),
		.spread = below(1000),
		.samples = below(3),
		.decimals = below(10),
	};

	outcome_add_value(result, &value);
	free(value.name);
	free(value.unit);
}

static void invent_result(struct report *report, const struct plan_case *c, struct tally *tally)
{
	struct outcome outcome = {
		.result = { .verdict = (enum r0_verdict)below(R0_VERDICT_ERROR + 1),
			    .message = invent(below(12)),
			    .report = invent(below(20)),
			    .output = invent(below(40)),
			    .file = invent(below(2) * 5),
			    .line = (int)below(100) },
		.duration_ns = (uint64_t)below(1u << 30) * below(1000),
		.doubts = below(2) ? 0 : below(128),
	};
	struct r0_result *result = &outcome.result;
	unsigned int values = below(3);

	/* An output may hold any bytes, NUL bytes among them. */
	result->output_size = strlen(result->output);
	if (result->output_size && !below(3))
		result->output[below((unsigned int)result->output_size)] = '\0';

	if (report->ops->running && !below(3))
		report->ops->running(report, c, 1, tally);
	while (values--)
		invent_value(result);
	tally_add(tally, outcome.result.verdict);
	tally_add_values(tally, result);
	report->ops->result(report, c, &outcome);
	outcome_finish(&outcome);
}

static bool invent_run(struct report *report)
{
	char *doubts = below(2) ? invent(12) : NULL;
	struct tally tally = { .duration_ns = 1, .doubts = doubts };
	const char *broken = NULL;
	size_t results = CASES, i;

	if (!below(10)) {
		report->ops->skipped(report, "no <KVM>\n# ok");
		free(doubts);
		return true;
	}
	if (!below(3)) {
		results = below(CASES);
		broken = below(2) ? "interrupted by <SIGINT>\n" : NULL;
	}
	if (report->ops->begin(report)) {
		free(doubts);
		return false;
	}
	for (i = 0; i < results; i++)
		invent_result(report, &cases[i], &tally);
	for (; i < CASES && report->ops->not_run; i++)
		report->ops->not_run(report, &cases[i], broken ? broken : "the first failure",
				     broken);
	report->ops->end(report, &tally, broken);
	free(doubts);
	return true;
}

static void invent_host(struct host *host)
{
	char *cpu = invent(2);

	host->virtualization = below(2) ? "VMX" : NULL;
	snprintf(host->cpu, sizeof(host->cpu), "%s", cpu ? cpu : "");
	snprintf(host->kernel, sizeof(host->kernel), "Linux <&>\n#");
	free(cpu);
}

int main(int argc, char **argv)
{
	struct plan plan;
	struct host host = { .kind = "software" };
	struct report report = {
		.out = stdout, .program = "a<&\">b", .version = "1", .plan = &plan
	};
	bool done;

	report.ops = argc == 3 ? report_find(argv[1], strlen(argv[1])) : NULL;
	if (!report.ops) {
		fputs("usage: format_samples FORMAT SEED\n", stderr);
		return 2;
	}
	seed = (unsigned int)atoi(argv[2]);
	report.verbose = below(2);
	invent_host(&host);
	report.host = below(2) ? &host : NULL;
	done = invent_plan(&plan) && invent_run(&report);
	release_plan();
	return done ? 0 : 2;
}
