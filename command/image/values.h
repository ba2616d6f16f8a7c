/* SPDX-License-Identifier: MIT */
/* What a case of an image measured, as its log has it. Pure. */
#ifndef COMMAND_IMAGE_VALUES_H
#define COMMAND_IMAGE_VALUES_H

#include <ring0/call.h>

/*
 * Add the value of "time: 412.5 cycles (minimum 401, spread 3.5, 101 samples)" to the result's. Returns 0; -EINVAL for
 * what is none; -ENOMEM.
 */
int image_values_add(struct r0_result *result, const char *text);

#endif /* COMMAND_IMAGE_VALUES_H */
