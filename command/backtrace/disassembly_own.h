/* SPDX-License-Identifier: MIT */
/* What disassembly.c leaves to each architecture. */
#ifndef COMMAND_BACKTRACE_DISASSEMBLY_OWN_H
#define COMMAND_BACKTRACE_DISASSEMBLY_OWN_H

#include "command/backtrace/disassembly.h"

struct disassembler {
	/* The length of the instruction that `count` bytes begin with; 0 if they don't with any. */
	size_t (*length)(const struct symbols *symbols, const uint8_t *bytes, size_t count);
	/* As text, too, of the one at an address. */
	size_t (*text)(struct symbols *symbols, const uint8_t *bytes, size_t count,
		       uint64_t address, char *buffer, size_t size);
	/* The facts of disassembly.h that follow @instruction. NULL if there are none. */
	void (*facts)(struct symbols *symbols, const uint8_t *bytes, size_t count, FILE *out);
	bool words; /* instructions are words, not bytes */
};

extern const struct disassembler disassembler_x86_64, disassembler_aarch64;

#endif /* COMMAND_BACKTRACE_DISASSEMBLY_OWN_H */
