/* SPDX-License-Identifier: MIT */
/*
 * The text of a unittests.cfg, as kvm-unit-tests has it: sections with a name each, and keys with values in
 * them. What the values mean is others' affair. Pure: depends on libc only.
 */
#ifndef SUITE_CONFIGURATION_H
#define SUITE_CONFIGURATION_H

#include <stddef.h>
#include "base/error.h"

enum suite_key {
	SUITE_FILE,
	SUITE_SMP,
	SUITE_TEST_ARGS,
	SUITE_QEMU_PARAMS, /* also extra_params */
	SUITE_KVMTOOL_PARAMS,
	SUITE_GROUPS,
	SUITE_ARCH,
	SUITE_MACHINE,
	SUITE_CHECK,
	SUITE_ACCEL,
	SUITE_TIMEOUT,
	SUITE_DISABLED_IF,
	SUITE_KEYS,
};

struct suite_entry {
	char *name;
	int line;		  /* of the section's head, from 1 on */
	char *values[SUITE_KEYS]; /* as they are written; NULL for a key that is not there */
	char *problem;		  /* what is wrong with it, as one line, or NULL */
};

struct suite_configuration {
	struct suite_entry *entries;
	size_t count;
};

/* As the file has it; of qemu_params and extra_params the first. */
const char *suite_key_name(enum suite_key key);

/*
 * Take a text apart. What is wrong within a section is that entry's problem: an unknown key, a line that is no
 * key and value, a text without an end. Returns 0; -EINVAL, with the line's number, for what belongs to no section,
 * for a name that is empty, and for bytes that are no text; -ENOMEM. suite_configuration_finish() in any case.
 */
int suite_configuration_parse(struct suite_configuration *configuration, const char *text,
			      size_t size, struct error *error);
void suite_configuration_finish(struct suite_configuration *configuration);

#endif /* SUITE_CONFIGURATION_H */
