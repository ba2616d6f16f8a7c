/* SPDX-License-Identifier: MIT */
/* Interrupts and exceptions, in long mode and whatever the mode is. SDM vol. 3A, 6.12 to 6.15; APM vol. 2, 8.9. */
#include "assist/x86_64/deliver.h"
#include <string.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/descriptor.h"
#include "assist/x86_64/legacy.h"
#include "assist/x86_64/paging.h"

#define TYPE_INTERRUPT_GATE 0xe
#define TYPE_TRAP_GATE	    0xf

/* In an error code: raised by something external to the program; an entry of the IDT. */
#define CODE_EXT 1u
#define CODE_IDT 2u

#define TSS_RSP(n) (4 + 8 * (n))
#define TSS_IST(n) (36 + 8 * ((n)-1))

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, attributes;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

static const struct access system_read = { .implicit = true };

static enum done read_gate(struct cpu *cpu, uint8_t vector, enum deliver_source source,
			   uint32_t external, struct gate *gate)
{
	uint32_t code = (uint32_t)vector * 8 + CODE_IDT + external;
	enum done done;

	if (vector * 16u + 15 > cpu->sregs->idt.limit)
		return cpu_raise_code(cpu, R0_GP, code);
	done = cpu_read(cpu, cpu->sregs->idt.base + vector * 16u, gate, sizeof(*gate), system_read);
	if (done != DONE)
		return done;
	if ((gate->attributes & 0x1f) != TYPE_INTERRUPT_GATE &&
	    (gate->attributes & 0x1f) != TYPE_TRAP_GATE)
		return cpu_raise_code(cpu, R0_GP, code);
	if (source == DELIVER_SOFTWARE && (gate->attributes >> 5 & 3) < cpu_cpl(cpu))
		return cpu_raise_code(cpu, R0_GP, code);
	if (!(gate->attributes & 0x80))
		return cpu_raise_code(cpu, R0_NP, code);
	return DONE;
}

static enum done read_code_segment(struct cpu *cpu, uint16_t selector, uint32_t external,
				   struct descriptor *descriptor)
{
	uint32_t code = (selector & ~3u) + external;
	enum done done;

	if (!(selector & ~3u))
		return cpu_raise_code(cpu, R0_GP, external);
	done = descriptor_read(cpu, selector, descriptor);
	if (done != DONE)
		return done;
	if (!descriptor->present || !DESCRIPTOR_S(descriptor) ||
	    !(DESCRIPTOR_TYPE(descriptor) & DESCRIPTOR_CODE) ||
	    DESCRIPTOR_DPL(descriptor) > cpu_cpl(cpu))
		return cpu_raise_code(cpu, R0_GP, code);
	if (!DESCRIPTOR_PRESENT(descriptor))
		return cpu_raise_code(cpu, R0_NP, code);
	if (!DESCRIPTOR_L(descriptor) || DESCRIPTOR_D(descriptor))
		return cpu_raise_code(cpu, R0_GP, code);
	return DONE;
}

/* The stack that the TSS or the present RSP gives. */
static enum done find_stack(struct cpu *cpu, unsigned int ist, unsigned int cpl, uint32_t external,
			    uint64_t *rsp)
{
	uint32_t offset = ist ? TSS_IST(ist) : TSS_RSP(cpl);
	enum done done;

	*rsp = cpu->gpr[CPU_RSP];
	if (ist || cpl != cpu_cpl(cpu)) {
		if (offset + 7 > cpu->sregs->tr.limit)
			return cpu_raise_code(cpu, R0_TS,
					      (cpu->sregs->tr.selector & ~3u) + external);
		done = cpu_read(cpu, cpu->sregs->tr.base + offset, rsp, sizeof(*rsp), system_read);
		if (done != DONE)
			return done;
	}
	*rsp &= ~0xfull;
	return cpu_is_canonical(cpu, *rsp) && cpu_is_canonical(cpu, *rsp - 48) ?
		       DONE :
		       cpu_raise_code(cpu, R0_SS, external);
}

static bool is_same(const struct kvm_segment *a, const struct kvm_segment *b)
{
	return a->base == b->base && a->limit == b->limit && a->selector == b->selector &&
	       a->type == b->type && a->present == b->present && a->dpl == b->dpl &&
	       a->db == b->db && a->s == b->s && a->l == b->l && a->g == b->g && a->avl == b->avl;
}

static void load_segments(struct cpu *cpu, const struct kvm_segment *code, bool changes)
{
	if (!is_same(&cpu->sregs->cs, code)) {
		cpu->sregs->cs = *code;
		cpu->sregs_changed = true;
	}
	/* A null SS: SDM vol. 3A, 6.14.4. */
	if (changes) {
		cpu->sregs->ss = (struct kvm_segment){
			.selector = (uint16_t)(code->selector & 3),
			.limit = 0xffffffff,
			.type = 3,
			.present = 1,
			.dpl = code->selector & 3,
			.db = 1,
			.s = 1,
			.g = 1,
		};
		cpu->sregs_changed = true;
	}
}

/* One attempt. What it raises is in cpu->fault, and no register has changed. */
static enum done attempt(struct cpu *cpu, const struct fault *fault, enum deliver_source source)
{
	uint32_t external = source == DELIVER_EXCEPTION ? CODE_EXT : 0;
	uint64_t flags = cpu->flags, rsp, target, frame[6];
	unsigned int words = fault->has_code ? 6 : 5, at = 0, cpl;
	struct descriptor descriptor;
	struct kvm_segment code;
	struct gate gate;
	enum done done = read_gate(cpu, fault->vector, source, external, &gate);

	if (done == DONE)
		done = read_code_segment(cpu, gate.selector, external, &descriptor);
	if (done != DONE)
		return done;
	cpl = DESCRIPTOR_TYPE(&descriptor) & DESCRIPTOR_CONFORMING ? cpu_cpl(cpu) :
								     DESCRIPTOR_DPL(&descriptor);
	done = find_stack(cpu, gate.ist & 7, cpl, external, &rsp);
	if (done != DONE)
		return done;
	target = gate.offset_low | (uint64_t)gate.offset_middle << 16 |
		 (uint64_t)gate.offset_high << 32;
	if (!cpu_is_canonical(cpu, target))
		return cpu_raise_code(cpu, R0_GP, external);
	/* A fault's saved image has RF set, so that it restarts past a breakpoint: 17.3.1.1. */
	if (source == DELIVER_EXCEPTION && !fault->trap)
		flags |= R0_RFLAGS_RF;
	else
		flags &= ~(uint64_t)R0_RFLAGS_RF;
	if (fault->has_code)
		frame[at++] = fault->code;
	frame[at++] = cpu->rip;
	frame[at++] = cpu->sregs->cs.selector;
	frame[at++] = flags;
	frame[at++] = cpu->gpr[CPU_RSP];
	frame[at++] = cpu->sregs->ss.selector;
	done = cpu_write(cpu, rsp - 8 * words, frame, 8 * words,
			 (struct access){ .user = cpl == 3, .implicit = true });
	if (done != DONE)
		return done;
	done = descriptor_load(cpu, &descriptor, (uint16_t)((gate.selector & ~3u) | cpl), &code);
	if (done != DONE)
		return done;
	load_segments(cpu, &code, cpl != cpu_cpl(cpu));
	cpu->gpr[CPU_RSP] = rsp - 8 * words;
	cpu->rip = target;
	cpu->flags &= ~(uint64_t)(R0_RFLAGS_TF | R0_RFLAGS_NT | R0_RFLAGS_RF | R0_RFLAGS_VM);
	if ((gate.attributes & 0x1f) == TYPE_INTERRUPT_GATE)
		cpu->flags &= ~(uint64_t)R0_RFLAGS_IF;
	return DONE;
}

/* SDM vol. 3A, table 6-4. */
static bool is_contributory(uint8_t vector)
{
	return vector == R0_DE || (vector >= R0_TS && vector <= R0_GP);
}

static bool makes_double_fault(uint8_t first, uint8_t second)
{
	if (first == R0_PF)
		return second == R0_PF || is_contributory(second);
	return is_contributory(first) && is_contributory(second);
}

enum done deliver(struct cpu *cpu, const struct fault *fault, enum deliver_source source,
		  uint64_t rip)
{
	struct fault now = *fault;
	/* INT n is no exception: what its delivery raises comes alone. */
	uint8_t first = source == DELIVER_SOFTWARE ? R0_NMI : fault->vector;

	for (;;) {
		const uint16_t task = cpu->sregs->tr.selector;
		enum done done;

		if (now.vector == R0_PF && source == DELIVER_EXCEPTION) {
			cpu->sregs->cr2 = now.cr2;
			cpu->sregs_changed = true;
		}
		done = cpu_is_long(cpu) ? attempt(cpu, &now, source) :
					  legacy_deliver(cpu, &now, source);
		if (done != DONE_FAULT)
			return done;
		if (first == R0_DF)
			return DONE_SHUTDOWN;
		/* It is a fault of another task, to which a gate led, and which has not begun. */
		if (cpu->sregs->tr.selector != task)
			rip = cpu->rip;
		if (makes_double_fault(first, cpu->fault.vector)) {
			/* CR2 is that of the second, if it is a page fault. */
			if (cpu->fault.vector == R0_PF)
				cpu->sregs->cr2 = cpu->fault.cr2;
			now = (struct fault){ .vector = R0_DF, .has_code = true };
		} else {
			now = cpu->fault;
		}
		source = DELIVER_EXCEPTION;
		cpu->rip = rip;
		first = now.vector;
	}
}
