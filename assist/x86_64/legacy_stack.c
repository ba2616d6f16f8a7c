/* SPDX-License-Identifier: MIT */
/* Stacks of protected mode: SDM vol. 3A, 5.8.5 and 7.2.1; the checks are those of vol. 2, CALL, INT n, IRET and RET. */
#include "assist/x86_64/legacy_stack.h"
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"

/* Types of TSSs, busy or not. */
#define TYPE_TSS_32 9

static const struct access system_read = { .implicit = true };

/* A stack segment of ring `cpl`, or the exception `vector` with its selector. */
static enum done load_stack(struct cpu *cpu, uint16_t selector, unsigned int cpl, uint8_t vector,
			    uint32_t external, struct legacy_stack *stack)
{
	struct descriptor descriptor;
	enum done done = descriptor_read(cpu, selector, &descriptor);

	if (done != DONE)
		return done;
	if (!descriptor.present || (selector & 3u) != cpl || DESCRIPTOR_DPL(&descriptor) != cpl ||
	    !DESCRIPTOR_S(&descriptor) || DESCRIPTOR_TYPE(&descriptor) & DESCRIPTOR_CODE ||
	    !(DESCRIPTOR_TYPE(&descriptor) & DESCRIPTOR_WRITABLE))
		return cpu_raise_code(cpu, vector, (selector & ~3u) + external);
	if (!DESCRIPTOR_PRESENT(&descriptor))
		return cpu_raise_code(cpu, R0_SS, (selector & ~3u) + external);
	stack->changes = true;
	return descriptor_load(cpu, &descriptor, selector, &stack->segment);
}

enum done legacy_stack_read(struct cpu *cpu, unsigned int cpl, uint32_t external,
			    struct legacy_stack *stack)
{
	const struct kvm_segment *tss = &cpu->sregs->tr;
	unsigned int size = (tss->type & TYPE_TSS_32) == TYPE_TSS_32 ? 4 : 2;
	uint32_t offset = size == 4 ? 4 + 8 * cpl : 2 + 4 * cpl;
	uint16_t selector = 0;
	enum done done;

	if (offset + size + 1 > tss->limit)
		return cpu_raise_code(cpu, R0_TS, (tss->selector & ~3u) + external);
	stack->top = 0;
	done = cpu_read(cpu, (uint32_t)(tss->base + offset), &stack->top, size, system_read);
	if (done == DONE)
		done = cpu_read(cpu, (uint32_t)(tss->base + offset + size), &selector,
				sizeof(selector), system_read);
	return done == DONE ? load_stack(cpu, selector, cpl, R0_TS, external, stack) : done;
}

enum done legacy_stack_push(struct cpu *cpu, struct legacy_stack *stack, const uint32_t *words,
			    unsigned int count, unsigned int size, bool user, uint32_t external)
{
	const struct access access = { .user = user, .implicit = true };
	uint64_t length = (uint64_t)count * size, at;
	unsigned int i;
	enum done done = DONE;

	at = segment_cut_rsp(&stack->segment, cpu, stack->top - length);
	if (!segment_holds(cpu, &stack->segment, at, length))
		return cpu_raise_code(cpu, R0_SS,
				      stack->changes ? (stack->segment.selector & ~3u) + external :
						       external);
	for (i = 0; i < count && done == DONE; i++)
		done = cpu_write(cpu, (uint32_t)(stack->segment.base + at + i * size), &words[i],
				 size, access);
	stack->top = at;
	return done;
}

void legacy_stack_set(struct cpu *cpu, const struct legacy_stack *stack)
{
	if (stack->changes) {
		cpu->sregs->ss = stack->segment;
		cpu->sregs_changed = true;
	}
	segment_set_rsp(cpu, stack->top);
}

enum done legacy_stack_pop(struct cpu *cpu, uint32_t *words, unsigned int offset,
			   unsigned int count, unsigned int size)
{
	uint64_t at = segment_cut_rsp(&cpu->sregs->ss, cpu, cpu->gpr[CPU_RSP] + offset);
	enum done done = DONE;
	uint64_t address;
	unsigned int i;

	for (i = 0; i < count && done == DONE; i++) {
		words[i] = 0;
		done = segment_address(cpu, SEGMENT_SS, at + i * size, size, false, &address);
		if (done == DONE)
			done = cpu_read(cpu, address, &words[i], size, cpu_access(cpu, false));
	}
	return done;
}

enum done legacy_code_check(struct cpu *cpu, uint16_t selector, struct descriptor *descriptor)
{
	enum done done = descriptor_require(cpu, selector, descriptor);
	unsigned int rpl = selector & 3u, dpl;

	if (done != DONE)
		return done;
	dpl = DESCRIPTOR_DPL(descriptor);
	if (!DESCRIPTOR_S(descriptor) || !(DESCRIPTOR_TYPE(descriptor) & DESCRIPTOR_CODE) ||
	    rpl < cpu_cpl(cpu) ||
	    (DESCRIPTOR_TYPE(descriptor) & DESCRIPTOR_CONFORMING ? dpl > rpl : dpl != rpl))
		return cpu_raise_code(cpu, R0_GP, selector & ~3u);
	return DESCRIPTOR_PRESENT(descriptor) ? DONE : cpu_raise_code(cpu, R0_NP, selector & ~3u);
}

enum done legacy_stack_check(struct cpu *cpu, uint16_t selector, unsigned int cpl,
			     struct legacy_stack *stack)
{
	return load_stack(cpu, selector, cpl, R0_GP, 0, stack);
}
