/* SPDX-License-Identifier: MIT */
/* Exceptions that nobody took, in the words of a report. Depends on the files beside it: exception and walk. */
#include "crash/crash_own.h"
#include "crash/exception.h"
#include "crash/view_aarch64.h"
#include "crash/walk_aarch64.h"

/* Arm ARM, D1.4.1. */
#define VECTORS_SIZE 0x800u

/* Those whose page walk tells something. */
static bool is_abort(int vector)
{
	return vector == R0_DATA_ABORT || vector == R0_DATA_ABORT_EL0 ||
	       vector == R0_INSTRUCTION_ABORT || vector == R0_INSTRUCTION_ABORT_EL0;
}

/* There is no triple fault on arm64, nor does KVM give up on the delivery of an exception. */
void crash_own_describe(const struct crash_view *view, const struct crash *crash,
			const struct crash_child *child, const char *where,
			struct crash_words *words)
{
	char summary[512];

	(void)child;
	crash_exception_print(view, crash, words->out);
	crash_exception_summary(view, crash, summary, sizeof(summary));
	snprintf(words->message, words->size, "%s%s%s", summary,
		 is_abort(crash->vector) ? ", " : " ", where);
	if (!is_abort(crash->vector))
		return;
	words->is_about_address = true;
	words->address = view->fault_address;
}

/*
 * There is no triple fault: where the vectors can't be executed, the CPU takes one exception after another, for ever, and
 * each is at the vector of the one before.
 */
bool crash_own_hung(const struct crash_view *view, struct crash_words *words)
{
	const uint64_t pc = view->regs.regs.pc, vbar = view->system[CRASH_VBAR_EL1];
	struct crash crash = {
		.kind = CRASH_EXCEPTION,
		.vector = (int)(view->system[CRASH_ESR_EL1] >> 26 & 0x3f),
		.error_code = view->system[CRASH_ESR_EL1] & 0xffffffff,
	};
	char summary[512];

	if (pc - vbar >= VECTORS_SIZE || view->regs.elr_el1 - vbar >= VECTORS_SIZE)
		return false;
	crash_exception_summary(view, &crash, summary, sizeof(summary));
	snprintf(words->message, words->size,
		 "for ever in the exception vectors, which VBAR_EL1 has at %#llx: %s",
		 (unsigned long long)vbar, summary);
	fprintf(words->out,
		"exceptions can't be taken: the vector at VBAR_EL1 + %#llx raises the next one\n",
		(unsigned long long)(pc - vbar));
	crash_exception_print(view, &crash, words->out);
	words->is_about_address = is_abort(crash.vector);
	words->address = view->fault_address;
	return true;
}

void crash_own_walk(const struct crash_view *view, uint64_t address, FILE *out)
{
	crash_walk_print(view, address, out);
}
