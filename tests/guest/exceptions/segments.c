/* SPDX-License-Identifier: MIT */
/*
 * Segment bases and limits: FS and GS in 64-bit mode, where the others are flat, and all of them in
 * compatibility mode, which runs 32-bit code in ring 0 here. SDM vol. 3A, 3.2.4, 5.3 and 3.4.4;
 * APM vol. 2, 4.5.3, 4.8 and 4.12.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

/* The GDT's free entries. */
#define CODE32	  0x40
#define SEGMENT	  0x48
#define SEGMENT_2 0x50

static uint8_t data[4096] __attribute__((aligned(4096)));

static uint64_t flat(uint64_t flags)
{
	return r0_make_segment(0, 0xfffff, flags | R0_SEGMENT_G);
}

/* FS and GS in 64-bit mode. The stack protector and errno are at FS: it is put back at once. */

static uint64_t load_fs_0x10(uint64_t base)
{
	uint64_t before = r0_rdmsr(R0_MSR_FS_BASE), value;

	r0_wrmsr(R0_MSR_FS_BASE, base);
	__asm__ volatile("movq %%fs:0x10, %0" : "=r"(value) : : "memory");
	r0_wrmsr(R0_MSR_FS_BASE, before);
	return value;
}

R0_TEST(segments, fs_base_is_added)
{
	*(uint64_t *)(data + 0x110) = 0x1122334455667788;
	R0_ASSERT_EQ(load_fs_0x10((uint64_t)data + 0x100), 0x1122334455667788);
}

R0_TEST(segments, gs_base_is_added)
{
	uint64_t value;

	*(uint64_t *)(data + 0x208) = 0x8877665544332211;
	r0_wrmsr(R0_MSR_GS_BASE, (uint64_t)data + 0x200);
	__asm__ volatile("movq %%gs:8, %0" : "=r"(value) : : "memory");
	R0_ASSERT_EQ(value, 0x8877665544332211);
}

/* Base and offset are added modulo 2^64. */
R0_TEST(segments, gs_base_wraps_around)
{
	uint64_t value;

	*(uint64_t *)data = 0x0102030405060708;
	r0_wrmsr(R0_MSR_GS_BASE, 0xfffffffffffff000);
	__asm__ volatile("movq %%gs:(%1), %0"
			 : "=r"(value)
			 : "r"((uint64_t)data + 0x1000)
			 : "memory");
	R0_ASSERT_EQ(value, 0x0102030405060708);
}

ROUTINE(load_gs_at, "", "movq %gs:(%rdi), %rax", "");

R0_TEST(segments, gs_sum_must_be_canonical)
{
	struct r0_fault fault;

	r0_wrmsr(R0_MSR_GS_BASE, 0x00007ffffffff000);
	fault = r0_try(load_gs_at, (void *)0x1000);
	ASSERT_FAULT_AT(fault, R0_GP, 0, load_gs_at_at);
}

R0_TEST(segments, lea_leaves_the_base_out)
{
	uint64_t value;

	r0_wrmsr(R0_MSR_GS_BASE, 0x123000);
	/* LEAQ %GS:0x18, %RAX, of which assemblers warn. */
	__asm__ volatile(".byte 0x65, 0x48, 0x8d, 0x04, 0x25, 0x18, 0, 0, 0" : "=a"(value));
	R0_ASSERT_EQ(value, 0x18);
}

static void write_gs_base(void *arg)
{
	r0_wrgsbase(*(uint64_t *)arg);
}

R0_TEST(segments, wrgsbase_takes_canonical_addresses_alone, .when = enters_with_fsgsbase)
{
	uint64_t base = 0x0000800000000000;
	struct r0_fault fault = r0_try(write_gs_base, &base);

	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	base = 0xffff800000000000;
	R0_ASSERT_EQ(r0_try(write_gs_base, &base).vector, -1);
	R0_ASSERT_EQ(r0_rdgsbase(), base);
}

static long swap_bases_in_ring_3(void *arg)
{
	uint64_t before = r0_rdgsbase();

	r0_wrgsbase(*(uint64_t *)arg);
	return (long)(r0_rdgsbase() ^ before);
}

R0_TEST(segments, ring_3_writes_gs_base_with_fsgsbase, .when = enters_with_fsgsbase)
{
	uint64_t base = 0x345678000;
	struct r0_fault fault = r0_user_call(swap_bases_in_ring_3, &base);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 0x345678000);
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_FSGSBASE);
	fault = r0_user_call(swap_bases_in_ring_3, &base);
	R0_ASSERT_EQ(fault.vector, R0_UD);
}

/* Loading GS loads 32 bits of base, and clears the upper half: SDM vol. 3A, 3.4.4.1. */
R0_TEST(segments, loading_gs_loads_its_base)
{
	r0_wrmsr(R0_MSR_GS_BASE, 0xffff888812345678);
	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0x9abcdef0, 0xfffff, R0_SEGMENT_DATA);
	r0_write_gs(SEGMENT);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0x9abcdef0);
}

R0_TEST(segments, writing_gs_base_keeps_the_selector)
{
	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0x1000, 0xfffff, R0_SEGMENT_DATA);
	r0_write_gs(SEGMENT);
	r0_wrmsr(R0_MSR_GS_BASE, 0x2000);
	R0_ASSERT_EQ(r0_read_gs(), SEGMENT);
}

R0_TEST(segments, push_and_pop_gs)
{
	uint64_t selector;

	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0x5000, 0xfffff, R0_SEGMENT_DATA);
	__asm__ volatile("lea -128(%%rsp), %%rsp\n"
			 "pushq %1\n"
			 "popq %%gs\n"
			 "pushq %%gs\n"
			 "popq %0\n"
			 "lea 128(%%rsp), %%rsp"
			 : "=r"(selector)
			 : "i"(SEGMENT)
			 : "memory");
	R0_ASSERT_EQ(selector, SEGMENT);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0x5000);
}

/* In 64-bit mode DS, ES and SS have neither base nor limit, nor type: SDM vol. 3A, 3.2.4. */
R0_TEST(segments, ds_is_flat_in_64_bit_mode)
{
	volatile uint64_t *number = (volatile uint64_t *)data;

	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0x1000000, 0, R0_SEGMENT_DATA & ~R0_SEGMENT_RW);
	r0_write_ds(SEGMENT);
	*number = 7;
	R0_ASSERT_EQ(*number, 7);
	r0_write_ds(0);
	*number = 8;
	R0_ASSERT_EQ(*number, 8);
}

R0_TEST(segments, ss_is_flat_in_64_bit_mode)
{
	uint64_t value;

	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0x1000000, 0, R0_SEGMENT_DATA);
	r0_write_ss(SEGMENT);
	__asm__ volatile("lea -128(%%rsp), %%rsp\n"
			 "pushq $77\n"
			 "popq %0\n"
			 "lea 128(%%rsp), %%rsp"
			 : "=r"(value)
			 :
			 : "memory");
	R0_ASSERT_EQ(value, 77);
}

R0_TEST(segments, cs_is_flat_in_64_bit_mode)
{
	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0x1000000, 0, R0_SEGMENT_CODE64);
	r0_write_cs(SEGMENT);
	R0_ASSERT_EQ(r0_read_cs(), SEGMENT);
	r0_write_cs(R0_KERNEL_CS);
}

/* LAR, LSL, VERR and VERW: SDM vol. 2A and 2D; APM vol. 3, and vol. 2, 4.11. */

R0_TEST(segments, lsl_gives_limits, .when = executes_lsl)
{
	uint32_t limit = 1;

	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0, 0x12345, R0_SEGMENT_DATA);
	R0_ASSERT(r0_lsl(SEGMENT, &limit));
	R0_ASSERT_EQ(limit, 0x12345);
	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0, 0x12345, R0_SEGMENT_DATA | R0_SEGMENT_G);
	R0_ASSERT(r0_lsl(SEGMENT, &limit));
	R0_ASSERT_EQ(limit, 0x12345fff);
	R0_ASSERT(r0_lsl(R0_TSS, &limit));
	R0_ASSERT_EQ(limit, 0x67);
}

R0_TEST(segments, lsl_refuses, .when = executes_lsl)
{
	uint32_t limit = 1;

	R0_ASSERT(!r0_lsl(0, &limit));
	R0_ASSERT(!r0_lsl(R0_GDT_SIZE, &limit));
	r0_gdt()[SEGMENT >> 3] = R0_SEGMENT_DATA;
	R0_ASSERT(!r0_lsl(SEGMENT | 3, &limit));
	r0_gdt()[SEGMENT >> 3] = R0_SEGMENT_P | R0_SEGMENT_TYPE(R0_TYPE_CALL_GATE);
	R0_ASSERT(!r0_lsl(SEGMENT, &limit));
	R0_ASSERT_EQ(limit, 1);
}

/* The second doubleword of the descriptor, masked with 00FxFF00; bits 19 to 16 are undefined. */
R0_TEST(segments, lar_gives_access_rights, .when = executes_lar)
{
	uint32_t rights = 1;

	r0_gdt()[SEGMENT >> 3] = r0_make_segment(0xff123456, 0, R0_SEGMENT_DATA | R0_SEGMENT_AVL);
	R0_ASSERT(r0_lar(SEGMENT, &rights));
	R0_ASSERT_EQ(rights & 0xfff0ffff, 0x00109300);
	R0_ASSERT(r0_lar(R0_TSS, &rights));
	R0_ASSERT_EQ(rights & 0xfff0ffff, 0x00008b00);
}

R0_TEST(segments, lar_refuses, .when = executes_lar)
{
	uint32_t rights = 1;

	R0_ASSERT(!r0_lar(0, &rights));
	R0_ASSERT(!r0_lar(R0_GDT_SIZE, &rights));
	r0_gdt()[SEGMENT >> 3] = R0_SEGMENT_DATA;
	R0_ASSERT(!r0_lar(SEGMENT | 3, &rights));
	r0_gdt()[SEGMENT >> 3] = R0_SEGMENT_P | R0_SEGMENT_TYPE(R0_TYPE_INTERRUPT_GATE);
	R0_ASSERT(!r0_lar(SEGMENT, &rights));
	R0_ASSERT_EQ(rights, 1);
}

R0_TEST(segments, verr_and_verw_check_types, .when = executes_verr_and_verw)
{
	R0_ASSERT(r0_verr(R0_KERNEL_DS));
	R0_ASSERT(r0_verw(R0_KERNEL_DS));
	R0_ASSERT(!r0_verw(R0_KERNEL_CS));
	R0_ASSERT(!r0_verr(0));
	R0_ASSERT(!r0_verr(R0_TSS));
	R0_ASSERT(!r0_verr(R0_KERNEL_DS | 3));
	r0_gdt()[SEGMENT >> 3] = R0_SEGMENT_DATA & ~R0_SEGMENT_RW;
	R0_ASSERT(r0_verr(SEGMENT));
	R0_ASSERT(!r0_verw(SEGMENT));
	r0_gdt()[SEGMENT >> 3] = R0_SEGMENT_CODE64 & ~R0_SEGMENT_RW;
	R0_ASSERT(!r0_verr(SEGMENT));
}

/* Compatibility mode. */

static uint8_t low_code[4096] __attribute__((aligned(4096)));
static uint8_t low_stack[4096] __attribute__((aligned(4096)));

/* Run 32-bit code at MAPPING_LOW by a far jump through CODE32, until an exception. */
static const struct landing *run_32_bit(const char *code, const char *end, uint64_t descriptor)
{
	struct far_pointer pointer = { MAPPING_LOW, CODE32 };

	memcpy(low_code, code, (size_t)(end - code));
	map(MAPPING_LOW, 1, r0_physical(low_code) | R0_PAGE_P | R0_PAGE_RW);
	map(MAPPING_LOW_STACK, 1, r0_physical(low_stack) | R0_PAGE_P | R0_PAGE_RW | R0_PAGE_NX);
	map(MAPPING_LOW_DATA, 1, r0_physical(data) | R0_PAGE_P | R0_PAGE_RW | R0_PAGE_NX);
	r0_gdt()[CODE32 >> 3] = descriptor;
	if (descriptor >> 16 & 0xffffff)
		pointer.offset = 0;
	return land(far_jump_to, &pointer);
}

#define RUN_32_BIT(name) run_32_bit(name, name##_end, flat(R0_SEGMENT_CODE32))

/* Ended by an exception at `offset` in the code, in 32-bit code. */
#define ASSERT_32_BIT(landing, vector_, error_code_, offset)           \
	do {                                                           \
		const struct landing *landing_ = (landing);            \
		R0_ASSERT_EQ(landing_->frame.vector, vector_);         \
		R0_ASSERT_EQ(landing_->frame.error_code, error_code_); \
		R0_ASSERT_EQ(landing_->frame.cs, CODE32);              \
		R0_ASSERT_EQ(landing_->frame.rip, offset);             \
	} while (0)

#define EAX(landing) ((uint32_t)(landing)->frame.rax)

/* 0x48 is DEC EAX in 32-bit code, a REX prefix in 64-bit code. */
SNIPPET(decrement, ".code32; movl $5, %eax; .byte 0x48; nop; ud2; .code64");

R0_TEST(segments, compatibility_mode_decodes_32_bit_code)
{
	const struct landing *landing = RUN_32_BIT(decrement);

	ASSERT_32_BIT(landing, R0_UD, 0, MAPPING_LOW + 7);
	R0_ASSERT_EQ(EAX(landing), 4);
	R0_ASSERT_EQ(landing->cs, R0_KERNEL_CS);
}

/* An exception goes to 64-bit code, by the same IDT. */
SNIPPET(push_32, ".code32; movl $0x102800, %esp; pushl $0x12345678; ud2; .code64");

R0_TEST(segments, compatibility_mode_pushes_4_bytes)
{
	const struct landing *landing = RUN_32_BIT(push_32);

	ASSERT_32_BIT(landing, R0_UD, 0, MAPPING_LOW + 10);
	R0_ASSERT_EQ((uint32_t)landing->frame.rsp, MAPPING_LOW_STACK + 0x7fc);
	R0_ASSERT_EQ(*(volatile uint32_t *)(low_stack + 0x7fc), 0x12345678);
}

/* DS becomes SEGMENT; then one access, at offset 9. */
#define WITH_DS(access) \
	".code32; movl $0x48, %eax; movl %eax, %ds; nop; nop; " access "; ud2; .code64"
#define ACCESS	   (MAPPING_LOW + 9)
#define DONE(name) (MAPPING_LOW + (uint64_t)(name##_end - name) - 2)

SNIPPET(read_0, WITH_DS("movl %ds:0, %eax"));
SNIPPET(read_0x10, WITH_DS("movl %ds:0x10, %eax"));
SNIPPET(read_byte_0xf, WITH_DS("movb %ds:0xf, %al"));
SNIPPET(read_byte_0x10, WITH_DS("movb %ds:0x10, %al"));
SNIPPET(read_0xc, WITH_DS("movl %ds:0xc, %eax"));
SNIPPET(read_0xd, WITH_DS("movl %ds:0xd, %eax"));
SNIPPET(write_0, WITH_DS("movl %eax, %ds:0"));

static void set_ds(uint64_t base, uint32_t limit, uint64_t flags)
{
	r0_gdt()[SEGMENT >> 3] = r0_make_segment((uint32_t)base, limit, flags);
}

R0_TEST(segments, base_is_added_in_compatibility_mode)
{
	const struct landing *landing;

	*(uint32_t *)(data + 0x30) = 0xcafebabe;
	set_ds(MAPPING_LOW_DATA + 0x20, 0xfffff, R0_SEGMENT_DATA | R0_SEGMENT_G);
	landing = RUN_32_BIT(read_0x10);
	ASSERT_32_BIT(landing, R0_UD, 0, DONE(read_0x10));
	R0_ASSERT_EQ(EAX(landing), 0xcafebabe);
}

/* SDM vol. 3A, 5.3: a byte at the limit is within, whatever crosses it is #GP(0). */
R0_TEST(segments, limit_is_checked_in_compatibility_mode)
{
	const struct landing *landing;

	set_ds(MAPPING_LOW_DATA, 0xf, R0_SEGMENT_DATA);
	landing = RUN_32_BIT(read_byte_0xf);
	ASSERT_32_BIT(landing, R0_UD, 0, DONE(read_byte_0xf));
	landing = RUN_32_BIT(read_byte_0x10);
	ASSERT_32_BIT(landing, R0_GP, 0, ACCESS);
	landing = RUN_32_BIT(read_0xc);
	ASSERT_32_BIT(landing, R0_UD, 0, DONE(read_0xc));
	landing = RUN_32_BIT(read_0xd);
	ASSERT_32_BIT(landing, R0_GP, 0, ACCESS);
}

SNIPPET(read_0xfff, WITH_DS("movl %ds:0xfff, %eax"));
SNIPPET(read_0x1000, WITH_DS("movl %ds:0x1000, %eax"));

/* With G the limit counts pages, and its lowest 12 bits are set. */
R0_TEST(segments, granular_limit_is_checked_in_compatibility_mode)
{
	const struct landing *landing;

	set_ds(MAPPING_LOW_DATA, 0, R0_SEGMENT_DATA | R0_SEGMENT_G);
	landing = RUN_32_BIT(read_0x10);
	ASSERT_32_BIT(landing, R0_UD, 0, DONE(read_0x10));
	landing = RUN_32_BIT(read_0xfff);
	ASSERT_32_BIT(landing, R0_GP, 0, ACCESS);
	landing = RUN_32_BIT(read_0x1000);
	ASSERT_32_BIT(landing, R0_GP, 0, ACCESS);
}

/* An expand-down segment holds what is above its limit: SDM vol. 3A, 5.3. */
R0_TEST(segments, expand_down_is_checked_in_compatibility_mode)
{
	const struct landing *landing;

	set_ds(MAPPING_LOW_DATA, 0xf, R0_SEGMENT_DATA | R0_SEGMENT_EC | R0_SEGMENT_DB);
	landing = RUN_32_BIT(read_0x10);
	ASSERT_32_BIT(landing, R0_UD, 0, DONE(read_0x10));
	landing = RUN_32_BIT(read_byte_0xf);
	ASSERT_32_BIT(landing, R0_GP, 0, ACCESS);
}

R0_TEST(segments, read_only_is_checked_in_compatibility_mode)
{
	const struct landing *landing;

	set_ds(MAPPING_LOW_DATA, 0xfff, R0_SEGMENT_DATA & ~R0_SEGMENT_RW);
	landing = RUN_32_BIT(read_0);
	ASSERT_32_BIT(landing, R0_UD, 0, DONE(read_0));
	landing = RUN_32_BIT(write_0);
	ASSERT_32_BIT(landing, R0_GP, 0, ACCESS);
}

SNIPPET(null_ds, ".code32; xorl %eax, %eax; movl %eax, %ds; nop; nop; nop; nop; nop;"
		 "movl %ds:0x104000, %eax; ud2; .code64");

R0_TEST(segments, null_ds_is_checked_in_compatibility_mode)
{
	const struct landing *landing = RUN_32_BIT(null_ds);

	ASSERT_32_BIT(landing, R0_GP, 0, ACCESS);
}

SNIPPET(read_by_cs, ".code32; movl %cs:0x104000, %eax; ud2; .code64");
SNIPPET(write_by_cs, ".code32; movl %eax, %cs:0x104000; ud2; .code64");

R0_TEST(segments, code_is_not_written_in_compatibility_mode)
{
	const struct landing *landing = RUN_32_BIT(read_by_cs);

	ASSERT_32_BIT(landing, R0_UD, 0, DONE(read_by_cs));
	landing = RUN_32_BIT(write_by_cs);
	ASSERT_32_BIT(landing, R0_GP, 0, MAPPING_LOW);
}

R0_TEST(segments, execute_only_code_is_not_read_in_compatibility_mode)
{
	const struct landing *landing =
		run_32_bit(read_by_cs, read_by_cs_end, flat(R0_SEGMENT_CODE32 & ~R0_SEGMENT_RW));

	ASSERT_32_BIT(landing, R0_GP, 0, MAPPING_LOW);
}

/* A jump beyond the limit of CS faults at the jump: SDM vol. 2A, JMP. */
SNIPPET(jump_0x200, ".code32; nop; .byte 0xe9, 0xfa, 0x01, 0, 0; ud2; .code64");

R0_TEST(segments, code_limit_is_checked_in_compatibility_mode, .when = adds_the_base_of_code)
{
	const struct landing *landing;

	low_code[0x200] = 0x0f;
	low_code[0x201] = 0x0b;
	landing = run_32_bit(jump_0x200, jump_0x200_end,
			     r0_make_segment(MAPPING_LOW, 0xfff, R0_SEGMENT_CODE32));
	ASSERT_32_BIT(landing, R0_UD, 0, 0x200);
	landing = run_32_bit(jump_0x200, jump_0x200_end,
			     r0_make_segment(MAPPING_LOW, 0x1ff, R0_SEGMENT_CODE32));
	ASSERT_32_BIT(landing, R0_GP, 0, 1);
}

/* SS becomes SEGMENT; then a push, at offset 12. */
SNIPPET(push_with_ss, ".code32; movl $0x48, %eax; movl %eax, %ss; movl $0x20, %esp;"
		      "pushl %eax; ud2; .code64");

R0_TEST(segments, stack_limit_is_checked_in_compatibility_mode)
{
	const struct landing *landing;

	r0_gdt()[SEGMENT >> 3] =
		r0_make_segment(MAPPING_LOW_STACK, 0x1f, R0_SEGMENT_DATA | R0_SEGMENT_DB);
	landing = RUN_32_BIT(push_with_ss);
	ASSERT_32_BIT(landing, R0_UD, 0, DONE(push_with_ss));
	R0_ASSERT_EQ(*(volatile uint32_t *)(low_stack + 0x1c), SEGMENT);
	r0_gdt()[SEGMENT >> 3] =
		r0_make_segment(MAPPING_LOW_STACK, 0x1e, R0_SEGMENT_DATA | R0_SEGMENT_DB);
	landing = RUN_32_BIT(push_with_ss);
	ASSERT_32_BIT(landing, R0_SS, 0, MAPPING_LOW + 12);
}

/* And back: a far jump to 64-bit code, here 0x48 is a prefix again. */
SNIPPET(back_to_64_bit, ".code32; movl $5, %eax; .byte 0xea; .long 0x10000c; .word 8;"
			".code64; .byte 0x48; nop; ud2");

R0_TEST(segments, compatibility_mode_ends_by_a_far_jump)
{
	const struct landing *landing = RUN_32_BIT(back_to_64_bit);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.cs, R0_KERNEL_CS);
	R0_ASSERT_EQ(landing->frame.rip, MAPPING_LOW + 14);
	R0_ASSERT_EQ(EAX(landing), 5);
}
