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

#endif /* SUITE_VMM_PARAMETERS_H */
