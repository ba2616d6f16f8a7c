/* SPDX-License-Identifier: MIT */
/* Other operands for the forms, and states for them. */
#include "differential_cases.h"
#include <cpuid.h>
#include <string.h>

static uint64_t random_state;

static uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1d;
}

static uint64_t below(uint64_t limit)
{
	return random_number() % limit;
}

void differential_seed(uint64_t seed)
{
	random_state = seed;
}

/* Bytes that are often numbers, often special ones. */
static void fill(uint8_t *bytes, size_t size)
{
	static const uint64_t doubles[] = {
		0, 0x3ff0000000000000, 0xbff8000000000000, 0x7ff0000000000000, 0x7ff8000000000000,
		1, 0x4024000000000000, 0x8000000000000000
	};
	static const uint32_t floats[] = { 0,	       0x3f800000, 0xbfc00000, 0x7f800000,
					   0x7fc00000, 1,	   0x41200000, 0x80000000 };
	size_t i;

	for (i = 0; i + 8 <= size; i += 8) {
		uint64_t value = random_number();

		if (below(4) == 0)
			value = doubles[below(8)];
		else if (below(4) == 0)
			value = floats[below(8)] | (uint64_t)floats[below(8)] << 32;
		memcpy(bytes + i, &value, 8);
	}
}

static void put(uint8_t *area, size_t offset, uint64_t value, size_t size)
{
	memcpy(area + offset, &value, size);
}

uint32_t differential_component(unsigned int number, uint32_t *size)
{
	unsigned int a = 0, b = 0, c, d;

	__get_cpuid_count(0xd, number, &a, &b, &c, &d);
	*size = a;
	return b;
}

static void make_state(struct state *state, uint64_t mask)
{
	unsigned int i;

	memset(state, 0, sizeof(*state));
	fill((uint8_t *)state->gpr, sizeof(state->gpr));
	state->flags = (random_number() & 0x8d5) | 2;
	fill(state->memory, sizeof(state->memory));
	/* x87: precision, rounding, and now and then an exception that is not masked. */
	put(state->area, 0, 0x040 | (below(8) ? 0x3f : random_number() & 0x3f) | below(16) << 8, 2);
	put(state->area, 2, below(8) << 11, 2);
	put(state->area, 4, random_number() & 0xff, 1);
	put(state->area, 24,
	    (below(8) ? 0x1f80 : random_number() & 0x1fbf) | (random_number() & 0xe040), 4);
	for (i = 0; i < 8; i++) {
		fill(state->area + 32 + 16 * i, 8);
		put(state->area, 40 + 16 * i, below(4) ? 0x3ff0 + below(32) : random_number(), 2);
	}
	fill(state->area + 160, 256);
	put(state->area, 512, mask, 8);
	for (i = 2; i < 8; i++) {
		uint32_t size, at = differential_component(i, &size);

		if (mask >> i & 1 && at + size <= AREA_SIZE)
			fill(state->area + at, size);
	}
}

/* Small numbers in vector registers, for addresses; a mask with signs where there is one. */
static void make_indices(struct state *state, const struct decoded *decoded)
{
	bool wide = decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VGATHERQPD ||
		    decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VGATHERQPS ||
		    decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VPGATHERQD ||
		    decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VPGATHERQQ ||
		    decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VSCATTERQPD ||
		    decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VSCATTERQPS ||
		    decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VPSCATTERQD ||
		    decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VPSCATTERQQ;
	unsigned int component, number, i;
	uint32_t size, at;

	for (component = 1; component < 8; component++) {
		at = component == 1 ? 160 : differential_component(component, &size);
		size = component == 1 ? 256 : size;
		if (component == 3 || component == 4 || component == 5 || at + size > AREA_SIZE)
			continue;
		for (i = 0; i + 4 <= size; i += 4)
			put(state->area, at + i, wide && i & 4 ? 0 : random_number() & 0x3c, 4);
	}
	if (decoded->instruction.encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
		return;
	number = (unsigned int)decoder_number(decoded->operands[2].reg.value);
	fill(state->area + 160 + 16 * number, 16);
	at = differential_component(2, &size);
	fill(state->area + at + 16 * number, 16);
}

/* Other registers, often in the same form. */
static void vary(const struct template *template, uint8_t *bytes)
{
	memcpy(bytes, template->bytes, LONGEST);
	if (template->modrm) {
		bytes[template->modrm] ^= (uint8_t)(below(8) << 3 | below(8));
		if ((bytes[template->modrm] & 0xc0) != 0xc0)
			bytes[template->modrm] =
				(uint8_t)((bytes[template->modrm] & 0x3f) | below(3) << 6);
		fill(bytes + template->modrm + 1, 8);
	}
	if (bytes[0] == 0xc4) {
		bytes[1] ^= (uint8_t)(below(8) << 5);
		bytes[2] ^= (uint8_t)(below(16) << 3);
	} else if (bytes[0] == 0x62) {
		bytes[1] ^= (uint8_t)(below(16) << 4);
		bytes[2] ^= (uint8_t)(below(16) << 3);
		bytes[3] ^=
			(uint8_t)((bytes[3] & 7 ? below(8) : 0) | below(2) << 3 | below(2) << 7);
	} else if ((bytes[0] & 0xf0) == 0x40) {
		bytes[0] ^= (uint8_t)below(8);
	}
}

/* Registers that lead the memory operand to `target`. False if no values do. */
static bool aim(struct state *state, const struct decoded *decoded, uint8_t *bytes, uint64_t rip,
		uint64_t target)
{
	const ZydisDecodedOperand *memory = NULL;
	uint64_t displacement, index = 0;
	int i, base, number;

	for (i = 0; i < decoded->instruction.operand_count; i++)
		if (decoded->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    decoded->operands[i].mem.type != ZYDIS_MEMOP_TYPE_AGEN)
			memory = &decoded->operands[i];
	if (!memory)
		return true;
	if (memory->mem.base == ZYDIS_REGISTER_RIP) {
		int32_t distance = (int32_t)(target - (rip + decoded->instruction.length));

		memcpy(bytes + decoded->instruction.raw.disp.offset, &distance, sizeof(distance));
		return true;
	}
	base = decoder_gpr(memory->mem.base);
	number = decoder_gpr(memory->mem.index);
	if (base < 0 || base == number || decoded->instruction.address_width != 64)
		return false;
	displacement = memory->mem.disp.has_displacement ? (uint64_t)memory->mem.disp.value : 0;
	if (number >= 0)
		index = state->gpr[number] * memory->mem.scale;
	state->gpr[base] = target - displacement - index;
	return true;
}

static bool writes_rsp(const struct decoded *decoded)
{
	int i;

	for (i = 0; i < decoded->instruction.operand_count; i++)
		if (decoded->operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    decoder_gpr(decoded->operands[i].reg.value) == 4)
			return true;
	return false;
}

size_t differential_make(const struct template *template, uint64_t rip, uint64_t memory,
			 uint64_t mask, struct state *state, uint8_t *bytes)
{
	uint64_t target = memory + 128;
	struct decoded decoded;
	struct form form;

	memset(bytes, 0, DIFFERENTIAL_BYTES);
	vary(template, bytes);
	if (!differential_find(bytes, LONGEST, &decoded, &form) ||
	    differential_key(&decoded) != template->key || writes_rsp(&decoded))
		return 0;
	make_state(state, mask);
	/* Mostly aligned. */
	target += below(3) ? below(2) * 64 : below(128);
	if (form.kind == FORM_GATHER)
		make_indices(state, &decoded);
	/* Equal now and then, for the other way of a comparison. */
	if (form.mnemonic == ZYDIS_MNEMONIC_CMPXCHG16B && below(2)) {
		size_t at = target - memory;

		memcpy(&state->gpr[0], state->memory + at, 8);
		memcpy(&state->gpr[2], state->memory + at + 8, 8);
	}
	return aim(state, &decoded, bytes, rip, target) ? form.length : 0;
}
