/* SPDX-License-Identifier: MIT */
/* Which registers a test's end neither puts back nor looks at, and whether a program writes to them. */
#ifndef MACHINE_OTHER_REGISTERS_AARCH64_H
#define MACHINE_OTHER_REGISTERS_AARCH64_H

#include <linux/kvm.h>
#include "mirror/mirror.h"

/*
 * Whether anything that the program may execute writes to a system register that guest/entry/entry_aarch64.S neither
 * puts back nor looks at when a test returns, or can't be looked at. Reads all of the program's code.
 */
bool other_registers_are_written(const struct mirror *mirror);

/* Whether KVM has a system register, in that list of a vCPU's, that is none of either kind. */
bool other_registers_are_listed(const struct kvm_reg_list *list);

#endif /* MACHINE_OTHER_REGISTERS_AARCH64_H */
