/* SPDX-License-Identifier: MIT */
/*
 * The environment that an image gets as its first module: lines NAME=VALUE. First those that whoever runs the image
 * fills in, then what the user has, then the errata: for each commit of errata.txt, whether the host's kernel has it.
 * Pure: depends on libc only.
 */
#ifndef SUITE_ENVIRONMENT_H
#define SUITE_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"
#include "base/error.h"

/* kvm-unit-tests takes no more of it: lib/x86/setup.c. */
#define SUITE_ENVIRONMENT_MAX 16384

struct suite_environment {
	const char *ring0_version;
	const char *kernel_release; /* as uname(2) has it */
	unsigned int cpus, memory_mib;
	const char *user;   /* the user's lines, or NULL */
	const char *errata; /* the text of errata.txt, or NULL */
	bool force_errata;  /* have all of them */
	/* What the caller's own environment says of ERRATA_…, or NULL. */
	const char *(*erratum)(const char *name);
};

/*
 * Append it to a text. A name of the first kind can't be the user's. Returns 0; -EINVAL with the number of the
 * line of errata.txt that is none; -E2BIG for more than an image takes; -ENOMEM.
 */
int suite_environment_write(const struct suite_environment *environment, struct buffer *text,
			    struct error *error);

#endif /* SUITE_ENVIRONMENT_H */
