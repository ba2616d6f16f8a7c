/* SPDX-License-Identifier: MIT */
/*
 * From how a test ended, and how it was to end, to its verdict. Pure: depends on the public
 * headers only.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <ring0/fault.h>
#include "verdict/halt.h"
#include "verdict/verdict.h"

/* The message while it is written. */
struct line {
	char *text;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static enum r0_verdict
say(const struct line *line, enum r0_verdict verdict, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line->text, line->size, format, arguments);
	va_end(arguments);
	return verdict;
}

static bool wants_panic(const struct r0_options *options)
{
	return options->should_panic || options->panic_message;
}

/* "#PF", or "vector 33" where the manuals have no name. */
static const char *vector_text(int vector, char *buffer, size_t size)
{
	const char *name = r0_vector_name(vector);

	if (strcmp(name, "interrupt") != 0)
		return name;
	snprintf(buffer, size, "vector %d", vector);
	return buffer;
}

/* How the test was to end, for "should have …, but …"; NULL if it was to return. */
static const char *demand(const struct r0_options *options, char *buffer, size_t size)
{
	char vector[24];

	if (wants_panic(options))
		return "panicked";
	if (options->should_halt)
		return "halted with interrupts off";
	if (!options->expect_exception)
		return NULL;
	snprintf(buffer, size, "ended in %s",
		 vector_text(options->expect_exception - 1, vector, sizeof(vector)));
	return buffer;
}

/* The ending, for a message: what is known of it, or what it is called. */
static const char *what_happened(const struct ending *ending, char *buffer, size_t size)
{
	char vector[24];

	switch (ending->how) {
	case END_RETURNED:
		return "it returned";
	case END_HALT:
		return verdict_halted;
	case END_HALT_FOREVER:
		return verdict_halted_for_ever;
	case END_EXIT:
		snprintf(buffer, size, "it called exit(%d)", ending->status);
		return buffer;
	default:
		break;
	}
	if (ending->message && ending->message[0])
		return ending->message;
	switch (ending->how) {
	case END_FAILED:
		return "it panicked";
	case END_REFUSED:
		return "it did what a test may not do";
	case END_EXCEPTION:
		snprintf(buffer, size, "unhandled exception %s",
			 vector_text(ending->vector, vector, sizeof(vector)));
		return buffer;
	case END_TRIPLE_FAULT:
		return "triple fault";
	case END_TIMEOUT:
		return "the test ran for longer than its time limit";
	case END_SKIPPED:
		return "the test skipped itself";
	default:
		return "the host could not run the test";
	}
}

/* The verdict on an ending that is not the one demanded, if there is a demand. */
static enum r0_verdict unexpected(const struct r0_options *options, const struct ending *ending,
				  const struct line *line)
{
	enum r0_verdict verdict = R0_VERDICT_FAIL;
	char wanted_buffer[48], buffer[64];
	const char *wanted = demand(options, wanted_buffer, sizeof(wanted_buffer));
	const char *happened = what_happened(ending, buffer, sizeof(buffer));

	if (ending->how == END_EXCEPTION || ending->how == END_TRIPLE_FAULT)
		verdict = R0_VERDICT_CRASH;
	else if (ending->how == END_TIMEOUT)
		verdict = R0_VERDICT_TIMEOUT;
	if (wanted)
		return say(line, verdict, "should have %s, but: %s", wanted, happened);
	if (ending->how == END_HALT)
		return say(line, verdict, "%s; a test that is to end so says .should_halt",
			   happened);
	return say(line, verdict, "%s", happened);
}

static enum r0_verdict on_panic(const struct r0_options *options, const struct ending *ending,
				const struct line *line)
{
	const char *message = ending->message ? ending->message : "";

	if (!wants_panic(options))
		return unexpected(options, ending, line);
	if (options->panic_message && !strstr(message, options->panic_message))
		return say(line, R0_VERDICT_FAIL,
			   "should have panicked with \"%s\", but panicked with: %s",
			   options->panic_message, message);
	return R0_VERDICT_PASS;
}

/* The verdict but for .xfail. */
static enum r0_verdict judge(const struct r0_options *options, const struct ending *ending,
			     const struct line *line)
{
	enum r0_verdict verdict;
	char buffer[64];

	if (ending->how == END_HOST_ERROR)
		return say(line, R0_VERDICT_ERROR, "%s",
			   what_happened(ending, buffer, sizeof(buffer)));
	if (ending->how == END_SKIPPED && !ending->failed_expectation)
		return say(line, R0_VERDICT_SKIP, "%s",
			   what_happened(ending, buffer, sizeof(buffer)));
	if (wants_panic(options) + options->should_halt + !!options->expect_exception > 1 &&
	    ending->how != END_TRIPLE_FAULT && ending->how != END_TIMEOUT)
		return say(line, R0_VERDICT_FAIL,
			   ".should_panic, .should_halt and .expect_exception exclude each other: "
			   "no test can end in two ways");

	switch (ending->how) {
	case END_FAILED:
		verdict = on_panic(options, ending, line);
		break;
	case END_HALT:
		verdict = options->should_halt ? R0_VERDICT_PASS :
						 unexpected(options, ending, line);
		break;
	case END_EXCEPTION:
		verdict = options->expect_exception == R0_EXCEPTION(ending->vector) ?
				  R0_VERDICT_PASS :
				  unexpected(options, ending, line);
		break;
	case END_RETURNED:
	case END_EXIT:
		if (ending->how == END_EXIT && ending->status) {
			verdict = unexpected(options, ending, line);
			break;
		}
		verdict = demand(options, buffer, sizeof(buffer)) ?
				  unexpected(options, ending, line) :
				  R0_VERDICT_PASS;
		break;
	case END_SKIPPED: /* the expectation that failed decides */
		verdict = R0_VERDICT_PASS;
		break;
	default:
		verdict = unexpected(options, ending, line);
		break;
	}
	/* What else went wrong is told by the expectation; a crash or a hang weighs more. */
	if (ending->failed_expectation &&
	    (verdict == R0_VERDICT_PASS || verdict == R0_VERDICT_FAIL))
		return say(line, R0_VERDICT_FAIL, "%s",
			   ending->expectation && ending->expectation[0] ? ending->expectation :
									   "an expectation failed");
	return verdict;
}

enum r0_verdict verdict_of(const struct r0_options *options, const struct ending *ending,
			   char *message, size_t size)
{
	static const struct r0_options none;
	const struct line line = { message, size };
	enum r0_verdict verdict;

	if (!options)
		options = &none;
	if (size)
		message[0] = '\0';
	verdict = judge(options, ending, &line);
	if (!options->xfail)
		return verdict;
	if (verdict == R0_VERDICT_PASS)
		return say(
			&line, R0_VERDICT_XPASS,
			"passed, where a failure was expected%s%s; if that is mended, take .xfail "
			"away",
			options->xfail[0] ? ": " : "", options->xfail);
	return verdict_is_failure(verdict) ? R0_VERDICT_XFAIL : verdict;
}

bool verdict_is_failure(enum r0_verdict verdict)
{
	return verdict == R0_VERDICT_FAIL || verdict == R0_VERDICT_CRASH ||
	       verdict == R0_VERDICT_TIMEOUT || verdict == R0_VERDICT_XPASS;
}

const char *r0_verdict_name(enum r0_verdict verdict)
{
	static const char *const names[] = {
		[R0_VERDICT_PASS] = "pass",   [R0_VERDICT_FAIL] = "fail",
		[R0_VERDICT_SKIP] = "skip",   [R0_VERDICT_XFAIL] = "xfail",
		[R0_VERDICT_XPASS] = "xpass", [R0_VERDICT_TIMEOUT] = "timeout",
		[R0_VERDICT_CRASH] = "crash", [R0_VERDICT_ERROR] = "error",
	};

	if ((size_t)verdict >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[verdict];
}
