/* SPDX-License-Identifier: MIT */
/* What a GIC of either version says of itself, for tests of both. */
#ifndef TESTS_ARM64_GIC_STATE_H
#define TESTS_ARM64_GIC_STATE_H

#include <ring0/arm64.h>

/* Whether the distributor forwards what r0_gic_enable() has come. */
static inline bool distributor_is_on(void)
{
	return r0_gicd_read(R0_GICD_CTLR) &
	       (r0_gic_version() == 3 ? R0_GICD_CTLR_GRP1 : R0_GICD_CTLR_GRP0);
}

/* Whether this CPU takes it. */
static inline bool interface_is_on(void)
{
	return (r0_gic_version() == 3 ? r0_icc_read(IGRPEN1) : r0_gicc_read(R0_GICC_CTLR)) & 1;
}

static inline void turn_interface_off(void)
{
	if (r0_gic_version() == 3)
		r0_icc_write(IGRPEN1, 0);
	else
		r0_gicc_write(R0_GICC_CTLR, 0);
}

/* Of priorities, as many bits as there are. */
static inline uint32_t priority_mask(void)
{
	return r0_gic_version() == 3 ? (uint32_t)r0_icc_read(PMR) : r0_gicc_read(R0_GICC_PMR);
}

/* The INTID that would be acknowledged next. */
static inline uint32_t highest_pending(void)
{
	return R0_GIC_INTID(r0_gic_version() == 3 ? (uint32_t)r0_icc_read(HPPIR1) :
						    r0_gicc_read(R0_GICC_HPPIR));
}

#endif /* TESTS_ARM64_GIC_STATE_H */
