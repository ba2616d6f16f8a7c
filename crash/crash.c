/* SPDX-License-Identifier: MIT */
/*
 * Puts the crash report together: the message, the exception and what led to it, code and
 * backtrace, then the page walk and the registers. Depends on the crash_… files beside it.
 */
#include <string.h>
#include "crash/child.h"
#include "crash/crash.h"
#include "crash/exception_x86_64.h"
#include "crash/library.h"
#include "crash/registers_x86_64.h"
#include "crash/undelivered_x86_64.h"
#include "crash/walk_x86_64.h"

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

/* True if it was about an address, whose walk is then done. The same holds for the next one. */
static bool describe_exception(const struct crash_view *view, const struct crash *crash,
			       const struct crash_child *child, const char *where, char *message,
			       size_t size, struct crash_walk *walk, FILE *out)
{
	struct crash_access access = { .write = crash->error_code & CRASH_PF_W,
				       .fetch = crash->error_code & CRASH_PF_I,
				       .user = crash->error_code & CRASH_PF_U };
	struct crash_undelivered found;
	char summary[512], why[256];

	crash_exception_summary(view, crash, summary, sizeof(summary));
	crash_exception_print(view, crash, out);
	if (crash->vector == R0_PF) {
		bool refused;

		crash_walk(view, crash_fault_address(view), walk);
		refused = crash_walk_refuses(view, walk, access, why, sizeof(why));
		if (refused && crash->error_code & CRASH_PF_RSVD)
			snprintf(message, size, "%s: %s, %s", summary, why, where);
		else
			snprintf(message, size, "%s, %s", summary, where);
		if (refused)
			fprintf(out, "cause: %s\n", why);
		else
			fprintf(out, "cause: none in the page tables as they are now; a stale TLB "
				     "entry?\n");
		return true;
	}
	/* The same search finds what an exception that was delivered is about. */
	crash_undelivered_find(view, child, &found);
	if (found.vector == crash->vector && found.cause[0] && !crash->error_code) {
		fprintf(out, "cause: %s\n", found.cause);
		snprintf(message, size, "%s: %s, %s", summary, found.cause, where);
	} else {
		snprintf(message, size, "%s %s", summary, where);
	}
	return false;
}

static bool describe_triple_fault(const struct crash_view *view, const struct crash_child *child,
				  const char *where, char *message, size_t size,
				  struct crash_walk *walk, FILE *out)
{
	struct crash_undelivered found;
	const char *reason;
	char name[32] = "an exception";

	crash_undelivered_find(view, child, &found);
	if (found.vector >= 0)
		crash_exception_name(found.vector, name, sizeof(name));
	reason = found.reason[0] ? found.reason : found.double_fault;
	snprintf(message, size, "triple fault: %s %s could not be delivered%s%s", name, where,
		 found.reason[0] || (found.vector < 0 && reason[0]) ? ": " :
		 reason[0]					    ? ", nor could #DF: " :
								      "",
		 reason);

	fprintf(out, "triple fault: %s could not be delivered, nor #DF after it\n", name);
	if (found.vector < 0)
		fprintf(out, "which exception it was can't be told from the instruction\n");
	if (found.cause[0])
		fprintf(out, "cause: %s\n", found.cause);
	if (found.vector >= 0)
		fprintf(out, "%s was not delivered: %s\n", name,
			found.reason[0] ? found.reason : "nothing is wrong with its gate now");
	fprintf(out, "#DF was not delivered: %s\n",
		found.double_fault[0] ? found.double_fault : "nothing is wrong with its gate now");
	if (found.vector != R0_PF)
		return false;
	/* Not of CR2, which a fault during the delivery may have changed. */
	crash_walk(view, found.address, walk);
	return true;
}

/* Unlike after a triple fault, #DF was not tried. Leaves the walk to what was wanting. */
static void describe_undelivered(const struct crash_view *view, const struct crash *crash,
				 const struct crash_child *child, const char *where, char *message,
				 size_t size, struct crash_walk *walk, FILE *out)
{
	char name[32] = "an exception", reason[512] = "";
	struct crash_undelivered found;
	uint64_t address = crash_fault_address(view);
	int vector = crash->vector;

	crash_undelivered_find(view, child, &found);
	if (vector < 0)
		vector = found.vector;
	if (vector >= 0) {
		crash_exception_name(vector, name, sizeof(name));
		crash_undelivered_reason(view, vector, vector == child->interrupt, reason,
					 sizeof(reason));
	}
	snprintf(message, size, "%s %s could not be delivered%s%s", name, where,
		 reason[0] ? ": " : "", reason);
	fprintf(out, "%s could not be delivered, and KVM gave up\n", name);
	if (vector == found.vector && found.cause[0])
		fprintf(out, "cause: %s\n", found.cause);
	fprintf(out, "it was not delivered: %s\n",
		reason[0] ? reason : "nothing is wrong with its gate now");
	if (vector == R0_PF && found.vector == R0_PF)
		address = found.address;
	else if (vector >= 0 && vector != R0_PF)
		address = view->sregs.idt.base + (uint64_t)vector * 16; /* its gate */
	crash_walk(view, address, walk);
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

void crash_describe(const struct crash_view *view, const struct crash *crash, char *message,
		    size_t message_size, FILE *out)
{
	bool after = crash->kind == CRASH_EXCEPTION && crash_exception_is_trap(crash->vector);
	size_t byte_count = crash->kind == CRASH_INTERNAL ? crash->byte_count : 0;
	struct crash_child child;
	struct crash_walk walk;
	bool walked = false;
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
		walked = describe_exception(view, crash, &child, where, message, message_size,
					    &walk, out);
		break;
	case CRASH_TRIPLE_FAULT:
		walked = describe_triple_fault(view, &child, where, message, message_size, &walk,
					       out);
		break;
	case CRASH_UNDELIVERED:
		describe_undelivered(view, crash, &child, where, message, message_size, &walk, out);
		walked = true;
		break;
	case CRASH_TIMEOUT:
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
	if (walked)
		crash_walk_print(view, &walk, out);
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
	else
		fprintf(out, "  %s\n", child.place);
	if (child.complaint[0])
		fprintf(out, "  the backtrace is missing or incomplete: %s\n", child.complaint);
	crash_child_finish(&child);
}

void crash_place(const struct crash_view *view, uint64_t rip, char *buffer, size_t size)
{
	crash_child_place(view, rip, buffer, size);
}
