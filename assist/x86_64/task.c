/* SPDX-License-Identifier: MIT */
/*
 * Task switches: SDM vol. 3A, 7.2 to 7.4. A CPU that meets one in a VM leaves it to KVM, which has code for it; but KVM's
 * instruction emulator, which a software KVM uses, can't do it.
 */
#include "assist/x86_64/task.h"
#include <ring0/x86/registers.h>
#include "assist/x86_64/descriptor.h"
#include "assist/x86_64/legacy_stack.h"
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"
#include "assist/x86_64/task_segments.h"

/* Types of TSSs: bit 1 says busy, bit 3 32 bits. */
#define TYPE_AVAILABLE 1u
#define TYPE_IS_BUSY   2u
#define TYPE_IS_32     8u

/* In a TSS of 32 bits alone. */
#define TSS_CR3	 28
#define TSS_TRAP 100

#define GPRS 8

/* A task's state, in the TSS's order. */
struct state {
	uint32_t rip, flags, gpr[GPRS], segments[TASK_SEGMENTS];
};

#define STATE_WORDS (sizeof(struct state) / sizeof(uint32_t))

/* What differs between TSSs of 32 bits and of 16: SDM vol. 3A, figures 7-2 and 7-10. */
struct layout {
	unsigned int limit; /* the least that it may have */
	unsigned int state; /* where the state begins */
	unsigned int width; /* of each word of it, in bytes */
	unsigned int words; /* FS and GS are missing in one of 16 bits */
};

static const struct layout layout_32 = { 0x67, 32, 4, STATE_WORDS };
static const struct layout layout_16 = { 0x2b, 14, 2, STATE_WORDS - 2 };

static const struct access system_read = { .implicit = true };
static const struct access system_write = { .write = true, .implicit = true };

static const struct layout *layout_of(const struct kvm_segment *tss)
{
	return tss->type & TYPE_IS_32 ? &layout_32 : &layout_16;
}

static uint64_t busy_byte(const struct cpu *cpu, uint16_t selector)
{
	return (uint32_t)(cpu->sregs->gdt.base + (selector & ~7u) + 5);
}

static enum done set_busy(struct cpu *cpu, uint16_t selector, bool busy)
{
	uint8_t byte;
	enum done done = cpu_read(cpu, busy_byte(cpu, selector), &byte, 1, system_read);

	if (done != DONE)
		return done;
	byte = (uint8_t)(busy ? byte | TYPE_IS_BUSY : byte & ~TYPE_IS_BUSY);
	return cpu_write(cpu, busy_byte(cpu, selector), &byte, 1, system_write);
}

/* The other task's TSS, as table 7-1 has it. */
static enum done find(struct cpu *cpu, const struct task_switch *to, struct kvm_segment *tss)
{
	const uint32_t code = (to->selector & ~3u) + to->external;
	const bool returns = to->way == TASK_RETURN;
	const unsigned int type = TYPE_AVAILABLE | (returns ? TYPE_IS_BUSY : 0);
	struct descriptor descriptor;
	enum done done = descriptor_read(cpu, to->selector, &descriptor);

	if (done != DONE)
		return done;
	if (to->selector & 4 || !descriptor.present || DESCRIPTOR_S(&descriptor) ||
	    (DESCRIPTOR_TYPE(&descriptor) & ~TYPE_IS_32) != type)
		return cpu_raise_code(cpu, returns ? R0_TS : R0_GP, code);
	if (!DESCRIPTOR_PRESENT(&descriptor))
		return cpu_raise_code(cpu, R0_NP, code);
	*tss = descriptor_segment(&descriptor, to->selector);
	tss->type |= TYPE_IS_BUSY;
	return tss->limit < layout_of(tss)->limit ? cpu_raise_code(cpu, R0_TS, code) : DONE;
}

/* Have all that is written and read, so that nothing of it faults half-way: SDM vol. 3A, 7.3. */
static enum done probe(struct cpu *cpu, const struct task_switch *to, const struct kvm_segment *tss)
{
	const struct kvm_segment *present = &cpu->sregs->tr;
	enum done done;

	if (present->limit < layout_of(present)->limit)
		return cpu_raise_code(cpu, R0_TS, (present->selector & ~3u) + to->external);
	done = cpu_probe(cpu, present->base, layout_of(present)->limit + 1ul, system_write);
	if (done == DONE)
		done = cpu_probe(cpu, tss->base, layout_of(tss)->limit + 1ul,
				 to->way == TASK_CALL ? system_write : system_read);
	if (done == DONE)
		done = cpu_probe(cpu, busy_byte(cpu, present->selector), 1, system_write);
	return done == DONE ? cpu_probe(cpu, busy_byte(cpu, to->selector), 1, system_write) : done;
}

static enum done move_state(struct cpu *cpu, const struct kvm_segment *tss, uint32_t *words,
			    bool write)
{
	const struct layout *layout = layout_of(tss);
	enum done done = DONE;
	unsigned int i;

	for (i = 0; i < layout->words && done == DONE; i++) {
		uint64_t at = (uint32_t)(tss->base + layout->state + i * layout->width);

		done = write ? cpu_write(cpu, at, &words[i], layout->width, system_write) :
			       cpu_read(cpu, at, &words[i], layout->width, system_read);
	}
	return done;
}

static enum done save(struct cpu *cpu, const struct task_switch *to)
{
	struct state state = { .rip = (uint32_t)to->next, .flags = (uint32_t)to->flags };
	unsigned int i;

	if (to->way == TASK_RETURN)
		state.flags &= ~(uint32_t)R0_RFLAGS_NT;
	for (i = 0; i < GPRS; i++)
		state.gpr[i] = (uint32_t)cpu->gpr[i];
	for (i = 0; i < TASK_SEGMENTS; i++)
		state.segments[i] = segment_register(cpu, i)->selector;
	return move_state(cpu, &cpu->sregs->tr, &state.rip, true);
}

/* The busy flags and the link, from one task to the other. */
static enum done hand_over(struct cpu *cpu, const struct task_switch *to,
			   const struct kvm_segment *tss)
{
	const uint16_t present = cpu->sregs->tr.selector;
	enum done done = DONE;

	if (to->way != TASK_CALL)
		done = set_busy(cpu, present, false);
	if (done == DONE && to->way != TASK_RETURN)
		done = set_busy(cpu, to->selector, true);
	if (done == DONE && to->way == TASK_CALL)
		done = cpu_write(cpu, tss->base, &present, sizeof(present), system_write);
	return done;
}

static void load_registers(struct cpu *cpu, const struct task_switch *to,
			   const struct kvm_segment *tss, const struct state *state, uint32_t cr3)
{
	unsigned int i;

	cpu->sregs->tr = *tss;
	cpu->sregs->cr0 |= R0_CR0_TS;
	if (layout_of(tss) == &layout_32 && cpu->sregs->cr0 & R0_CR0_PG)
		cpu->sregs->cr3 = cr3;
	cpu->sregs_changed = true;
	cpu->rip = state->rip;
	cpu->flags = (state->flags & ~R0_RFLAGS_RESERVED) | R0_RFLAGS_FIXED;
	if (to->way == TASK_CALL)
		cpu->flags |= R0_RFLAGS_NT;
	for (i = 0; i < GPRS; i++)
		cpu->gpr[i] = state->gpr[i];
}

/* An error code goes to the new task's stack, as wide as its TSS. */
static enum done push_code(struct cpu *cpu, const struct task_switch *to,
			   const struct kvm_segment *tss)
{
	struct legacy_stack stack = { .segment = cpu->sregs->ss, .top = cpu->gpr[CPU_RSP] };
	enum done done;

	if (!to->fault || !to->fault->has_code)
		return DONE;
	done = legacy_stack_push(cpu, &stack, &to->fault->code, 1, layout_of(tss)->width,
				 cpu_cpl(cpu) == 3, to->external);
	if (done == DONE)
		legacy_stack_set(cpu, &stack);
	return done;
}

enum done task_switch(struct cpu *cpu, const struct task_switch *to)
{
	struct state state = { 0 };
	struct kvm_segment tss;
	uint32_t cr3 = 0, ldt = 0;
	enum done done = find(cpu, to, &tss);

	if (done == DONE)
		done = probe(cpu, to, &tss);
	if (done == DONE)
		done = save(cpu, to);
	if (done == DONE)
		done = move_state(cpu, &tss, &state.rip, false);
	if (done == DONE)
		done = cpu_read(cpu,
				(uint32_t)(tss.base + layout_of(&tss)->state +
					   layout_of(&tss)->words * layout_of(&tss)->width),
				&ldt, 2, system_read);
	if (done == DONE && layout_of(&tss) == &layout_32)
		done = cpu_read(cpu, (uint32_t)(tss.base + TSS_CR3), &cr3, sizeof(cr3),
				system_read);
	if (done == DONE)
		done = hand_over(cpu, to, &tss);
	if (done != DONE)
		return done;
	load_registers(cpu, to, &tss, &state, cr3);
	/* From here on a fault is the new task's. */
	done = task_segments_load(cpu, state.segments, (uint16_t)ldt, to->external);
	if (done == DONE && cpu->rip > cpu->sregs->cs.limit)
		done = cpu_raise_code(cpu, R0_GP, to->external);
	if (done == DONE)
		done = push_code(cpu, to, &tss);
	return done;
}

enum done task_return(struct cpu *cpu, uint64_t next)
{
	struct task_switch to = { .way = TASK_RETURN, .next = next, .flags = cpu->flags };
	enum done done =
		cpu_read(cpu, cpu->sregs->tr.base, &to.selector, sizeof(to.selector), system_read);

	return done == DONE ? task_switch(cpu, &to) : done;
}

enum done task_traps(struct cpu *cpu, bool *traps)
{
	const struct kvm_segment *tss = &cpu->sregs->tr;
	uint16_t trap = 0;
	enum done done = DONE;

	if (layout_of(tss) == &layout_32)
		done = cpu_read(cpu, (uint32_t)(tss->base + TSS_TRAP), &trap, sizeof(trap),
				system_read);
	*traps = trap & 1;
	return done;
}
