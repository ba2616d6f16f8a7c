/* SPDX-License-Identifier: MIT */
/* The machine's memory: which of it is free, and frames of it. */
#ifndef IMAGE_START_CPU_MEMORY_X86_64_H
#define IMAGE_START_CPU_MEMORY_X86_64_H

#include <ring0/private/types.h>
#include "image/start/hardware/loader_x86_64.h"

#define FRAME 4096ull

/* Until the start-up code has its own page tables, those of the start map this much. */
#define MEMORY_FIRST_LIMIT (1ull << 32)

/*
 * What is free of the loader's memory: not the first MiB, and nothing of what is kept. Of what tests declare, ranges
 * that don't touch, all is set aside that is free.
 */
void memory_init(struct range kept, const struct range *declared, uint64_t count);

/* From now on, memory below that address is reached through the direct map. */
void memory_reach(uint64_t limit);

/* Take frames that lie next to each other, zeroed: the physical address, or 0 if there are none. */
uint64_t memory_take(uint64_t frames);
/* The same, where there is no going on without: says what is missing, and turns the machine off. */
uint64_t memory_need(uint64_t frames);

/* What a test takes is given back when it is over. */
void memory_begin_test(void);
void memory_end_test(void);

/* Whether a range was set aside for tests. */
bool memory_is_declared(uint64_t start, uint64_t end);

/* Whether there is memory at a physical address, of those that are reached. */
bool memory_is_there(uint64_t physical);

uint64_t memory_size(void); /* in bytes: of all that the loader has told of */
uint64_t memory_end(void);  /* the first address past all of it */

#endif /* IMAGE_START_CPU_MEMORY_X86_64_H */
