/* SPDX-License-Identifier: MIT */
/*
 * The program's address space, as the mirror has it, and the start-up code's own: the same, with the start-up
 * code besides. And putting it back after a test: each page that can be written, the page tables included, is
 * compared with its pristine copy, so that it does not matter by which way a test has written.
 */
#ifndef IMAGE_START_CPU_SPACE_X86_64_H
#define IMAGE_START_CPU_SPACE_X86_64_H

#include <ring0/private/types.h>
#include "image/start/payload/format.h"

struct space {
	uint64_t test, user,
		start; /* CR3 of a test, of its functions in ring 3, of the start-up code */
	uint64_t writable, tables; /* pages that are put back */
};

extern struct space space;

/*
 * Build the address spaces, for a payload whose pages are at a physical address, and load the start-up code's.
 * `physical_bits` are the CPU's.
 */
void space_build(const struct image_payload *payload, uint64_t pages_at, unsigned int physical_bits,
		 bool gigabyte_pages);

/* Before the first test: change the program's memory for good. What is not the program's is a mistake of ours. */
void space_set(uint64_t address, const void *data, size_t size);

/* All is as tests are to find it. */
void space_finish(void);

/* Put all back; how many pages had changed. */
unsigned int space_reset(void);

/*
 * Copy what a test has at an address, as far as it is the program's memory or was given to the test: how many
 * bytes that were.
 */
size_t space_read(uint64_t address, void *to, size_t size);

/* The other way, as far as a test may write there. */
size_t space_write(uint64_t address, const void *from, size_t size);

/* The same as space_read() of a text that ends with a NUL, cut where the room ends. */
void space_read_text(uint64_t address, char *to, size_t size);

/* Give the test memory at an address, as far as that is free, until the reset: false if there is none. */
bool space_add(uint64_t address, uint64_t physical, uint64_t size);

/* Whether nothing is mapped in [address, address + size). */
bool space_is_free(uint64_t address, uint64_t size);

#endif /* IMAGE_START_CPU_SPACE_X86_64_H */
