/* SPDX-License-Identifier: MIT */
/* An instruction's bytes, with another address in them. SDM vol. 2A, chapter 2. */
#include "assist/x86_64/instruction_encoding.h"
#include <string.h>

static bool is_address_prefix(uint8_t byte)
{
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x64 ||
	       byte == 0x65 || byte == 0x67;
}

static bool is_legacy_prefix(uint8_t byte)
{
	return is_address_prefix(byte) || byte == 0x66 || byte == 0xf0 || byte == 0xf2 ||
	       byte == 0xf3;
}

/* The fourth bits of VEX.vvvv and its like, and with EVEX the fifth, which only 64-bit code has. */
static void clear_vvvv(const ZydisDecodedInstruction *instruction, size_t at, uint8_t *byte)
{
	const ZydisDecodedInstructionRaw *raw = &instruction->raw;

	if (instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX &&
	    at == raw->vex.offset + raw->vex.size - 1u)
		*byte |= 0x40;
	if (instruction->encoding != ZYDIS_INSTRUCTION_ENCODING_EVEX)
		return;
	if (at == raw->evex.offset + 1u)
		*byte |= 0x10;
	if (at == raw->evex.offset + 2u)
		*byte |= 0x40;
	if (at == raw->evex.offset + 3u)
		*byte |= 0x08;
}

/* The base register's and the index register's fourth bits, to be those of a low register. */
static void clear_extensions(const ZydisDecodedInstruction *instruction, size_t at, uint8_t *byte)
{
	const ZydisDecodedInstructionRaw *raw = &instruction->raw;

	switch (instruction->encoding) {
	case ZYDIS_INSTRUCTION_ENCODING_LEGACY:
	case ZYDIS_INSTRUCTION_ENCODING_3DNOW:
		if (instruction->attributes & ZYDIS_ATTRIB_HAS_REX && at == raw->rex.offset)
			*byte &= ~3;
		break;
	case ZYDIS_INSTRUCTION_ENCODING_VEX:
		if (raw->vex.size == 3 && at == raw->vex.offset + 1u)
			*byte |= 0x60;
		break;
	case ZYDIS_INSTRUCTION_ENCODING_EVEX:
		if (at == raw->evex.offset + 1u)
			*byte |= 0x60;
		break;
	default:
		break;
	}
}

size_t instruction_encoding_make(const struct form *form, const struct decoded *decoded,
				 uint8_t *encoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	size_t modrm = instruction->raw.modrm.offset, length = 0, at = 0, tail;

	if (!form->memory.present || form->memory.implicit) {
		/* A segment's base would be the host's. */
		for (; at < form->length && is_legacy_prefix(form->bytes[at]); at++)
			if (!form->memory.present || !is_address_prefix(form->bytes[at]))
				encoded[length++] = form->bytes[at];
		for (; at < form->length; at++) {
			uint8_t byte = form->bytes[at];

			if (form->bits != 64)
				clear_vvvv(instruction, at, &byte);
			encoded[length++] = byte;
		}
		return length;
	}
	if (instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_XOP ||
	    instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX || !modrm)
		return 0;
	for (; is_legacy_prefix(form->bytes[at]); at++)
		if (!is_address_prefix(form->bytes[at]))
			encoded[length++] = form->bytes[at];
	for (; at < modrm; at++) {
		uint8_t byte = form->bytes[at];

		clear_extensions(instruction, at, &byte);
		if (form->bits != 64)
			clear_vvvv(instruction, at, &byte);
		encoded[length++] = byte;
	}
	/* mod 0 and a low register but RSP and RBP: [register]. */
	encoded[length++] = (uint8_t)((form->bytes[modrm] & 0x38) | form->memory.scratch);
	tail = modrm + 1 + (instruction->attributes & ZYDIS_ATTRIB_HAS_SIB ? 1 : 0) +
	       instruction->raw.disp.size / 8;
	memcpy(encoded + length, form->bytes + tail, form->length - tail);
	return length + form->length - tail;
}
