/* SPDX-License-Identifier: MIT */
/* What all machines of a program are made from. */
#ifndef MACHINE_TEMPLATE_H
#define MACHINE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include "machine/entry.h"
#include "mirror/mirror.h"
#include "replace/replace.h"

/* The program as it was, and the KVM to run it on. Does not change once it is made. */
struct template
{
	struct kvm *kvm;
	struct mirror *mirror;
	struct counters counters; /* that the machines give back to the process */
	struct replace *replace;  /* NULL if no test replaces a function */
	struct entry entry;
	bool software; /* a KVM that emulates ring 0: see docs/hosts.md */
};

/* What the tests ask for that are to run on a template's machines. */
struct template_needs {
	const struct r0_options *const *options; /* of all of them */
	size_t count;
	const struct mirror_range *reserved; /* guest-physical, that they declare */
	size_t reserved_count;
	unsigned int cpus; /* that one machine has, at most; at least 1 */
	/* Memory of the program's that each run leaves as the machine has it. */
	const struct mirror_range *counted;
	size_t counted_count;
};

/*
 * Take a template of the calling program, with the calling thread's TLS. Returns 0 or -errno; -ENODEV,
 * -ENOENT, -EACCES and the like where there is no usable KVM; -ENOTSUP for coverage that can't be had.
 * template_destroy() releases it, after its machines.
 */
int template_create(struct template **template, const struct template_needs *needs,
		    struct error *error);
void template_destroy(struct template *template);

/* Whether that error of template_create() means that this host has no KVM to use. */
bool template_error_is_no_kvm(int err);

#endif /* MACHINE_TEMPLATE_H */
