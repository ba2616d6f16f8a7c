/* SPDX-License-Identifier: MIT */
/*
 * What only the command ring0 can tell about a stopped guest, since libdw and Zydis are its, not
 * the test program's. Depends on core.h and base/command_run.h.
 */
#ifndef CRASH_CHILD_H
#define CRASH_CHILD_H

#include "base/error.h"
#include "crash/crash.h"

#define CRASH_CHILD_ACCESSES 4

struct crash_child_access {
	uint64_t address;
	unsigned int size, alignment;
	bool write;
	char segment; /* e, c, s, d, f or g; by way of SS, what can't be is #SS, not #GP */
};

struct crash_child {
	char place[512];  /* never empty: "function (file:line)", "module+0x12" or "0x…" */
	char caller[512]; /* if there is no code at RIP: what seems to have called it; or empty */
	char instruction[320]; /* "mov %rax, (%rdi) (48 89 07)"; empty if not known */
	int raises;	       /* the vector that the instruction raises in any case; -1 for none */
	int interrupt;	       /* the vector of an INT n, INT3 or INTO; -1 for none */
	char library[128]; /* a function of libc's or a sanitizer's that ends the program, in the chain */
	bool privileged;
	bool service; /* it stopped in the runtime: all this is about the code that called on that */
	char extension[32]; /* as Zydis has it, "SSE2"; empty if not known */
	struct crash_child_access accesses[CRASH_CHILD_ACCESSES];
	unsigned int access_count;
	char *text;	      /* code and backtrace, or NULL */
	char complaint[1024]; /* why some of it is missing; empty if nothing is */
};

/*
 * Ask for everything about where the guest stopped. `after`: RIP is that of the instruction after
 * the one meant. `stopped`: the host stopped it, wherever it was. `bytes` are those of the instruction where memory can't be trusted to have
 * them; byte_count may be 0. Never fails; crash_child_finish() releases it.
 */
void crash_child_ask(const struct crash_view *view, bool after, bool stopped, const uint8_t *bytes,
		     size_t byte_count, struct crash_child *child);
void crash_child_finish(struct crash_child *child);

/* "function (file:line)", "module+0x12" or "0x…". */
void crash_child_place(const struct crash_view *view, uint64_t address, char *buffer, size_t size);

/* Without asking the command: the file mapped there and how far into it that is, "module+0x12" or "0x…". */
void crash_child_module(const struct crash_view *view, uint64_t address, char *buffer, size_t size);

#endif /* CRASH_CHILD_H */
