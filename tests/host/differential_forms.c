/* SPDX-License-Identifier: MIT */
/* The forms of instructions, found by decoding every opcode. */
#include "differential_forms.h"
#include <string.h>

/* KVM's emulator has most of the base instructions: those are not what this is about. */
static bool is_of_interest(const struct form *form, const struct decoded *decoded)
{
	if (decoded->instruction.meta.isa_ext == ZYDIS_ISA_EXT_RDRAND ||
	    decoded->instruction.meta.isa_ext == ZYDIS_ISA_EXT_RDSEED ||
	    decoded->instruction.meta.isa_ext == ZYDIS_ISA_EXT_RTM ||
	    decoded->instruction.meta.isa_ext == ZYDIS_ISA_EXT_MOVDIR)
		return false;
	if (form->kind == FORM_GATHER || form->kind == FORM_NOTHING)
		return true;
	if (form->kind != FORM_PLAIN)
		return false;
	return form->state != STATE_NONE ||
	       decoded->instruction.meta.isa_ext != ZYDIS_ISA_EXT_BASE ||
	       form->mnemonic == ZYDIS_MNEMONIC_CMPXCHG16B;
}

uint64_t differential_key(const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;
	uint64_t key = (uint64_t)instruction->mnemonic * 7 + (uint64_t)instruction->encoding;
	int i;

	for (i = 0; i < instruction->operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];
		uint64_t kind = operand->type;

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
			kind = kind * 64 + decoder_class(operand->reg.value);
		key = (key ^ (kind * 4096 + operand->size)) * 1099511628211u;
	}
	key ^= instruction->avx.mask.reg > ZYDIS_REGISTER_K0 ? 1 : 0;
	key ^= instruction->avx.broadcast.mode != ZYDIS_BROADCAST_MODE_INVALID &&
			       !instruction->avx.broadcast.is_static ?
		       2 :
		       0;
	key ^= instruction->attributes & ZYDIS_ATTRIB_HAS_LOCK ? 4 : 0;
	return key;
}

bool differential_find(const uint8_t *bytes, size_t count, struct decoded *decoded,
		       struct form *form)
{
	if (decoder_decode(64, bytes, count, decoded) != DECODER_INSTRUCTION)
		return false;
	instruction_form_find(form, 64, decoded, bytes);
	return is_of_interest(form, decoded);
}

static void add_template(struct differential_forms *forms, const uint8_t *bytes, size_t count)
{
	struct decoded decoded;
	struct form form;
	uint64_t key;
	size_t i;

	if (forms->count == DIFFERENTIAL_FORMS_MAX ||
	    !differential_find(bytes, count, &decoded, &form))
		return;
	key = differential_key(&decoded);
	for (i = 0; i < forms->count; i++)
		if (forms->items[i].key == key)
			return;
	forms->items[forms->count] = (struct template){
		.length = form.length,
		.modrm = decoded.instruction.raw.modrm.offset,
		.key = key,
		.mnemonic = form.mnemonic,
	};
	memcpy(forms->items[forms->count].bytes, bytes, form.length);
	forms->count++;
}

/* Every opcode of every map, with every prefix, in registers and in memory. */
void differential_enumerate(struct differential_forms *forms)
{
	static const uint8_t prefixes[] = { 0, 0x66, 0xf2, 0xf3 };
	static const uint8_t modrms[] = { 0xc1, 0x07, 0xc9, 0xd1, 0xd9, 0xe1, 0xe9, 0xf1,
					  0xf9, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f };
	static const uint8_t sibs[] = { 0, 1 };
	unsigned int map, opcode, prefix, modrm, w, l, extra, sib;

	forms->count = 0;
	for (map = 0; map < 4; map++)
		for (prefix = 0; prefix < 4; prefix++)
			for (w = 0; w < 3; w++)
				for (opcode = 0; opcode < 256; opcode++)
					for (modrm = 0; modrm < sizeof(modrms); modrm++) {
						uint8_t bytes[LONGEST] = { 0 };
						size_t at = 0;

						if (w == 2)
							bytes[at++] = 0xf0;
						if (prefixes[prefix])
							bytes[at++] = prefixes[prefix];
						if (w == 1)
							bytes[at++] = 0x48;
						if (map)
							bytes[at++] = 0x0f;
						if (map >= 2)
							bytes[at++] = map == 2 ? 0x38 : 0x3a;
						bytes[at++] = (uint8_t)opcode;
						bytes[at++] = modrms[modrm];
						add_template(forms, bytes, sizeof(bytes));
					}
	/* Maps 5 and 6 are EVEX's alone: AVX512-FP16. */
	for (map = 1; map < 7; map++)
		for (prefix = 0; prefix < 4; prefix++)
			for (w = 0; w < 2; w++)
				for (l = 0; l < 3; l++)
					for (opcode = 0; opcode < 256; opcode++)
						for (modrm = 0; modrm < sizeof(modrms); modrm++)
							for (sib = 0; sib < sizeof(sibs); sib++) {
								uint8_t mode = modrms[modrm];
								uint8_t vex[LONGEST] = {
									0xc4,
									(uint8_t)(0xe0 | map),
									(uint8_t)(w << 7 | 0x78 |
										  (l & 1) << 2 |
										  prefix),
									(uint8_t)opcode,
								};

								/* With a SIB byte, for gathers. */
								if (sib)
									mode = (mode & 0xf8) | 4;
								vex[4] = mode;
								vex[5] = 0x17;
								if (l < 2 && map < 4)
									add_template(forms, vex,
										     LONGEST);
								for (extra = 0; extra < 3;
								     extra++) {
									uint8_t evex[LONGEST] = {
										0x62,
										(uint8_t)(0xf0 |
											  map),
										(uint8_t)(w << 7 |
											  0x7c |
											  prefix),
										(uint8_t)(l << 5 |
											  8 |
											  (extra == 1 ?
												   1 :
												   0) |
											  (extra == 2 ?
												   16 :
												   0)),
										(uint8_t)opcode,
										mode,
										0x17,
									};

									add_template(forms, evex,
										     LONGEST);
								}
							}
}
