/* SPDX-License-Identifier: MIT */
/*
 * Executing a single instruction of the guest on the host's CPU, with the guest's registers: code
 * that is made for it, and the way into it and out of it, whatever it raises. The instruction has
 * one memory operand at most, which is in this file's own memory. Depends on libc and base/error.h.
 */
#ifndef ASSIST_X86_64_TRAMPOLINE_H
#define ASSIST_X86_64_TRAMPOLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* Room for the largest operand that there is, and for its offset in a cache line. */
#define CODE_OPERAND_SIZE 1024

/* Room for an XSAVE area in its standard format. */
#define CODE_XSAVE_SIZE 16384

/* The registers, at the beginning of the memory that the code addresses relative to RIP. */
struct code_registers {
	uint64_t gpr[16]; /* by number: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 … */
	uint64_t flags;
	uint64_t host_rsp, target;
	uint64_t mask; /* of the components of the extended state that change hands */
	uint32_t host_mxcsr, host_fcw;
	uint64_t trap; /* what the instruction raised: its vector, or CODE_NO_TRAP */
	uint64_t trap_error, trap_address;
};

#define CODE_NO_TRAP UINT64_MAX

struct code {
	struct code_registers *registers;
	bool has_xsave;			 /* the host's CPU; else xsave is an area of FXSAVE's */
	uint8_t *xsave;			 /* the guest's, CODE_XSAVE_SIZE bytes, aligned to 64 */
	uint8_t loaded[CODE_XSAVE_SIZE]; /* as it was before */
	uint8_t *operand; /* CODE_OPERAND_SIZE bytes, aligned to 64, absent pages on both sides */
	uint8_t *write;	  /* the code, where it is written … */
	uint8_t *execute; /* … and where it is executed */
	uint8_t *base;
	size_t used;
	void (*enter)(const void *target);
	void (*enter_vector)(const void *target);
	const uint8_t *leave, *leave_vector;
	unsigned int generation; /* changes when all code that was made is gone */
};

/* Returns 0 or -errno. trampoline_finish() releases it. */
int trampoline_init(struct code *code, struct error *error);
void trampoline_finish(struct code *code);

/*
 * Make the code for an instruction. `vector` says whether it uses more than general registers and
 * flags. Returns where it is, good until the generation changes.
 */
const uint8_t *trampoline_make(struct code *code, const uint8_t *instruction, size_t length,
			       bool vector);

/*
 * Execute it, with what is in registers, xsave (if `vector`), and operand. What it raises is in
 * registers->trap. Between trampoline_enter_thread() and trampoline_leave_thread(), in the same thread.
 */
void trampoline_run(struct code *code, const uint8_t *made, bool vector);

/*
 * Have the calling thread take the signals that an instruction may raise, and give them back to
 * whom they belonged. In between, those of other code go where they went before. The process's
 * actions change while there is any thread in between.
 */
struct code_thread;
int trampoline_enter_thread(struct code_thread **thread, struct error *error);
void trampoline_leave_thread(struct code_thread *thread);

#endif /* ASSIST_X86_64_TRAMPOLINE_H */
