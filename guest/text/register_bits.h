/* SPDX-License-Identifier: MIT */
/* Which register an expression is about. Depends on nothing. */
#ifndef GUEST_TEXT_REGISTER_BITS_H
#define GUEST_TEXT_REGISTER_BITS_H

#include <stdbool.h>
#include <ring0/private/register_bit.h>

#pragma GCC visibility push(hidden)

/* The names of its bits, or NULL if the expression, as written, names no register. */
const struct r0_register_bit *register_bits_of(const char *expression);

#pragma GCC visibility pop

#endif /* GUEST_TEXT_REGISTER_BITS_H */
