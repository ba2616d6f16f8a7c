/* SPDX-License-Identifier: MIT */
/* How fast the TSC counts: by CPUID where that says it, else beside a timer whose frequency is known. */
#include "image/start/hardware/clock_x86_64.h"
#include <ring0/x86.h>
#include "image/start/hardware/acpi_x86_64.h"
#include "image/start/hardware/hypervisor_x86_64.h"
#include "image/start/hardware/measure.h"

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

static uint64_t tsc_now(void)
{
	return r0_rdtsc();
}

static uint64_t hpet(uint32_t offset)
{
	return *(volatile uint64_t *)r0_direct(acpi.hpet + offset);
}

static uint64_t hpet_now(void)
{
	return hpet(R0_HPET_COUNTER);
}

static uint64_t by_hpet(const char **from)
{
	struct measure measure = { hpet_now, tsc_now, 0xffffffffu, 0 };
	uint64_t period, configuration;
	struct measured counted;

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
	measure.wanted = SAMPLE_NS * 1000000 / period;
	counted = measure_once(&measure);
	*(volatile uint64_t *)r0_direct(acpi.hpet + R0_HPET_CONFIGURATION) = configuration;
	return counted.known ? scale(counted.unknown, 1000000000000ull, counted.known * period) : 0;
}

static uint64_t pm_timer_now(void)
{
	return r0_in32(acpi.pm_timer);
}

static uint64_t by_pm_timer(const char **from)
{
	const struct measure measure = { pm_timer_now, tsc_now, PM_TIMER_MASK,
					 PM_TIMER_HZ * SAMPLE_NS / 1000000000 };
	struct measured counted;

	*from = "ACPI's timer";
	if (!acpi.pm_timer)
		return 0;
	counted = measure_once(&measure);
	return counted.known ? scale(counted.unknown, PM_TIMER_HZ, counted.known * 1000) : 0;
}

/* The PIT counts down. */
static uint64_t pit_2_now(void)
{
	return 0xffffu - r0_pit_count(2);
}

static uint64_t pit_0_now(void)
{
	return 0xffffu - r0_pit_count(0);
}

/* It begins anew after 55 ms, which a virtual machine may be away for. */
static uint64_t by_pit_channel(uint64_t (*now)(void))
{
	const struct measure measure = { now, tsc_now, 0xffff, R0_PIT_HZ * SAMPLE_NS / 1000000000 };
	struct measured counted = measure_slowest(&measure);

	return counted.known ? scale(counted.unknown, R0_PIT_HZ, counted.known * 1000) : 0;
}

/* Channel 2, whose gate is software's; nothing of a test's timer is touched. */
static uint64_t by_pit(const char **from)
{
	uint64_t khz;

	*from = "the PIT";
	r0_pit_set_gate_2(true);
	r0_pit_start(2, R0_PIT_RATE_GENERATOR, 0);
	khz = by_pit_channel(pit_2_now);
	r0_pit_set_gate_2(false);
	return khz;
}

/* Channel 0, where there is no port for channel 2. */
static uint64_t by_pit_count(const char **from)
{
	uint64_t khz;

	*from = "the PIT";
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, 0);
	khz = by_pit_channel(pit_0_now);
	r0_pit_stop(0);
	return khz;
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
