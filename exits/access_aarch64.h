/* SPDX-License-Identifier: MIT */
/*
 * Loads and stores that KVM can't decode, of the forms that compilers make: pairs, those that write their base back, and
 * those of SIMD registers. Pure. Arm ARM, C4.1.94.
 */
#ifndef EXITS_ACCESS_AARCH64_H
#define EXITS_ACCESS_AARCH64_H

#include <stdbool.h>
#include <stdint.h>

struct access_form {
	bool write;
	bool simd;	    /* the registers are V0 to V31, else X0 to X30 and XZR */
	bool sign;	    /* what is loaded is sign-extended … */
	bool narrow;	    /* … to 32 bits */
	unsigned int size;  /* in bytes, of a register: 1 to 16 */
	unsigned int count; /* of registers: 1 or 2, at adjacent addresses */
	unsigned int rt[2];
	bool writes_back;
	unsigned int rn; /* if it writes back: the base, 31 for SP … */
	int64_t change;	 /* … and what is added to it */
};

/* Whether it is such an instruction. Exclusives and atomics are none. */
bool access_decode(uint32_t instruction, struct access_form *form);

#endif /* EXITS_ACCESS_AARCH64_H */
