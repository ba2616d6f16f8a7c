/* SPDX-License-Identifier: MIT */
/*
 * Exceptions in words: class and syndrome, Arm ARM, D19.2.37, ESR_EL1. Depends on crash.h alone.
 */
#include "crash/exception.h"
#include <string.h>
#include "crash/registers.h"

#define PAGE_SIZE 4096

/* Of ESR_EL1's ISS, for aborts. */
#define STATUS	     0x3fu
#define WRITE	     (1u << 6) /* WnR */
#define CACHE	     (1u << 8) /* CM: by cache maintenance */
#define STATUS_LEVEL 3u

/* No frame is larger, and little else of a program is so near its stack. */
#define FAR_BELOW (64ull << 20)

static bool is_data_abort(int vector)
{
	return vector == R0_DATA_ABORT || vector == R0_DATA_ABORT_EL0;
}

static bool is_instruction_abort(int vector)
{
	return vector == R0_INSTRUCTION_ABORT || vector == R0_INSTRUCTION_ABORT_EL0;
}

static bool is_about_address(int vector)
{
	return is_data_abort(vector) || is_instruction_abort(vector) || vector == R0_PC_ALIGNMENT ||
	       vector == R0_WATCHPOINT || vector == R0_WATCHPOINT_EL0;
}

const char *crash_exception_name(int vector, char *buffer, size_t size)
{
	const char *name = r0_vector_name(vector);

	if (vector >= R0_INTID(0))
		snprintf(buffer, size, "INTID %u", (unsigned int)(vector - R0_INTID(0)));
	else if (strcmp(name, "interrupt") == 0)
		snprintf(buffer, size, "exception of class %#x", (unsigned int)vector);
	else
		snprintf(buffer, size, "%s", name);
	return buffer;
}

bool crash_exception_has_error_code(int vector)
{
	return vector < R0_IRQ;
}

bool crash_exception_is_interrupt(int vector)
{
	return vector >= R0_IRQ;
}

bool crash_exception_is_trap(int vector)
{
	return vector == R0_SVC || vector == R0_HVC;
}

void crash_exception_address(uint64_t address, char *buffer, size_t size)
{
	if (address == 0)
		snprintf(buffer, size, "the NULL pointer");
	else if (address < PAGE_SIZE)
		snprintf(buffer, size, "NULL pointer + %#llx", (unsigned long long)address);
	else
		snprintf(buffer, size, "%#llx", (unsigned long long)address);
}

void crash_exception_about(int vector, uint64_t fault_address, uint64_t pc, char *buffer,
			   size_t size)
{
	char address[64];

	buffer[0] = '\0';
	if (!is_about_address(vector))
		return;
	crash_exception_address(fault_address, address, sizeof(address));
	if (fault_address == pc)
		snprintf(buffer, size,
			 " (FAR_EL1 is PC, %s: the instruction itself can't be fetched)", address);
	else
		snprintf(buffer, size, " (FAR_EL1 is %s)", address);
}

/* The fault status: Arm ARM, D19.2.37, DFSC and IFSC. */
static void describe_status(uint64_t esr, bool fetch, char *buffer, size_t size)
{
	const unsigned int status = esr & STATUS, level = status & STATUS_LEVEL;
	const char *forbidden = fetch	    ? "not executable" :
				esr & WRITE ? "not writable" :
					      "not accessible";

	switch (status >> 2) {
	case 0:
		snprintf(buffer, size, "address size fault, level %u", level);
		return;
	case 1:
		snprintf(buffer, size, "not mapped: translation fault, level %u", level);
		return;
	case 2:
		snprintf(buffer, size, "access flag fault, level %u", level);
		return;
	case 3:
		snprintf(buffer, size, "%s: permission fault, level %u", forbidden, level);
		return;
	}
	switch (status) {
	case 0x10:
		snprintf(buffer, size, "external abort, as where no memory is");
		return;
	case 0x11:
		snprintf(buffer, size, "tag check fault");
		return;
	case 0x14 ... 0x17:
		snprintf(buffer, size, "external abort on the walk of its tables, level %u", level);
		return;
	case 0x21:
		snprintf(buffer, size, "alignment fault");
		return;
	case 0x30:
		snprintf(buffer, size, "TLB conflict");
		return;
	case 0x35:
		snprintf(buffer, size, "unsupported exclusive or atomic access");
		return;
	}
	snprintf(buffer, size, "fault status %#x", status);
}

static const struct {
	uint32_t start, size;
	const char *name;
} stacks[] = {
	{ R0_AREA_STACK, R0_AREA_STACK_SIZE, "the test's stack" },
	{ R0_AREA_USER_STACK, R0_AREA_USER_SIZE, "the EL0 stack" },
	{ R0_AREA_EXCEPTION_STACK, R0_AREA_EXCEPTION_SIZE, "the exception stack" },
};

#define STACK_COUNT (sizeof(stacks) / sizeof(stacks[0]))

/* The stack whose guard page holds that address ("the test's stack"), or NULL. */
static const char *guarded_stack(const struct crash_view *view, uint64_t address)
{
	for (size_t i = 0; view->area && i < STACK_COUNT; i++)
		if (view->area + stacks[i].start - 1 - address < PAGE_SIZE)
			return stacks[i].name;
	return NULL;
}

/* The stack that SP is in; it may be below the guard page of one that overflowed. */
static const char *present_stack(const struct crash_view *view)
{
	const uint64_t sp = crash_registers_sp(view);

	for (size_t i = 0; view->area && i < STACK_COUNT; i++)
		if (sp - (view->area + stacks[i].start) < stacks[i].size)
			return stacks[i].name;
	return NULL;
}

/* The stack that SP has left far below its guard page: that of the test, or at EL0 its own; or NULL. */
static const char *stack_above(const struct crash_view *view, unsigned long long *below)
{
	const size_t ours = view->regs.regs.pstate & 0xc ? 0 : 1;
	uint64_t distance = view->area + stacks[ours].start - crash_registers_sp(view);

	*below = distance;
	return view->area && distance - 1 < FAR_BELOW ? stacks[ours].name : NULL;
}

static void abort_summary(const struct crash_view *view, const struct crash *crash, char *buffer,
			  size_t size)
{
	const bool fetch = is_instruction_abort(crash->vector);
	const char *stack = guarded_stack(view, view->fault_address);
	const char *present = present_stack(view);
	const char *what = fetch		     ? "fetch from" :
			   crash->error_code & CACHE ? "cache maintenance of" :
			   crash->error_code & WRITE ? "write to" :
						       "read from";
	const char *name = r0_vector_name(crash->vector);
	unsigned long long below;
	char address[64], why[128];

	describe_status(crash->error_code, fetch, why, sizeof(why));
	crash_exception_address(view->fault_address, address, sizeof(address));
	/* A guard page is above the next stack as well, for what runs past its end. */
	if (stack && (!present || !strcmp(present, stack)))
		snprintf(buffer, size, "%s: stack overflow: %s %s, in the guard page below %s",
			 name, what, address, stack);
	else if (!fetch && !present && (stack = stack_above(view, &below)))
		snprintf(buffer, size,
			 "%s: stack overflow: %s %s, where SP is %llu KiB below %s, as by a large "
			 "frame",
			 name, what, address, below >> 10, stack);
	else
		snprintf(buffer, size, "%s: %s %s, %s", name, what, address, why);
}

/* What ESR_EL1 says besides the class; empty where there is nothing to tell. */
static void describe_syndrome(int vector, uint64_t esr, char *buffer, size_t size)
{
	buffer[0] = '\0';
	switch (vector) {
	case R0_SVC:
	case R0_HVC:
	case R0_SMC:
	case R0_BRK:
		snprintf(buffer, size, " #%#x", (unsigned int)(esr & 0xffff));
		break;
	case R0_BRANCH_TARGET:
		snprintf(buffer, size, ", BTYPE %u", (unsigned int)(esr & 3));
		break;
	case R0_SYSTEM_REGISTER:
		snprintf(buffer, size, ": %s S%u_%u_C%u_C%u_%u", esr & 1 ? "read of" : "write of",
			 (unsigned int)(esr >> 20 & 3), (unsigned int)(esr >> 14 & 7),
			 (unsigned int)(esr >> 10 & 15), (unsigned int)(esr >> 1 & 15),
			 (unsigned int)(esr >> 17 & 7));
		break;
	}
}

void crash_exception_summary(const struct crash_view *view, const struct crash *crash, char *buffer,
			     size_t size)
{
	char name[64], syndrome[128], address[64];

	if (is_data_abort(crash->vector) || is_instruction_abort(crash->vector)) {
		abort_summary(view, crash, buffer, size);
		return;
	}
	crash_exception_name(crash->vector, name, sizeof(name));
	describe_syndrome(crash->vector, crash->error_code, syndrome, sizeof(syndrome));
	crash_exception_address(view->fault_address, address, sizeof(address));
	if (crash_exception_is_interrupt(crash->vector))
		snprintf(buffer, size, "%s without a handler", name);
	else if (crash->vector == R0_PC_ALIGNMENT)
		snprintf(buffer, size, "%s: PC is %s", name, address);
	else
		snprintf(buffer, size, "%s%s", name, syndrome);
}

void crash_exception_print(const struct crash_view *view, const struct crash *crash, FILE *out)
{
	char name[64], text[128];

	crash_exception_name(crash->vector, name, sizeof(name));
	fprintf(out, "%s", name);
	if (!crash_exception_is_interrupt(crash->vector)) {
		describe_syndrome(crash->vector, crash->error_code, text, sizeof(text));
		if (is_data_abort(crash->vector) || is_instruction_abort(crash->vector)) {
			text[0] = ',';
			text[1] = ' ';
			describe_status(crash->error_code, is_instruction_abort(crash->vector),
					text + 2, sizeof(text) - 2);
		}
		fprintf(out, "%s (ESR_EL1 %#llx, class %#x)", text,
			(unsigned long long)crash->error_code, (unsigned int)crash->vector);
	}
	fprintf(out, "\n");
	if (is_about_address(crash->vector)) {
		const char *stack = guarded_stack(view, view->fault_address);

		fprintf(out, "FAR_EL1 0x%016llx", (unsigned long long)view->fault_address);
		if (view->fault_address < PAGE_SIZE) {
			crash_exception_address(view->fault_address, text, sizeof(text));
			fprintf(out, ", %s", text);
		}
		if (stack)
			fprintf(out, ", in the guard page below %s", stack);
		fprintf(out, "\n");
	}
}
