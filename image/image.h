/* SPDX-License-Identifier: MIT */
/*
 * Images: a program's tests as a kernel, for any virtual machine monitor and for hardware. The program is
 * started once more (image/fresh_process.h); that process freezes itself, and this one makes a file of it.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include "base/error.h"
#include "plan/plan.h"

/* How it is to be. */
struct image_wish {
	const char *words; /* a command line that comes before the boot loader's */
	bool packed;
};

/*
 * Write an image of the calling program to a file, which appears when it is whole: an EFI application if its name ends in
 * .efi, a medium for BIOS and UEFI if it ends in .iso, else an ELF kernel. Returns 0; -ECHILD without a message if the program that was started has said why
 * not; another -errno. What is to be known of the image is told on standard error.
 */
int image_write(const char *file, const struct image_wish *wish, struct error *error);

/* Whether the calling program was started for that. */
bool image_is_wanted(void);

/* Then: hand the image over, of all the program's cases. Returns 0 or -errno. */
int image_hand_over(const struct plan *plan, struct error *error);

#endif /* IMAGE_IMAGE_H */
