/* SPDX-License-Identifier: MIT */
/*
 * What things cost in ring 0: an exit from the VM, an exception and back, ring 3 and back, a TLB miss, an IPI.
 *
 *	./benchmark_test --format json=before.json
 *	./benchmark_test --compare before.json
 */
#include <ring0.h>
#include <ring0/x86.h>

R0_BENCHMARK(exit, by_a_port, .ioports = R0_IOPORTS({ 0x80, 0 }))
{
	R0_MEASURE
	{
		r0_out8(0x80, 0);
	}
}

static void skip(struct r0_frame *frame)
{
	frame->rip += 2; /* UD2 is two bytes long */
}

R0_BENCHMARK(exception, and_back)
{
	r0_set_handler(R0_UD, skip);
	R0_MEASURE
	{
		r0_ud2();
	}
}

static long nothing(void *arg)
{
	(void)arg;
	return 0;
}

R0_BENCHMARK(ring3, and_back)
{
	R0_MEASURE
	{
		r0_user_call(nothing, NULL);
	}
}

static volatile char page[4096] __attribute__((aligned(4096)));

R0_BENCHMARK(tlb, hit)
{
	R0_MEASURE
	{
		(void)page[0];
	}
}

R0_BENCHMARK(tlb, invlpg_and_miss)
{
	R0_MEASURE
	{
		r0_invlpg((void *)page);
		(void)page[0];
	}
}

static volatile unsigned int ticks;

static void tick(struct r0_frame *frame)
{
	(void)frame;
	ticks++;
	r0_apic_eoi();
}

R0_BENCHMARK(ipi, until_it_is_handled, .cpus = 2)
{
	r0_set_handler(0x40, tick);
	R0_MEASURE
	{
		unsigned int before = ticks;

		r0_send_ipi(1, 0x40);
		while (ticks == before)
			r0_pause();
	}
}

static bool is_there(const volatile char *address)
{
	struct r0_try try;

	if (r0_try_begin(&try))
		return false;
	(void)*address;
	r0_try_end(&try);
	return true;
}

/* Not all that is measured is time. */
R0_TEST(stack, depth)
{
	const volatile char *here = __builtin_frame_address(0);
	int64_t pages = 0;

	while (is_there(here - pages * 4096))
		pages++;
	r0_value("below the test", "pages", pages);
}
