/* SPDX-License-Identifier: MIT */
/* Putting the pad into the program. */
#include "image/start/tests/pad_x86_64.h"
#include <ring0/private/abi.h>
#include <ring0/x86/descriptors.h>
#include "image/start/cpu/enter_x86_64.h"
#include "image/start/cpu/space_x86_64.h"
#include "image/start/hardware/power_x86_64.h"
#include "image/start/tests/limit_x86_64.h"

#define JMP	   0xe9 /* and 32 bits from the next instruction on: SDM vol. 2A, JMP */
#define JMP_LENGTH 5

/* What is at the beginning of r0_vector_stubs' entry for NMIs: PUSH 0 and PUSH 2, of two bytes each, and a JMP. */
#define PUSHES 4

static uint64_t pad;

uint64_t pad_address(const char *part)
{
	return pad + (uint64_t)(part - pad_start);
}

static void jump(uint64_t from, uint64_t to)
{
	const uint32_t distance = (uint32_t)(to - from - JMP_LENGTH);
	const uint8_t code[JMP_LENGTH] = {
		JMP,
		(uint8_t)distance,
		(uint8_t)(distance >> 8),
		(uint8_t)(distance >> 16),
		(uint8_t)(distance >> 24),
	};

	space_set(from, code, sizeof(code));
}

/* Where the JMP of r0_vector_stubs leads that ends the entry for NMIs: of 8 or of 32 bits. */
static uint64_t exception_code(uint64_t vectors)
{
	const uint64_t at = vectors + 2 * R0_VECTOR_STUB_SIZE + PUSHES;
	uint8_t code[JMP_LENGTH];
	uint32_t distance;

	if (space_read(at, code, sizeof(code)) != sizeof(code) || code[0] != JMP)
		power_give_up("the program's entry for NMIs is not what it should be");
	distance = code[1] | (uint32_t)code[2] << 8 | (uint32_t)code[3] << 16 |
		   (uint32_t)code[4] << 24;
	return at + JMP_LENGTH + (uint64_t)(int64_t)(int32_t)distance;
}

void pad_install(const struct image_payload *payload)
{
	const uint64_t known[] = {
		space.start,	     (uint64_t)enter_ask,
		(uint64_t)limit_nmi, exception_code(payload->vectors),
		payload->guest,
	};
	const struct r0_table_register idtr = {
		.limit = 256 * sizeof(struct r0_gate) - 1,
		.base = payload->area + R0_AREA_IDT,
	};

	pad = payload->pad;
	if ((uint64_t)pad_end - (uint64_t)pad_start > payload->pad_size)
		power_give_up("the program has too little room for the start-up code's part in it");
	space_set(pad, pad_start, (uint64_t)pad_end - (uint64_t)pad_start);
	space_set(pad_address(pad_words), known, sizeof(known));
	space_set(pad_address(pad_idtr), &idtr, sizeof(idtr));
	space_set(pad_address(pad_numbers), enter_numbers, sizeof(enter_numbers));
	jump(payload->doorbell, pad_address(pad_ask));
	jump(payload->idle_doorbell, pad_address(pad_idle));
	jump(payload->cpu_doorbell, pad_address(pad_find));
	jump(payload->vectors + 2 * R0_VECTOR_STUB_SIZE, pad_address(pad_nmi));
	enter_return = (const void *)pad_address(pad_return);
}
