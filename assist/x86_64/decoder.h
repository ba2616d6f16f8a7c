/* SPDX-License-Identifier: MIT */
/*
 * Zydis, loaded when it is first needed: the library depends on libc only at link time. Depends on
 * Zydis' headers and base/error.h.
 */
#ifndef ASSIST_X86_64_DECODER_H
#define ASSIST_X86_64_DECODER_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* An instruction as Zydis decodes it, with all its operands, the implicit ones too. */
struct decoded {
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/*
 * Load the library, once for the process; thread-safe. Returns whether it is there; if not, a
 * message says what to install.
 */
bool decoder_load(struct error *error);

/* What the bytes are. */
enum decoder_answer {
	DECODER_INSTRUCTION,
	DECODER_SHORT,	   /* the beginning of one */
	DECODER_UNDEFINED, /* #UD by the manuals */
	DECODER_TOO_LONG,  /* #GP */
	DECODER_UNKNOWN,   /* to this decoder */
};

/* Decode one instruction of code of 16, 32 or 64 bits. After decoder_load(). */
enum decoder_answer decoder_decode(unsigned int bits, const uint8_t *bytes, size_t count,
				   struct decoded *decoded);

/* What there is to know of an instruction without its operands: much faster. */
struct decoder_outline {
	ZydisMnemonic mnemonic;
	uint8_t length;
	uint8_t modrm; /* its offset; 0 if there is none */
};
bool decoder_outline(const uint8_t *bytes, size_t count, struct decoder_outline *outline);

/* "vaddps"; lives as long as the process. */
const char *decoder_mnemonic(ZydisMnemonic mnemonic);

/* The number of a general register, whatever part of it is named: 0 is RAX, 15 is R15; or -1. */
int decoder_gpr(ZydisRegister name);

/* The number of a segment register, as instructions have it: SDM vol. 2A, table B-8. DS, 3, for none. */
uint8_t decoder_segment(ZydisRegister name);

ZydisRegisterClass decoder_class(ZydisRegister name);

/* The number within its class. */
int decoder_number(ZydisRegister name);

#endif /* ASSIST_X86_64_DECODER_H */
