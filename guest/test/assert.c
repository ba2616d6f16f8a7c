/* SPDX-License-Identifier: MIT */
/*
 * What a failed assertion says: the expressions, and what came of them. Nothing here runs while
 * assertions pass. Depends on what guest/test/test.c and the exception entry do for it.
 */
#include <ring0.h>
#include "guest/entry/cpu.h"
#include "guest/entry/entry.h"
#include "guest/entry/fault_place.h"
#include "guest/exceptions/own_tables.h"
#include "guest/host/fail.h"
#include "guest/host/require.h"
#include "guest/test/difference.h"
#include "guest/text/format.h"
#include "guest/text/message.h"
#include "guest/text/operand.h"

/* "R0_ASSERT_EQ(a, b) failed" */
static void add_headline(struct message *message, const struct r0_site *site)
{
	/* Cut, so that there is room for what follows whatever the expressions are. */
	if (site->check == R0_CHECK_EXCEPTION || site->b.text != NULL)
		message_add(message, "%s(%.160s, %.160s", site->macro, site->a.text, site->b.text);
	else
		message_add(message, "%s(%.640s", site->macro, site->a.text);
	if (site->size != NULL)
		message_add(message, ", %.60s", site->size);
	message_add(message, ") failed");
}

/* "#GP", "interrupt 0x20" */
static void add_vector(struct message *message, int vector)
{
	const char *name = r0_vector_name(vector);

	if (r0_same_text(name, "interrupt"))
		message_add(message, "interrupt %#x", (unsigned int)vector);
	else
		message_add(message, "%s", name);
}

static void add_fault(struct message *message, int wanted, const struct r0_fault *fault)
{
	message_add(message, ": ");
	if (fault->vector < 0) {
		message_add(message, "no exception");
	} else {
		add_vector(message, fault->vector);
		message_add(message, " (%s 0x%lx", fault_syndrome_name, fault_syndrome(fault));
		if (fault_has_address(fault))
			message_add(message, ", address 0x%lx", fault_address(fault));
		message_add(message, ") at 0x%lx", fault_pc(fault));
	}
	message_add(message, " instead of ");
	add_vector(message, wanted);
	if (fault->vector < 0 && !in_ring3() && has_own_gate((unsigned int)wanted))
		message_add(message, ": %s", own_gate_text);
}

/* `format` is that of the user's text, or NULL. */
static void report(const struct r0_site *site, enum r0_failure_kind kind, uint64_t a, uint64_t b,
		   size_t size, const char *format, va_list *arguments)
{
	struct message message;

	message_init(&message);
	add_headline(&message, site);
	if (format != NULL) {
		message_add(&message, ", ");
		format_pieces(&message.sink, format, *arguments);
	}
	switch (site->check) {
	case R0_CHECK_TRUTH:
		break;
	case R0_CHECK_COMPARISON:
		operand_add_comparison(&message, site, a, b);
		break;
	case R0_CHECK_SAME_TEXT:
	case R0_CHECK_OTHER_TEXT:
		difference_add_texts(&message, site, (const char *)(uintptr_t)a,
				     (const char *)(uintptr_t)b);
		break;
	case R0_CHECK_SAME_MEMORY:
		difference_add_memory(&message, (const char *)(uintptr_t)a,
				      (const char *)(uintptr_t)b, size);
		break;
	case R0_CHECK_EXCEPTION:
		add_fault(&message, (int)a, (const struct r0_fault *)(uintptr_t)b);
		break;
	}
	message_end(&message);
	fail(kind, site->file, site->line, message.text, message.length);
}

void r0_assert_failed(const struct r0_site *site, uint64_t a, uint64_t b, size_t size)
{
	require_guest_or_mock(site->macro);
	report(site, R0_FAILURE_ASSERT, a, b, size, NULL, NULL);
	stop();
}

void r0_assert_failed_with(const struct r0_site *site, uint64_t a, uint64_t b, size_t size,
			   const char *format, ...)
{
	va_list arguments;

	require_guest_or_mock(site->macro);
	va_start(arguments, format);
	report(site, R0_FAILURE_ASSERT, a, b, size, format, &arguments);
	va_end(arguments);
	stop();
}

void r0_expect_failed(const struct r0_site *site, uint64_t a, uint64_t b, size_t size)
{
	require_guest_or_mock(site->macro);
	report(site, R0_FAILURE_EXPECT, a, b, size, NULL, NULL);
}

void r0_expect_failed_with(const struct r0_site *site, uint64_t a, uint64_t b, size_t size,
			   const char *format, ...)
{
	va_list arguments;

	require_guest_or_mock(site->macro);
	va_start(arguments, format);
	report(site, R0_FAILURE_EXPECT, a, b, size, format, &arguments);
	va_end(arguments);
}

void r0_fail(const char *file, int line, const char *format, ...)
{
	struct message message;
	va_list arguments;

	require_guest_or_mock("R0_FAIL");
	message_init(&message);
	va_start(arguments, format);
	format_pieces(&message.sink, format, arguments);
	va_end(arguments);
	message_end(&message);
	fail(R0_FAILURE_ASSERT, file, line, message.text, message.length);
	stop();
}

void r0_skip(const char *format, ...)
{
	struct message message;
	va_list arguments;

	require_guest("R0_SKIP");
	message_init(&message);
	va_start(arguments, format);
	format_pieces(&message.sink, format, arguments);
	va_end(arguments);
	/* To the host, no text at all means that the condition said no. */
	if (message.length == 0)
		message_add(&message, "R0_SKIP");
	message_end(&message);
	r0_ask(R0_MESSAGE_SKIP, (uintptr_t)message.text, message.length);
	/* The host does not come back from a skip. */
	stop();
}
