/* SPDX-License-Identifier: MIT */
/*
 * Objects of a kernel's that are linked at the addresses of kernels, in the upper half of the address space, where
 * a process can have nothing: the program carries them as data, and its mirror has them where they belong.
 */
#ifndef MIRROR_UPPER_HALF_H
#define MIRROR_UPPER_HALF_H

#include <ring0/private/upper_half.h>
#include "mirror/mirror.h"

/* The program's segments. Returns how many; 0 in a program without. */
size_t upper_half_list(const struct r0_upper_half **segments);

/* Add them to a mirror's parts, of which there is room for that many more. */
void upper_half_add(struct mirror *mirror);

/* The segment that has an address, or NULL. */
const struct r0_upper_half *upper_half_find(uint64_t address);

/* Where the process has what is at an address: elsewhere, if a segment has it. */
uint64_t upper_half_source(uint64_t address);

/*
 * Whether all of them are where they can be: apart from each other, in the upper half, and not where ring 0 has
 * its direct map. Returns 0; -EINVAL with a message.
 */
int upper_half_check(uint64_t direct_map, struct error *error);

#endif /* MIRROR_UPPER_HALF_H */
