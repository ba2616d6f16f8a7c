/* SPDX-License-Identifier: MIT */
/*
 * The machine that a test of a unittests.cfg asks for: by `smp`, and in the parameters that the file has for QEMU,
 * each of which has its meaning here or is refused by name. Pure: depends on libc only.
 */
#ifndef SUITE_VMM_PARAMETERS_H
#define SUITE_VMM_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

/* What QEMU takes where nothing is said. */
#define SUITE_MEMORY_MIB 128

struct suite_machine {
	unsigned int cpus;
	unsigned int memory_mib;
	char *cpu;	 /* as `ring0 boot --cpu` has it, or NULL */
	char *arguments; /* of -append, or NULL */
	bool split_irqchip;
	bool no_pit;
	bool iommu;
	bool waits_inside; /* in `cpu`, too */
};

/*
 * Read words like "-cpu" "max,+svm" "-m" "4g" into a machine with SUITE_MEMORY_MIB and a CPU, or with
 * what it has already. Returns 0; -EOPNOTSUPP with one line that names the parameter that has no meaning here;
 * -ENOMEM. suite_machine_finish() in any case.
 */
int suite_machine_read(struct suite_machine *machine, char *const *words, size_t count,
		       struct error *error);
void suite_machine_finish(struct suite_machine *machine);

/* ---- of the architecture ---- */

/* Whether a test for QEMU's machine of that name, or with images for that architecture, is one for here. */
bool suite_machine_is_here(const char *name);
bool suite_runs_architecture(const char *name);

/* Whether a machine's CPUs may be other ones than the host's. */
extern const bool suite_has_models;

/* Where its unittests.cfg is in a tree of kvm-unit-tests. */
extern const char suite_own_directory[];

/* How an image is started of which only its name says so, as `ring0 boot --protocol` has it, or NULL. */
const char *suite_own_protocol(const char *path);

#endif /* SUITE_VMM_PARAMETERS_H */
