/* SPDX-License-Identifier: MIT */
/* SDM vol. 2: JMP, Jcc, CALL, RET, PUSH, POP, LEAVE, each in 64-bit mode with operands of 64 bits. */
#include "assist/x86_64/near_form.h"

#define ALL_PREFIXES (ZYDIS_ATTRIB_HAS_OPERANDSIZE | ZYDIS_ATTRIB_HAS_LOCK)

/* A register of 64 bits, or memory of that size, which is the caller's to look at. */
static bool takes_64_bits(struct form *form, const ZydisDecodedOperand *operand)
{
	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    decoder_class(operand->reg.value) == ZYDIS_REGCLASS_GPR64)
		form->destination = (int8_t)decoder_gpr(operand->reg.value);
	else if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->size != 64)
		return false;
	return true;
}

/* Immediates are extended to 64 bits: with their sign, but for RET's. */
static int64_t extended(const ZydisDecodedInstruction *instruction)
{
	const uint64_t value = instruction->raw.imm[0].value.u;

	switch (instruction->raw.imm[0].size) {
	case 8:
		return (int8_t)value;
	case 16:
		return (uint16_t)value;
	default:
		return (int32_t)value;
	}
}

static bool find_jump(struct form *form, const struct decoded *decoded, enum form_near near)
{
	form->near = near;
	form->immediate = extended(&decoded->instruction);
	return decoded->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ||
	       takes_64_bits(form, &decoded->operands[0]);
}

static bool find_jump_if(struct form *form, const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	const uint8_t first = instruction->opcode_map == ZYDIS_OPCODE_MAP_0F ? 0x80 : 0x70;

	/* Neither LOOP nor JRCXZ. */
	if (instruction->opcode_map > ZYDIS_OPCODE_MAP_0F || (instruction->opcode & 0xf0) != first)
		return false;
	form->near = NEAR_JUMP_IF;
	form->condition = instruction->opcode & 15;
	form->immediate = extended(instruction);
	return true;
}

static bool find_push(struct form *form, const struct decoded *decoded)
{
	form->near = NEAR_PUSH;
	form->immediate = extended(&decoded->instruction);
	return decoded->operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ||
	       takes_64_bits(form, &decoded->operands[0]);
}

bool near_form_find(struct form *form, const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;

	form->destination = -1;
	/* A near transfer with the prefix of 16 bits is another on Intel's CPUs than on AMD's. */
	if (form->bits != 64 || instruction->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
	    instruction->attributes & ALL_PREFIXES ||
	    instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return false;
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
		return find_jump(form, decoded, NEAR_JUMP);
	case ZYDIS_MNEMONIC_CALL:
		return find_jump(form, decoded, NEAR_CALL);
	case ZYDIS_MNEMONIC_RET:
		form->near = NEAR_RETURN;
		form->immediate = instruction->raw.imm[0].size ? extended(instruction) : 0;
		return true;
	case ZYDIS_MNEMONIC_PUSH:
		return find_push(form, decoded);
	case ZYDIS_MNEMONIC_POP:
		form->near = NEAR_POP;
		return decoded->operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       takes_64_bits(form, &decoded->operands[0]);
	case ZYDIS_MNEMONIC_LEAVE:
		form->near = NEAR_LEAVE;
		return true;
	default:
		return instruction->meta.category == ZYDIS_CATEGORY_COND_BR &&
		       find_jump_if(form, decoded);
	}
}
