/* SPDX-License-Identifier: MIT */
/* The segments of a task that begins. Depends on assist/x86_64/cpu.h. */
#ifndef ASSIST_X86_64_TASK_SEGMENTS_H
#define ASSIST_X86_64_TASK_SEGMENTS_H

#include "assist/x86_64/cpu.h"

#define TASK_SEGMENTS 6 /* by their numbers, as in segment.h */

/*
 * Load them and the LDT by their selectors, in the mode that the flags say; what can't be loaded has its selector all the
 * same. `external` is EXT of error codes. DONE, or DONE_FAULT with #TS, #NP, #SS or #PF.
 */
enum done task_segments_load(struct cpu *cpu, const uint32_t *selectors, uint16_t ldt,
			     uint32_t external);

#endif /* ASSIST_X86_64_TASK_SEGMENTS_H */
