/* SPDX-License-Identifier: MIT */
/* What may be a branch in code, found without decoding all before it. Pure. */
#ifndef COMMAND_REPLACEABLE_BRANCHES_H
#define COMMAND_REPLACEABLE_BRANCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum branch_kind { BRANCH_JUMP, BRANCH_CALL, BRANCH_CONDITIONAL };

struct branch {
	enum branch_kind kind;
	uint64_t target;
};

/*
 * The next one from *at on, an offset, which is then behind its first byte: code of the machine (EM_…), `size` bytes,
 * at an address. Those that reach from one section to another; of x86 there may be more than there are. Returns whether there is one.
 */
bool branches_next(uint16_t machine, const uint8_t *code, size_t size, uint64_t address, size_t *at,
		   struct branch *branch);

/* How many of a function's first bytes .replace may overwrite. */
unsigned int branches_first_bytes(uint16_t machine);

#endif /* COMMAND_REPLACEABLE_BRANCHES_H */
