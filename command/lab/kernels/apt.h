/* SPDX-License-Identifier: MIT */
/* Packages, with lists and state of our own. */
#ifndef COMMAND_LAB_KERNELS_APT_H
#define COMMAND_LAB_KERNELS_APT_H

#include <stdbool.h>
#include <stdint.h>

#include "command/lab/architectures.h"
#include "command/lab/strings.h"

struct lab_apt {
	const struct lab_architecture *architecture;
	const char *directory; /* for all of it, and where commands run */
	char *log;	       /* a file with what they said */
	uint64_t awaited; /* bytes that are to be downloaded, for a line that shows how it goes */
	/* Shows how it goes, on a terminal, instead; what was in the log before is not counted. */
	void (*show)(const struct lab_apt *apt);
	unsigned int lines;
};

/* Have apt take this directory for all that it writes, and the system's sources, keys and proxies. */
int lab_apt_configure(struct lab_apt *apt);
/* Run a command to its end, its output in a file of that name or in the log. Its wait status. */
int lab_apt_run(const struct lab_apt *apt, const char *output, const char *const *argv);
/* The first line in the log that has that text, or for NULL the last; for free(), NULL for none. */
char *lab_apt_said(const struct lab_apt *apt, const char *text);
/* What the lists have on a package: the names that it depends on, and its size. False for nothing. */
bool lab_apt_show(const struct lab_apt *apt, const char *package, struct lab_strings *depends,
		  uint64_t *size);

#endif /* COMMAND_LAB_KERNELS_APT_H */
