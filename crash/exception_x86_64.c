/* SPDX-License-Identifier: MIT */
/*
 * Exceptions in words (SDM vol. 3A, chapter 6; APM vol. 2, chapter 8). Depends on crash.h alone.
 */
#include "crash/exception_x86_64.h"
#include <string.h>

#define PAGE_SIZE 4096

/* No frame is larger, and little else of a program is so near its stack. */
#define FAR_BELOW (64ull << 20)

static const struct {
	const char *name, *title;
	bool error_code;
} exceptions[32] = {
	[R0_DE] = { "#DE", "divide error", false },
	[R0_DB] = { "#DB", "debug exception", false },
	[R0_NMI] = { "NMI", "non-maskable interrupt", false },
	[R0_BP] = { "#BP", "breakpoint", false },
	[R0_OF] = { "#OF", "overflow", false },
	[R0_BR] = { "#BR", "BOUND range exceeded", false },
	[R0_UD] = { "#UD", "invalid opcode", false },
	[R0_NM] = { "#NM", "device not available", false },
	[R0_DF] = { "#DF", "double fault", true },
	[R0_TS] = { "#TS", "invalid TSS", true },
	[R0_NP] = { "#NP", "segment not present", true },
	[R0_SS] = { "#SS", "stack-segment fault", true },
	[R0_GP] = { "#GP", "general protection", true },
	[R0_PF] = { "#PF", "page fault", true },
	[R0_MF] = { "#MF", "x87 floating-point error", false },
	[R0_AC] = { "#AC", "alignment check", true },
	[R0_MC] = { "#MC", "machine check", false },
	[R0_XM] = { "#XM", "SIMD floating-point exception", false },
	[20] = { "#VE", "virtualization exception", false },
	[R0_CP] = { "#CP", "control protection", true },
	[28] = { "#HV", "hypervisor injection exception", false },
	[29] = { "#VC", "VMM communication exception", true },
	[30] = { "#SX", "security exception", true },
};

static bool is_named(int vector)
{
	return vector >= 0 && vector < 32 && exceptions[vector].name;
}

const char *crash_exception_name(int vector, char *buffer, size_t size)
{
	if (is_named(vector))
		snprintf(buffer, size, "%s", exceptions[vector].name);
	else
		snprintf(buffer, size, "interrupt %#x", (unsigned int)vector);
	return buffer;
}

/* "page fault", or NULL for a vector that the manuals don't name. */
static const char *title_of(int vector)
{
	return is_named(vector) ? exceptions[vector].title : NULL;
}

bool crash_exception_has_error_code(int vector)
{
	return is_named(vector) && exceptions[vector].error_code;
}

bool crash_exception_is_interrupt(int vector)
{
	return vector >= 32;
}

bool crash_exception_is_trap(int vector)
{
	return vector == R0_BP || vector == R0_OF;
}

static void append(char *buffer, size_t size, const char *separator, const char *text)
{
	size_t length = strlen(buffer);

	snprintf(buffer + length, size - length, "%s%s", length ? separator : "", text);
}

static void page_fault_code(uint64_t code, char *buffer, size_t size)
{
	/* As the manuals name them; a clear bit is told where it has a meaning of its own. */
	append(buffer, size, ", ",
	       code & CRASH_PF_P ? "P: protection violation" : "page not present");
	if (code & CRASH_PF_I)
		append(buffer, size, ", ", "I: instruction fetch");
	else
		append(buffer, size, ", ", code & CRASH_PF_W ? "W: write" : "read");
	append(buffer, size, ", ", code & CRASH_PF_U ? "U: in ring 3" : "in ring 0");
	if (code & CRASH_PF_RSVD)
		append(buffer, size, ", ", "RSVD: reserved bit set");
	if (code & CRASH_PF_PK)
		append(buffer, size, ", ", "PK: protection key");
	if (code & CRASH_PF_SS)
		append(buffer, size, ", ", "SS: shadow stack");
	if (code & CRASH_PF_SGX)
		append(buffer, size, ", ", "SGX");
}

/* SDM vol. 3A, 6.13: EXT, IDT, TI, index. */
static void selector_code(uint64_t code, char *buffer, size_t size)
{
	const char *table = code & 2 ? "IDT" : code & 4 ? "LDT" : "GDT";

	if (code >> 1)
		snprintf(buffer, size, "%s entry %u", table, (unsigned int)(code >> 3 & 0x1fff));
	if (code & 1)
		append(buffer, size, ", ", "EXT: while delivering another event");
}

/* The error code decoded: "GDT entry 5", "P W U". Empty where there is nothing to tell. */
static void decode_error_code(int vector, uint64_t error_code, char *buffer, size_t size)
{
	/* SDM vol. 1, 17.2.5, #CP */
	static const char *const control[] = { NULL,	    "NEAR-RET", "FAR-RET or IRET",
					       "ENDBRANCH", "RSTORSSP", "SETSSBSY" };

	buffer[0] = '\0';
	switch (vector) {
	case R0_PF:
		page_fault_code(error_code, buffer, size);
		break;
	case R0_TS:
	case R0_NP:
	case R0_SS:
	case R0_GP:
		selector_code(error_code, buffer, size);
		break;
	case R0_CP:
		if ((error_code & 0x7fff) >= 1 && (error_code & 0x7fff) <= 5)
			snprintf(buffer, size, "%s", control[error_code & 0x7fff]);
		break;
	}
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
	if (vector != R0_PF)
		return;
	crash_exception_address(fault_address, address, sizeof(address));
	if (fault_address == pc)
		snprintf(buffer, size, " (CR2 is RIP, %s: the instruction itself can't be fetched)",
			 address);
	else
		snprintf(buffer, size, " (CR2 is %s)", address);
}

static const struct {
	uint32_t start, size;
	const char *name;
} stacks[] = {
	{ R0_AREA_STACK, R0_AREA_STACK_SIZE, "the test's stack" },
	{ R0_AREA_USER_STACK, R0_AREA_USER_SIZE, "the ring 3 stack" },
	{ R0_AREA_EXCEPTION_STACK, R0_AREA_EXCEPTION_SIZE, "the exception stack" },
	{ R0_AREA_DF_STACK, R0_AREA_SMALL_SIZE, "the double fault stack" },
	{ R0_AREA_NMI_STACK, R0_AREA_SMALL_SIZE, "the NMI stack" },
	{ R0_AREA_MC_STACK, R0_AREA_SMALL_SIZE, "the machine check stack" },
};

/* The stack whose guard page holds that address ("the test's stack"), or NULL. */
static const char *guarded_stack(const struct crash_view *view, uint64_t address)
{
	if (!view->area)
		return NULL;
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
		if (view->area + stacks[i].start - 1 - address < PAGE_SIZE)
			return stacks[i].name;
	return NULL;
}

/* The stack that RSP is in; it may be below the guard page of one that overflowed. */
static const char *present_stack(const struct crash_view *view)
{
	if (!view->area)
		return NULL;
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
		if (view->regs.rsp - (view->area + stacks[i].start) < stacks[i].size)
			return stacks[i].name;
	return NULL;
}

/*
 * The stack that RSP has left far below its guard page: that of the test, or in ring 3 its own; NULL if
 * it is elsewhere.
 */
static const char *stack_above(const struct crash_view *view, unsigned long long *below)
{
	const size_t ours = view->sregs.cs.selector & 3 ? 1 : 0;
	uint64_t distance = view->area + stacks[ours].start - view->regs.rsp;

	*below = distance;
	return view->area && distance - 1 < FAR_BELOW ? stacks[ours].name : NULL;
}

static bool is_fetch(const struct crash_view *view, uint64_t code)
{
	return code & CRASH_PF_I || (view->fault_address == view->regs.rip && !(code & CRASH_PF_W));
}

static void page_fault_summary(const struct crash_view *view, uint64_t code, char *buffer,
			       size_t size)
{
	const char *stack = guarded_stack(view, view->fault_address);
	const char *present = present_stack(view);
	/* Without EFER.NXE and CR4.SMEP no error code tells a fetch: SDM vol. 3A, 4.7. */
	const char *what = is_fetch(view, code) ? "fetch from" :
			   code & CRASH_PF_W	? "write to" :
						  "read from";
	unsigned long long below;
	const char *why;
	char address[64];

	if (code & CRASH_PF_RSVD)
		why = "a reserved bit is set in its page tables";
	else if (!(code & CRASH_PF_P))
		why = "not present";
	else if (code & CRASH_PF_PK)
		why = "forbidden by its protection key";
	else if (code & CRASH_PF_SS)
		why = "a shadow stack access";
	else if (code & CRASH_PF_SGX)
		why = "forbidden by SGX";
	else if (is_fetch(view, code))
		why = "not executable";
	else if (code & CRASH_PF_W)
		why = "not writable";
	else
		why = "not accessible";
	crash_exception_address(view->fault_address, address, sizeof(address));
	/* A guard page is above the next stack as well, for what runs past its end. */
	if (stack && (!present || !strcmp(present, stack)))
		snprintf(buffer, size, "#PF: stack overflow: %s %s, in the guard page below %s",
			 what, address, stack);
	else if (!present && (stack = stack_above(view, &below)))
		snprintf(
			buffer, size,
			"#PF: stack overflow: %s %s, where RSP is %llu KiB below %s, as by a large "
			"frame",
			what, address, below >> 10, stack);
	else
		snprintf(buffer, size, "#PF: %s %s%s, %s", what, address,
			 code & CRASH_PF_U ? " from ring 3" : "", why);
}

void crash_exception_summary(const struct crash_view *view, const struct crash *crash, char *buffer,
			     size_t size)
{
	char name[32], code[128];

	if (crash->vector == R0_PF) {
		page_fault_summary(view, crash->error_code, buffer, size);
		return;
	}
	crash_exception_name(crash->vector, name, sizeof(name));
	decode_error_code(crash->vector, crash->error_code, code, sizeof(code));
	if (!is_named(crash->vector))
		snprintf(buffer, size, "%s without a handler", name);
	else if (!crash_exception_has_error_code(crash->vector) || crash->vector == R0_DF)
		snprintf(buffer, size, "%s", name);
	else
		snprintf(buffer, size, "%s(%s%llx%s%s)", name, crash->error_code ? "0x" : "",
			 (unsigned long long)crash->error_code, code[0] ? ": " : "", code);
}

/* Whether the instruction's operand is by GS, which a test has to set: SDM vol. 2A, 2.1.1. */
static bool lacks_gs(const struct crash_view *view)
{
	static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
					    0x66, 0x67, 0xf0, 0xf2, 0xf3 };
	uint8_t code[15];
	size_t size, i;

	if (view->sregs.gs.base || view->entry || view->code_bits || !view->read)
		return false;
	size = view->read(view->context, view->regs.rip, code, sizeof(code));
	for (i = 0; i < size && memchr(prefixes, code[i], sizeof(prefixes)); i++)
		if (code[i] == 0x65)
			return true;
	return false;
}

void crash_exception_print(const struct crash_view *view, const struct crash *crash, FILE *out)
{
	const char *title = title_of(crash->vector);
	char name[32], text[256];

	crash_exception_name(crash->vector, name, sizeof(name));
	fprintf(out, "%s", name);
	if (title)
		fprintf(out, " (%s, vector %d)", title, crash->vector);
	if (crash_exception_has_error_code(crash->vector)) {
		decode_error_code(crash->vector, crash->error_code, text, sizeof(text));
		fprintf(out, ", error code %#llx%s%s", (unsigned long long)crash->error_code,
			text[0] ? ": " : "", text);
	}
	fprintf(out, "\n");
	if (crash->vector == R0_PF) {
		const char *stack = guarded_stack(view, view->fault_address);

		fprintf(out, "CR2 0x%016llx", (unsigned long long)view->fault_address);
		if (view->fault_address < PAGE_SIZE) {
			crash_exception_address(view->fault_address, text, sizeof(text));
			fprintf(out, ", %s", text);
		}
		if (stack)
			fprintf(out, ", in the guard page below %s", stack);
		fprintf(out, "\n");
		if (lacks_gs(view))
			fprintf(out,
				"the operand is at GS, whose base is 0: a kernel's code has its canary "
				"and per-CPU variables there; .gs of R0_TEST() sets it\n");
	}
}
