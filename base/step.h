/* SPDX-License-Identifier: MIT */
/* What a step of a loop leads to: the next one, or the loop's end. */
#ifndef BASE_STEP_H
#define BASE_STEP_H

enum step { STEP_ON, STEP_END };

#endif /* BASE_STEP_H */
