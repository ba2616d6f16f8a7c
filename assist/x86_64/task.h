/* SPDX-License-Identifier: MIT */
/* Task switches. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_TASK_H
#define ASSIST_X86_64_TASK_H

#include "assist/x86_64/cpu.h"

enum task_way {
	TASK_JUMP,
	TASK_CALL,   /* a CALL, or an interrupt through a task gate: with a way back */
	TASK_RETURN, /* IRET with NT set */
};

/* What leads to another task. */
struct task_switch {
	enum task_way way;
	uint16_t selector;	   /* of its TSS */
	uint32_t external;	   /* EXT of error codes */
	uint64_t next, flags;	   /* where the present task goes on, and with which flags */
	const struct fault *fault; /* whose code is for the other task's stack, or NULL */
};

/*
 * Switch. DONE; or DONE_FAULT: with #GP, #TS, #NP or #PF in the present task, of which no register has changed then, or,
 * if TR has changed, before the other one's first instruction, with #TS, #NP, #SS, #GP or #PF.
 */
enum done task_switch(struct cpu *cpu, const struct task_switch *to);

/* Back to the task that the present one's TSS is linked to. */
enum done task_return(struct cpu *cpu, uint64_t next);

/* Whether the present task wants a #DB before its first instruction. DONE, or DONE_FAULT with #PF. */
enum done task_traps(struct cpu *cpu, bool *traps);

#endif /* ASSIST_X86_64_TASK_H */
