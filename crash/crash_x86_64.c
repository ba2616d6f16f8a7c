/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that nobody took or that could not be delivered, in the words of a report. Depends on the
 * files beside it: exception, undelivered and walk.
 */
#include "crash/crash_own.h"
#include "crash/exception_x86_64.h"
#include "crash/gate_x86_64.h"
#include "crash/undelivered_x86_64.h"
#include "crash/walk_x86_64.h"

static void is_about(struct crash_words *words, uint64_t address)
{
	words->is_about_address = true;
	words->address = address;
}

static void describe_page_fault(const struct crash_view *view, const struct crash *crash,
				const char *where, struct crash_words *words)
{
	struct crash_access access = { .write = crash->error_code & CRASH_PF_W,
				       .fetch = crash->error_code & CRASH_PF_I,
				       .user = crash->error_code & CRASH_PF_U };
	char summary[512], why[256];
	struct crash_walk walk;

	crash_exception_summary(view, crash, summary, sizeof(summary));
	crash_walk(view, view->fault_address, &walk);
	is_about(words, view->fault_address);
	if (!crash_walk_refuses(view, &walk, access, why, sizeof(why))) {
		snprintf(words->message, words->size, "%s, %s", summary, where);
		fprintf(words->out, "cause: none in the page tables as they are now; a stale TLB "
				    "entry?\n");
		return;
	}
	if (crash->error_code & CRASH_PF_RSVD)
		snprintf(words->message, words->size, "%s: %s, %s", summary, why, where);
	else
		snprintf(words->message, words->size, "%s, %s", summary, where);
	fprintf(words->out, "cause: %s\n", why);
}

static void describe_exception(const struct crash_view *view, const struct crash *crash,
			       const struct crash_child *child, const char *where,
			       struct crash_words *words)
{
	struct crash_undelivered found;
	char summary[512];

	crash_exception_print(view, crash, words->out);
	if (crash->vector == R0_PF) {
		describe_page_fault(view, crash, where, words);
		return;
	}
	crash_exception_summary(view, crash, summary, sizeof(summary));
	/* The same search finds what an exception that was delivered is about. */
	crash_undelivered_find(view, child, &found);
	if (found.vector == crash->vector && found.cause[0] && !crash->error_code) {
		fprintf(words->out, "cause: %s\n", found.cause);
		snprintf(words->message, words->size, "%s: %s, %s", summary, found.cause, where);
	} else {
		snprintf(words->message, words->size, "%s %s", summary, where);
	}
}

static void describe_triple_fault(const struct crash_view *view, const struct crash_child *child,
				  const char *where, struct crash_words *words)
{
	struct crash_undelivered found;
	const char *reason;
	char name[32] = "an exception";

	crash_undelivered_find(view, child, &found);
	if (found.vector >= 0)
		crash_exception_name(found.vector, name, sizeof(name));
	reason = found.reason[0] ? found.reason : found.double_fault;
	snprintf(words->message, words->size, "triple fault: %s %s could not be delivered%s%s",
		 name, where,
		 found.reason[0] || (found.vector < 0 && reason[0]) ? ": " :
		 reason[0]					    ? ", nor could #DF: " :
								      "",
		 reason);

	fprintf(words->out, "triple fault: %s could not be delivered, nor #DF after it\n", name);
	if (found.vector < 0)
		fprintf(words->out, "which exception it was can't be told from the instruction\n");
	if (found.cause[0])
		fprintf(words->out, "cause: %s\n", found.cause);
	if (found.vector >= 0)
		fprintf(words->out, "%s was not delivered: %s\n", name,
			found.reason[0] ? found.reason : "nothing is wrong with its gate now");
	fprintf(words->out, "#DF was not delivered: %s\n",
		found.double_fault[0] ? found.double_fault : "nothing is wrong with its gate now");
	/* Not CR2, which a fault during the delivery may have changed. */
	if (found.vector == R0_PF)
		is_about(words, found.address);
}

/* Unlike after a triple fault, #DF was not tried. */
static void describe_undelivered(const struct crash_view *view, const struct crash *crash,
				 const struct crash_child *child, const char *where,
				 struct crash_words *words)
{
	char name[32] = "an exception", reason[512] = "";
	struct crash_undelivered found;
	uint64_t address = view->fault_address;
	int vector = crash->vector;

	crash_undelivered_find(view, child, &found);
	if (vector < 0)
		vector = found.vector;
	if (vector >= 0) {
		crash_exception_name(vector, name, sizeof(name));
		crash_undelivered_reason(view, vector, vector == child->interrupt, reason,
					 sizeof(reason));
	}
	snprintf(words->message, words->size, "%s %s could not be delivered%s%s", name, where,
		 reason[0] ? ": " : "", reason);
	fprintf(words->out, "%s could not be delivered, and KVM gave up\n", name);
	if (vector == found.vector && found.cause[0])
		fprintf(words->out, "cause: %s\n", found.cause);
	fprintf(words->out, "it was not delivered: %s\n",
		reason[0] ? reason : "nothing is wrong with its gate now");
	if (vector == R0_PF && found.vector == R0_PF)
		address = found.address;
	else if (vector >= 0 && vector != R0_PF)
		address = crash_gate_address(view, vector);
	is_about(words, address);
}

void crash_own_describe(const struct crash_view *view, const struct crash *crash,
			const struct crash_child *child, const char *where,
			struct crash_words *words)
{
	if (crash->kind == CRASH_EXCEPTION)
		describe_exception(view, crash, child, where, words);
	else if (crash->kind == CRASH_TRIPLE_FAULT)
		describe_triple_fault(view, child, where, words);
	else
		describe_undelivered(view, crash, child, where, words);
}

/* Compilers keep no frame pointers on x86. */
unsigned int crash_own_chain(const struct crash_view *view, FILE *out)
{
	(void)view;
	(void)out;
	return 0;
}

void crash_own_walk(const struct crash_view *view, uint64_t address, FILE *out)
{
	struct crash_walk walk;

	crash_walk(view, address, &walk);
	crash_walk_print(view, &walk, out);
}

/* An exception that can't be delivered is a triple fault. */
bool crash_own_hung(const struct crash_view *view, struct crash_words *words)
{
	(void)view;
	(void)words;
	return false;
}
