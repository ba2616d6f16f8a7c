/* SPDX-License-Identifier: MIT */
/*
 * Variables of the program that nobody defined, which `ring0 stubs` has on pages of their own: absent in the VM
 * until they are touched, so that it is seen who reads what nobody set.
 */
#ifndef MACHINE_UNSET_H
#define MACHINE_UNSET_H

#include "mirror/mirror.h"

/* Their pages; empty in a program without. */
struct mirror_range unset_range(void);

/* The name of the one at an address, or NULL. */
const char *unset_name(uint64_t address);

#endif /* MACHINE_UNSET_H */
