/* SPDX-License-Identifier: MIT */
/*
 * A function's code in another place, when its first bytes are overwritten where it is. Of the
 * architecture. Pure: knows no VM; what is in memory around the code it is told.
 */
#ifndef REPLACE_MOVE_H
#define REPLACE_MOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first `patched` bytes from `start` on are overwritten. */
struct move {
	const uint8_t *code; /* size bytes */
	uint64_t at;	     /* its address */
	size_t size;
	size_t start; /* of what is overwritten: past an ENDBR64 */
	size_t patched;
	/* Read other memory of the program: whether all could be. */
	bool (*read)(uint64_t address, void *to, size_t size);

	/* By move_plan(). */
	bool whole;    /* it comes back to its first bytes: all of it moves, not just those */
	size_t length; /* that the moved code may take, in bytes */
};

/* The longest that moved first bytes are. */
#define MOVE_HEAD_LENGTH 128

/*
 * Find out how it can be moved, and fill in the plan. Returns NULL, or why it can't, which lives as long as
 * the process.
 */
const char *move_plan(struct move *move);

/*
 * Write the code as it has to read at `there` to `to`, of move->length bytes, its bytes those of `shown`,
 * which are as move->code but for some opcodes. Returns NULL, or why that can't be.
 */
const char *move_write(const struct move *move, const uint8_t *shown, uint64_t there, uint8_t *to);

/* Where in the function an instruction is that is `offset` bytes into the moved code; UINT64_MAX if none is. */
uint64_t move_origin(const struct move *move, size_t offset);

#endif /* REPLACE_MOVE_H */
