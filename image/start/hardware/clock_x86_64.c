/* SPDX-License-Identifier: MIT */
/* How fast the TSC counts: by CPUID where that says it, else beside a timer whose frequency is known. */
#include "image/start/hardware/clock_x86_64.h"
#include <ring0/x86.h>
#include "image/start/hardware/acpi_x86_64.h"
#include "image/start/hardware/hypervisor_x86_64.h"

/* Hypervisors that follow VMware's have the TSC's kHz there. */
#define HYPERVISOR_TSC_LEAF 0x40000010u

/* Xen, public/arch-x86/cpuid.h: leaf 4, whose subleaf 0 has the guest's kHz in ECX. */
#define XEN_TIME_LEAF 0x40000003u

#define TSC_LEAF 0x15 /* SDM vol. 2A, CPUID */

/* For how long to count. */
#define SAMPLE_NS 2000000ull

/* ACPI 6.5, 4.8.3.3: 24 bits at least, at 3.579545 MHz. */
#define PM_TIMER_HZ   3579545ull
#define PM_TIMER_MASK 0xffffffu

/* A timer that does not count by then is none. */
#define LOOKS	    10000000u
#define FIRST_LOOKS 10000u

struct clock tsc_clock = { 1000000, "a guess" };

/* a * b / c, of which the product has 128 bits. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t quotient, remainder;

	__asm__("mulq %3\n\tdivq %4"
		: "=&a"(quotient), "=&d"(remainder)
		: "0"(a), "r"(b), "r"(c)
		: "cc");
	return quotient;
}

static uint64_t by_cpuid(const char **from)
{
	struct r0_cpuid_result leaf;

	*from = "the hypervisor's CPUID";
	if (hypervisor.last_leaf >= HYPERVISOR_TSC_LEAF) {
		leaf = r0_cpuid(HYPERVISOR_TSC_LEAF, 0);
		if (leaf.eax)
			return leaf.eax;
	}
	if (hypervisor_is_xen()) {
		leaf = r0_cpuid(XEN_TIME_LEAF, 0);
		if (leaf.ecx)
			return leaf.ecx;
	}
	*from = "CPUID";
	leaf = r0_cpuid(0, 0);
	if (leaf.eax < TSC_LEAF)
		return 0;
	leaf = r0_cpuid(TSC_LEAF, 0);
	if (!leaf.eax || !leaf.ebx || !leaf.ecx)
		return 0;
	return (uint64_t)leaf.ecx * leaf.ebx / leaf.eax / 1000;
}

static uint64_t hpet(uint32_t offset)
{
	return *(volatile uint64_t *)r0_direct(acpi.hpet + offset);
}

static uint64_t by_hpet(const char **from)
{
	uint64_t period, ticks, start, tsc, configuration, looks;

	*from = "the HPET";
	if (!acpi.hpet)
		return 0;
	period = R0_HPET_PERIOD(hpet(R0_HPET_CAPABILITIES));
	/* 2.3.4: not above 100 ns. */
	if (!period || period > 100000000)
		return 0;
	configuration = hpet(R0_HPET_CONFIGURATION);
	*(volatile uint64_t *)r0_direct(acpi.hpet + R0_HPET_CONFIGURATION) = configuration |
									     R0_HPET_ENABLE;
	ticks = SAMPLE_NS * 1000000 / period;
	start = hpet(R0_HPET_COUNTER);
	tsc = r0_rdtsc();
	for (looks = 0; looks < LOOKS && hpet(R0_HPET_COUNTER) - start < ticks; looks++)
		if (looks == FIRST_LOOKS && hpet(R0_HPET_COUNTER) == start)
			break;
	ticks = hpet(R0_HPET_COUNTER) - start;
	tsc = r0_rdtsc() - tsc;
	*(volatile uint64_t *)r0_direct(acpi.hpet + R0_HPET_CONFIGURATION) = configuration;
	return ticks && looks < LOOKS ? scale(tsc, 1000000000000ull, ticks * period) : 0;
}

static uint64_t by_pm_timer(const char **from)
{
	const uint64_t wanted = PM_TIMER_HZ * SAMPLE_NS / 1000000000;
	uint64_t start, tsc, ticks = 0, looks;

	*from = "ACPI's timer";
	if (!acpi.pm_timer)
		return 0;
	start = r0_in32(acpi.pm_timer);
	tsc = r0_rdtsc();
	for (looks = 0; looks < LOOKS && ticks < wanted; looks++) {
		ticks = (r0_in32(acpi.pm_timer) - start) & PM_TIMER_MASK;
		if (looks == FIRST_LOOKS && !ticks)
			break;
	}
	tsc = r0_rdtsc() - tsc;
	return ticks >= wanted ? scale(tsc, PM_TIMER_HZ, ticks * 1000) : 0;
}

/* Channel 2, whose gate and output are software's; nothing of a test's timer is touched. */
static uint64_t by_pit(const char **from)
{
	const uint64_t count = R0_PIT_HZ * SAMPLE_NS / 1000000000;
	uint64_t tsc, looks;

	*from = "the PIT";
	r0_pit_set_gate_2(false);
	r0_pit_start(2, R0_PIT_ON_TERMINAL_COUNT, (uint16_t)count);
	r0_pit_set_gate_2(true);
	tsc = r0_rdtsc();
	/* An absent one reads as all ones, at once. */
	for (looks = 0; looks < LOOKS / 10 && !r0_pit_output_2(); looks++)
		;
	tsc = r0_rdtsc() - tsc;
	r0_pit_set_gate_2(false);
	return looks > 2 && looks < LOOKS / 10 ? scale(tsc, R0_PIT_HZ, count * 1000) : 0;
}

/* Channel 0, where there is no port for channel 2. */
static uint64_t by_pit_count(const char **from)
{
	const uint16_t wanted = (uint16_t)(R0_PIT_HZ * SAMPLE_NS / 1000000000);
	uint16_t first, passed = 0;
	uint64_t tsc, looks;

	*from = "the PIT";
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, 0);
	first = r0_pit_count(0);
	tsc = r0_rdtsc();
	for (looks = 0; looks < LOOKS / 10 && passed < wanted; looks++) {
		passed = (uint16_t)(first - r0_pit_count(0));
		if (looks == FIRST_LOOKS && !passed)
			break;
	}
	tsc = r0_rdtsc() - tsc;
	r0_pit_stop(0);
	return passed >= wanted && passed < 0x8000 ?
		       scale(tsc, R0_PIT_HZ, (uint64_t)passed * 1000) :
		       0;
}

void clock_init(void)
{
	static uint64_t (*const ways[])(const char **from) = { by_cpuid, by_hpet, by_pm_timer,
							       by_pit, by_pit_count };
	unsigned int i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *from;
		uint64_t khz = ways[i](&from);

		if (khz < 1000)
			continue;
		tsc_clock = (struct clock){ khz, from };
		return;
	}
}

uint64_t clock_now(void)
{
	return scale(r0_rdtsc(), 1000000, tsc_clock.khz);
}

uint64_t clock_ticks(uint64_t nanoseconds)
{
	return scale(nanoseconds, tsc_clock.khz, 1000000);
}
