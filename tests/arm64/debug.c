/* SPDX-License-Identifier: MIT */
/* Debug registers. A program that writes to them has all of the CPU put back by the host, after each test. */
#include "routine.h"

/* Software step at EL1: one instruction, then R0_STEP. D2.12. */
static volatile int steps;

static void note_step(struct r0_frame *frame)
{
	if (++steps == 3)
		frame->pstate &= ~R0_PSTATE_SS;
	else
		frame->pstate |= R0_PSTATE_SS;
	if (steps == 3)
		r0_msr(mdscr_el1, 0);
}

R0_TEST(debug, software_step)
{
	r0_set_handler(R0_STEP, note_step);
	r0_msr(oslar_el1, 0);
	r0_msr(mdscr_el1, R0_MDSCR_SS | R0_MDSCR_KDE);
	r0_isb();
	/* A return to EL1 with D clear and SS set steps one instruction. */
	__asm__ volatile("adr x1, 1f\n\t"
			 "msr elr_el1, x1\n\t"
			 "msr spsr_el1, %0\n\t"
			 "eret\n\t"
			 "1: nop\n\tnop\n\tnop\n\tnop\n\t"
			 "msr daifset, #8"
			 :
			 : "r"(R0_PSTATE_EL1H | R0_PSTATE_SS | (R0_PSTATE_DAIF & ~R0_PSTATE_D))
			 : "x1", "memory");
	R0_ASSERT_EQ(steps, 3);
}

static volatile uint64_t watched;
static uint64_t watch_address;

static void note_watchpoint(struct r0_frame *frame)
{
	watch_address = frame->far;
	r0_msr(dbgwcr0_el1, 0);
	r0_isb();
}

/* DBGWCR: E, PAC of EL1, LSC of stores, BAS of all eight bytes. D19.3.12. */
R0_TEST(debug, watchpoint)
{
	r0_set_handler(R0_WATCHPOINT, note_watchpoint);
	r0_msr(oslar_el1, 0);
	r0_msr(dbgwvr0_el1, &watched);
	r0_msr(dbgwcr0_el1, 1ul | 1ul << 1 | 2ul << 3 | 0xfful << 5);
	r0_msr(mdscr_el1, R0_MDSCR_MDE | R0_MDSCR_KDE);
	r0_isb();
	r0_msr_immediate(daifclr, 8);
	watched = 4;
	r0_msr_immediate(daifset, 8);
	R0_ASSERT_EQ(watch_address, (uint64_t)&watched);
	R0_ASSERT_EQ(watched, 4);
}

static uint64_t stopped_at;

static void note_breakpoint(struct r0_frame *frame)
{
	stopped_at = frame->pc;
	r0_msr(dbgbcr0_el1, 0);
	r0_isb();
}

ROUTINE(broken, "nop", "nop", "");

/* DBGBCR: E, PMC of EL1, BAS of all four bytes. D19.3.2. */
R0_TEST(debug, breakpoint)
{
	r0_set_handler(R0_BREAKPOINT, note_breakpoint);
	r0_msr(oslar_el1, 0);
	r0_msr(dbgbvr0_el1, broken_at);
	r0_msr(dbgbcr0_el1, 1ul | 1ul << 1 | 0xful << 5);
	r0_msr(mdscr_el1, R0_MDSCR_MDE | R0_MDSCR_KDE);
	r0_isb();
	r0_msr_immediate(daifclr, 8);
	broken(NULL);
	r0_msr_immediate(daifset, 8);
	R0_ASSERT_EQ(stopped_at, (uint64_t)broken_at);
}
