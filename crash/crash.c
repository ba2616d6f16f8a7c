/* SPDX-License-Identifier: MIT */
/*
 * Puts the crash report together: the message, the exception and what led to it, code and
 * backtrace, then the page walk and the registers. Depends on the crash_… files beside it.
 */
#include "crash/crash.h"
#include <stdlib.h>
#include <string.h>
#include "crash/child.h"
#include "crash/crash_own.h"
#include "crash/exception.h"
#include "crash/library.h"
#include "crash/registers.h"

/*
 * "in f (a.c:12)", or "at 0x10" where that is no code that has a name, with what called it if
 * that is known.
 */
static void tell_where(const struct crash_child *child, char *where, size_t size)
{
	const char *preposition = strncmp(child->place, "0x", 2) ? "in" : "at";

	if (child->caller[0])
		snprintf(where, size, "%s %s, called from %s", preposition, child->place,
			 child->caller);
	else
		snprintf(where, size, "%s %s", preposition, child->place);
}

static void describe_internal(const struct crash *crash, const struct crash_child *child,
			      const char *where, char *message, size_t size, FILE *out)
{
	char bytes[3 * sizeof(crash->bytes) + 1] = "?";
	const char *instruction = child->instruction;

	for (size_t i = 0; i < crash->byte_count && i < sizeof(crash->bytes); i++)
		sprintf(bytes + 3 * i, "%02x%s", crash->bytes[i],
			i + 1 < crash->byte_count && i + 1 < sizeof(crash->bytes) ? " " : "");
	if (!instruction[0])
		instruction = bytes;
	snprintf(message, size, "KVM cannot execute this instruction in ring 0 here: %s %s",
		 instruction, where);
	fprintf(out, "KVM cannot execute this instruction in ring 0 here: %s\n", instruction);
}

/* The library's function that made it is the last in "f (a.c:3), in abort". */
static void describe_system_call(const struct crash *crash, struct crash_child *child,
				 char *message, size_t size)
{
	char what[512], where[1100];
	const char *function = child->complaint[0] ? NULL : child->library;
	char *library;

	if (!library_describe_end(function, crash->output, what, sizeof(what))) {
		tell_where(child, where, sizeof(where));
		snprintf(message, size, "%s, %s", crash->refusal, where);
		return;
	}
	library = strstr(child->place, "), in ");
	if (library)
		library[1] = '\0';
	tell_where(child, where, sizeof(where));
	snprintf(message, size, "%s, %s", what, where);
}

/* What there is of a backtrace without the command ring0. */
static void print_chain(const struct crash_view *view, FILE *out)
{
	char *text = NULL;
	size_t size;
	FILE *lines = open_memstream(&text, &size);
	unsigned int count;

	if (!lines)
		return;
	count = crash_own_chain(view, lines);
	if (fclose(lines) == 0 && count)
		fprintf(out, "backtrace by frame records:\n%s", text);
	free(text);
}

void crash_describe(const struct crash_view *view, const struct crash *crash, char *message,
		    size_t message_size, FILE *out)
{
	bool after = crash->kind == CRASH_EXCEPTION && crash_exception_is_trap(crash->vector);
	size_t byte_count = crash->kind == CRASH_INTERNAL ? crash->byte_count : 0;
	struct crash_words words = { .message = message, .size = message_size, .out = out };
	struct crash_child child;
	char where[1100];

	if (crash->kind == CRASH_TRIPLE_FAULT && crash->lost_registers) {
		snprintf(message, message_size,
			 "triple fault: the CPU was reset by it; where it was is not known: %s",
			 crash->why_lost);
		fprintf(out, "triple fault: the CPU was reset by it, and its registers are lost\n");
		return;
	}
	crash_child_ask(view, after,
			crash->kind == CRASH_TIMEOUT || crash->kind == CRASH_PLACE ||
				crash->kind == CRASH_SYSTEM_CALL,
			crash->bytes, byte_count, &child);
	tell_where(&child, where, sizeof(where));
	switch (crash->kind) {
	case CRASH_EXCEPTION:
	case CRASH_TRIPLE_FAULT:
	case CRASH_UNDELIVERED:
		crash_own_describe(view, crash, &child, where, &words);
		break;
	case CRASH_TIMEOUT:
		if (crash_own_hung(view, &words))
			break;
		snprintf(message, message_size, "still running %s", where);
		fprintf(out, "still running when its time was over\n");
		break;
	case CRASH_INTERNAL:
		describe_internal(crash, &child, where, message, message_size, out);
		break;
	case CRASH_SYSTEM_CALL:
		describe_system_call(crash, &child, message, message_size);
		break;
	case CRASH_PLACE:
		snprintf(message, message_size, "%s", where);
		break;
	}
	if (child.text && child.text[0])
		fputs(child.text, out);
	if (child.complaint[0])
		fprintf(out, "code and backtrace are missing or incomplete: %s\n", child.complaint);
	if (!child.text)
		print_chain(view, out);
	if (words.is_about_address)
		crash_own_walk(view, words.address, out);
	/* The runtime's own say nothing about the code that called on it. */
	if (!child.service)
		crash_registers_print(view, out);
	crash_child_finish(&child);
}

void crash_backtrace(const struct crash_view *view, bool after, FILE *out)
{
	static const char heading[] = "backtrace:\n";
	struct crash_child child;
	const char *chain;

	crash_child_ask(view, after, false, NULL, 0, &child);
	chain = child.text ? strstr(child.text, heading) : NULL;
	if (chain)
		fputs(chain + strlen(heading), out);
	else if (child.text || !crash_own_chain(view, out))
		fprintf(out, "  %s\n", child.place);
	if (child.complaint[0])
		fprintf(out, "  the backtrace is missing or incomplete: %s\n", child.complaint);
	crash_child_finish(&child);
}

void crash_code(const struct crash_view *view, FILE *out)
{
	struct crash_child child;

	crash_child_ask(view, false, true, NULL, 0, &child);
	if (child.text)
		fputs(child.text, out);
	if (child.complaint[0])
		fprintf(out, "code and backtrace are missing or incomplete: %s\n", child.complaint);
	crash_child_finish(&child);
}

void crash_place(const struct crash_view *view, uint64_t rip, char *buffer, size_t size)
{
	crash_child_place(view, rip, buffer, size);
}
