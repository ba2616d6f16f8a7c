/* SPDX-License-Identifier: MIT */
/* What a test's condition is called. Pure. */
#ifndef PLAN_CONDITION_H
#define PLAN_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The name after .when in a test's attributes as they were written (they may be NULL), into `name`. False if there
 * is none, as where a macro hides it.
 */
bool condition_name(const char *attributes, char *name, size_t size);

#endif /* PLAN_CONDITION_H */
