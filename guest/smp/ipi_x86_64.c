/* SPDX-License-Identifier: MIT */
/* Interrupts from CPU to CPU, by their local APICs. */
#include <ring0.h>
#include <ring0/x86.h>
#include "guest/entry/entry.h"
#include "guest/host/require.h"
#include "guest/smp/smp.h"

/* The ICR has two halves in xAPIC mode: no interrupt may send between them. */
static void send_by_icr(uint32_t destination, uint32_t icr)
{
	uint64_t rflags = r0_read_rflags();

	r0_cli();
	r0_apic_send_ipi(destination, icr | R0_APIC_ASSERT);
	r0_write_rflags(rflags);
	/* The host hears of no interrupt: CPUs that had no work before run now, and not a moment later. */
	if (!r0_guest.has_sent && r0_cpu_count() > 1) {
		r0_guest.has_sent = 1;
		r0_ask(R0_MESSAGE_SENT, 0, 0);
	}
}

static uint32_t apic_id(unsigned int number)
{
	return (uint32_t)r0_cpu_at(&r0_guest, number)->apic_id;
}

/* SDM vol. 3A, 10.5.2: the vectors up to 15 are illegal in an interrupt message. */
static void require_vector(const char *function, int vector)
{
	require_guest(function);
	if (vector < 16 || vector > 255)
		r0_panic("%s() was given the vector %d, and it takes 16 to 255", function, vector);
}

void r0_send_ipi(unsigned int number, int vector)
{
	require_cpu(__func__, number);
	require_vector(__func__, vector);
	send_by_icr(apic_id(number), R0_APIC_FIXED | (uint32_t)vector);
}

void r0_send_nmi(unsigned int number)
{
	require_cpu(__func__, number);
	send_by_icr(apic_id(number), R0_APIC_NMI);
}

void r0_send_ipi_to_others(int vector)
{
	require_vector(__func__, vector);
	send_by_icr(0, R0_APIC_TO_OTHERS | R0_APIC_FIXED | (uint32_t)vector);
}

void r0_send_nmi_to_others(void)
{
	require_guest(__func__);
	send_by_icr(0, R0_APIC_TO_OTHERS | R0_APIC_NMI);
}
