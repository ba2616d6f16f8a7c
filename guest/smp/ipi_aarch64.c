/* SPDX-License-Identifier: MIT */
/* Interrupts from CPU to CPU: the GIC's SGIs. IHI 0069, 12.2.20, ICC_SGI1R_EL1; IHI 0048, 4.3.15, GICD_SGIR. */
#include <ring0.h>
#include <ring0/arm64.h>
#include "guest/entry/gic_aarch64.h"
#include "guest/host/require.h"
#include "guest/smp/smp.h"

#define SGIS	     16
#define INTID_SHIFT  24
#define TARGET_SHIFT 16
#define AFF1_SHIFT   16
#define CLUSTER_SIZE 16u

static void require_sgi(const char *function, int vector)
{
	require_guest(function);
	if (vector < R0_INTID(0) || vector >= R0_INTID(SGIS))
		r0_panic("%s() was given the vector %d, and it takes R0_INTID(0) to R0_INTID(15)",
			 function, vector);
}

/* Before the interrupt comes, what was stored is seen: B2.3.11. `to` is of the register that the GIC's version has. */
static void send(uint64_t to, int vector)
{
	const uint64_t sgi = (uint64_t)(vector - R0_INTID(0));

	r0_dsb(ishst);
	if (gic_version() == 3)
		r0_icc_write(SGI1R, to | sgi << INTID_SHIFT);
	else
		r0_gicd_write(R0_GICD_SGIR, (uint32_t)(to | sgi));
	r0_isb();
}

/* A GICv2 has eight CPUs at most. */
static uint64_t target(unsigned int number)
{
	if (gic_version() == 2)
		return 1ul << TARGET_SHIFT << number;
	return (uint64_t)(number / CLUSTER_SIZE) << AFF1_SHIFT | 1ul << number % CLUSTER_SIZE;
}

void r0_send_ipi(unsigned int number, int vector)
{
	require_cpu(__func__, number);
	require_sgi(__func__, vector);
	send(target(number), vector);
}

void r0_send_ipi_to_others(int vector)
{
	require_sgi(__func__, vector);
	send(gic_version() == 3 ? R0_ICC_SGI1R_OTHERS : R0_GICD_SGIR_OTHERS, vector);
}
