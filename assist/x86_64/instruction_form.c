/* SPDX-License-Identifier: MIT */
/* How an instruction is executed on the host. SDM vol. 2A, chapter 2. */
#include <string.h>
#include "assist/x86_64/instruction_form.h"
#include "assist/x86_64/instruction_class.h"
#include "assist/x86_64/near_form.h"

static bool is_flush(ZydisMnemonic mnemonic)
{
	return mnemonic == ZYDIS_MNEMONIC_CLFLUSH || mnemonic == ZYDIS_MNEMONIC_CLFLUSHOPT ||
	       mnemonic == ZYDIS_MNEMONIC_CLWB;
}

static bool is_special_register(ZydisRegister name)
{
	return name == ZYDIS_REGISTER_MXCSR || name == ZYDIS_REGISTER_X87CONTROL ||
	       name == ZYDIS_REGISTER_X87STATUS || name == ZYDIS_REGISTER_X87TAG;
}

struct usage {
	bool xmm, mask, mmx, x87, mxcsr, foreign;
	unsigned int gprs; /* a bit for each */
};

static void use(struct usage *usage, ZydisRegister name)
{
	int number = decoder_gpr(name);

	if (number >= 0)
		usage->gprs |= 1u << number;
}

static struct usage usage_of(const struct decoded *decoded)
{
	struct usage usage = { 0 };
	int i;

	for (i = 0; i < decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		switch (decoder_class(operand->reg.value)) {
		case ZYDIS_REGCLASS_GPR8:
		case ZYDIS_REGCLASS_GPR16:
		case ZYDIS_REGCLASS_GPR32:
		case ZYDIS_REGCLASS_GPR64:
			use(&usage, operand->reg.value);
			break;
		case ZYDIS_REGCLASS_XMM:
		case ZYDIS_REGCLASS_YMM:
		case ZYDIS_REGCLASS_ZMM:
			usage.xmm = true;
			break;
		case ZYDIS_REGCLASS_MASK:
			usage.mask = true;
			break;
		case ZYDIS_REGCLASS_MMX:
			usage.mmx = true;
			break;
		case ZYDIS_REGCLASS_X87:
			usage.x87 = true;
			break;
		case ZYDIS_REGCLASS_FLAGS:
			break;
		default:
			if (operand->reg.value == ZYDIS_REGISTER_MXCSR)
				usage.mxcsr = true;
			else if (!is_special_register(operand->reg.value))
				usage.foreign = true;
			break;
		}
	}
	return usage;
}

/* Extensions of SSE: they use its registers or MXCSR, even where no operand says so. */
static bool is_sse(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->meta.isa_ext) {
	case ZYDIS_ISA_EXT_SSE:
	case ZYDIS_ISA_EXT_SSE2:
	case ZYDIS_ISA_EXT_SSE3:
	case ZYDIS_ISA_EXT_SSE4:
	case ZYDIS_ISA_EXT_SSE4A:
	case ZYDIS_ISA_EXT_SSSE3:
		break;
	default:
		return false;
	}
	return instruction->mnemonic != ZYDIS_MNEMONIC_CRC32 &&
	       instruction->mnemonic != ZYDIS_MNEMONIC_MOVNTI &&
	       instruction->mnemonic != ZYDIS_MNEMONIC_POPCNT;
}

static enum form_state state_of(const ZydisDecodedInstruction *instruction,
				const struct usage *usage)
{
	if (instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX ||
	    instruction->meta.isa_ext == ZYDIS_ISA_EXT_AVX512VEX)
		return STATE_AVX512;
	if (instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX)
		return instruction->meta.isa_ext == ZYDIS_ISA_EXT_BMI1 ||
				       instruction->meta.isa_ext == ZYDIS_ISA_EXT_BMI2 ?
			       STATE_NONE :
			       STATE_AVX;
	if (instruction->mnemonic == ZYDIS_MNEMONIC_FWAIT)
		return STATE_WAIT;
	if (instruction->meta.isa_ext == ZYDIS_ISA_EXT_X87 || usage->x87)
		return STATE_X87;
	if (usage->mmx || instruction->meta.isa_ext == ZYDIS_ISA_EXT_MMX ||
	    instruction->meta.isa_ext == ZYDIS_ISA_EXT_AMD3DNOW)
		return STATE_MMX;
	return usage->xmm || usage->mxcsr || is_sse(instruction) ? STATE_SSE : STATE_NONE;
}

/* One that the instruction does not use, and that can be a base without SIB or displacement. */
static int choose_scratch(unsigned int used)
{
	static const uint8_t candidates[] = { 6 /* RSI */, 7, 3, 2, 1, 0 };
	unsigned int i;

	for (i = 0; i < sizeof(candidates); i++)
		if (!(used >> candidates[i] & 1))
			return candidates[i];
	return -1;
}

/*
 * Those that move elements between places, or have other reasons to read all of their operand
 * whatever the mask says: no fault is suppressed (SDM vol. 2A, 2.8, "NF").
 */
static bool ignores_mask(const ZydisDecodedInstruction *instruction)
{
	/* Zydis 4.0 has E4 for them; the manual, and the CPU, E4NF. */
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_VCVTNE2PS2BF16:
	case ZYDIS_MNEMONIC_VDBPSADBW:
	case ZYDIS_MNEMONIC_VGF2P8AFFINEINVQB:
	case ZYDIS_MNEMONIC_VGF2P8AFFINEQB:
		return true;
	default:
		break;
	}
	switch (instruction->meta.exception_class) {
	case ZYDIS_EXCEPTION_CLASS_E1NF:
	case ZYDIS_EXCEPTION_CLASS_E2NF:
	case ZYDIS_EXCEPTION_CLASS_E3NF:
	case ZYDIS_EXCEPTION_CLASS_E4NF:
	case ZYDIS_EXCEPTION_CLASS_E5NF:
	case ZYDIS_EXCEPTION_CLASS_E6NF:
	case ZYDIS_EXCEPTION_CLASS_E9NF:
	case ZYDIS_EXCEPTION_CLASS_E10NF:
	case ZYDIS_EXCEPTION_CLASS_E11NF:
		return true;
	default:
		return false;
	}
}

/* How many elements there are in memory, and how many they become. */
static void find_broadcast(struct form_memory *memory, ZydisBroadcastMode mode)
{
	static const struct {
		uint8_t from, to;
	} counts[] = {
		[ZYDIS_BROADCAST_MODE_1_TO_2] = { 1, 2 },
		[ZYDIS_BROADCAST_MODE_1_TO_4] = { 1, 4 },
		[ZYDIS_BROADCAST_MODE_1_TO_8] = { 1, 8 },
		[ZYDIS_BROADCAST_MODE_1_TO_16] = { 1, 16 },
		[ZYDIS_BROADCAST_MODE_1_TO_32] = { 1, 32 },
		[ZYDIS_BROADCAST_MODE_1_TO_64] = { 1, 64 },
		[ZYDIS_BROADCAST_MODE_2_TO_4] = { 2, 4 },
		[ZYDIS_BROADCAST_MODE_2_TO_8] = { 2, 8 },
		[ZYDIS_BROADCAST_MODE_2_TO_16] = { 2, 16 },
		[ZYDIS_BROADCAST_MODE_4_TO_8] = { 4, 8 },
		[ZYDIS_BROADCAST_MODE_4_TO_16] = { 4, 16 },
		[ZYDIS_BROADCAST_MODE_8_TO_16] = { 8, 16 },
	};

	if (!counts[mode].from)
		return;
	memory->masking = MASK_COPIES;
	memory->element_size = (uint8_t)(memory->size / counts[mode].from);
	memory->element_count = counts[mode].to;
}

static void find_masking(struct form_memory *memory, const struct decoded *decoded,
			 const ZydisDecodedOperand *operand)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	unsigned int elements;

	memory->element_size = (uint8_t)(operand->element_size / 8);
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_MASKMOVQ:
	case ZYDIS_MNEMONIC_MASKMOVDQU:
	case ZYDIS_MNEMONIC_VMASKMOVDQU:
		memory->element_size = 1;
		memory->masking = instruction->mnemonic == ZYDIS_MNEMONIC_MASKMOVQ ?
					  MASK_MMX_SIGNS :
					  MASK_SIGNS;
		memory->size = instruction->mnemonic == ZYDIS_MNEMONIC_MASKMOVQ ? 8 : 16;
		/* Visible are the source and the mask. */
		memory->mask = (uint8_t)decoder_number(
			decoded->operands[decoded->operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY ?
						  2 :
						  1]
				.reg.value);
		return;
	case ZYDIS_MNEMONIC_VMASKMOVPS:
	case ZYDIS_MNEMONIC_VPMASKMOVD:
	case ZYDIS_MNEMONIC_VMASKMOVPD:
	case ZYDIS_MNEMONIC_VPMASKMOVQ:
		memory->element_size = instruction->mnemonic == ZYDIS_MNEMONIC_VMASKMOVPS ||
						       instruction->mnemonic ==
							       ZYDIS_MNEMONIC_VPMASKMOVD ?
					       4 :
					       8;
		memory->masking = MASK_SIGNS;
		memory->mask = (uint8_t)decoder_number(decoded->operands[1].reg.value);
		return;
	default:
		break;
	}
	if (instruction->encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX ||
	    instruction->avx.mask.reg == ZYDIS_REGISTER_NONE ||
	    instruction->avx.mask.reg == ZYDIS_REGISTER_K0 || !memory->element_size ||
	    (!memory->write && ignores_mask(instruction)))
		return;
	memory->mask = (uint8_t)decoder_number(instruction->avx.mask.reg);
	memory->whole = memory->write && ignores_mask(instruction);
	elements = memory->size / memory->element_size;
	if (instruction->meta.category == ZYDIS_CATEGORY_COMPRESS ||
	    instruction->meta.category == ZYDIS_CATEGORY_EXPAND) {
		memory->masking = MASK_COUNT;
		memory->element_count = (uint8_t)elements;
	} else if (instruction->avx.broadcast.mode != ZYDIS_BROADCAST_MODE_INVALID) {
		find_broadcast(memory, instruction->avx.broadcast.mode);
	} else {
		memory->masking = MASK_BITS;
	}
}

/*
 * Where an element of the destination and one of the memory operand are not the same, fault
 * suppression follows the destination's: all of the operand counts as accessed then. A conversion to
 * smaller ones has the same number of them, and zeroes for the rest of the register.
 */
static bool is_masked_otherwise(const struct decoded *decoded, const ZydisDecodedOperand *operand)
{
	const ZydisDecodedOperand *first = &decoded->operands[0];

	return decoded->instruction.meta.category != ZYDIS_CATEGORY_CONVERT &&
	       first->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->element_count > 1 &&
	       first->element_count && first->element_count != operand->element_count &&
	       decoder_class(first->reg.value) != ZYDIS_REGCLASS_MASK;
}

static bool find_address(struct form *form, const ZydisDecodedOperand *operand)
{
	struct form_memory *memory = &form->memory;
	const ZydisDecodedOperandMem *mem = &operand->mem;

	memory->base = (int8_t)decoder_gpr(mem->base);
	memory->index = (int8_t)decoder_gpr(mem->index);
	memory->scale = mem->scale;
	memory->displacement = mem->disp.has_displacement ? mem->disp.value : 0;
	memory->rip_relative = mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP;
	memory->segment = decoder_segment(mem->segment);
	return mem->index == ZYDIS_REGISTER_NONE || memory->index >= 0;
}

static bool find_memory(struct form *form, const struct decoded *decoded,
			const ZydisDecodedOperand *operand, unsigned int used)
{
	struct form_memory *memory = &form->memory;
	int scratch = choose_scratch(used);

	memory->present = true;
	memory->read = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
	memory->write = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	memory->size = operand->size / 8;
	if (is_flush(form->mnemonic)) {
		/* It has a load's permission checks, of one byte, but no access: SDM vol. 2A, CLFLUSH. */
		memory->size = 1;
		memory->read = memory->write = false;
	}
	memory->implicit = operand->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM;
	find_masking(memory, decoded, operand);
	if (memory->masking == MASK_BITS && is_masked_otherwise(decoded, operand)) {
		memory->masking = MASK_COPIES;
		memory->element_size = (uint8_t)memory->size;
		memory->element_count = (uint8_t)decoded->operands[0].element_count;
	}
	if (memory->implicit) {
		/* DS:RDI of MASKMOVDQU and MASKMOVQ alone; RDI then stands for itself. */
		if (memory->masking != MASK_SIGNS && memory->masking != MASK_MMX_SIGNS)
			return false;
		scratch = 7;
	}
	memory->scratch = (uint8_t)scratch;
	return scratch >= 0 && memory->size && memory->size <= CODE_OPERAND_SIZE - 64 &&
	       find_address(form, operand);
}

/* What a near transfer or a push reads from memory. */
static bool find_near_memory(struct form *form, const struct decoded *decoded)
{
	const ZydisDecodedOperand *operand = &decoded->operands[0];

	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
		return true;
	form->memory.present = form->memory.read = true;
	form->memory.size = 8;
	return find_address(form, operand);
}

/* BT and its like with a register address bits outside of their operand. */
static bool addresses_bits(const struct decoded *decoded)
{
	return decoded->instruction.meta.category == ZYDIS_CATEGORY_BITBYTE &&
	       decoded->operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
	       decoded->operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

static enum form_kind plain_kind(struct form *form, const struct decoded *decoded)
{
	struct usage usage = usage_of(decoded);
	const ZydisDecodedOperand *memory = NULL;
	int i;

	form->state = state_of(&decoded->instruction, &usage);
	form->xmm = usage.xmm;
	for (i = 0; i < decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		if (operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN) {
			if (!find_address(form, operand))
				return FORM_UNKNOWN;
			if (!form->memory.rip_relative)
				continue;
			form->destination = (int8_t)decoder_gpr(decoded->operands[0].reg.value);
			return decoded->instruction.mnemonic == ZYDIS_MNEMONIC_LEA ? FORM_LEA :
										     FORM_UNKNOWN;
		}
		if (memory)
			return FORM_UNKNOWN;
		memory = operand;
	}
	if (usage.foreign || addresses_bits(decoded))
		return FORM_UNKNOWN;
	if (memory && memory->mem.type == ZYDIS_MEMOP_TYPE_VSIB)
		return FORM_GATHER;
	if (memory && !find_memory(form, decoded, memory, usage.gprs))
		return FORM_UNKNOWN;
	/* SDM vol. 2, XCHG: "the processor's locking protocol is automatically implemented". */
	form->locked |= memory && decoded->instruction.mnemonic == ZYDIS_MNEMONIC_XCHG;
	return FORM_PLAIN;
}

/* What depends on the size of operands and addresses, which the host's 64-bit code has by other prefixes. */
static bool is_another_in_64_bits(const struct form *form, const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	struct usage usage = usage_of(decoded);
	int i;

	for (i = 0; i < instruction->operand_count; i++)
		if (decoded->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    decoded->operands[i].mem.type == ZYDIS_MEMOP_TYPE_AGEN)
			return true;
	/* W has no meaning there but for 64-bit registers. */
	if (usage.gprs && instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX &&
	    instruction->raw.vex.W)
		return true;
	if (usage.gprs && instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX &&
	    instruction->raw.evex.W)
		return true;
	if (form->bits == 32)
		/* INC and DEC are REX prefixes here; of the others of the first map KVM has all. */
		return form->state == STATE_NONE &&
		       instruction->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
	/* Registers and immediates of 16 bits. */
	if (form->state == STATE_NONE || usage.gprs)
		return true;
	/* The x87's environment, which has 14 bytes or 28. */
	return form->state == STATE_X87 && (form->memory.size == 14 || form->memory.size == 28 ||
					    form->memory.size == 94 || form->memory.size == 108);
}

void instruction_form_find(struct form *form, unsigned int bits, const struct decoded *decoded,
			   const uint8_t *bytes)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;

	*form = (struct form){
		.length = instruction->length,
		.mnemonic = instruction->mnemonic,
		.bits = (uint8_t)bits,
		.operand_width = instruction->operand_width,
		.address_width = instruction->address_width,
		.locked = instruction->attributes & ZYDIS_ATTRIB_HAS_LOCK,
		.is_vex = instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX ||
			  instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX,
		.modrm = bytes[instruction->raw.modrm.offset],
	};
	memcpy(form->bytes, bytes, instruction->length);
	if (instruction_class_is_nothing(instruction)) {
		form->kind = FORM_NOTHING;
	} else if (instruction_class_is_system(instruction->mnemonic) ||
		   instruction_class_is_far_transfer(instruction)) {
		form->kind = FORM_SYSTEM;
	} else if (near_form_find(form, decoded)) {
		form->kind = find_near_memory(form, decoded) ? FORM_NEAR : FORM_UNKNOWN;
	} else if (!instruction_class_is_not_plain(decoded)) {
		form->kind = plain_kind(form, decoded);
		if (bits != 64 && is_another_in_64_bits(form, decoded))
			form->kind = FORM_UNKNOWN;
		form->is_beyond_kvm = form->state != STATE_NONE ||
				      (instruction->meta.isa_ext != ZYDIS_ISA_EXT_BASE &&
				       instruction->meta.isa_ext != ZYDIS_ISA_EXT_LONGMODE);
	}
}
