/* SPDX-License-Identifier: MIT */
/* What RING0_LAB=auto adds. */
#ifndef COMMAND_LAB_KERNELS_MISSING_H
#define COMMAND_LAB_KERNELS_MISSING_H

#include "command/lab/options.h"

/* With RING0_LAB=auto, get a kernel if there is none. */
int lab_fetch_missing(const struct lab_options *options);

#endif /* COMMAND_LAB_KERNELS_MISSING_H */
