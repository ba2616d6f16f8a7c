/* SPDX-License-Identifier: MIT */
/* A kernel's release, as uname(2) has it, taken apart as kvm-unit-tests does. Pure. */
#ifndef SUITE_KERNEL_RELEASE_H
#define SUITE_KERNEL_RELEASE_H

#include <stdbool.h>

/* "6.1.0-57-cloud-amd64": 6, 1, 0 and 57; -1 for what is not there. */
struct kernel_release {
	long version, patch_level, sub_level, extra_version;
};

/* Whether at least the first two are there. */
bool kernel_release_parse(struct kernel_release *release, const char *text);

/*
 * Whether a kernel is at least as new as that. Of what one of them does not say, 0 is thought of the wanted one,
 * and of the kernel that it may be older.
 */
bool kernel_release_is_new_enough(const struct kernel_release *kernel,
				  const struct kernel_release *wanted);

#endif /* SUITE_KERNEL_RELEASE_H */
