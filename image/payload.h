/* SPDX-License-Identifier: MIT */
/* A frozen program and its cases as the payload of an image: image/start/payload/format.h. */
#ifndef IMAGE_PAYLOAD_H
#define IMAGE_PAYLOAD_H

#include "image/frozen.h"
#include "plan/plan.h"

/*
 * Make the payload, of all the cases of a plan. `words` are the command line that comes before the boot loader's. Returns
 * 0 and memory for free(), or -errno.
 */
int payload_make(const struct frozen *frozen, const struct plan *plan, const char *words,
		 uint8_t **payload, size_t *size, struct error *error);

#endif /* IMAGE_PAYLOAD_H */
