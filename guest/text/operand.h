/* SPDX-License-Identifier: MIT */
/* What the two sides of an assertion are worth saying: their values, or the bits of a register. */
#ifndef GUEST_TEXT_OPERAND_H
#define GUEST_TEXT_OPERAND_H

#include <ring0.h>
#include "guest/text/message.h"

#pragma GCC visibility push(hidden)

enum literal {
	NO_LITERAL,
	LITERAL, /* says its value: a string, NULL, true, one digit */
	LITERAL_DECIMAL,
	LITERAL_HEXADECIMAL,
};

/* Whether an expression is a plain number or the like, of which not all need be said again. */
enum literal operand_literal(const char *text);

/* What to call it: as it is written, or by another name if that is long. */
const char *operand_name(const struct r0_operand *operand, const char *otherwise);

/* ": x is 3 (0x3), y is 4 (0x4)", or less of it for literals. */
void operand_add_comparison(struct message *message, const struct r0_site *site, uint64_t a,
			    uint64_t b);

#pragma GCC visibility pop

#endif /* GUEST_TEXT_OPERAND_H */
