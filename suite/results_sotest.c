/* SPDX-License-Identifier: MIT */
/* SoTest's protocol, version 1 (https://docs.sotest.io/user/protocol/). Depends on results_own.h. */
#include <string.h>
#include "suite/results_own.h"

/* "name" without its quotes, cut where the last of them is. */
static const char *unquote(char *copy, size_t size, const char *text)
{
	const char *end = strrchr(text, '"');
	size_t length;

	if (text[0] != '"' || !end || end == text)
		return text[0] ? text : "(without a name)";
	length = (size_t)(end - text) - 1;
	if (length >= size)
		length = size - 1;
	memcpy(copy, text + 1, length);
	copy[length] = '\0';
	return length ? copy : "(without a name)";
}

/* NAME:UNIT:VALUE. It is a success; Cyberus' guest tests don't count it. */
static void put_benchmark(struct suite_results *results, const char *text, uint64_t now_ns)
{
	char name[SUITE_LINE_MAX];
	size_t length = strcspn(text, ":");

	memcpy(name, text, length);
	name[length] = '\0';
	results->benchmarks++;
	suite_results_put(results, R0_VERDICT_PASS, length ? name : "(without a name)",
			  text[length] ? text + length + 1 : NULL, now_ns);
}

static void begin(struct suite_results *results, const char *text)
{
	const char *number = suite_results_after(text, "1 BEGIN ");

	results->has_expected = number && suite_results_number(&number, &results->expected);
}

bool results_sotest_line(struct suite_results *results, const char *line, uint64_t now_ns)
{
	const char *text = suite_results_after(line, "SOTEST "), *rest;
	char name[SUITE_LINE_MAX];

	if (!text)
		return false;
	rest = suite_results_after(text, "VERSION ");
	if (rest) {
		begin(results, rest);
		return true;
	}
	/* What comes before it is none of the protocol's. */
	if (results->protocol != SUITE_PROTOCOL_SOTEST)
		return false;
	if ((rest = suite_results_after(text, "SUCCESS ")))
		suite_results_put(results, R0_VERDICT_PASS, unquote(name, sizeof(name), rest), NULL,
				  now_ns);
	else if ((rest = suite_results_after(text, "FAIL ")))
		suite_results_put(results, R0_VERDICT_FAIL, unquote(name, sizeof(name), rest),
				  "the guest says FAIL", now_ns);
	else if (suite_results_after(text, "SKIP"))
		suite_results_put(results, R0_VERDICT_SKIP, "(a case without a name)",
				  "the guest says SKIP", now_ns);
	else if ((rest = suite_results_after(text, "BENCHMARK:")))
		put_benchmark(results, rest, now_ns);
	else if (!strcmp(text, "END"))
		results->has_ended = true;
	else if (!strcmp(text, "PANIC"))
		results->has_aborted = true;
	return true;
}
