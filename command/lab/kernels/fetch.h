/* SPDX-License-Identifier: MIT */
/* A kernel from the packages. */
#ifndef COMMAND_LAB_KERNELS_FETCH_H
#define COMMAND_LAB_KERNELS_FETCH_H

#include "command/lab/architectures.h"

/* Get a kernel into the cache. */
int lab_fetch(const struct lab_architecture *architecture);

#endif /* COMMAND_LAB_KERNELS_FETCH_H */
