/* SPDX-License-Identifier: MIT */
/* Interrupts from CPU to CPU: the GIC's SGIs. IHI 0069, 12.2.20, ICC_SGI1R_EL1. */
#include <ring0.h>
#include <ring0/arm64.h>
#include "guest/host/require.h"
#include "guest/smp/smp.h"

#define SGIS	     16
#define INTID_SHIFT  24
#define AFF1_SHIFT   16
#define CLUSTER_SIZE 16u

/* Before the interrupt comes, what was stored is seen: B2.3.11. */
static void send(uint64_t to, int vector)
{
	r0_dsb(ishst);
	r0_icc_write(SGI1R, to | (uint64_t)(vector - R0_INTID(0)) << INTID_SHIFT);
	r0_isb();
}

static void require_sgi(const char *function, int vector)
{
	require_guest(function);
	if (vector < R0_INTID(0) || vector >= R0_INTID(SGIS))
		r0_panic("%s() was given the vector %d, and it takes R0_INTID(0) to R0_INTID(15)",
			 function, vector);
}

void r0_send_ipi(unsigned int number, int vector)
{
	require_cpu(__func__, number);
	require_sgi(__func__, vector);
	send((uint64_t)(number / CLUSTER_SIZE) << AFF1_SHIFT | 1ul << number % CLUSTER_SIZE,
	     vector);
}

void r0_send_ipi_to_others(int vector)
{
	require_sgi(__func__, vector);
	send(R0_ICC_SGI1R_OTHERS, vector);
}
