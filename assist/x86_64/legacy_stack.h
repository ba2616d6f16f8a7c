/* SPDX-License-Identifier: MIT */
/* Stacks of protected and real mode, and the segments that a way back leads to. Depends on assist/x86_64/descriptor.h. */
#ifndef ASSIST_X86_64_LEGACY_STACK_H
#define ASSIST_X86_64_LEGACY_STACK_H

#include "assist/x86_64/descriptor.h"

/* A stack to push to, as it is before. */
struct legacy_stack {
	struct kvm_segment segment;
	uint64_t top;
	bool changes; /* it is not the one that is loaded */
};

/*
 * The TSS's stack of an inner ring. `external` is EXT of error codes. DONE, or DONE_FAULT with #TS, #SS or #PF.
 */
enum done legacy_stack_read(struct cpu *cpu, unsigned int cpl, uint32_t external,
			    struct legacy_stack *stack);

/*
 * Push words of `size` bytes, the last one first; the stack's top is then below them, and the registers are as before.
 * DONE, or DONE_FAULT with #SS or #PF.
 */
enum done legacy_stack_push(struct cpu *cpu, struct legacy_stack *stack, const uint32_t *words,
			    unsigned int count, unsigned int size, bool user, uint32_t external);

/* Load it. */
void legacy_stack_set(struct cpu *cpu, const struct legacy_stack *stack);

/* Read words from the stack that is loaded, from `offset` bytes above its top on. DONE, or DONE_FAULT with #SS or #PF. */
enum done legacy_stack_pop(struct cpu *cpu, uint32_t *words, unsigned int offset,
			   unsigned int count, unsigned int size);

/* A code segment to return to, of this or an outer ring: its RPL. DONE, or DONE_FAULT with #GP, #NP or #PF. */
enum done legacy_code_check(struct cpu *cpu, uint16_t selector, struct descriptor *descriptor);

/* The stack segment of an outer ring to return to. DONE, or DONE_FAULT with #GP, #SS or #PF. */
enum done legacy_stack_check(struct cpu *cpu, uint16_t selector, unsigned int cpl,
			     struct legacy_stack *stack);

#endif /* ASSIST_X86_64_LEGACY_STACK_H */
