/* SPDX-License-Identifier: MIT */
/* .map: guest-physical memory at virtual addresses that kernels assume, their own above 0xffffffff80000000. */
#include <ring0.h>
#include <ring0/x86.h>

#define RAM  0x40000000ull
#define SIZE 0x400000ull
#define KERN 0xffffffff80000000ull

static volatile uint32_t *at(uint64_t address)
{
	return (volatile uint32_t *)address;
}

R0_TEST(window, shows_memory, .ram = R0_RAM({ RAM, RAM + SIZE }),
	.map = R0_MAP({ KERN, RAM, SIZE }))
{
	*at(KERN + SIZE - 4) = 0x1234;
	R0_ASSERT_EQ(*at(RAM + SIZE - 4), 0x1234);
	*at(RAM) = 7;
	R0_ASSERT_EQ(*at(KERN), 7);
}

static void read_window(void *address)
{
	(void)*(volatile uint32_t *)address;
}

R0_TEST(window, is_gone)
{
	struct r0_fault fault = r0_try(read_window, (void *)KERN);

	R0_ASSERT_EQ(fault.vector, R0_PF);
	R0_ASSERT_EQ(fault.error_code, 0);
}

/* Nothing but page tables change, which a CPU may remember. */
R0_TEST(window, of_a_device, .irqchip = true, .map = R0_MAP({ KERN, 0xfec00000, 4096 }))
{
	*at(KERN) = 1; /* IOREGSEL: the version */
	R0_ASSERT_NE(*at(KERN + 0x10), 0);
}

R0_TEST(window, of_a_device_is_gone, .irqchip = true)
{
	R0_ASSERT_EQ(r0_try(read_window, (void *)KERN).vector, R0_PF);
}

static long read_in_ring_3(void *address)
{
	return *(volatile uint32_t *)address;
}

R0_TEST(window, is_ring_0_s_alone, .ram = R0_RAM({ RAM, RAM + SIZE }),
	.map = R0_MAP({ KERN, RAM, SIZE }))
{
	R0_ASSERT_EQ(r0_user_call(read_in_ring_3, (void *)KERN).vector, R0_PF);
}

R0_TEST(window, of_single_pages, .ram = R0_RAM({ RAM, RAM + SIZE }),
	.map = R0_MAP({ KERN, RAM + 0x3000, 0x1000 }, { KERN + 0x1000, RAM, 0x1000 }))
{
	*at(RAM) = 1;
	*at(RAM + 0x3000) = 2;
	R0_ASSERT_EQ(*at(KERN), 2);
	R0_ASSERT_EQ(*at(KERN + 0x1000), 1);
}
