/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries of a test's own, at addresses that the program doesn't use, in the page
 * tables that ring 0 runs on.
 */
#ifndef TESTS_GUEST_MAPPING_H
#define TESTS_GUEST_MAPPING_H

#include <ring0/x86.h>

/* One PML4 entry's addresses: Linux gives a program none of these unless it asks for them. */
#define MAPPING_CODE  0x600000000000ul /* run_in_ring3()'s */
#define MAPPING_STACK 0x600000002000ul /* run_in_ring3()'s */
#define MAPPING_TEST  0x600000200000ul /* in a page table of its own */
#define MAPPING_LARGE 0x600040000000ul /* in a page directory of its own */

/* Below 4 GiB, for 32-bit code: under where the linker puts programs that are not PIE. */
#define MAPPING_LOW	  0x100000ul
#define MAPPING_LOW_STACK 0x102000ul
#define MAPPING_LOW_DATA  0x104000ul

/*
 * Set the entry of a level (1 to 3) for an address, making the tables above it as need be; those
 * grant all rights. Returns where the entry is.
 */
uint64_t *map(uint64_t address, int level, uint64_t entry);

#endif /* TESTS_GUEST_MAPPING_H */
