/* SPDX-License-Identifier: MIT */
/*
 * What is to be known of an instruction to complete it, found out once and kept. Depends on
 * assist/x86_64/decoder.h and assist/x86_64/trampoline.h; knows no guest.
 */
#ifndef ASSIST_X86_64_INSTRUCTION_FORM_H
#define ASSIST_X86_64_INSTRUCTION_FORM_H

#include <stdbool.h>
#include <stdint.h>
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/trampoline.h"

enum form_kind {
	FORM_UNKNOWN, /* not ours */
	FORM_PLAIN,   /* it computes: executed on the host's CPU */
	FORM_NOTHING, /* without effect */
	FORM_LEA,     /* relative to RIP */
	FORM_GATHER,  /* and scatter */
	FORM_SYSTEM,  /* emulated, in assist/x86_64/system.c */
	FORM_NEAR,    /* of 64-bit code: followed, in assist/x86_64/near.c */
};

/* What FORM_NEAR is: it transfers control within the segment, or moves the stack's top. */
enum form_near {
	NEAR_JUMP,
	NEAR_JUMP_IF,
	NEAR_CALL,
	NEAR_RETURN,
	NEAR_PUSH,
	NEAR_POP,
	NEAR_LEAVE,
};

/* The state that it uses besides general registers and flags, and so what enables it. */
enum form_state {
	STATE_NONE,
	STATE_WAIT,
	STATE_X87,
	STATE_MMX,
	STATE_SSE,
	STATE_AVX,
	STATE_AVX512
};

/* What says which elements of a memory operand it accesses. */
enum form_masking {
	MASK_NONE,
	MASK_BITS,	/* an opmask register, a bit for each element */
	MASK_COPIES,	/* the same, for each element as often as all of them are broadcast */
	MASK_COUNT,	/* as many as the opmask register has bits, contiguously */
	MASK_SIGNS,	/* the sign bits of a vector register's elements */
	MASK_MMX_SIGNS, /* the same of an MMX register's bytes */
};

struct form_memory {
	bool present, read, write;
	bool rip_relative, implicit;
	uint8_t segment;    /* by number: ES, CS, SS, DS, FS, GS */
	int8_t base, index; /* general registers, or -1 */
	uint8_t scale;
	uint8_t scratch; /* the register that holds its address on the host */
	int64_t displacement;
	uint16_t size; /* in bytes */
	enum form_masking masking;
	uint8_t mask;	       /* the register */
	bool whole;	       /* what it does not write has to be writable, too */
	uint8_t element_size;  /* in bytes */
	uint8_t element_count; /* of MASK_COPIES's and MASK_COUNT's opmask bits */
};

struct form {
	uint64_t rip;
	uint8_t bytes[15];
	uint8_t length; /* 0: nothing is kept here */
	enum form_kind kind;
	enum form_state state;
	bool xmm; /* STATE_MMX with XMM registers, too */
	bool locked;
	bool is_vex;	    /* or EVEX: real mode has no such instructions */
	bool is_beyond_kvm; /* it is none of those that every x86 has, which KVM knows */
	ZydisMnemonic mnemonic;
	int8_t destination; /* of FORM_LEA; the register that FORM_NEAR names, or -1 */
	enum form_near near;
	uint8_t condition; /* of NEAR_JUMP_IF: SDM vol. 1, appendix B */
	int64_t immediate; /* of FORM_NEAR: a distance, what is pushed, or how much more is popped */
	unsigned int tries; /* how often nothing that KVM lacks came after it, in the same exit */
	uint8_t bits;	    /* of the code that it is in */
	uint8_t operand_width, address_width;
	uint8_t modrm; /* the byte itself, of an x87 instruction's memory operand */
	struct form_memory memory;
	const uint8_t *code; /* NULL until it is made */
	unsigned int generation;
};

/* Fill it in from an instruction of code of so many bits. */
void instruction_form_find(struct form *form, unsigned int bits, const struct decoded *decoded,
			   const uint8_t *bytes);

#endif /* ASSIST_X86_64_INSTRUCTION_FORM_H */
