/* SPDX-License-Identifier: MIT */
/*
 * Promises of the guest runtime that no other test would miss: the red zone of ring 3, what ring 3 may not
 * touch, and the reset of what comes in from a sparse mapping. To be run with --check-reset.
 */
#include <ring0.h>
#include <ring0/private/abi.h>
#include <ring0/x86.h>

/* A leaf function in ring 3 that has its variables below the stack pointer: System V ABI, 3.2.2. */
long use_red_zone(void *arg);
__asm__(".globl use_red_zone\n"
	"use_red_zone:\n"
	"\tmovq $0x12345678, %rax\n"
	"\tmovq %rax, -8(%rsp)\n"
	"\tmovq %rax, -64(%rsp)\n"
	"\tmovq %rax, -128(%rsp)\n"
	"\tud2\n"
	"\txorl %eax, %eax\n"
	"\taddq -8(%rsp), %rax\n"
	"\taddq -64(%rsp), %rax\n"
	"\taddq -128(%rsp), %rax\n"
	"\tret");

static long fill_stack(void *arg)
{
	volatile unsigned char below[512];

	(void)arg;
	for (unsigned int i = 0; i < sizeof(below); i++)
		below[i] = 0xee;
	return below[0];
}

static volatile int handled;

static void run_more_in_ring_3(struct r0_frame *frame)
{
	handled = (int)r0_user_call(fill_stack, NULL).value;
	frame->rip += 2; /* UD2 is two bytes long */
}

R0_TEST(ring_3, has_its_red_zone_under_a_handler_that_calls_ring_3)
{
	struct r0_fault fault;

	r0_set_handler(R0_UD, run_more_in_ring_3);
	fault = r0_user_call(use_red_zone, NULL);
	R0_ASSERT_EQ(handled, 0xee);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 3 * 0x12345678l);
}

static long read_byte(void *address)
{
	return *(volatile unsigned char *)address;
}

static long write_byte(void *address)
{
	*(volatile unsigned char *)address = 0;
	return 0;
}

/* Present, but the supervisor's. */
static void expect_out_of_reach(uint64_t address)
{
	struct r0_fault fault = r0_user_call(read_byte, (void *)address);

	R0_ASSERT_EQ(fault.vector, R0_PF, "a read of %#lx in ring 3", address);
	R0_ASSERT_EQ(fault.error_code & ~R0_PF_RSVD, R0_PF_P | R0_PF_US, "a read of %#lx", address);
	R0_ASSERT_EQ(fault.cr2, address);
	fault = r0_user_call(write_byte, (void *)address);
	R0_ASSERT_EQ(fault.vector, R0_PF, "a write to %#lx in ring 3", address);
	R0_ASSERT_EQ(fault.error_code, R0_PF_P | R0_PF_US | R0_PF_WR, "a write to %#lx", address);
}

R0_TEST(ring_3, may_not_touch_the_runtimes_state)
{
	uint64_t offset;

	for (offset = 0; offset < R0_GUEST_SIZE; offset += 4096) {
		expect_out_of_reach((uint64_t)&r0_guest + offset);
		expect_out_of_reach((uint64_t)&r0_guest + offset + 4095);
	}
}

R0_TEST(ring_3, may_not_touch_the_entry_code)
{
	uint64_t page;

	for (page = (uint64_t)r0_entry_start; page < (uint64_t)r0_entry_end; page += 4096)
		expect_out_of_reach(page);
}

R0_TEST(ring_3, may_not_touch_tables_and_exception_stacks)
{
	static const uint32_t places[] = {
		R0_AREA_TSS,	  R0_AREA_GDT,	     R0_AREA_IDT,      R0_AREA_EXCEPTION_STACK,
		R0_AREA_DF_STACK, R0_AREA_NMI_STACK, R0_AREA_MC_STACK,
	};
	uint64_t area = r0_sgdt().base - R0_AREA_GDT;

	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		expect_out_of_reach(area + places[i]);
}

/* Over 64 MiB: pages of it come in when they are touched. */
static unsigned char sparse[128 << 20];

#define WRITTEN_LATE (100u << 20)

/* On the host, after the snapshot: the page comes in with content. */
static int write_sparse(void *state, struct r0_access *access)
{
	(void)state;
	sparse[WRITTEN_LATE] = 7;
	access->value = 0;
	return 0;
}

R0_TEST(sparse, page_comes_in_with_content, .io = R0_IO({ 0x40, 0x40, write_sparse, NULL, 0 }))
{
	r0_in8(0x40);
	R0_ASSERT_EQ(sparse[WRITTEN_LATE], 7);
}

/* The frame that it had is another page's now, and zero. */
R0_TEST(sparse, page_is_gone_after_it)
{
	const unsigned char *other = &sparse[50u << 20];
	unsigned int i;

	for (i = 0; i < 4096; i++)
		R0_ASSERT_EQ(other[i], 0, "byte %u", i);
}

int main(int argc, char **argv)
{
	return r0_main(argc, argv);
}
