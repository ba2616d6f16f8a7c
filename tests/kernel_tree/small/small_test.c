/* SPDX-License-Identifier: MIT */
/* Tests of a kernel that is not Linux. Compiled with its flags. */
#include "small.h"
#include <ring0.h>
#include "kernel_objects.h"

/* The kernel has its own memory at KERNBASE; what is free of it begins at 4 MiB. */
#define FREE 0x400000
#define MEMORY \
	.ram = R0_RAM({ FREE, FREE + 0x100000 }), .map = R0_MAP({ KERNBASE + FREE, FREE, 0x100000 })

__thread struct process *current;

static void init(void)
{
	memory_init(P2V(FREE), P2V(FREE + 0x10000));
}

R0_TEST(pages, are_taken_and_given_back, MEMORY, .setup = init)
{
	void *first = page_take();
	int count;

	R0_ASSERT_GE((u64)first, KERNBASE + FREE);
	page_give(first);
	R0_ASSERT_EQ(page_take(), first);
	for (count = 1; page_take(); count++)
		;
	R0_ASSERT_EQ(count, 16);
}

static void fake_panic(const char *why)
{
	r0_panic("%s", why);
}

R0_TEST(pages, one_that_is_none, MEMORY, .replace = R0_REPLACE((panic, fake_panic)),
	.should_panic = true, .panic_message = "page_give")
{
	page_give((void *)0x1000);
}

R0_TEST(tables, map_and_find, MEMORY, .setup = init)
{
	u64 *tables = tables_make();

	R0_ASSERT_EQ(tables_map(tables, 0x7000, FREE + 0x20000, 6), 0);
	R0_ASSERT_EQ(tables_find(tables, 0x7123), P2V(FREE + 0x20123));
	R0_ASSERT_EQ(tables_find(tables, 0x8000), NULL);
}

R0_TEST(tables, copy_out_over_two_pages, MEMORY, .setup = init)
{
	u64 *tables = tables_make();

	tables_map(tables, 0x7000, FREE + 0x30000, 6);
	tables_map(tables, 0x8000, FREE + 0x20000, 6);
	R0_ASSERT_EQ(copy_out(tables, 0x7ffe, "abcd", 4), 0);
	R0_ASSERT_MEMEQ(P2V(FREE + 0x30ffe), "ab", 2);
	R0_ASSERT_MEMEQ(P2V(FREE + 0x20000), "cd", 2);
	R0_ASSERT_EQ(copy_out(tables, 0x8ffe, "abcd", 4), -1);
}

static bool is_in_the_upper_half(void)
{
	return (u64)memory_start >= KERNBASE;
}

R0_TEST(tables, kernel_has_a_physical_address, .when = is_in_the_upper_half)
{
	R0_ASSERT_EQ(physical_start(), (u64)memory_start - KERNBASE);
	R0_ASSERT_GE(physical_start(), 0x1000000);
}

/* As if the child had run, and was over. */
static void run_child(void)
{
	current = &processes[1];
	current->status = 7;
	current->state = GONE;
	wakeup(&processes[0]);
	current = &processes[0];
}

R0_TEST(process, waits_for_its_child, .replace = R0_REPLACE((schedule, run_child)))
{
	current = &processes[0];
	processes[1].parent = current;
	R0_ASSERT_EQ(wait(), 7);
	R0_ASSERT_EQ(processes[1].parent, NULL);
}

static void nothing(void)
{
}

R0_TEST(process, exit_wakes_the_parent, .replace = R0_REPLACE((schedule, nothing)))
{
	processes[0] = (struct process){ .state = SLEEPS, .channel = &processes[0] };
	processes[1].parent = &processes[0];
	current = &processes[1];
	exit(3);
	R0_ASSERT_EQ(processes[0].state, RUNS);
	R0_ASSERT_EQ(processes[1].status, 3);
}
