/* SPDX-License-Identifier: MIT */
/*
 * Interrupts in protected mode by gates of 8 bytes (SDM vol. 3A, 6.11 and 6.12; error codes: 6.13) and in real mode
 * by vectors (21.1.4), and the way back: SDM vol. 2A, INT n and IRET.
 */
#include "assist/x86_64/legacy.h"
#include <ring0/x86/registers.h>
#include "assist/x86_64/descriptor.h"
#include "assist/x86_64/legacy_stack.h"
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"
#include "assist/x86_64/task.h"

/* Types of gates: bit 3 says 32 bits, bit 0 trap. */
#define TYPE_TASK_GATE	    5
#define TYPE_INTERRUPT_GATE 6
#define TYPE_TRAP_GATE	    7
#define TYPE_IS_32	    8

/* In an error code: raised by something external to the program; an entry of the IDT. */
#define CODE_EXT 1u
#define CODE_IDT 2u

/* What IRET loads of the flags, where privilege does not matter. */
#define RETURN_FLAGS                                                                               \
	(R0_RFLAGS_CF | R0_RFLAGS_PF | R0_RFLAGS_AF | R0_RFLAGS_ZF | R0_RFLAGS_SF | R0_RFLAGS_TF | \
	 R0_RFLAGS_DF | R0_RFLAGS_OF | R0_RFLAGS_NT | R0_RFLAGS_RF | R0_RFLAGS_AC | R0_RFLAGS_ID)

static const struct access system_read = { .implicit = true };

struct gate {
	unsigned int type, dpl, size; /* in bytes, of what is pushed */
	uint16_t selector;
	uint32_t offset;
};

static enum done read_gate(struct cpu *cpu, uint8_t vector, enum deliver_source source,
			   uint32_t external, struct gate *gate)
{
	uint32_t code = vector * 8u + CODE_IDT + external;
	uint64_t entry;
	enum done done;

	if (vector * 8u + 7 > cpu->sregs->idt.limit)
		return cpu_raise_code(cpu, R0_GP, code);
	done = cpu_read(cpu, (uint32_t)(cpu->sregs->idt.base + vector * 8u), &entry, sizeof(entry),
			system_read);
	if (done != DONE)
		return done;
	*gate = (struct gate){
		.type = entry >> 40 & 0x17,
		.dpl = entry >> 45 & 3,
		.size = entry >> 40 & TYPE_IS_32 ? 4 : 2,
		.selector = (uint16_t)(entry >> 16),
		.offset = (uint32_t)((entry & 0xffff) | (entry >> 32 & 0xffff0000)),
	};
	if (gate->type != TYPE_INTERRUPT_GATE && gate->type != TYPE_TRAP_GATE &&
	    (gate->type != TYPE_TASK_GATE || gate->size == 4))
		return cpu_raise_code(cpu, R0_GP, code);
	if (source == DELIVER_SOFTWARE && gate->dpl < cpu_cpl(cpu))
		return cpu_raise_code(cpu, R0_GP, code);
	if (!(entry >> 47 & 1))
		return cpu_raise_code(cpu, R0_NP, code);
	if (gate->size == 2)
		gate->offset &= 0xffff;
	return DONE;
}

static enum done read_code(struct cpu *cpu, uint16_t selector, uint32_t external,
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
	return DESCRIPTOR_PRESENT(descriptor) ? DONE : cpu_raise_code(cpu, R0_NP, code);
}

/* The flags of what is interrupted: a fault's have RF set, so that it restarts past a breakpoint (SDM vol. 3B, 17.3.1.1). */
static uint64_t saved_flags(const struct cpu *cpu, const struct fault *fault,
			    enum deliver_source source)
{
	uint64_t flags = cpu->flags & ~(uint64_t)R0_RFLAGS_RF;

	return source == DELIVER_EXCEPTION && !fault->trap ? flags | R0_RFLAGS_RF : flags;
}

static enum done to_task(struct cpu *cpu, const struct fault *fault, enum deliver_source source,
			 uint32_t external, uint16_t selector)
{
	return task_switch(cpu, &(struct task_switch){ .way = TASK_CALL,
						       .selector = selector,
						       .external = external,
						       .next = cpu->rip,
						       .flags = saved_flags(cpu, fault, source),
						       .fault = fault });
}

static enum done through_gate(struct cpu *cpu, const struct fault *fault,
			      enum deliver_source source)
{
	uint32_t external = source == DELIVER_EXCEPTION ? CODE_EXT : 0, words[6];
	struct legacy_stack stack = { .segment = cpu->sregs->ss, .top = cpu->gpr[CPU_RSP] };
	struct descriptor descriptor;
	struct kvm_segment code;
	unsigned int cpl, count = 0;
	struct gate gate;
	enum done done = read_gate(cpu, fault->vector, source, external, &gate);

	if (done == DONE && gate.type == TYPE_TASK_GATE)
		return to_task(cpu, fault, source, external, gate.selector);
	if (done == DONE)
		done = read_code(cpu, gate.selector, external, &descriptor);
	if (done != DONE)
		return done;
	cpl = DESCRIPTOR_TYPE(&descriptor) & DESCRIPTOR_CONFORMING ? cpu_cpl(cpu) :
								     DESCRIPTOR_DPL(&descriptor);
	if (cpl != cpu_cpl(cpu))
		done = legacy_stack_read(cpu, cpl, external, &stack);
	if (fault->has_code)
		words[count++] = fault->code;
	words[count++] = (uint32_t)cpu->rip;
	words[count++] = cpu->sregs->cs.selector;
	words[count++] = (uint32_t)saved_flags(cpu, fault, source);
	if (stack.changes) {
		words[count++] = (uint32_t)cpu->gpr[CPU_RSP];
		words[count++] = cpu->sregs->ss.selector;
	}
	if (done == DONE)
		done = descriptor_load(cpu, &descriptor, (uint16_t)((gate.selector & ~3u) | cpl),
				       &code);
	if (done == DONE && gate.offset > code.limit)
		done = cpu_raise_code(cpu, R0_GP, external);
	if (done == DONE)
		done = legacy_stack_push(cpu, &stack, words, count, gate.size, cpl == 3, external);
	if (done != DONE)
		return done;
	legacy_stack_set(cpu, &stack);
	cpu->sregs->cs = code;
	cpu->sregs_changed = true;
	cpu->rip = gate.offset;
	cpu->flags &= ~(uint64_t)(R0_RFLAGS_TF | R0_RFLAGS_NT | R0_RFLAGS_RF | R0_RFLAGS_VM);
	if (gate.type == TYPE_INTERRUPT_GATE)
		cpu->flags &= ~(uint64_t)R0_RFLAGS_IF;
	return DONE;
}

static enum done through_vector(struct cpu *cpu, const struct fault *fault)
{
	struct legacy_stack stack = { .segment = cpu->sregs->ss, .top = cpu->gpr[CPU_RSP] };
	const uint32_t words[] = { (uint32_t)cpu->rip, cpu->sregs->cs.selector,
				   (uint32_t)cpu->flags };
	uint32_t vector;
	enum done done;

	if (fault->vector * 4u + 3 > cpu->sregs->idt.limit)
		return cpu_raise(cpu, R0_GP);
	done = cpu_read(cpu, cpu->sregs->idt.base + fault->vector * 4u, &vector, sizeof(vector),
			system_read);
	if (done == DONE)
		done = legacy_stack_push(cpu, &stack, words, 3, 2, false, 0);
	if (done != DONE)
		return done;
	legacy_stack_set(cpu, &stack);
	cpu->sregs->cs.selector = (uint16_t)(vector >> 16);
	cpu->sregs->cs.base = (vector >> 16) << 4;
	cpu->sregs_changed = true;
	cpu->rip = vector & 0xffff;
	cpu->flags &= ~(uint64_t)(R0_RFLAGS_IF | R0_RFLAGS_TF | R0_RFLAGS_AC | R0_RFLAGS_RF);
	return DONE;
}

enum done legacy_deliver(struct cpu *cpu, const struct fault *fault, enum deliver_source source)
{
	return cpu_is_real(cpu) ? through_vector(cpu, fault) : through_gate(cpu, fault, source);
}

static void set_flags(struct cpu *cpu, uint32_t flags, unsigned int size, unsigned int cpl)
{
	uint64_t mask = RETURN_FLAGS;

	if (!cpl)
		mask |= R0_RFLAGS_IOPL(3);
	if (cpl <= (cpu->flags >> 12 & 3))
		mask |= R0_RFLAGS_IF;
	if (size == 2)
		mask &= 0xffff;
	cpu->flags = (cpu->flags & ~mask) | (flags & mask) | R0_RFLAGS_FIXED;
}

static enum done return_in_real_mode(struct cpu *cpu, unsigned int size)
{
	uint32_t words[3];
	enum done done = legacy_stack_pop(cpu, words, 0, 3, size);

	if (done == DONE && words[0] > 0xffff)
		done = cpu_raise(cpu, R0_GP);
	if (done != DONE)
		return done;
	segment_set_rsp(cpu, cpu->gpr[CPU_RSP] + 3ul * size);
	cpu->sregs->cs.selector = (uint16_t)words[1];
	cpu->sregs->cs.base = (words[1] & 0xffff) << 4;
	cpu->sregs_changed = true;
	cpu->rip = words[0];
	set_flags(cpu, words[2], size, 0);
	return DONE;
}

/* SDM vol. 2A, IRET, "return to virtual-8086 mode". */
static enum done return_to_8086(struct cpu *cpu)
{
	static const unsigned int order[] = { SEGMENT_ES, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };
	uint32_t words[9];
	unsigned int i;
	enum done done = legacy_stack_pop(cpu, words, 0, 9, 4);

	if (done == DONE && words[0] > 0xffff)
		done = cpu_raise_code(cpu, R0_GP, 0);
	if (done != DONE)
		return done;
	cpu->rip = words[0];
	cpu->flags = (words[2] & ~R0_RFLAGS_RESERVED) | R0_RFLAGS_FIXED;
	cpu->gpr[CPU_RSP] = words[3];
	*segment_register(cpu, SEGMENT_CS) = segment_of_8086((uint16_t)words[1]);
	*segment_register(cpu, SEGMENT_SS) = segment_of_8086((uint16_t)words[4]);
	for (i = 0; i < 4; i++)
		*segment_register(cpu, order[i]) = segment_of_8086((uint16_t)words[5 + i]);
	cpu->sregs_changed = true;
	return DONE;
}

enum done legacy_return(struct cpu *cpu, unsigned int size, uint64_t next)
{
	struct legacy_stack stack = { .segment = cpu->sregs->ss,
				      .top = cpu->gpr[CPU_RSP] + 3ul * size };
	struct descriptor descriptor;
	unsigned int cpl;
	struct kvm_segment code;
	uint32_t words[5];
	enum done done;

	/* It is over with an NMI, too. */
	cpu->vcpu->run->s.regs.events.nmi.masked = 0;
	cpu->vcpu->run->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
	if (cpu_is_real(cpu))
		return return_in_real_mode(cpu, size);
	if (cpu->bits == 64) {
		cpu->why = "in 64-bit code it is not known here";
		return DONE_CANNOT;
	}
	/* Long mode has neither tasks nor virtual-8086 mode: SDM vol. 2A, IRET. */
	if (cpu->flags & R0_RFLAGS_NT)
		return cpu_is_long(cpu) ? cpu_raise_code(cpu, R0_GP, 0) : task_return(cpu, next);
	done = legacy_stack_pop(cpu, words, 0, 3, size);
	if (done != DONE)
		return done;
	if (words[2] & R0_RFLAGS_VM && size == 4 && !cpu_cpl(cpu) && !cpu_is_long(cpu))
		return return_to_8086(cpu);
	done = legacy_code_check(cpu, (uint16_t)words[1], &descriptor);
	cpl = words[1] & 3;
	if (done == DONE && cpl > cpu_cpl(cpu)) {
		done = legacy_stack_pop(cpu, words + 3, 3 * size, 2, size);
		if (done == DONE)
			done = legacy_stack_check(cpu, (uint16_t)words[4], cpl, &stack);
		stack.top = words[3];
	}
	if (done == DONE)
		done = descriptor_load(cpu, &descriptor, (uint16_t)words[1], &code);
	if (done == DONE && !code.l && words[0] > code.limit)
		done = cpu_raise_code(cpu, R0_GP, 0);
	if (done != DONE)
		return done;
	set_flags(cpu, words[2], size, cpu_cpl(cpu));
	legacy_stack_set(cpu, &stack);
	if (stack.changes)
		descriptor_drop_inner(cpu, cpl);
	cpu->sregs->cs = code;
	cpu->sregs_changed = true;
	cpu->rip = words[0];
	return DONE;
}
