/* SPDX-License-Identifier: MIT */
/*
 * The instruction that a core file stopped at, by Zydis, in the AT&T syntax that kernel
 * developers read. Depends on core_file.h, symbols.h and Zydis.
 */
#include <Zydis/Zydis.h>
#include <string.h>
#include "command/backtrace/disassembly.h"
#include "ring0/fault.h"

#define BEFORE 3
#define AFTER  3

#define COLUMNS 99

/* Decoding starts at the function's first byte unless that is further away than this. */
#define FUNCTION_LIMIT 65536

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
	size_t length;

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
		const char *name;
		uint64_t target, offset;

		if ((!branch && !relative) ||
		    !ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction->decoded, operand,
							   address - base, &target)))
			continue;
		name = symbols_function(symbols, target + base, &offset);
		length = strlen(buffer);
		if (name && offset)
			snprintf(buffer + length, size - length, " <%s+0x%llx>", name,
				 (unsigned long long)offset);
		else if (name)
			snprintf(buffer + length, size - length, " <%s>", name);
	}
}

static void format_bytes(const uint8_t *bytes, size_t count, char *buffer)
{
	buffer[0] = '\0';
	for (size_t i = 0; i < count && i < DISASSEMBLY_LONGEST; i++)
		sprintf(buffer + 3 * i, "%02x ", bytes[i]);
	if (count)
		buffer[3 * (count < DISASSEMBLY_LONGEST ? count : DISASSEMBLY_LONGEST) - 1] = '\0';
}

/* To at most so many characters. A symbol that is cut shows it, or it would pass for another one. */
static void shorten(char *text, size_t room)
{
	static const char cut[] = "...>";
	const size_t end = sizeof(cut) - 1;
	char *symbol = strstr(text, " <");

	if (strlen(text) <= room)
		return;
	if (symbol && (size_t)(symbol - text) + end + 8 <= room)
		memcpy(text + room - end, cut, end);
	else if (symbol && (size_t)(symbol - text) <= room)
		*symbol = '\0';
	text[room] = '\0';
}

/* Write one line; returns the length of the instruction, or 0 if there is none. */
static size_t print_line(struct symbols *symbols, uint64_t address, bool marked, FILE *out)
{
	uint8_t bytes[DISASSEMBLY_LONGEST];
	char text[256], hex[3 * DISASSEMBLY_LONGEST + 1];
	size_t count = core_file_read(symbols->core, address, bytes, sizeof(bytes));
	struct instruction instruction;
	uint64_t offset;
	size_t length = 0;
	char label[32];
	int width;

	if (symbols_function(symbols, address, &offset))
		snprintf(label, sizeof(label), " <+0x%llx>:", (unsigned long long)offset);
	else
		snprintf(label, sizeof(label), ":");
	width = fprintf(out, "  %s 0x%llx%-10s", marked ? "=>" : "  ", (unsigned long long)address,
			label);
	if (!count) {
		fprintf(out, " there is no memory that can be read\n");
		return 0;
	}
	if (decode(symbols, bytes, count, &instruction)) {
		length = instruction.decoded.length;
		format(symbols, &instruction, address, text, sizeof(text));
	} else {
		snprintf(text, sizeof(text), "(no instruction)");
	}
	format_bytes(bytes, length ? length : count < 8 ? count : 8, hex);
	/* The longest instructions are rare: they push their text to the right. */
	width += fprintf(out, " %-20s ", hex);
	shorten(text, width < COLUMNS ? (size_t)(COLUMNS - width) : 0);
	fprintf(out, "%s\n", text);
	return length;
}

void disassembly_print(struct symbols *symbols, bool after, FILE *out)
{
	uint64_t rip = symbols->core->registers.rip, start, offset, stop;
	uint64_t before[BEFORE + 1];
	size_t count = 0;
	const char *function = symbols_function(symbols, after && rip ? rip - 1 : rip, &offset);

	start = rip - offset - (after ? 1 : 0);
	if (function && offset <= FUNCTION_LIMIT) {
		/* Remember the last few that end right at RIP. */
		while (start < rip) {
			uint8_t bytes[DISASSEMBLY_LONGEST];
			size_t got = core_file_read(symbols->core, start, bytes, sizeof(bytes));
			struct instruction instruction;

			if (!decode(symbols, bytes, got, &instruction))
				break;
			if (count == BEFORE + 1)
				memmove(before, before + 1, --count * sizeof(before[0]));
			before[count++] = start;
			start += instruction.decoded.length;
		}
		if (start != rip)
			count = 0;
	}
	fprintf(out, "code%s%s:\n", function ? ", in " : "", function ? function : "");
	for (size_t i = 0; i < count; i++)
		if (count <= BEFORE || i || after)
			print_line(symbols, before[i], after && i == count - 1, out);
	stop = 0;
	for (uint64_t at = rip; stop <= AFTER; stop++) {
		size_t length;
		uint64_t start_offset;

		/* What follows the function is none of its instructions. */
		if (at != rip && function &&
		    (!symbols_function(symbols, at, &start_offset) || !start_offset))
			break;
		length = print_line(symbols, at, !stop && !(after && count), out);
		if (!length)
			break;
		at += length;
	}
}

bool disassembly_text(struct symbols *symbols, const uint8_t *bytes, size_t count, char *buffer,
		      size_t size)
{
	char text[256], hex[3 * DISASSEMBLY_LONGEST + 1];
	struct instruction instruction;

	if (!decode(symbols, bytes, count, &instruction)) {
		format_bytes(bytes, count, hex);
		snprintf(buffer, size, "no instruction (%s)", hex);
		return false;
	}
	format(symbols, &instruction, symbols->core->registers.rip, text, sizeof(text));
	format_bytes(bytes, instruction.decoded.length, hex);
	snprintf(buffer, size, "%s (%s)", text, hex);
	return true;
}

static void fill_registers(const struct core_file *core, ZydisRegisterContext *context)
{
	const struct user_regs_struct *regs = &core->registers;
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
	const struct user_regs_struct *regs = &symbols->core->registers;
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
	const struct user_regs_struct *regs = &symbols->core->registers;
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

void disassembly_facts(struct symbols *symbols, FILE *out)
{
	uint8_t bytes[DISASSEMBLY_LONGEST];
	size_t count =
		core_file_read(symbols->core, symbols->core->registers.rip, bytes, sizeof(bytes));
	struct instruction instruction;
	ZydisRegisterContext context;
	char text[256];
	bool valid;

	if (!count)
		return;
	valid = disassembly_text(symbols, bytes, count, text, sizeof(text));
	fprintf(out, "@instruction %s\n", text);
	if (!valid) {
		/* Where memory ends inside it, that is what fails. */
		if (count == sizeof(bytes))
			fprintf(out, "@raises %d\n", R0_UD);
		return;
	}
	decode(symbols, bytes, count, &instruction);
	fill_registers(symbols->core, &context);
	if (instruction.decoded.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		fprintf(out, "@privileged\n");
	fprintf(out, "@extension %s\n", ZydisISAExtGetString(instruction.decoded.meta.isa_ext));
	switch (instruction.decoded.mnemonic) {
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
		fprintf(out, "@raises %d\n", R0_UD);
		break;
	case ZYDIS_MNEMONIC_INT:
		fprintf(out, "@interrupt %u\n",
			(unsigned int)instruction.operands[0].imm.value.u & 255);
		break;
	case ZYDIS_MNEMONIC_INT3:
		fprintf(out, "@interrupt %d\n", R0_BP);
		break;
	case ZYDIS_MNEMONIC_INT1:
		fprintf(out, "@raises %d\n", R0_DB);
		break;
	case ZYDIS_MNEMONIC_DIV:
	case ZYDIS_MNEMONIC_IDIV:
		print_accesses(symbols, &instruction, &context, out);
		if (divides_badly(symbols, &instruction, &context))
			fprintf(out, "@raises %d\n", R0_DE);
		return;
	default:
		break;
	}
	/* INT's stack is the handler's, not the present one. */
	if (instruction.decoded.meta.category != ZYDIS_CATEGORY_INTERRUPT)
		print_accesses(symbols, &instruction, &context, out);
}
