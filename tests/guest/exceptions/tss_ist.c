/* SPDX-License-Identifier: MIT */
/*
 * The 64-bit TSS: which stack an exception is delivered on, and which ports ring 3 may use.
 * SDM vol. 3A, 6.14 and 7.7, and vol. 1, 19.5.2; APM vol. 2, 8.9.3 and 12.2.5.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

/* The GDT's free entry, for a TSS of the test's own. */
#define FREE 0x40

/* With an I/O permission bitmap for some ports, and the byte of ones that has to follow it. */
static struct {
	struct r0_tss tss;
	uint8_t io_map[0x200 / 8 + 1];
} __attribute__((packed, aligned(4096))) own;

static uint8_t stack[16384] __attribute__((aligned(4096)));

#define STACK_TOP ((uint64_t)stack + sizeof(stack))

/* Load a TSS like the one in use, up to that limit, and with the I/O map where it is in `own`. */
static void use_own_tss(uint32_t limit)
{
	uint64_t present = r0_system_segment_base(r0_gdt() + (r0_str() >> 3));

	memcpy(&own.tss, (void *)present, sizeof(own.tss));
	own.tss.io_map_base = sizeof(own.tss);
	r0_make_system_segment(r0_gdt() + (FREE >> 3), (uint64_t)&own, limit, R0_TYPE_TSS);
	r0_ltr(FREE);
}

ROUTINE(undefined, "", "ud2", "");

static uint64_t stack_top;
static struct r0_frame seen;

static void skip_undefined(struct r0_frame *frame)
{
	stack_top = (uint64_t)(frame + 1);
	memcpy(&seen, frame, sizeof(seen));
	frame->rip += 2;
}

static const int entries[] = { 1, 2, 3, 4, 5, 6, 7 };

R0_TEST(tss_ist, gate_takes_its_stack_from_the_tss, .params = R0_PARAMS(entries))
{
	int entry = R0_PARAM(const int);

	use_own_tss(sizeof(own.tss) - 1);
	own.tss.ist[entry - 1] = STACK_TOP;
	r0_idt()[R0_UD].ist = (uint8_t)entry;
	r0_set_handler(R0_UD, skip_undefined);
	undefined(NULL);
	R0_ASSERT_EQ(stack_top, STACK_TOP);
	R0_ASSERT_EQ(seen.rip, (uint64_t)undefined_at);
	R0_ASSERT_EQ(seen.ss, R0_KERNEL_DS);
}

/* SDM vol. 3A, 6.14.2: RSP is aligned to 16 bytes first. */
R0_TEST(tss_ist, stack_is_aligned)
{
	use_own_tss(sizeof(own.tss) - 1);
	own.tss.ist[4] = STACK_TOP - 1;
	r0_idt()[R0_UD].ist = 5;
	r0_set_handler(R0_UD, skip_undefined);
	undefined(NULL);
	R0_ASSERT_EQ(stack_top, STACK_TOP - 16);
}

/* Without IST ring 0's exceptions stay on its stack, and SS and RSP are pushed all the same. */
R0_TEST(tss_ist, ring_0_keeps_its_stack_without_ist)
{
	r0_idt()[R0_UD].ist = 0;
	r0_set_handler(R0_UD, skip_undefined);
	undefined(NULL);
	R0_ASSERT_EQ(stack_top, seen.rsp & ~0xful);
	R0_ASSERT_EQ(seen.ss, R0_KERNEL_DS);
	R0_ASSERT_EQ(seen.rip, (uint64_t)undefined_at);
}

R0_TEST(tss_ist, exceptions_are_delivered_on_the_exception_stack)
{
	uint64_t present = r0_system_segment_base(r0_gdt() + (r0_str() >> 3));
	struct r0_tss tss;

	memcpy(&tss, (void *)present, sizeof(tss));
	r0_set_handler(R0_UD, skip_undefined);
	undefined(NULL);
	R0_ASSERT_EQ(r0_idt()[R0_UD].ist, R0_IST_EXCEPTION);
	R0_ASSERT_EQ(stack_top, tss.ist[R0_IST_EXCEPTION - 1]);
}

/* To ring 3, at an address that it may not run: the page fault changes the stack. */
static const struct landing *visit_ring_3(void)
{
	struct iret_image image = {
		.rip = (uint64_t)undefined,
		.cs = R0_USER_CS | 3,
		.rflags = R0_RFLAGS_FIXED,
		.rsp = 0x123456,
		.ss = R0_USER_DS | 3,
	};

	return land(iret_to, &image);
}

/* SDM vol. 3A, 6.14.4: from ring 3, RSP0 is the stack, and SS becomes null. */
R0_TEST(tss_ist, ring_3_comes_in_on_rsp0)
{
	const struct landing *landing;

	use_own_tss(sizeof(own.tss) - 1);
	own.tss.rsp[0] = STACK_TOP;
	r0_idt()[R0_PF].ist = 0;
	landing = visit_ring_3();
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->top, STACK_TOP);
	R0_ASSERT_EQ(landing->cs, R0_KERNEL_CS);
	R0_ASSERT_EQ(landing->ss, 0);
	R0_ASSERT_EQ(landing->frame.rsp, 0x123456);
	R0_ASSERT_EQ(landing->frame.ss, R0_USER_DS | 3);
}

R0_TEST(tss_ist, ist_comes_before_rsp0)
{
	const struct landing *landing;

	use_own_tss(sizeof(own.tss) - 1);
	own.tss.rsp[0] = (uint64_t)stack + 4096;
	own.tss.ist[5] = STACK_TOP;
	r0_idt()[R0_PF].ist = 6;
	landing = visit_ring_3();
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->top, STACK_TOP);
	R0_ASSERT_EQ(landing->ss, 0);
}

/* SDM vol. 2A, INT n: a stack pointer beyond the TSS's limit is #TS, with the TSS's selector. */
R0_TEST(tss_ist, ts_by_a_tss_too_small_for_ist, .when = checks_the_tss_limit)
{
	struct r0_fault fault;

	use_own_tss(0x23);
	r0_idt()[R0_TS].ist = 0;
	fault = r0_try(undefined, NULL);
	ASSERT_FAULT_AT(fault, R0_TS, FREE | R0_ERROR_EXT, undefined_at);
}

/* Ports of ring 3, with IOPL 0: a clear bit for each byte of the access. */

static long in_0x123(void *arg)
{
	(void)arg;
	return r0_in8(0x123);
}

static long in16_0x123(void *arg)
{
	(void)arg;
	return r0_in16(0x123);
}

static void allow(uint16_t port)
{
	own.io_map[port / 8] &= (uint8_t) ~(1 << port % 8);
}

static void deny_all(void)
{
	for (unsigned int i = 0; i < sizeof(own.io_map); i++)
		own.io_map[i] = 0xff;
}

R0_TEST(tss_ist, io_map_allows_a_port, .ioports = R0_IOPORTS({ 0x123, 0x5a }))
{
	struct r0_fault fault;

	use_own_tss(sizeof(own) - 1);
	deny_all();
	fault = r0_user_call(in_0x123, NULL);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	allow(0x123);
	fault = r0_user_call(in_0x123, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 0x5a);
}

R0_TEST(tss_ist, io_map_counts_every_byte_of_an_access, .ioports = R0_IOPORTS({ 0x123, 0x5a5a }))
{
	struct r0_fault fault;

	use_own_tss(sizeof(own) - 1);
	deny_all();
	allow(0x123);
	fault = r0_user_call(in16_0x123, NULL);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	allow(0x124);
	fault = r0_user_call(in16_0x123, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 0x5a5a);
}

/* What is beyond the TSS's limit is denied: SDM vol. 1, 19.5.2. */
R0_TEST(tss_ist, io_map_ends_with_the_tss)
{
	struct r0_fault fault;

	use_own_tss(sizeof(own.tss) + 0x123 / 8 - 1);
	fault = r0_user_call(in_0x123, NULL);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
}

R0_TEST(tss_ist, io_map_beyond_the_limit_denies_all)
{
	struct r0_fault fault;

	use_own_tss(sizeof(own) - 1);
	own.tss.io_map_base = 0xffff;
	fault = r0_user_call(in_0x123, NULL);
	R0_ASSERT_EQ(fault.vector, R0_GP);
}

/* IOPL 3 gives ring 3 all ports, CLI and STI: SDM vol. 1, 19.5.1. */
static long in_with_iopl(void *arg)
{
	(void)arg;
	r0_ud2();
	return r0_in8(0x123);
}

static long toggle_interrupts_with_iopl(void *arg)
{
	uint64_t rflags;

	(void)arg;
	r0_ud2();
	r0_sti();
	rflags = r0_read_rflags();
	r0_cli();
	return (long)(rflags & R0_RFLAGS_IF) | (long)(r0_read_rflags() & R0_RFLAGS_IF) << 32;
}

/* Our code in ring 3 returns by an UD2 of its own, and so this one is the only one taken. */
static void grant_iopl(struct r0_frame *frame)
{
	frame->rip += 2;
	frame->rflags |= R0_RFLAGS_IOPL(3);
	r0_set_handler(R0_UD, NULL);
}

R0_TEST(tss_ist, iopl_3_gives_ring_3_ports, .ioports = R0_IOPORTS({ 0x123, 0x66 }),
	.when = ring_3_has_the_guests_flags)
{
	struct r0_fault fault;

	r0_set_handler(R0_UD, grant_iopl);
	fault = r0_user_call(in_with_iopl, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 0x66);
}

R0_TEST(tss_ist, iopl_3_gives_ring_3_the_interrupt_flag, .when = ring_3_has_the_guests_flags)
{
	struct r0_fault fault;

	r0_set_handler(R0_UD, grant_iopl);
	fault = r0_user_call(toggle_interrupts_with_iopl, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, R0_RFLAGS_IF);
}
