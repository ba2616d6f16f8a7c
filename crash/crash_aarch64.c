/* SPDX-License-Identifier: MIT */
/* Exceptions that nobody took, in the words of a report. Depends on the files beside it: exception and walk. */
#include "crash/crash_own.h"
#include "crash/exception.h"
#include "crash/view_aarch64.h"
#include "crash/walk_aarch64.h"

/* Arm ARM, D1.4.1. */
#define VECTORS_SIZE 0x800u

#define INSTRUCTION_LENGTH 4

/* STP X29, X30, [SP, #n] and [SP, #n]!, and RET: C6.2.362 and C6.2.279. */
#define STP_MASK	   0xffc07fffu
#define STP_X29_X30	   0xa9007bfdu
#define STP_X29_X30_BEFORE 0xa9807bfdu
#define LDP_X29_X30_AFTER  0xa8c07bfdu /* LDP X29, X30, [SP], #n: C6.2.166 */
#define RET		   0xd65f03c0u

/* So far back a function's beginning is looked for, in instructions. */
#define CODE_LIMIT 1024

/* Calls that are listed. */
#define CHAIN_LIMIT 32

/* Without a tag and pointer authentication's code: D8.10. */
static uint64_t unsigned_address(uint64_t address)
{
	return address >> 55 & 1 ? address | 0xffffull << 48 : address & ~(0xffffull << 48);
}

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

/*
 * Whether the function has made its record, by its code: STP X29, X30 on the stack. What takes one back before that,
 * or returns, is taken for another function's end.
 */
static bool has_record(const struct crash_view *view)
{
	uint64_t at = view->regs.regs.pc;
	uint32_t instruction;
	unsigned int i;

	for (i = 0; i < CODE_LIMIT; i++) {
		at -= INSTRUCTION_LENGTH;
		if (view->read(view->context, at, &instruction, sizeof(instruction)) !=
			    sizeof(instruction) ||
		    instruction == RET || (instruction & STP_MASK) == LDP_X29_X30_AFTER)
			return false;
		if ((instruction & STP_MASK) == STP_X29_X30 ||
		    (instruction & STP_MASK) == STP_X29_X30_BEFORE)
			return true;
	}
	return true;
}

static void print_call(const struct crash_view *view, unsigned int depth, uint64_t back,
		       const char *how, FILE *out)
{
	char place[512];

	crash_child_module(view, unsigned_address(back) - INSTRUCTION_LENGTH, place, sizeof(place));
	fprintf(out, "  #%-2u %s%s\n", depth, place, how);
}

/*
 * AAPCS64, 6.4.6: X29 points to a record of the caller's X29 and the return address. That of a function that has no
 * record, or not yet, is in X30; else X30 is anything.
 */
unsigned int crash_own_chain(const struct crash_view *view, FILE *out)
{
	uint64_t record[2], frame = view->regs.regs.regs[29];
	char place[512];
	unsigned int depth = 1;

	crash_child_module(view, view->regs.regs.pc, place, sizeof(place));
	fprintf(out, "  #0  %s\n", place);
	if (view->regs.regs.regs[30] && !has_record(view))
		print_call(view, depth++, view->regs.regs.regs[30], " by X30", out);
	for (; depth < CHAIN_LIMIT; depth++) {
		if (!frame || frame % 8 ||
		    view->read(view->context, frame, record, sizeof(record)) != sizeof(record) ||
		    !record[1])
			break;
		print_call(view, depth, record[1], "", out);
		/* The stack grows down: callers' are above. */
		if (record[0] <= frame)
			break;
		frame = record[0];
	}
	return depth;
}

void crash_own_walk(const struct crash_view *view, uint64_t address, FILE *out)
{
	crash_walk_print(view, address, out);
}
