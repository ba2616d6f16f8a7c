/* SPDX-License-Identifier: MIT */
/* Linux's stack protector and per-CPU variables are at GS. */
#ifndef TESTS_KERNEL_TREE_GS_H
#define TESTS_KERNEL_TREE_GS_H

#include <ring0.h>
#include "kernel_objects.h"

static char gs_areas[2][R0_STUBS_GS_SIZE];

#define GS .gs = R0_STUBS_GS(gs_areas)

#endif /* TESTS_KERNEL_TREE_GS_H */
