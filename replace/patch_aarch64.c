/* SPDX-License-Identifier: MIT */
/*
 * A B over a function's first instruction, and in the slot a jump, or calls by X16, which is free between a call
 * and the function (AAPCS64, 6.1.1). Encodings: Arm ARM, C6.2.
 */
#include "replace/patch.h"
#include <errno.h>
#include <string.h>
#include <ring0/private/abi.h>
#include "mirror/code_jump.h"

#define B(offset)	      (0x14000000u | ((uint32_t)((offset) / 4) & 0x03ffffffu))
#define B_REACH		      (1ll << 27)
#define BLR_X16		      0xd63f0200u
#define BR_X16		      0xd61f0200u
#define STR_X30_X16	      0xf900021eu /* STR X30, [X16] */
#define LDR_X30_X16	      0xf940021eu /* LDR X30, [X16] */
#define LDR_LITERAL(to, from) (0x58000000u | (uint32_t)((from) / 4) << 5 | (to))

const uint64_t patch_reach = B_REACH;

void patch_choose(struct patch *patch, const uint8_t *code, size_t size, size_t room)
{
	(void)code;
	(void)size;
	(void)room;
	*patch = (struct patch){ .size = sizeof(uint32_t) };
}

int patch_write(const struct patch *patch, uint64_t function, enum patch_trap trap, uint8_t *to)
{
	int64_t offset = (int64_t)(patch->slot - function);
	uint32_t instruction = B(offset);

	(void)trap;
	if (offset >= B_REACH || offset < -B_REACH)
		return -ERANGE;
	memcpy(to, &instruction, sizeof(instruction));
	return 0;
}

struct code {
	uint8_t *to;
	size_t length;
};

static void add(struct code *code, uint32_t instruction)
{
	memcpy(code->to + code->length, &instruction, sizeof(instruction));
	code->length += sizeof(instruction);
}

/* Load what is `words` of 8 bytes into the slot's literals. */
static void load(struct code *code, unsigned int to, size_t literals, unsigned int words)
{
	add(code, LDR_LITERAL(to, literals + 8 * words - code->length));
}

void patch_write_slot(const struct patch *patch, uint64_t by, const char *noreturn,
		      uint8_t to[PATCH_SLOT])
{
	const uint64_t values[] = { by, patch->caller, (uint64_t)noreturn, (uint64_t)r0_returned };
	const size_t literals = 40;
	struct code code = { .to = to };

	memset(to, 0, PATCH_SLOT);
	if (!noreturn) {
		code_jump(to, by);
		return;
	}
	load(&code, 16, literals, 1);
	add(&code, STR_X30_X16);
	load(&code, 16, literals, 0);
	add(&code, BLR_X16);
	load(&code, 0, literals, 2);
	/* As if the caller had called it, for backtraces. */
	load(&code, 16, literals, 1);
	add(&code, LDR_X30_X16);
	load(&code, 16, literals, 3);
	add(&code, BR_X16);
	memcpy(to + literals, values, sizeof(values));
}
