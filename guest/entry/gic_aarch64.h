/* SPDX-License-Identifier: MIT */
/* Which GIC the machine has, for what is asked at each interrupt: the register that tells leaves the guest. */
#ifndef GUEST_ENTRY_GIC_AARCH64_H
#define GUEST_ENTRY_GIC_AARCH64_H

#include <ring0/arm64/gic.h>
#include <ring0/private/abi.h>

/* 3 or 2: r0_gic_version(), read once in a test. */
static inline unsigned int gic_version(void)
{
	if (!r0_guest.gic_version)
		r0_guest.gic_version = r0_gic_version();
	return (unsigned int)r0_guest.gic_version;
}

#endif /* GUEST_ENTRY_GIC_AARCH64_H */
