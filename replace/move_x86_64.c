/* SPDX-License-Identifier: MIT */
/*
 * Moving x86-64 code: what is relative to RIP gets another distance, and branches one of 32 bits. SDM
 * vol. 2A, 2.2.1.6 and the pages of CALL, JMP, Jcc, JRCXZ, LOOP.
 */
#include <string.h>
#include "assist/x86_64/decoder.h"
#include "replace/move.h"

#define LONGEST	   15
#define JUMP_SIZE  5
#define TABLE_MOST 1024

static const char too_far[] = "its code refers to what is too far from where it could go";
static const char not_code[] = "its code can't be decoded";

/* What of an instruction depends on where it is. */
enum relative { RELATIVE_NOTHING, RELATIVE_BRANCH, RELATIVE_OPERAND };

struct instruction {
	struct decoded decoded;
	size_t offset, length; /* in the function */
	enum relative relative;
	uint64_t target;
	size_t field, field_size; /* of the distance: its offset in the instruction, in bytes */
};

static bool decode(const struct move *move, size_t offset, struct instruction *instruction)
{
	const ZydisDecodedInstruction *in = &instruction->decoded.instruction;
	size_t left = move->size - offset;

	if (decoder_decode(64, move->code + offset, left < LONGEST ? left : LONGEST,
			   &instruction->decoded) != DECODER_INSTRUCTION)
		return false;
	instruction->offset = offset;
	instruction->length = in->length;
	instruction->relative = RELATIVE_NOTHING;
	if (in->raw.imm[0].is_relative) {
		instruction->relative = RELATIVE_BRANCH;
		instruction->field = in->raw.imm[0].offset;
		instruction->field_size = in->raw.imm[0].size / 8;
		instruction->target = (uint64_t)in->raw.imm[0].value.s;
	} else if (in->attributes & ZYDIS_ATTRIB_HAS_MODRM && in->raw.modrm.mod == 0 &&
		   in->raw.modrm.rm == 5) {
		instruction->relative = RELATIVE_OPERAND;
		instruction->field = in->raw.disp.offset;
		instruction->field_size = in->raw.disp.size / 8;
		instruction->target = (uint64_t)in->raw.disp.value;
	}
	instruction->target += move->at + offset + in->length;
	return true;
}

static bool is_inside(const struct move *move, uint64_t target)
{
	return target - move->at < move->size;
}

/* Whether it leads to what is overwritten, other than by a call of the function. */
static bool comes_back(const struct move *move, uint64_t target)
{
	return target - move->at < move->start + move->patched;
}

static bool is_call(const struct instruction *instruction)
{
	return instruction->decoded.instruction.mnemonic == ZYDIS_MNEMONIC_CALL;
}

static bool ends(const struct instruction *instruction)
{
	switch (instruction->decoded.instruction.mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
	case ZYDIS_MNEMONIC_RET:
	case ZYDIS_MNEMONIC_IRETQ:
	case ZYDIS_MNEMONIC_SYSRET:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
		return true;
	default:
		return false;
	}
}

/* A table of distances from itself, or of addresses: what it has of this function. */
static void look_at_table(const struct move *move, uint64_t table, bool *is_one, bool *back)
{
	uint64_t address;
	int32_t distance;
	size_t i;

	for (i = 0; i < TABLE_MOST && move->read(table + 4 * i, &distance, 4); i++) {
		uint64_t target = table + (uint64_t)(int64_t)distance;

		if (!is_inside(move, target))
			break;
		*is_one = true;
		*back |= comes_back(move, target);
	}
	for (i = 0; i < TABLE_MOST && move->read(table + 8 * i, &address, 8); i++) {
		if (!is_inside(move, address))
			break;
		*is_one = true;
		*back |= comes_back(move, address);
	}
}

/* The address of a table that it may refer to, or 0. */
static uint64_t table_of(const struct move *move, const struct instruction *instruction)
{
	const ZydisDecodedInstruction *in = &instruction->decoded.instruction;
	size_t i;

	if (instruction->relative == RELATIVE_OPERAND && !is_inside(move, instruction->target))
		return in->mnemonic == ZYDIS_MNEMONIC_LEA ? instruction->target : 0;
	for (i = 0; i < in->operand_count; i++) {
		const ZydisDecodedOperand *operand = &instruction->decoded.operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    operand->mem.base == ZYDIS_REGISTER_NONE && operand->mem.scale == 8)
			return (uint64_t)operand->mem.disp.value;
	}
	return 0;
}

const char *move_plan(struct move *move)
{
	struct instruction instruction;
	bool has_table = false, table_back = false, ended = false;
	size_t offset, needed = move->start + move->patched, head = 0;

	if (!decoder_load(NULL))
		return "it takes the library Zydis, which can't be loaded";
	move->whole = false;
	for (offset = 0; offset < move->size; offset += instruction.length) {
		uint64_t table;

		if (!decode(move, offset, &instruction))
			return not_code;
		if (instruction.relative == RELATIVE_BRANCH && !is_call(&instruction) &&
		    comes_back(move, instruction.target))
			move->whole = true;
		table = table_of(move, &instruction);
		if (table)
			look_at_table(move, table, &has_table, &table_back);
		if (!head && offset + instruction.length >= needed)
			head = offset + instruction.length;
		ended |= offset < needed && ends(&instruction);
	}
	/* Shorter than the jump: what follows is padding. */
	if (!head && !ended)
		return not_code;
	if (table_back)
		return "a jump table leads back to its first bytes";
	if (move->whole && has_table)
		return "it has a jump table, and comes back to its first bytes";
	move->length = move->whole ? move->size : MOVE_HEAD_LENGTH;
	return NULL;
}

static bool put_distance(uint8_t *to, uint64_t target, uint64_t from)
{
	int64_t distance = (int64_t)(target - from);
	int32_t short_distance = (int32_t)distance;

	memcpy(to, &short_distance, sizeof(short_distance));
	return distance == short_distance;
}

static bool put_jump(uint8_t *to, uint64_t there, uint64_t target)
{
	to[0] = 0xe9;
	return put_distance(to + 1, target, there + JUMP_SIZE);
}

/* One of 8 bits becomes one of 32. Returns its length, or 0 if that is too short for the target. */
static size_t put_branch(const struct instruction *instruction, uint64_t there, uint8_t *to)
{
	const ZydisDecodedInstruction *in = &instruction->decoded.instruction;
	size_t field = instruction->field; /* what is before the distance */

	if (instruction->field_size == 4)
		return put_distance(to + field, instruction->target, there + instruction->length) ?
			       instruction->length :
			       0;
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
		return put_jump(to, there, instruction->target) ? JUMP_SIZE : 0;
	case ZYDIS_MNEMONIC_JCXZ:
	case ZYDIS_MNEMONIC_JECXZ:
	case ZYDIS_MNEMONIC_JRCXZ:
	case ZYDIS_MNEMONIC_LOOP:
	case ZYDIS_MNEMONIC_LOOPE:
	case ZYDIS_MNEMONIC_LOOPNE:
		/* These have no long one: to a jump behind a jump past it. */
		to[field] = 2;
		to[field + 1] = 0xeb;
		to[field + 2] = JUMP_SIZE;
		return put_jump(to + field + 3, there + field + 3, instruction->target) ?
			       field + 3 + JUMP_SIZE :
			       0;
	default:
		to[0] = 0x0f;
		to[1] = (uint8_t)(0x80 | (in->opcode & 0xf));
		return put_distance(to + 2, instruction->target, there + 6) ? 6 : 0;
	}
}

/* The first bytes, and a jump to the rest. */
static const char *write_head(const struct move *move, const uint8_t *shown, uint64_t there,
			      uint8_t *to)
{
	size_t offset = move->start, done = 0;
	struct instruction instruction = { 0 };
	bool ended = false;

	while (offset < move->start + move->patched && offset < move->size) {
		size_t length;

		if (!decode(move, offset, &instruction))
			return not_code;
		length = instruction.length;
		memcpy(to + done, shown + offset, length);
		if (instruction.relative == RELATIVE_BRANCH) {
			length = put_branch(&instruction, there + done, to + done);
			if (!length)
				return too_far;
		} else if (instruction.relative == RELATIVE_OPERAND &&
			   !put_distance(to + done + instruction.field, instruction.target,
					 there + done + length)) {
			return too_far;
		}
		done += length;
		offset += instruction.length;
		ended = ends(&instruction);
	}
	if (!ended && !put_jump(to + done, there + done, move->at + offset))
		return too_far;
	return NULL;
}

/* Each instruction in its place, so that the branches within are as they were. */
static const char *write_whole(const struct move *move, const uint8_t *shown, uint64_t there,
			       uint8_t *to)
{
	struct instruction instruction;
	size_t offset;

	memcpy(to, shown, move->size);
	for (offset = 0; offset < move->size; offset += instruction.length) {
		if (!decode(move, offset, &instruction))
			return not_code;
		if (instruction.relative == RELATIVE_NOTHING)
			continue;
		/* A call of itself is a call as any other. */
		if (is_inside(move, instruction.target) &&
		    !(is_call(&instruction) && instruction.target == move->at))
			continue;
		if (instruction.field_size != 4)
			return "it comes back to its first bytes, and has a short jump to another "
			       "function";
		if (!put_distance(to + offset + instruction.field, instruction.target,
				  there + offset + instruction.length))
			return too_far;
	}
	return NULL;
}

const char *move_write(const struct move *move, const uint8_t *shown, uint64_t there, uint8_t *to)
{
	return move->whole ? write_whole(move, shown, there, to) :
			     write_head(move, shown, there, to);
}

/* As put_branch() makes it. */
static size_t moved_length(const struct instruction *instruction)
{
	if (instruction->relative != RELATIVE_BRANCH || instruction->field_size == 4)
		return instruction->length;
	switch (instruction->decoded.instruction.mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
		return JUMP_SIZE;
	case ZYDIS_MNEMONIC_JCXZ:
	case ZYDIS_MNEMONIC_JECXZ:
	case ZYDIS_MNEMONIC_JRCXZ:
	case ZYDIS_MNEMONIC_LOOP:
	case ZYDIS_MNEMONIC_LOOPE:
	case ZYDIS_MNEMONIC_LOOPNE:
		return instruction->field + 3 + JUMP_SIZE;
	default:
		return 6;
	}
}

uint64_t move_origin(const struct move *move, size_t offset)
{
	size_t from = move->start, done = 0;
	struct instruction instruction;

	if (move->whole)
		return offset < move->size ? move->at + offset : UINT64_MAX;
	while (from < move->start + move->patched && from < move->size &&
	       decode(move, from, &instruction)) {
		size_t length = moved_length(&instruction);

		if (offset < done + length)
			return move->at + from;
		done += length;
		from += instruction.length;
	}
	return offset < done + JUMP_SIZE ? move->at + from : UINT64_MAX;
}
