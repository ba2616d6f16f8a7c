/* SPDX-License-Identifier: MIT */
/*
 * Debug registers, breakpoints, watchpoints and single steps. SDM vol. 3B, 17.2 and 17.3; APM
 * vol. 2, 13.1.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

/* What DR6 says about the exception; its other bits are constants. */
#define DR6_CAUSE \
	(R0_DR6_B(0) | R0_DR6_B(1) | R0_DR6_B(2) | R0_DR6_B(3) | R0_DR6_BD | R0_DR6_BS | R0_DR6_BT)

#define RECORDED 16

/* Every #DB of a test. */
static struct {
	uint64_t rip, cause, dr7, rflags;
} events[RECORDED];
static unsigned int count;

/* Record it and go on, past the breakpoint if it is one. */
static void record(struct r0_frame *frame)
{
	if (count < RECORDED) {
		events[count].rip = frame->rip;
		events[count].cause = r0_read_dr6() & DR6_CAUSE;
		events[count].dr7 = r0_read_dr7();
		events[count].rflags = r0_read_rflags();
	}
	count++;
	r0_write_dr6(R0_DR6_RESET);
	frame->rflags |= R0_RFLAGS_RF;
}

R0_TEST(debug_registers, dr7_at_entry)
{
	R0_ASSERT_EQ(r0_read_dr7(), R0_DR7_RESET);
	for (int i = 0; i < 4; i++)
		R0_ASSERT_EQ(r0_read_dr(i), 0);
}

R0_TEST(debug_registers, dr6_at_entry, .when = clears_reserved_dr6_bits)
{
	R0_ASSERT_EQ(r0_read_dr6(), R0_DR6_RESET);
}

R0_TEST(debug_registers, dr0_to_dr3_hold_addresses)
{
	for (int i = 0; i < 4; i++)
		r0_write_dr(i, 0x123456789abcul + (uint64_t)i);
	for (int i = 0; i < 4; i++)
		R0_ASSERT_EQ(r0_read_dr(i), 0x123456789abcul + (uint64_t)i);
	r0_write_dr0(0xffff800000000000);
	R0_ASSERT_EQ(r0_read_dr0(), 0xffff800000000000);
}

/* Bit 10 reads as 1; bits 12, 14 and 15 as 0: SDM vol. 3B, 17.2.4. */
R0_TEST(debug_registers, dr7_has_fixed_bits)
{
	r0_write_dr7(0);
	R0_ASSERT_EQ(r0_read_dr7(), R0_DR7_RESET);
	r0_write_dr7(R0_DR7_LE | R0_DR7_GE | 1ul << 12 | 1ul << 14 | 1ul << 15);
	R0_ASSERT_EQ(r0_read_dr7(), R0_DR7_RESET | R0_DR7_LE | R0_DR7_GE);
}

static void write_dr6(void *arg)
{
	r0_write_dr6(*(uint64_t *)arg);
}

static void write_dr7(void *arg)
{
	r0_write_dr7(*(uint64_t *)arg);
}

/* SDM vol. 3B, 17.2.6: the upper halves must be 0. */
R0_TEST(debug_registers, upper_halves_are_refused)
{
	uint64_t value = 1ul << 32;
	struct r0_fault fault = r0_try(write_dr6, &value);

	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	fault = r0_try(write_dr7, &value);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	R0_ASSERT_EQ(r0_read_dr7(), R0_DR7_RESET);
}

ROUTINE(read_dr4, "", "movq %dr4, %rax", "movq %rax, (%rdi)");
ROUTINE(read_dr5, "", "movq %dr5, %rax", "movq %rax, (%rdi)");

/* DR4 and DR5 are DR6 and DR7, or with CR4.DE nothing: SDM vol. 3B, 17.2.2. */
R0_TEST(debug_registers, dr4_and_dr5_are_aliases)
{
	uint64_t value = 0;

	R0_ASSERT_EQ(r0_try(read_dr4, &value).vector, -1);
	R0_ASSERT_EQ(value, r0_read_dr6());
	R0_ASSERT_EQ(r0_try(read_dr5, &value).vector, -1);
	R0_ASSERT_EQ(value, r0_read_dr7());
}

R0_TEST(debug_registers, dr4_and_dr5_are_undefined_with_de)
{
	uint64_t value = 0;
	struct r0_fault fault;

	r0_write_cr4(r0_read_cr4() | R0_CR4_DE);
	fault = r0_try(read_dr4, &value);
	ASSERT_FAULT_AT(fault, R0_UD, 0, read_dr4_at);
	fault = r0_try(read_dr5, &value);
	ASSERT_FAULT_AT(fault, R0_UD, 0, read_dr5_at);
}

ROUTINE(target, "nop", "incl (%rdi)", "nop");

static const int registers[] = { 0, 1, 2, 3 };

/* A breakpoint is a fault: before the instruction, which is then executed by way of RF. */
R0_TEST(debug_registers, breakpoint_stops_before_the_instruction, .params = R0_PARAMS(registers))
{
	int number = R0_PARAM(const int);
	uint32_t executed = 0;

	r0_set_handler(R0_DB, record);
	r0_write_dr(number, (uint64_t)target_at);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(number));
	target(&executed);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)target_at);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_B(number));
	R0_ASSERT_EQ(executed, 1);
}

R0_TEST(debug_registers, breakpoint_can_be_global)
{
	uint32_t executed = 0;

	r0_set_handler(R0_DB, record);
	r0_write_dr0((uint64_t)target_at);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_G(0));
	target(&executed);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_B(0));
}

R0_TEST(debug_registers, breakpoint_needs_an_enable_bit)
{
	uint32_t executed = 0;

	r0_set_handler(R0_DB, record);
	r0_write_dr0((uint64_t)target_at);
	target(&executed);
	R0_ASSERT_EQ(count, 0);
	R0_ASSERT_EQ(executed, 1);
}

/* Only the first byte of an instruction counts. */
R0_TEST(debug_registers, breakpoint_is_at_the_first_byte)
{
	uint32_t executed = 0;

	r0_set_handler(R0_DB, record);
	r0_write_dr0((uint64_t)target_at + 1);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(0));
	target(&executed);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(count, 0);
	R0_ASSERT_EQ(executed, 1);
}

R0_TEST(debug_registers, two_breakpoints_at_one_place)
{
	uint32_t executed = 0;

	r0_set_handler(R0_DB, record);
	r0_write_dr1((uint64_t)target_at);
	r0_write_dr3((uint64_t)target_at);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(1) | R0_DR7_L(3));
	target(&executed);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_B(1) | R0_DR6_B(3));
}

/* As an exception like any other. */
R0_TEST(debug_registers, breakpoint_ends_a_try)
{
	uint32_t executed = 0;
	struct r0_fault fault;

	r0_write_dr2((uint64_t)target_at);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(2));
	fault = r0_try(target, &executed);
	r0_write_dr7(R0_DR7_RESET);
	ASSERT_FAULT_AT(fault, R0_DB, 0, target_at);
	R0_ASSERT_EQ(executed, 0);
}

/* Watchpoints are traps: after the access. */
ROUTINE(write_there, "movl $5, %eax", "movl %eax, (%rdi)", "nop");
ROUTINE(read_there, "", "movl (%rdi), %eax", "nop");

static uint64_t watched[8] __attribute__((aligned(64)));

static void watch(uint64_t address, unsigned int rw, unsigned int len)
{
	count = 0;
	r0_write_dr0(address);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(0) | R0_DR7_RW(0, rw) | R0_DR7_LEN(0, len));
}

R0_TEST(debug_registers, write_watchpoint_stops_after_a_write, .when = fires_data_watchpoints)
{
	r0_set_handler(R0_DB, record);
	watch((uint64_t)watched, R0_DR7_RW_WRITE, R0_DR7_LEN_4);
	write_there(watched);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)write_there_next);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_B(0));
	R0_ASSERT_EQ(*(volatile uint64_t *)watched, 5);
}

R0_TEST(debug_registers, write_watchpoint_lets_reads_pass, .when = fires_data_watchpoints)
{
	r0_set_handler(R0_DB, record);
	watch((uint64_t)watched, R0_DR7_RW_WRITE, R0_DR7_LEN_4);
	read_there(watched);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(count, 0);
}

R0_TEST(debug_registers, access_watchpoint_stops_after_both, .when = fires_data_watchpoints)
{
	r0_set_handler(R0_DB, record);
	watch((uint64_t)watched, R0_DR7_RW_READWRITE, R0_DR7_LEN_4);
	read_there(watched);
	write_there(watched);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(count, 2);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)read_there_next);
	R0_ASSERT_EQ(events[1].rip, (uint64_t)write_there_next);
}

struct width {
	unsigned int len;  /* for DR7 */
	unsigned int size; /* in bytes */
};

static const struct width widths[] = { { R0_DR7_LEN_1, 1 },
				       { R0_DR7_LEN_2, 2 },
				       { R0_DR7_LEN_4, 4 },
				       { R0_DR7_LEN_8, 8 } };

/* Any byte in common counts: SDM vol. 3B, 17.2.5. The access has 4 bytes. */
R0_TEST(debug_registers, watchpoint_covers_its_length, .params = R0_PARAMS(widths),
	.when = fires_data_watchpoints)
{
	const struct width *width = &R0_PARAM(const struct width);
	uint64_t middle = (uint64_t)&watched[4];

	r0_set_handler(R0_DB, record);
	watch(middle, R0_DR7_RW_WRITE, width->len);
	write_there((void *)(middle - 4));
	R0_ASSERT_EQ(count, 0);
	write_there((void *)(middle - 3));
	R0_ASSERT_EQ(count, 1);
	write_there((void *)(middle + width->size - 1));
	R0_ASSERT_EQ(count, 2);
	write_there((void *)(middle + width->size));
	R0_ASSERT_EQ(count, 2);
	r0_write_dr7(R0_DR7_RESET);
}

/* DR7.GD: SDM vol. 3B, 17.2.4; it is cleared on the way to the handler. */
ROUTINE(read_dr0, "", "movq %dr0, %rax", "movq %rax, (%rdi)");

R0_TEST(debug_registers, gd_guards_the_registers)
{
	uint64_t value = 0;

	r0_write_dr0(0x1234);
	r0_set_handler(R0_DB, record);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_GD);
	read_dr0(&value);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)read_dr0_at);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_BD);
	R0_ASSERT_EQ(events[0].dr7, R0_DR7_RESET);
	R0_ASSERT_EQ(value, 0x1234);
}

/* TF: SDM vol. 3B, 17.3.1.4; a trap after each instruction that began with it set. */
ROUTINE(step_twice, "pushfq; orl $0x100, (%rsp); popfq", "nop",
	"nop; pushfq; andl $~0x100, (%rsp); popfq");

R0_TEST(debug_registers, tf_steps)
{
	r0_set_handler(R0_DB, record);
	step_twice(NULL);
	/* NOP, NOP, PUSHF, AND, POPF. */
	R0_ASSERT_EQ(count, 5);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)step_twice_next);
	R0_ASSERT_EQ(events[1].rip, (uint64_t)step_twice_next + 1);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_BS);
	R0_ASSERT_EQ(events[0].rflags & R0_RFLAGS_TF, 0);
}

/* A fault comes before the trap: the handler's code is not stepped. */
ROUTINE(step_into_fault, "pushfq; orl $0x100, (%rsp); popfq", "ud2", "");

R0_TEST(debug_registers, tf_is_cleared_by_an_exception)
{
	const struct landing *landing = land(step_into_fault, NULL);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)step_into_fault_at);
	R0_ASSERT_EQ(landing->frame.rflags & R0_RFLAGS_TF, R0_RFLAGS_TF);
	R0_ASSERT_EQ(landing->rflags & R0_RFLAGS_TF, 0);
}

/* No #DB between MOV SS and the next instruction: SDM vol. 3A, 6.8.3; APM vol. 2, 8.5.1. */
ROUTINE(step_over_mov_ss, "movl %ss, %eax; pushfq; orl $0x100, (%rsp); popfq", "movl %eax, %ss",
	"nop; pushfq; andl $~0x100, (%rsp); popfq");

R0_TEST(debug_registers, mov_ss_delays_the_step, .when = steps_as_the_cpu_does)
{
	r0_set_handler(R0_DB, record);
	step_over_mov_ss(NULL);
	/* NOP, PUSHF, AND, POPF. */
	R0_ASSERT_EQ(count, 4);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)step_over_mov_ss_next + 1);
}

/* A string instruction is stepped by its iterations: SDM vol. 3B, 17.3.1.4. */
ROUTINE(step_rep, "xorl %eax, %eax; movl $3, %ecx; pushfq; orl $0x100, (%rsp); popfq", "rep stosb",
	"pushfq; andl $~0x100, (%rsp); popfq");

R0_TEST(debug_registers, tf_steps_iterations, .when = steps_as_the_cpu_does)
{
	static uint8_t bytes[3];

	r0_set_handler(R0_DB, record);
	step_rep(bytes);
	/* Three iterations, PUSHF, AND, POPF. */
	R0_ASSERT_EQ(count, 6);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)step_rep_at);
	R0_ASSERT_EQ(events[1].rip, (uint64_t)step_rep_at);
	R0_ASSERT_EQ(events[2].rip, (uint64_t)step_rep_next);
}

/* SYSCALL with TF: the step is taken in ring 0, if FMASK leaves TF set. SDM vol. 2B, SYSCALL. */
ROUTINE(step_syscall, "movl $2, %esi; pushfq; orl $0x100, (%rsp); popfq", "syscall",
	"pushq %rsi; popfq");
ROUTINE(after_syscall, "pushq %rsi; popfq", "jmp *%rcx", "");

R0_TEST(debug_registers, tf_masked_by_syscall)
{
	r0_wrmsr(R0_MSR_LSTAR, (uint64_t)after_syscall);
	r0_wrmsr(R0_MSR_FMASK, R0_RFLAGS_TF);
	r0_set_handler(R0_DB, record);
	step_syscall(NULL);
	R0_ASSERT_EQ(count, 0);
}

R0_TEST(debug_registers, tf_not_masked_by_syscall)
{
	r0_wrmsr(R0_MSR_LSTAR, (uint64_t)after_syscall);
	r0_wrmsr(R0_MSR_FMASK, 0);
	r0_set_handler(R0_DB, record);
	step_syscall(NULL);
	/* SYSCALL, PUSH, POPF. */
	R0_ASSERT_EQ(count, 3);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)after_syscall);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_BS);
}

/* INT n clears TF for the handler, and IRET brings it back: SDM vol. 2A, INT n. */
ROUTINE(step_int, "pushfq; orl $0x100, (%rsp); popfq", "int $0x80",
	"nop; pushfq; andl $~0x100, (%rsp); popfq");

static void ignore(struct r0_frame *frame)
{
	(void)frame;
}

R0_TEST(debug_registers, tf_steps_over_int_n, .when = executes_int_n)
{
	r0_set_handler(R0_DB, record);
	r0_set_handler(0x80, ignore);
	step_int(NULL);
	/* NOP, PUSHF, AND, POPF: the trap of INT n is lost with TF. */
	R0_ASSERT_EQ(count, 4);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)step_int_next + 1);
}

RING3_ROUTINE(step_in_ring_3, "pushfq; orl $0x100, (%rsp); popfq", "nop",
	      "pushfq; andl $~0x100, (%rsp); popfq; xorl %eax, %eax");

R0_TEST(debug_registers, tf_steps_ring_3)
{
	struct r0_fault fault = r0_user_call(step_in_ring_3, NULL);

	ASSERT_FAULT_AT(fault, R0_DB, 0, step_in_ring_3_next);
	r0_set_handler(R0_DB, record);
	fault = r0_user_call(step_in_ring_3, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	/* NOP, PUSHF, AND, POPF. */
	R0_ASSERT_EQ(count, 4);
}

RING3_ROUTINE(ring3_target, "", "nop", "xorl %eax, %eax");

R0_TEST(debug_registers, breakpoint_stops_ring_3, .when = ring_3_obeys_debug_registers)
{
	struct r0_fault fault;

	r0_set_handler(R0_DB, record);
	r0_write_dr0((uint64_t)ring3_target_at);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(0));
	fault = r0_user_call(ring3_target, NULL);
	r0_write_dr7(R0_DR7_RESET);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT_EQ(events[0].rip, (uint64_t)ring3_target_at);
	R0_ASSERT_EQ(events[0].cause, R0_DR6_B(0));
}
