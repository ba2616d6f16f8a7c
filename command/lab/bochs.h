/* SPDX-License-Identifier: MIT */
/*
 * Of Bochs: what its files share, beside lab.h.
 */
#ifndef COMMAND_LAB_BOCHS_H
#define COMMAND_LAB_BOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lab_architecture;

struct lab_options;

/* ---- bochs_program.c ---- */

#define LAB_BOCHS_MEMORY_MAX 2048 /* MB: gui/config.cc */

struct lab_bochs {
	unsigned int major, minor; /* its version; 0 if it is no Bochs */
	bool mended;		   /* by bochs.patch */
	bool has_nogui;		   /* so that it needs no display */
	bool has_debugger;	   /* which has to be told to start */
};

/* Where in the cache the one is that this lab builds, for free(). */
char *lab_bochs_directory(const char *cache);
/* The path of the one that is used, for free(), or NULL. */
char *lab_bochs_path(const struct lab_options *options);
bool lab_bochs_is_named(const struct lab_options *options);
void lab_bochs_examine(const char *path, struct lab_bochs *bochs);
/* See that there is one that can be used, and say what is wrong with it. 0 or enum lab_status. */
int lab_bochs_check(struct lab_options *options);

/* ---- fetch_bochs.c ---- */

/* From init.S: what is changed in Bochs, as patch(1) takes it. */
extern const unsigned char lab_bochs_patch[], lab_bochs_patch_end[];

/* Build it into the cache, unless it is there, or another one was named. */
int lab_fetch_bochs(const struct lab_options *options);

/* ---- disc.c ---- */

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

#endif /* COMMAND_LAB_BOCHS_H */
