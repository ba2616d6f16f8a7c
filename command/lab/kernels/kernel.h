/* SPDX-License-Identifier: MIT */
/* The kernel and its modules. */
#ifndef COMMAND_LAB_KERNELS_KERNEL_H
#define COMMAND_LAB_KERNELS_KERNEL_H

#include <stdbool.h>

#include "command/lab/options.h"

struct lab_kernel {
	char *path;		   /* the kernel, as found */
	char *modules;		   /* lib/modules/VERSION, or NULL where all is built in */
	struct lab_strings needed; /* paths of modules, each after those it needs */
	bool lacks_kvm;		   /* neither as a module nor built in */
};

int lab_kernel_find(const struct lab_options *options, struct lab_kernel *kernel);
/* Refuse one that has no KVM. */
int lab_kernel_check(const struct lab_options *options, const struct lab_kernel *kernel);
/* Whether none is named, and none is in the cache. */
bool lab_kernel_is_missing(const struct lab_options *options);
void lab_kernel_finish(struct lab_kernel *kernel);

#endif /* COMMAND_LAB_KERNELS_KERNEL_H */
