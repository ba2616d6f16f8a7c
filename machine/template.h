/* SPDX-License-Identifier: MIT */
/* What all machines of a program are made from. */
#ifndef MACHINE_TEMPLATE_H
#define MACHINE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include "machine/entry.h"
#include "mirror/mirror.h"

/* The program as it was, and the KVM to run it on. Does not change once it is made. */
struct template
{
	struct kvm *kvm;
	struct mirror *mirror;
	struct counters counters; /* that the machines give back to the process */
	struct entry entry;
	bool software; /* a KVM that emulates ring 0: see docs/hosts.md */
};

/*
 * Take a template of the calling program, with the calling thread's TLS, for machines with up to
 * `cpus` CPUs. `reserved` are guest-physical ranges that tests declare. Returns 0 or -errno; -ENODEV,
 * -ENOENT, -EACCES and the like where there is no usable KVM; -ENOTSUP for coverage that can't be had.
 * template_destroy() releases it, after its
 * machines.
 */
int template_create(struct template **template, const struct mirror_range *reserved, size_t count,
		    unsigned int cpus, struct error *error);
void template_destroy(struct template *template);

/* Whether that error of template_create() means that this host has no KVM to use. */
bool template_error_is_no_kvm(int err);

#endif /* MACHINE_TEMPLATE_H */
