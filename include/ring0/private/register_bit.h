/* SPDX-License-Identifier: MIT */
/* The name of a bit of a register; a list of them ends with an empty one. */
#ifndef RING0_PRIVATE_REGISTER_BIT_H
#define RING0_PRIVATE_REGISTER_BIT_H

/* Text, not pointers: see guest/entry/vector_x86_64.c. */
struct r0_register_bit {
	unsigned char bit;
	char name[11];
};

#endif /* RING0_PRIVATE_REGISTER_BIT_H */
