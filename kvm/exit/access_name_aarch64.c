/* SPDX-License-Identifier: MIT */
/* The encodings of exclusives, atomics and what else reaches no mock. */
#include "kvm/exit/access_name_aarch64.h"
#include <stddef.h>
#include "kvm/exit/access_aarch64.h"

/* In this order: the first that matches. Sizes, and the bits for acquire and release, are in no mask. */
static const struct {
	uint32_t mask, value;
	const char *name;
} forms[] = {
	{ 0x3fa07c00, 0x08a07c00, "CAS, an atomic" },
	{ 0xbfa07c00, 0x08207c00, "CASP, an atomic" },
	{ 0x3fe00000, 0x08000000, "STXR, an exclusive" },
	{ 0x3fe00000, 0x08200000, "STXP, an exclusive" },
	{ 0x3fe00000, 0x08400000, "LDXR, an exclusive" },
	{ 0x3fe00000, 0x08600000, "LDXP, an exclusive" },
	{ 0x3f20fc00, 0x38200000, "LDADD, an atomic" },
	{ 0x3f20fc00, 0x38201000, "LDCLR, an atomic" },
	{ 0x3f20fc00, 0x38202000, "LDEOR, an atomic" },
	{ 0x3f20fc00, 0x38203000, "LDSET, an atomic" },
	{ 0x3f20fc00, 0x38204000, "LDSMAX, an atomic" },
	{ 0x3f20fc00, 0x38205000, "LDSMIN, an atomic" },
	{ 0x3f20fc00, 0x38206000, "LDUMAX, an atomic" },
	{ 0x3f20fc00, 0x38207000, "LDUMIN, an atomic" },
	{ 0x3f20fc00, 0x38208000, "SWP, an atomic" },
	{ 0xbe400000, 0x0c000000, "ST1 or the like, of several elements of SIMD registers" },
	{ 0xbe400000, 0x0c400000, "LD1 or the like, of several elements of SIMD registers" },
	{ 0xffffffe0, 0xd50b7420, "DC ZVA" },
};

const char *access_name(uint32_t instruction)
{
	size_t i;

	if (access_is_unpredictable(instruction))
		return "a load or store with a register twice, which is UNPREDICTABLE";
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if ((instruction & forms[i].mask) == forms[i].value)
			return forms[i].name;
	return "an instruction of another kind";
}
