/* SPDX-License-Identifier: MIT */
/* A payload with its pages compressed. */
#ifndef IMAGE_PACK_H
#define IMAGE_PACK_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* A packed copy of a payload, in memory for free(). Returns 0 or -ENOMEM. */
int pack_payload(const uint8_t *payload, uint8_t **packed, size_t *size, struct error *error);

#endif /* IMAGE_PACK_H */
