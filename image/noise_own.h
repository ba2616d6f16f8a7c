/* SPDX-License-Identifier: MIT */
/* What an architecture's CPU brings into a program that is another each time. */
#ifndef IMAGE_NOISE_OWN_H
#define IMAGE_NOISE_OWN_H

#include <stddef.h>
#include <stdint.h>

/* Zero the number of the CPU in those pages of a program. */
void noise_remove_cpu(uint8_t *bytes, size_t size);

#endif /* IMAGE_NOISE_OWN_H */
