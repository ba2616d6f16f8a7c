/* SPDX-License-Identifier: MIT */
/* From a member to the structure that it is in. */
#ifndef BASE_CONTAINER_OF_H
#define BASE_CONTAINER_OF_H

#include <stddef.h>

/* The `type` whose `member` is at `pointer`, which is checked to point to what that member is. */
#define container_of(pointer, type, member) \
	((type *)((char *)(1 ? (pointer) : &((type *)NULL)->member) - offsetof(type, member)))

#endif /* BASE_CONTAINER_OF_H */
