/* SPDX-License-Identifier: MIT */
#ifndef IMAGE_START_CPU_LEVEL_X86_64_H
#define IMAGE_START_CPU_LEVEL_X86_64_H

/*
 * A feature that this CPU lacks of those that x86-64 has at a level, 2 to 4, and below: as the psABI calls it; NULL
 * if it has all.
 */
const char *level_lacks(unsigned int level);

#endif /* IMAGE_START_CPU_LEVEL_X86_64_H */
