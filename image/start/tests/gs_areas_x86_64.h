/* SPDX-License-Identifier: MIT */
/* What a test declares of GS (.gs), as execution/gs_areas_x86_64.c has it for a mirrored one. */
#ifndef IMAGE_START_TESTS_GS_AREAS_X86_64_H
#define IMAGE_START_TESTS_GS_AREAS_X86_64_H

#include <ring0/test.h>

/*
 * Before a test: copy its variables into each CPU's area, and have cpu_prepare() load the GS bases. NULL, or what is
 * wrong, which is there until the next call.
 */
const char *start_gs_areas(const struct r0_options *options);

#endif /* IMAGE_START_TESTS_GS_AREAS_X86_64_H */
