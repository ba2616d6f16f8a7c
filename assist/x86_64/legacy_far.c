/* SPDX-License-Identifier: MIT */
/*
 * Far CALL, JMP and RET in protected mode: SDM vol. 2A, CALL and JMP; vol. 2B, RET; vol. 3A, 5.8. KVM's emulator gives
 * up on call gates, and on returns to an outer ring.
 */
#include "assist/x86_64/legacy_far.h"
#include "assist/x86_64/legacy_stack.h"
#include "assist/x86_64/operand.h"
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"
#include "assist/x86_64/task.h"

/* Types of system segments; bit 3 of a gate says 32 bits. */
#define TYPE_TSS_16	1
#define TYPE_CALL_GATE	4
#define TYPE_TASK_GATE	5
#define TYPE_TSS_32	9
#define TYPE_IS_32	8
#define GATE_PARAMETERS 31

/* Return address, parameters and stack pointer. */
#define WORDS_MAX (2 + GATE_PARAMETERS + 2)

struct target {
	uint16_t selector;
	uint32_t offset;
	struct descriptor descriptor; /* of the code */
	unsigned int size;	      /* of what is pushed, in bytes */
	unsigned int parameters;
	bool by_gate;
	bool is_task; /* the selector is of its TSS, and nothing else is known */
};

static bool is_code(const struct descriptor *descriptor)
{
	return DESCRIPTOR_S(descriptor) && DESCRIPTOR_TYPE(descriptor) & DESCRIPTOR_CODE;
}

static bool is_conforming(const struct descriptor *descriptor)
{
	return DESCRIPTOR_TYPE(descriptor) & DESCRIPTOR_CONFORMING;
}

static enum done refuse(struct cpu *cpu, uint8_t vector, uint16_t selector)
{
	return cpu_raise_code(cpu, vector, selector & ~3u);
}

static enum done to_code(struct cpu *cpu, const struct target *target)
{
	const unsigned int dpl = DESCRIPTOR_DPL(&target->descriptor), cpl = cpu_cpl(cpu);

	if (!is_code(&target->descriptor) ||
	    (is_conforming(&target->descriptor) ? dpl > cpl :
						  dpl != cpl || (target->selector & 3u) > cpl))
		return refuse(cpu, R0_GP, target->selector);
	return DONE;
}

static bool is_tss(unsigned int type)
{
	return (type & ~2u) == TYPE_TSS_16 || (type & ~2u) == TYPE_TSS_32;
}

static enum done through_gate(struct cpu *cpu, struct target *target, bool call)
{
	const struct descriptor gate = target->descriptor;
	const uint16_t through = target->selector;
	const unsigned int type = DESCRIPTOR_TYPE(&gate), dpl = DESCRIPTOR_DPL(&gate);
	unsigned int code_dpl;
	enum done done;

	target->is_task = type == TYPE_TASK_GATE || is_tss(type);
	if ((!target->is_task && (type & ~(unsigned int)TYPE_IS_32) != TYPE_CALL_GATE) ||
	    dpl < cpu_cpl(cpu) || dpl < (through & 3u))
		return refuse(cpu, R0_GP, through);
	if (is_tss(type))
		return DONE;
	if (!DESCRIPTOR_PRESENT(&gate))
		return refuse(cpu, R0_NP, through);
	if (target->is_task) {
		target->selector = (uint16_t)(gate.low >> 16);
		return DONE;
	}
	target->by_gate = true;
	target->size = type & TYPE_IS_32 ? 4 : 2;
	target->selector = (uint16_t)(gate.low >> 16);
	target->offset = (uint32_t)((gate.low & 0xffff) | (gate.low >> 32 & 0xffff0000));
	if (target->size == 2)
		target->offset &= 0xffff;
	target->parameters = gate.low >> 32 & GATE_PARAMETERS;
	done = descriptor_require(cpu, target->selector, &target->descriptor);
	if (done != DONE)
		return done;
	code_dpl = DESCRIPTOR_DPL(&target->descriptor);
	if (!is_code(&target->descriptor) || code_dpl > cpu_cpl(cpu) ||
	    (!call && !is_conforming(&target->descriptor) && code_dpl != cpu_cpl(cpu)))
		return refuse(cpu, R0_GP, target->selector);
	return DONE;
}

static enum done find_target(struct cpu *cpu, struct target *target, bool call)
{
	enum done done = descriptor_require(cpu, target->selector, &target->descriptor);

	if (done == DONE)
		done = DESCRIPTOR_S(&target->descriptor) ? to_code(cpu, target) :
							   through_gate(cpu, target, call);
	if (done != DONE || target->is_task)
		return done;
	return DESCRIPTOR_PRESENT(&target->descriptor) ? DONE :
							 refuse(cpu, R0_NP, target->selector);
}

/* Where the instruction says that it goes: by an immediate, or by memory. */
static enum done read_pointer(struct cpu *cpu, const struct form *form,
			      const struct decoded *decoded, struct target *target)
{
	const ZydisDecodedOperand *operand = &decoded->operands[0];
	uint64_t address;
	enum done done;

	if (operand->type == ZYDIS_OPERAND_TYPE_POINTER) {
		target->selector = operand->ptr.segment;
		target->offset = operand->ptr.offset;
		return DONE;
	}
	done = operand_address(cpu, form, operand, target->size + sizeof(target->selector),
			       &address);
	if (done == DONE)
		done = cpu_read(cpu, address, &target->offset, target->size,
				cpu_access(cpu, false));
	if (done == DONE)
		done = cpu_read(cpu, (uint32_t)(address + target->size), &target->selector,
				sizeof(target->selector), cpu_access(cpu, false));
	return done;
}

static enum done load_code(struct cpu *cpu, const struct descriptor *descriptor, uint16_t selector,
			   unsigned int cpl, uint32_t offset, struct kvm_segment *code)
{
	enum done done = descriptor_load(cpu, descriptor, (uint16_t)((selector & ~3u) | cpl), code);

	if (done != DONE)
		return done;
	return offset <= code->limit ? DONE : cpu_raise_code(cpu, R0_GP, 0);
}

static void go_to(struct cpu *cpu, const struct kvm_segment *code, uint32_t offset)
{
	cpu->sregs->cs = *code;
	cpu->sregs_changed = true;
	cpu->rip = offset;
}

static enum done jump(struct cpu *cpu, const struct target *target)
{
	struct kvm_segment code;
	enum done done = load_code(cpu, &target->descriptor, target->selector, cpu_cpl(cpu),
				   target->offset, &code);

	if (done == DONE)
		go_to(cpu, &code, target->offset);
	return done;
}

/* To an inner ring the parameters are copied, and the stack's pointer is above them: SDM vol. 3A, 5.8.5. */
static enum done call(struct cpu *cpu, const struct form *form, const struct target *target)
{
	struct legacy_stack stack = { .segment = cpu->sregs->ss, .top = cpu->gpr[CPU_RSP] };
	const unsigned int before = cpu_cpl(cpu);
	unsigned int cpl = before, count = 0;
	uint32_t words[WORDS_MAX];
	struct kvm_segment code;
	enum done done = DONE;

	if (target->by_gate && !is_conforming(&target->descriptor))
		cpl = DESCRIPTOR_DPL(&target->descriptor);
	if (cpl < before)
		done = legacy_stack_read(cpu, cpl, 0, &stack);
	words[count++] = (uint32_t)segment_cut_rip(cpu, cpu->rip + form->length);
	words[count++] = cpu->sregs->cs.selector;
	if (cpl < before) {
		if (done == DONE)
			done = legacy_stack_pop(cpu, words + count, 0, target->parameters,
						target->size);
		count += target->parameters;
		words[count++] = (uint32_t)cpu->gpr[CPU_RSP];
		words[count++] = cpu->sregs->ss.selector;
	}
	if (done == DONE)
		done = load_code(cpu, &target->descriptor, target->selector, cpl, target->offset,
				 &code);
	if (done == DONE)
		done = legacy_stack_push(cpu, &stack, words, count, target->size, cpl == 3, 0);
	if (done != DONE)
		return done;
	legacy_stack_set(cpu, &stack);
	go_to(cpu, &code, target->offset);
	return DONE;
}

static enum done return_far(struct cpu *cpu, const struct form *form, const struct decoded *decoded)
{
	const unsigned int size = form->operand_width / 8u, before = cpu_cpl(cpu);
	const unsigned int extra = decoded->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ?
					   decoded->operands[0].imm.value.u & 0xffff :
					   0;
	struct legacy_stack stack = { .segment = cpu->sregs->ss,
				      .top = cpu->gpr[CPU_RSP] + 2ul * size + extra };
	struct descriptor descriptor;
	struct kvm_segment code;
	uint32_t words[4] = { 0 };
	unsigned int cpl;
	enum done done = legacy_stack_pop(cpu, words, 0, 2, size);

	if (done == DONE)
		done = legacy_code_check(cpu, (uint16_t)words[1], &descriptor);
	if (done != DONE)
		return done;
	cpl = words[1] & 3;
	if (cpl > before) {
		done = legacy_stack_pop(cpu, words + 2, 2 * size + extra, 2, size);
		if (done == DONE)
			done = legacy_stack_check(cpu, (uint16_t)words[3], cpl, &stack);
		stack.top = words[2] + extra;
	}
	if (done == DONE)
		done = load_code(cpu, &descriptor, (uint16_t)words[1], cpl, words[0], &code);
	if (done != DONE)
		return done;
	legacy_stack_set(cpu, &stack);
	if (stack.changes)
		descriptor_drop_inner(cpu, cpl);
	go_to(cpu, &code, words[0]);
	return DONE;
}

enum done legacy_far_execute(struct cpu *cpu, const struct form *form,
			     const struct decoded *decoded)
{
	struct target target = { .size = form->operand_width / 8u };
	const bool calls = form->mnemonic == ZYDIS_MNEMONIC_CALL;
	enum done done;

	if (cpu_is_real(cpu) || cpu_is_long(cpu)) {
		cpu->why = "in real mode and in long mode's code of 32 bits it is not known here";
		return DONE_CANNOT;
	}
	if (form->mnemonic == ZYDIS_MNEMONIC_RET)
		return return_far(cpu, form, decoded);
	done = read_pointer(cpu, form, decoded, &target);
	if (done == DONE)
		done = find_target(cpu, &target, calls);
	if (done != DONE)
		return done;
	if (target.is_task)
		return task_switch(cpu,
				   &(struct task_switch){
					   .way = calls ? TASK_CALL : TASK_JUMP,
					   .selector = target.selector,
					   .next = segment_cut_rip(cpu, cpu->rip + form->length),
					   .flags = cpu->flags });
	return calls ? call(cpu, form, &target) : jump(cpu, &target);
}
