/* SPDX-License-Identifier: MIT */
/* x86's instructions, by Zydis, in the AT&T syntax that kernel developers read. Depends on core_file.h, symbols.h and Zydis. */
#include <Zydis/Zydis.h>
#include <string.h>
#include "command/backtrace/disassembly_own.h"

/* Vectors: SDM vol. 3A, table 6-1. Not by <ring0/fault.h>, which has the host's. */
enum { DE = 0, DB = 1, BP = 3, UD = 6 };

struct instruction {
	ZydisDecodedInstruction decoded;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/* As the code is to be read, by its width. */
static bool decode(const struct symbols *symbols, const uint8_t *bytes, size_t count,
		   struct instruction *instruction)
{
	ZydisDecoder decoder;

	switch (symbols->core->bits) {
	case 16:
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
		break;
	case 32:
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
		break;
	default:
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		break;
	}
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, &instruction->decoded,
						   instruction->operands));
}

static void format(struct symbols *symbols, const struct instruction *instruction, uint64_t address,
		   char *buffer, size_t size)
{
	const uint64_t base = symbols->core->bases[CORE_FILE_CS];
	ZydisFormatter formatter;

	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
				  ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_RELATIVE_RIPREL,
				  ZYAN_TRUE);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_SIGNEDNESS,
				  ZYDIS_SIGNEDNESS_UNSIGNED);
	ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING,
				  ZYDIS_PADDING_DISABLED);
	buffer[0] = '\0';
	ZydisFormatterFormatInstruction(&formatter, &instruction->decoded, instruction->operands,
					instruction->decoded.operand_count_visible, buffer, size,
					address - base, NULL);
	/* Where a branch goes, and what is addressed by RIP. */
	for (int i = 0; i < instruction->decoded.operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &instruction->operands[i];
		bool branch = operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
			      operand->imm.is_relative;
		bool relative = operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
				operand->mem.base == ZYDIS_REGISTER_RIP;
		uint64_t target;

		if ((!branch && !relative) ||
		    !ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction->decoded, operand,
							   address - base, &target)))
			continue;
		symbols_append(symbols, target + base, buffer, size);
	}
}

static void fill_registers(const struct core_file *core, ZydisRegisterContext *context)
{
	const union registers *regs = &core->registers;
	/* There, of code of 16 and 32 bits, are linear addresses. */
	const uint64_t stack = core->bits == 64 ? 0 : core->bases[CORE_FILE_SS];
	static const ZydisRegister names[][5] = {
		{ ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_EAX, ZYDIS_REGISTER_AX, ZYDIS_REGISTER_AL,
		  ZYDIS_REGISTER_AH },
		{ ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_ECX, ZYDIS_REGISTER_CX, ZYDIS_REGISTER_CL,
		  ZYDIS_REGISTER_CH },
		{ ZYDIS_REGISTER_RDX, ZYDIS_REGISTER_EDX, ZYDIS_REGISTER_DX, ZYDIS_REGISTER_DL,
		  ZYDIS_REGISTER_DH },
		{ ZYDIS_REGISTER_RBX, ZYDIS_REGISTER_EBX, ZYDIS_REGISTER_BX, ZYDIS_REGISTER_BL,
		  ZYDIS_REGISTER_BH },
		{ ZYDIS_REGISTER_RSP, ZYDIS_REGISTER_ESP, ZYDIS_REGISTER_SP, ZYDIS_REGISTER_SPL,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_RBP, ZYDIS_REGISTER_EBP, ZYDIS_REGISTER_BP, ZYDIS_REGISTER_BPL,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_ESI, ZYDIS_REGISTER_SI, ZYDIS_REGISTER_SIL,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_EDI, ZYDIS_REGISTER_DI, ZYDIS_REGISTER_DIL,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R8, ZYDIS_REGISTER_R8D, ZYDIS_REGISTER_R8W, ZYDIS_REGISTER_R8B,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R9, ZYDIS_REGISTER_R9D, ZYDIS_REGISTER_R9W, ZYDIS_REGISTER_R9B,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R10, ZYDIS_REGISTER_R10D, ZYDIS_REGISTER_R10W, ZYDIS_REGISTER_R10B,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R11, ZYDIS_REGISTER_R11D, ZYDIS_REGISTER_R11W, ZYDIS_REGISTER_R11B,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R12, ZYDIS_REGISTER_R12D, ZYDIS_REGISTER_R12W, ZYDIS_REGISTER_R12B,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R13, ZYDIS_REGISTER_R13D, ZYDIS_REGISTER_R13W, ZYDIS_REGISTER_R13B,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R14, ZYDIS_REGISTER_R14D, ZYDIS_REGISTER_R14W, ZYDIS_REGISTER_R14B,
		  ZYDIS_REGISTER_NONE },
		{ ZYDIS_REGISTER_R15, ZYDIS_REGISTER_R15D, ZYDIS_REGISTER_R15W, ZYDIS_REGISTER_R15B,
		  ZYDIS_REGISTER_NONE },
	};
	const uint64_t values[] = { regs->rax,	       regs->rcx,	  regs->rdx, regs->rbx,
				    regs->rsp - stack, regs->rbp - stack, regs->rsi, regs->rdi,
				    regs->r8,	       regs->r9,	  regs->r10, regs->r11,
				    regs->r12,	       regs->r13,	  regs->r14, regs->r15 };

	memset(context, 0, sizeof(*context));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		context->values[names[i][0]] = values[i];
		context->values[names[i][1]] = (uint32_t)values[i];
		context->values[names[i][2]] = (uint16_t)values[i];
		context->values[names[i][3]] = (uint8_t)values[i];
		if (names[i][4] != ZYDIS_REGISTER_NONE)
			context->values[names[i][4]] = (uint8_t)(values[i] >> 8);
	}
}

/* An operand's segment, from CORE_FILE_ES on. */
static unsigned int segment_of(const ZydisDecodedOperand *operand)
{
	return (unsigned int)(operand->mem.segment - ZYDIS_REGISTER_ES) % CORE_FILE_SEGMENTS;
}

static bool operand_address(const struct symbols *symbols, const struct instruction *instruction,
			    const ZydisDecodedOperand *operand, const ZydisRegisterContext *context,
			    uint64_t *address)
{
	const union registers *regs = &symbols->core->registers;
	const ZydisDecodedInstruction *decoded = &instruction->decoded;
	bool pushes = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
		      operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
		      (operand->mem.base == ZYDIS_REGISTER_RSP ||
		       operand->mem.base == ZYDIS_REGISTER_ESP ||
		       operand->mem.base == ZYDIS_REGISTER_SP);

	/* The rest computes an address only, or takes its indices from a vector. */
	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.type != ZYDIS_MEMOP_TYPE_MEM)
		return false;
	if (!ZYAN_SUCCESS(
		    ZydisCalcAbsoluteAddressEx(decoded, operand, regs->rip, context, address)))
		return false;
	/* What pushes writes below the stack pointer. */
	if (pushes)
		*address -= operand->size / 8;
	if (symbols->core->bits != 64) {
		*address = (uint32_t)(symbols->core->bases[segment_of(operand)] +
				      (decoded->address_width == 16 ? (uint16_t)*address :
								      (uint32_t)*address));
		return true;
	}
	if (operand->mem.segment == ZYDIS_REGISTER_FS)
		*address += regs->fs_base;
	if (operand->mem.segment == ZYDIS_REGISTER_GS)
		*address += regs->gs_base;
	return true;
}

/* What an access must be aligned to, or else #GP: SDM vol. 2, "Exceptions" of each. */
static unsigned int needed_alignment(const struct instruction *instruction,
				     const ZydisDecodedOperand *operand)
{
	switch (instruction->decoded.mnemonic) {
	case ZYDIS_MNEMONIC_FXSAVE:
	case ZYDIS_MNEMONIC_FXSAVE64:
	case ZYDIS_MNEMONIC_FXRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR64:
	case ZYDIS_MNEMONIC_CMPXCHG16B:
		return 16;
	case ZYDIS_MNEMONIC_XSAVE:
	case ZYDIS_MNEMONIC_XSAVE64:
	case ZYDIS_MNEMONIC_XSAVEOPT:
	case ZYDIS_MNEMONIC_XSAVEOPT64:
	case ZYDIS_MNEMONIC_XSAVEC:
	case ZYDIS_MNEMONIC_XSAVEC64:
	case ZYDIS_MNEMONIC_XSAVES:
	case ZYDIS_MNEMONIC_XSAVES64:
	case ZYDIS_MNEMONIC_XRSTOR:
	case ZYDIS_MNEMONIC_XRSTOR64:
	case ZYDIS_MNEMONIC_XRSTORS:
	case ZYDIS_MNEMONIC_XRSTORS64:
		return 64;
	case ZYDIS_MNEMONIC_MOVAPS:
	case ZYDIS_MNEMONIC_MOVAPD:
	case ZYDIS_MNEMONIC_MOVDQA:
	case ZYDIS_MNEMONIC_MOVNTPS:
	case ZYDIS_MNEMONIC_MOVNTPD:
	case ZYDIS_MNEMONIC_MOVNTDQ:
	case ZYDIS_MNEMONIC_MOVNTDQA:
	case ZYDIS_MNEMONIC_VMOVAPS:
	case ZYDIS_MNEMONIC_VMOVAPD:
	case ZYDIS_MNEMONIC_VMOVDQA:
	case ZYDIS_MNEMONIC_VMOVNTPS:
	case ZYDIS_MNEMONIC_VMOVNTPD:
	case ZYDIS_MNEMONIC_VMOVNTDQ:
	case ZYDIS_MNEMONIC_VMOVNTDQA:
		return operand->size / 8;
	default:
		return 1;
	}
}

static void print_accesses(const struct symbols *symbols, const struct instruction *instruction,
			   const ZydisRegisterContext *context, FILE *out)
{
	const ZydisDecodedInstruction *decoded = &instruction->decoded;
	const ZydisInstructionAttributes repeats = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE |
						   ZYDIS_ATTRIB_HAS_REPNE;

	if (decoded->attributes & repeats &&
	    !(symbols->core->registers.rcx & (UINT64_MAX >> (64 - decoded->address_width))))
		return;
	for (int i = 0; i < decoded->operand_count; i++) {
		const ZydisDecodedOperand *operand = &instruction->operands[i];
		bool write = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
		bool read = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
		uint64_t address;

		/* A write that also reads fails as a write does. */
		if ((write || read) &&
		    operand_address(symbols, instruction, operand, context, &address))
			fprintf(out, "@access %c %c 0x%llx %u %u\n", write ? 'w' : 'r',
				"ecsdfg"[segment_of(operand)], (unsigned long long)address,
				operand -> size / 8u, needed_alignment(instruction, operand));
	}
}

/* Whether a DIV or IDIV that can read its operand fails: by zero, or its quotient won't fit. */
static bool divides_badly(const struct symbols *symbols, const struct instruction *instruction,
			  const ZydisRegisterContext *context)
{
	const union registers *regs = &symbols->core->registers;
	const ZydisDecodedOperand *operand = &instruction->operands[0];
	bool is_signed = instruction->decoded.mnemonic == ZYDIS_MNEMONIC_IDIV;
	unsigned int bits = operand->size;
	uint64_t divisor = 0, address, low, high, mask;
	unsigned __int128 dividend;

	if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
		return false;
	mask = bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
		divisor = context->values[operand->reg.value];
	else if (!operand_address(symbols, instruction, operand, context, &address) ||
		 core_file_read(symbols->core, address, &divisor, bits / 8) != bits / 8)
		return false;
	divisor &= mask;
	if (!divisor)
		return true;
	low = regs->rax & mask;
	high = (bits == 8 ? regs->rax >> 8 : regs->rdx) & mask;
	if (!is_signed)
		return high >= divisor;
	dividend = (unsigned __int128)high << bits | low;
	{
		/* Magnitudes: the quotient of -2^(2n-1) by -1 has no __int128. */
		bool minus = high >> (bits - 1), by_minus = divisor >> (bits - 1);
		unsigned __int128 all = bits == 64 ? ~(unsigned __int128)0 :
						     ((unsigned __int128)1 << 2 * bits) - 1;
		unsigned __int128 quotient = (minus ? -dividend & all : dividend) /
					     (by_minus ? -divisor & mask : divisor);
		unsigned __int128 limit = (unsigned __int128)1 << (bits - 1);

		return minus == by_minus ? quotient >= limit : quotient > limit;
	}
}

static size_t length_of(const struct symbols *symbols, const uint8_t *bytes, size_t count)
{
	struct instruction instruction;

	return decode(symbols, bytes, count, &instruction) ? instruction.decoded.length : 0;
}

static size_t text_of(struct symbols *symbols, const uint8_t *bytes, size_t count, uint64_t address,
		      char *buffer, size_t size)
{
	struct instruction instruction;

	if (!decode(symbols, bytes, count, &instruction))
		return 0;
	format(symbols, &instruction, address, buffer, size);
	return instruction.decoded.length;
}

static void facts_of(struct symbols *symbols, const uint8_t *bytes, size_t count, FILE *out)
{
	struct instruction instruction;
	ZydisRegisterContext context;

	if (!decode(symbols, bytes, count, &instruction)) {
		/* Where memory ends inside it, that is what fails. */
		if (count == DISASSEMBLY_LONGEST)
			fprintf(out, "@raises %d\n", UD);
		return;
	}
	fill_registers(symbols->core, &context);
	if (instruction.decoded.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		fprintf(out, "@privileged\n");
	fprintf(out, "@extension %s\n", ZydisISAExtGetString(instruction.decoded.meta.isa_ext));
	switch (instruction.decoded.mnemonic) {
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
		fprintf(out, "@raises %d\n", UD);
		break;
	case ZYDIS_MNEMONIC_INT:
		fprintf(out, "@interrupt %u\n",
			(unsigned int)instruction.operands[0].imm.value.u & 255);
		break;
	case ZYDIS_MNEMONIC_INT3:
		fprintf(out, "@interrupt %d\n", BP);
		break;
	case ZYDIS_MNEMONIC_INT1:
		fprintf(out, "@raises %d\n", DB);
		break;
	case ZYDIS_MNEMONIC_DIV:
	case ZYDIS_MNEMONIC_IDIV:
		print_accesses(symbols, &instruction, &context, out);
		if (divides_badly(symbols, &instruction, &context))
			fprintf(out, "@raises %d\n", DE);
		return;
	default:
		break;
	}
	/* INT's stack is the handler's, not the present one. */
	if (instruction.decoded.meta.category != ZYDIS_CATEGORY_INTERRUPT)
		print_accesses(symbols, &instruction, &context, out);
}

const struct disassembler disassembler_x86_64 = {
	.length = length_of,
	.text = text_of,
	.facts = facts_of,
};
