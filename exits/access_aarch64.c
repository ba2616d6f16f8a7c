/* SPDX-License-Identifier: MIT */
/* Decoding loads and stores: Arm ARM, C4.1.94. */
#include "exits/access_aarch64.h"

static uint32_t field(uint32_t instruction, unsigned int low, unsigned int width)
{
	return instruction >> low & ((1u << width) - 1);
}

static int64_t signed_field(uint32_t instruction, unsigned int low, unsigned int width)
{
	return (int64_t)((uint64_t)field(instruction, low, width) << (64 - width)) >> (64 - width);
}

/* LDP, STP, LDPSW, LDNP and STNP. */
static bool decode_pair(uint32_t instruction, struct access_form *form)
{
	const uint32_t opc = field(instruction, 30, 2), mode = field(instruction, 23, 2);

	form->write = !field(instruction, 22, 1);
	form->simd = field(instruction, 26, 1);
	if (opc == 3 || (!form->simd && opc == 1 && (form->write || mode == 0)))
		return false;
	form->sign = !form->simd && opc == 1;
	form->size = form->simd ? 4u << opc : opc == 2 ? 8 : 4;
	form->count = 2;
	form->rt[0] = field(instruction, 0, 5);
	form->rt[1] = field(instruction, 10, 5);
	form->rn = field(instruction, 5, 5);
	form->writes_back = mode & 1;
	form->change = signed_field(instruction, 15, 7) * (int64_t)form->size;
	return true;
}

/* LDR and STR of one register, with all kinds of addresses. */
static bool decode_single(uint32_t instruction, struct access_form *form)
{
	const uint32_t size = field(instruction, 30, 2), opc = field(instruction, 22, 2);
	const bool unsigned_offset = field(instruction, 24, 1);
	const uint32_t type = field(instruction, 10, 2);
	const bool by_register = field(instruction, 21, 1);

	form->simd = field(instruction, 26, 1);
	form->count = 1;
	form->rt[0] = field(instruction, 0, 5);
	form->rn = field(instruction, 5, 5);
	/* With a register for an offset, type 2; the others of that bit are atomics. */
	if (!unsigned_offset && by_register && type != 2)
		return false;
	form->writes_back = !unsigned_offset && !by_register && type & 1;
	form->change = signed_field(instruction, 12, 9);
	if (form->simd) {
		if (opc & 2 && size)
			return false;
		form->size = opc & 2 ? 16 : 1u << size;
		form->write = !(opc & 1);
		/* There are no unprivileged ones. */
		return unsigned_offset || by_register || type != 2;
	}
	form->size = 1u << size;
	form->write = opc == 0;
	form->sign = opc & 2;
	form->narrow = opc == 3;
	/* PRFM, and what is not allocated. */
	return !(size == 3 && opc & 2) && !(size == 2 && opc == 3);
}

bool access_decode(uint32_t instruction, struct access_form *form)
{
	*form = (struct access_form){ 0 };
	switch (field(instruction, 27, 3)) {
	case 5:
		return !field(instruction, 25, 1) && decode_pair(instruction, form);
	case 7:
		return !field(instruction, 25, 1) && decode_single(instruction, form);
	}
	return false;
}
