/* SPDX-License-Identifier: MIT */
/* Decoding loads and stores: Arm ARM, C4.1.94. */
#include "kvm/exit/access_aarch64.h"

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
	form->offset = mode == 1 ? 0 : form->change;
	return true;
}

/* An immediate, or, by its option and S, a register: Arm ARM, C4.1.94. Of `log` the access is 1 << log bytes. */
static bool decode_offset(uint32_t instruction, unsigned int log, struct access_form *form)
{
	const uint32_t option = field(instruction, 13, 3);

	if (field(instruction, 24, 1)) {
		form->offset = (int64_t)field(instruction, 10, 12) << log;
		return true;
	}
	form->by_register = field(instruction, 21, 1);
	if (!form->by_register) {
		form->change = signed_field(instruction, 12, 9);
		form->writes_back = field(instruction, 10, 1);
		form->offset = field(instruction, 10, 2) == 1 ? 0 : form->change;
		return true;
	}
	form->rm = field(instruction, 16, 5);
	form->shift = field(instruction, 12, 1) ? log : 0;
	form->narrow_offset = !(option & 1);
	form->sign_offset = option & 4;
	return option & 2;
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
	if (form->simd) {
		if (opc & 2 && size)
			return false;
		form->size = opc & 2 ? 16 : 1u << size;
		form->write = !(opc & 1);
		/* There are no unprivileged ones. */
		return (unsigned_offset || by_register || type != 2) &&
		       decode_offset(instruction, opc & 2 ? 4 : size, form);
	}
	form->size = 1u << size;
	form->write = opc == 0;
	form->sign = opc & 2;
	form->narrow = opc == 3;
	/* PRFM, and what is not allocated. */
	return !(size == 3 && opc & 2) && !(size == 2 && opc == 3) &&
	       decode_offset(instruction, size, form);
}

static bool decode(uint32_t instruction, struct access_form *form)
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

static bool is_unpredictable(const struct access_form *form)
{
	unsigned int i;

	for (i = 0; i < form->count && !form->simd && form->writes_back && form->rn != 31; i++)
		if (form->rt[i] == form->rn)
			return true;
	return form->count == 2 && !form->write && form->rt[0] == form->rt[1];
}

bool access_decode(uint32_t instruction, struct access_form *form)
{
	return decode(instruction, form) && !is_unpredictable(form);
}

bool access_is_unpredictable(uint32_t instruction)
{
	struct access_form form;

	return decode(instruction, &form) && is_unpredictable(&form);
}
