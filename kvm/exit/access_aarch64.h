/* SPDX-License-Identifier: MIT */
/*
 * Loads and stores that KVM can't decode, of the forms that compilers make: pairs, those that write their base back, and
 * those of SIMD registers. Pure. Arm ARM, C4.1.94.
 */
#ifndef KVM_EXIT_ACCESS_AARCH64_H
#define KVM_EXIT_ACCESS_AARCH64_H

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
	unsigned int rn; /* the base, 31 for SP … */
	int64_t offset;	 /* … and what is added to it for the address, unless a register is */
	bool writes_back;
	int64_t change; /* if it writes back: what is added to the base */
	bool by_register;
	unsigned int rm, shift; /* if by a register: that one, 31 for XZR, shifted to the left … */
	bool narrow_offset;	/* … after its lower half … */
	bool sign_offset;	/* … was sign-extended, else zero-extended */
};

/*
 * Whether it is such an instruction. Exclusives and atomics are none, nor is what is CONSTRAINED UNPREDICTABLE: a base
 * that is written back and loaded or stored, a register that is loaded twice. Arm ARM, K1.2.
 */
bool access_decode(uint32_t instruction, struct access_form *form);

/* Whether it is none for that reason alone. */
bool access_is_unpredictable(uint32_t instruction);

#endif /* KVM_EXIT_ACCESS_AARCH64_H */
