/* SPDX-License-Identifier: MIT */
/* Near transfers of control, pushes and pops: which of them can be followed. Depends on instruction_form.h. */
#ifndef ASSIST_X86_64_NEAR_FORM_H
#define ASSIST_X86_64_NEAR_FORM_H

#include <stdbool.h>
#include "assist/x86_64/instruction_form.h"

/*
 * Whether it is one, of 64-bit code; then what FORM_NEAR needs is filled in, but for the address of what it reads:
 * its first operand, if that is in memory.
 */
bool near_form_find(struct form *form, const struct decoded *decoded);

#endif /* ASSIST_X86_64_NEAR_FORM_H */
