/* SPDX-License-Identifier: MIT */
/*
 * The program started once more for an image: at the same addresses each time, with libc's functions for every
 * x86-64 CPU, and with nothing random and nothing of the user's in its memory.
 */
#ifndef IMAGE_FRESH_PROCESS_H
#define IMAGE_FRESH_PROCESS_H

#include "base/error.h"

/* Set in the program that was started so: the number of the descriptor that its payload goes to. */
#define FRESH_PROCESS_VARIABLE "RING0_IMAGE"

/* And the command line for the image. */
#define FRESH_PROCESS_WORDS "RING0_IMAGE_WORDS"

/*
 * Run it to its end, with a descriptor to write to. Returns 0 or -errno with a message; -ECHILD without one if it
 * failed, having said why. `*varies` is set to why two such programs are not the same here, or NULL.
 */
int fresh_process_run(int fd, const char *words, const char **varies, struct error *error);

#endif /* IMAGE_FRESH_PROCESS_H */
