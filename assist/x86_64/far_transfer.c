/* SPDX-License-Identifier: MIT */
/*
 * Far CALL, JMP and RET in 64-bit mode, of which KVM's emulator gives up on call gates, on what is no
 * code, and on returns to an outer ring. SDM vol. 2A, CALL and JMP; vol. 2B, RET; vol. 3A, 5.8.
 */
#include "assist/x86_64/far_transfer.h"
#include "assist/x86_64/deliver.h"
#include "assist/x86_64/descriptor.h"
#include "assist/x86_64/operand.h"
#include "assist/x86_64/paging.h"

#define TYPE_CALL_GATE 0xc

struct target {
	uint16_t selector;
	uint64_t rip;
	struct descriptor descriptor; /* of the code */
	bool by_gate;
};

static bool is_null(uint16_t selector)
{
	return !(selector & ~3u);
}

static enum done refuse(struct cpu *cpu, uint8_t vector, uint16_t selector)
{
	return cpu_raise_code(cpu, vector, selector & ~3u);
}

static bool is_code(const struct descriptor *descriptor)
{
	return DESCRIPTOR_S(descriptor) && DESCRIPTOR_TYPE(descriptor) & DESCRIPTOR_CODE;
}

/* Whether RIP may be there; in 32-bit code it is cut to its width. */
static enum done check_rip(struct cpu *cpu, struct target *target)
{
	const struct descriptor *descriptor = &target->descriptor;
	uint64_t limit = (descriptor->low & 0xffff) | (descriptor->low >> 32 & 0xf0000);

	if (DESCRIPTOR_L(descriptor))
		return cpu_is_canonical(cpu, target->rip) ? DONE : cpu_raise_code(cpu, R0_GP, 0);
	if (descriptor->low >> 55 & 1)
		limit = limit << 12 | 0xfff;
	target->rip = (uint32_t)target->rip;
	return target->rip <= limit ? DONE : cpu_raise_code(cpu, R0_GP, 0);
}

/* A gate leads to code that is not less privileged, in 64-bit mode. */
static enum done through_gate(struct cpu *cpu, struct target *target)
{
	struct descriptor gate = target->descriptor;
	uint16_t through = target->selector;
	unsigned int dpl = DESCRIPTOR_DPL(&gate);
	enum done done;

	if (DESCRIPTOR_TYPE(&gate) != TYPE_CALL_GATE || gate.high >> 40 & 0x1f ||
	    dpl < cpu_cpl(cpu) || dpl < (through & 3u))
		return refuse(cpu, R0_GP, through);
	if (!DESCRIPTOR_PRESENT(&gate))
		return refuse(cpu, R0_NP, through);
	target->selector = (uint16_t)(gate.low >> 16);
	target->rip = (gate.low & 0xffff) | (gate.low >> 32 & 0xffff0000) | gate.high << 32;
	target->by_gate = true;
	done = descriptor_require(cpu, target->selector, &target->descriptor);
	if (done != DONE)
		return done;
	if (!is_code(&target->descriptor) || DESCRIPTOR_DPL(&target->descriptor) > cpu_cpl(cpu) ||
	    !DESCRIPTOR_L(&target->descriptor) || DESCRIPTOR_D(&target->descriptor))
		return refuse(cpu, R0_GP, target->selector);
	if (DESCRIPTOR_DPL(&target->descriptor) == cpu_cpl(cpu) ||
	    DESCRIPTOR_TYPE(&target->descriptor) & DESCRIPTOR_CONFORMING)
		return DONE;
	cpu->why = "call gates to an inner ring are not known here";
	return DONE_CANNOT;
}

static enum done to_code(struct cpu *cpu, const struct target *target)
{
	const struct descriptor *descriptor = &target->descriptor;
	unsigned int dpl = DESCRIPTOR_DPL(descriptor);
	bool conforming = DESCRIPTOR_TYPE(descriptor) & DESCRIPTOR_CONFORMING;

	if (!is_code(descriptor) || (DESCRIPTOR_L(descriptor) && DESCRIPTOR_D(descriptor)))
		return refuse(cpu, R0_GP, target->selector);
	if (conforming ? dpl > cpu_cpl(cpu) :
			 dpl != cpu_cpl(cpu) || (target->selector & 3u) > cpu_cpl(cpu))
		return refuse(cpu, R0_GP, target->selector);
	return DONE;
}

static enum done find_target(struct cpu *cpu, struct target *target)
{
	enum done done = descriptor_require(cpu, target->selector, &target->descriptor);

	if (done == DONE)
		done = DESCRIPTOR_S(&target->descriptor) ? to_code(cpu, target) :
							   through_gate(cpu, target);
	if (done != DONE)
		return done;
	if (!DESCRIPTOR_PRESENT(&target->descriptor))
		return refuse(cpu, R0_NP, target->selector);
	return check_rip(cpu, target);
}

/* Read the words of a far pointer, or those that a far RET pops. */
static enum done read_words(struct cpu *cpu, uint64_t address, unsigned int size, uint64_t *words,
			    unsigned int count)
{
	enum done done = DONE;
	unsigned int i;

	for (i = 0; i < count && done == DONE; i++) {
		words[i] = 0;
		done = cpu_read(cpu, address + i * size, &words[i], size, cpu_access(cpu, false));
	}
	return done;
}

static enum done load_code(struct cpu *cpu, const struct target *target, unsigned int cpl)
{
	struct kvm_segment code;
	enum done done = descriptor_load(cpu, &target->descriptor,
					 (uint16_t)((target->selector & ~3u) | cpl), &code);

	if (done != DONE)
		return done;
	cpu->sregs->cs = code;
	cpu->sregs_changed = true;
	cpu->rip = target->rip;
	return DONE;
}

static enum done jump_or_call(struct cpu *cpu, const struct form *form,
			      const struct decoded *decoded, bool call)
{
	unsigned int size = form->operand_width / 8u;
	struct target target = { 0 };
	uint64_t address, frame[2], narrow;
	enum done done = operand_address(cpu, form, &decoded->operands[0], size + sizeof(uint16_t),
					 &address);

	if (done == DONE)
		done = read_words(cpu, address, size, &target.rip, 1);
	if (done == DONE)
		done = cpu_read(cpu, address + size, &target.selector, sizeof(target.selector),
				cpu_access(cpu, false));
	if (done == DONE)
		done = find_target(cpu, &target);
	if (done != DONE)
		return done;
	if (!call)
		return load_code(cpu, &target, cpu_cpl(cpu));
	frame[0] = cpu->rip + form->length;
	frame[1] = cpu->sregs->cs.selector;
	/* A gate of 64-bit mode pushes 8 bytes each, whatever the operand size is. */
	size = target.by_gate ? 8 : size;
	narrow = size == 8 ? 0 :
		 size == 4 ? (uint32_t)frame[0] | frame[1] << 32 :
			     (uint16_t)frame[0] | frame[1] << 16;
	address = cpu->gpr[CPU_RSP] - 2ull * size;
	if (!cpu_is_canonical(cpu, address) || !cpu_is_canonical(cpu, address + 2ull * size - 1))
		return cpu_raise_code(cpu, R0_SS, 0);
	done = cpu_write(cpu, address, size == 8 ? frame : &narrow, 2ull * size,
			 cpu_access(cpu, true));
	if (done == DONE)
		done = load_code(cpu, &target, cpu_cpl(cpu));
	if (done == DONE)
		cpu->gpr[CPU_RSP] = address;
	return done;
}

/* The stack segment of an outer ring; null is for 64-bit code that is not ring 3's. */
static enum done check_stack(struct cpu *cpu, const struct target *code, uint16_t selector,
			     struct kvm_segment *stack)
{
	unsigned int cpl = code->selector & 3u;
	struct descriptor descriptor;
	enum done done;

	if (is_null(selector) && DESCRIPTOR_L(&code->descriptor) && cpl != 3 &&
	    (selector & 3u) == cpl) {
		*stack =
			(struct kvm_segment){ .selector = selector, .dpl = cpl & 3, .unusable = 1 };
		return DONE;
	}
	done = descriptor_require(cpu, selector, &descriptor);
	if (done != DONE)
		return done;
	if ((selector & 3u) != cpl || !DESCRIPTOR_S(&descriptor) || is_code(&descriptor) ||
	    !(DESCRIPTOR_TYPE(&descriptor) & DESCRIPTOR_WRITABLE) ||
	    DESCRIPTOR_DPL(&descriptor) != cpl)
		return refuse(cpu, R0_GP, selector);
	if (!DESCRIPTOR_PRESENT(&descriptor))
		return refuse(cpu, R0_SS, selector);
	return descriptor_load(cpu, &descriptor, selector, stack);
}

static enum done return_far(struct cpu *cpu, const struct form *form, const struct decoded *decoded)
{
	unsigned int size = form->operand_width / 8u, cpl = cpu_cpl(cpu), rpl, dpl;
	uint64_t extra = decoded->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ?
				 decoded->operands[0].imm.value.u & 0xffff :
				 0;
	uint64_t at = cpu->gpr[CPU_RSP], words[4];
	struct kvm_segment stack;
	struct target target = { 0 };
	enum done done = read_words(cpu, at, size, words, 2);

	if (done != DONE)
		return done;
	target.rip = words[0];
	target.selector = (uint16_t)words[1];
	done = descriptor_require(cpu, target.selector, &target.descriptor);
	if (done != DONE)
		return done;
	rpl = target.selector & 3u;
	dpl = DESCRIPTOR_DPL(&target.descriptor);
	if (!is_code(&target.descriptor) || rpl < cpl ||
	    (DESCRIPTOR_L(&target.descriptor) && DESCRIPTOR_D(&target.descriptor)) ||
	    (DESCRIPTOR_TYPE(&target.descriptor) & DESCRIPTOR_CONFORMING ? dpl > rpl : dpl != rpl))
		return refuse(cpu, R0_GP, target.selector);
	if (!DESCRIPTOR_PRESENT(&target.descriptor))
		return refuse(cpu, R0_NP, target.selector);
	done = check_rip(cpu, &target);
	at += 2ull * size + extra;
	if (done == DONE && rpl > cpl) {
		done = read_words(cpu, at, size, words + 2, 2);
		if (done == DONE)
			done = check_stack(cpu, &target, (uint16_t)words[3], &stack);
	}
	if (done == DONE)
		done = load_code(cpu, &target, rpl);
	if (done != DONE)
		return done;
	cpu->gpr[CPU_RSP] = at;
	if (rpl > cpl) {
		cpu->gpr[CPU_RSP] = words[2] + extra;
		cpu->sregs->ss = stack;
		descriptor_drop_inner(cpu, rpl);
	}
	return DONE;
}

enum done far_transfer_execute(struct cpu *cpu, const struct form *form,
			       const struct decoded *decoded)
{
	if (form->mnemonic == ZYDIS_MNEMONIC_RET)
		return return_far(cpu, form, decoded);
	return jump_or_call(cpu, form, decoded, form->mnemonic == ZYDIS_MNEMONIC_CALL);
}
