/* SPDX-License-Identifier: MIT */
/* Writing the disc that a machine in Bochs boots from and listens to: disc.h. */
#ifndef COMMAND_LAB_EMULATORS_BOCHS_DISC_H
#define COMMAND_LAB_EMULATORS_BOCHS_DISC_H

#include <stddef.h>
#include <stdint.h>

struct lab_bochs_boot {
	int image, initramfs; /* descriptors */
	unsigned int memory;  /* MB */
	unsigned int cpus;
	const char *command_line;
};

/* A disc to boot from, or one without anything to boot if `boot` is NULL. 0 or -errno. */
int lab_disc_make(const struct lab_bochs_boot *boot, int *file, uint64_t *session);
/* Add to the stream, of which *written bytes are there. 0 or -errno. */
int lab_disc_append(int file, const void *data, size_t size, uint64_t *written);

#endif /* COMMAND_LAB_EMULATORS_BOCHS_DISC_H */
