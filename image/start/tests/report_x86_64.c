/* SPDX-License-Identifier: MIT */
/* https://docs.sotest.io/user/protocol/, https://testanything.org, Documentation/dev-tools/ktap.rst. */
#include "image/start/tests/report.h"
#include "image/start/hardware/console_x86_64.h"
#include "verdict/verdict.h"

/* As those of a test program. */
#define STATUS_PASSED  0
#define STATUS_FAILED  1
#define STATUS_SKIPPED 77
#define STATUS_ERROR   99

static struct {
	enum words_format format;
	bool verbose;
	uint64_t done, passed, failed, skipped, errors;
} state;

void report_begin(enum words_format format, uint64_t count, bool verbose)
{
	state.format = format;
	state.verbose = verbose;
	if (format == WORDS_SOTEST)
		console_print("SOTEST VERSION 1 BEGIN %llu\n", (unsigned long long)count);
	else
		console_print("%s\n1..%llu\n",
			      format == WORDS_TAP ? "TAP version 14" : "KTAP version 1",
			      (unsigned long long)count);
}

void report_start(uint64_t number, const char *name)
{
	console_print("# > %llu %s\n", (unsigned long long)number, name);
}

static size_t line_length(const char *text)
{
	size_t length = 0;

	while (text[length] && text[length] != '\n')
		length++;
	return length;
}

void report_note(const char *name, const char *key, const char *text)
{
	for (;;) {
		size_t length = line_length(text);

		console_print("# %s: %s: %.*s\n", name, key, (int)length, text);
		if (!text[length] || !text[length + 1])
			return;
		text += length + 1;
	}
}

static void put_number(int64_t number, uint32_t decimals)
{
	uint64_t digits = number < 0 ? 0 - (uint64_t)number : (uint64_t)number, unit = 1;
	uint32_t i;

	for (; decimals && digits % 10 == 0; decimals--)
		digits /= 10;
	for (i = 0; i < decimals; i++)
		unit *= 10;
	console_print("%s%llu", number < 0 ? "-" : "", (unsigned long long)(digits / unit));
	if (decimals)
		console_print(".%0*llu", (int)decimals, (unsigned long long)(digits % unit));
}

/* The protocol has colons between what it has, and whole numbers. */
static void put_field(const char *text)
{
	for (; *text; text++)
		console_print("%c", *text == ':' || *text == '"' ? '?' : *text);
}

static int64_t whole(const struct r0_value *value)
{
	int64_t number = value->number, last = 0;
	uint32_t decimals;

	for (decimals = value->decimals; decimals; decimals--) {
		last = number % 10;
		number /= 10;
	}
	return last >= 5 ? number + 1 : last <= -5 ? number - 1 : number;
}

/* As report/values.c has it, which command/image/values.c reads. */
void report_value(const char *name, const struct r0_value *value)
{
	console_print("# %s: value: %s: ", name, value->name);
	put_number(value->number, value->decimals);
	console_print(" %s", value->unit);
	if (value->samples) {
		console_print(" (minimum ");
		put_number(value->minimum, value->decimals);
		console_print(", spread ");
		put_number(value->spread, value->decimals);
		console_print(", %u samples)", value->samples);
	}
	console_print("\n");
	if (state.format != WORDS_SOTEST)
		return;
	console_print("SOTEST BENCHMARK:");
	put_field(name);
	console_print(" ");
	put_field(value->name);
	console_print(":");
	put_field(value->unit);
	console_print(":%lld\n", (long long)whole(value));
}

static bool is_bad(enum r0_verdict verdict)
{
	return verdict_is_failure(verdict) || verdict == R0_VERDICT_ERROR;
}

static void count(enum r0_verdict verdict)
{
	state.done++;
	if (verdict == R0_VERDICT_ERROR)
		state.errors++;
	else if (verdict_is_failure(verdict))
		state.failed++;
	else if (verdict == R0_VERDICT_SKIP)
		state.skipped++;
	else
		state.passed++;
}

static void put_details(const char *name, const struct report_result *result)
{
	const bool bad = is_bad(result->verdict);

	if (result->verdict == R0_VERDICT_SKIP)
		report_note(name, "skipped", result->message);
	if (result->verdict == R0_VERDICT_XFAIL)
		report_note(name, "failed as expected", result->xfail);
	if (bad || (result->message[0] && result->verdict != R0_VERDICT_SKIP)) {
		console_print("# %s: verdict: %s\n", name, r0_verdict_name(result->verdict));
		report_note(name, "message", result->message);
		console_print("# %s: at: %s:%u\n", name, result->file, result->line);
	}
	console_print("# %s: duration: %llu us\n", name,
		      (unsigned long long)result->duration_ns / 1000);
	if (state.verbose)
		console_print("# %s: pages put back: %u\n", name, result->changed);
}

/* In TAP, what follows " # " says what kind of result it is. */
static void put_tap(const char *name, const struct report_result *result)
{
	const char *dash = state.format == WORDS_TAP ? "- " : "";
	const bool fails = is_bad(result->verdict) || result->verdict == R0_VERDICT_XFAIL;

	console_print("%s %llu %s%s",
		      fails && (result->verdict != R0_VERDICT_XFAIL || state.format == WORDS_TAP) ?
			      "not ok" :
			      "ok",
		      (unsigned long long)state.done, dash, name);
	if (result->verdict == R0_VERDICT_SKIP)
		console_print(" # SKIP %.*s", (int)line_length(result->message), result->message);
	else if (result->verdict == R0_VERDICT_XFAIL && state.format == WORDS_TAP)
		console_print(" # TODO %s", result->xfail);
	else if (result->verdict == R0_VERDICT_XFAIL)
		console_print(" # XFAIL %s", result->xfail);
	console_print("\n");
}

void report_result(const char *name, const struct report_result *result)
{
	count(result->verdict);
	put_details(name, result);
	if (state.format != WORDS_SOTEST)
		put_tap(name, result);
	else if (result->verdict == R0_VERDICT_SKIP)
		console_print("SOTEST SKIP\n");
	else
		console_print("SOTEST %s \"%s\"\n", is_bad(result->verdict) ? "FAIL" : "SUCCESS",
			      name);
}

unsigned int report_end(void)
{
	console_print("# %llu passed, %llu failed, %llu skipped, %llu errors\n",
		      (unsigned long long)state.passed, (unsigned long long)state.failed,
		      (unsigned long long)state.skipped, (unsigned long long)state.errors);
	console_print(state.format == WORDS_SOTEST ? "SOTEST END\n" : "# end\n");
	return state.failed		   ? STATUS_FAILED :
	       state.errors || !state.done ? STATUS_ERROR :
	       state.passed		   ? STATUS_PASSED :
					     STATUS_SKIPPED;
}
