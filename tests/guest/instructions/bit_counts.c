/* SPDX-License-Identifier: MIT */
/*
 * Instructions that older CPUs take for others, or don't know: TZCNT, LZCNT and MOVBE, by their pages
 * in SDM vol. 2. What an emulator that knows the older ones alone gets wrong is tested above all:
 * an operand of 0, LZCNT's counting from the other end, and the flags.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

#define FLAGS (R0_RFLAGS_CF | R0_RFLAGS_ZF)

struct counted {
	uint64_t value, flags;
};

/* With all bits of the destination set before, so that it is seen which are written. */
#define COUNT(name, instruction, type, modifier)                               \
	static struct counted name(uint64_t operand)                           \
	{                                                                      \
		struct counted counted = { .value = UINT64_MAX };              \
		type source = (type)operand;                                   \
                                                                               \
		__asm__ volatile(instruction " %" modifier "2, %" modifier "0" \
					     "; pushfq; popq %1"               \
				 : "+r"(counted.value), "=r"(counted.flags)    \
				 : "r"(source)                                 \
				 : "cc");                                      \
		counted.flags &= FLAGS;                                        \
		return counted;                                                \
	}

COUNT(tzcnt16, "tzcntw", uint16_t, "w")
COUNT(tzcnt32, "tzcntl", uint32_t, "k")
COUNT(tzcnt64, "tzcntq", uint64_t, "q")
COUNT(lzcnt16, "lzcntw", uint16_t, "w")
COUNT(lzcnt32, "lzcntl", uint32_t, "k")
COUNT(lzcnt64, "lzcntq", uint64_t, "q")

#define ASSERT_COUNTED(call, value_, flags_)           \
	do {                                           \
		struct counted counted_ = call;        \
		uint64_t wanted_ = flags_;             \
		R0_ASSERT_EQ(counted_.value, value_);  \
		R0_ASSERT_EQ(counted_.flags, wanted_); \
	} while (0)

R0_TEST(bit_counts, tzcnt_of_zero_is_the_width, .when = executes_tzcnt)
{
	ASSERT_COUNTED(tzcnt16(0), 0xffffffffffff0010, R0_RFLAGS_CF);
	ASSERT_COUNTED(tzcnt32(0), 32, R0_RFLAGS_CF);
	ASSERT_COUNTED(tzcnt64(0), 64, R0_RFLAGS_CF);
}

R0_TEST(bit_counts, tzcnt_counts, .when = executes_tzcnt)
{
	ASSERT_COUNTED(tzcnt16(0x8000), 0xffffffffffff000f, 0);
	ASSERT_COUNTED(tzcnt32(0xfffffff8), 3, 0);
	ASSERT_COUNTED(tzcnt64(1ul << 40), 40, 0);
	ASSERT_COUNTED(tzcnt64(UINT64_MAX), 0, R0_RFLAGS_ZF);
}

R0_TEST(bit_counts, lzcnt_of_zero_is_the_width, .when = executes_lzcnt)
{
	ASSERT_COUNTED(lzcnt16(0), 0xffffffffffff0010, R0_RFLAGS_CF);
	ASSERT_COUNTED(lzcnt32(0), 32, R0_RFLAGS_CF);
	ASSERT_COUNTED(lzcnt64(0), 64, R0_RFLAGS_CF);
}

R0_TEST(bit_counts, lzcnt_counts, .when = executes_lzcnt)
{
	ASSERT_COUNTED(lzcnt16(1), 0xffffffffffff000f, 0);
	ASSERT_COUNTED(lzcnt32(0x08000000), 4, 0);
	ASSERT_COUNTED(lzcnt64(1ul << 40), 23, 0);
	ASSERT_COUNTED(lzcnt64(UINT64_MAX), 0, R0_RFLAGS_ZF);
}

static long tzcnt_in_ring_3(void *arg)
{
	return (long)tzcnt64((uint64_t)arg).value;
}

static long lzcnt_in_ring_3(void *arg)
{
	return (long)lzcnt64((uint64_t)arg).value;
}

/* The same code in ring 3, where it may be shown otherwise. */
R0_TEST(bit_counts, ring_3_counts, .when = executes_lzcnt)
{
	struct r0_fault fault = r0_user_call(tzcnt_in_ring_3, (void *)0x100);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 8);
	fault = r0_user_call(lzcnt_in_ring_3, (void *)0x100);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 55);
}

ROUTINE(tzcnt_memory, "", "tzcntq (%rdi), %rax", "");

R0_TEST(bit_counts, tzcnt_of_absent_memory, .when = executes_tzcnt)
{
	struct r0_fault fault = r0_try(tzcnt_memory, (void *)0x10);

	ASSERT_FAULT_AT(fault, R0_PF, 0, tzcnt_memory_at);
	R0_ASSERT_EQ(fault.cr2, 0x10);
}

R0_TEST(bit_counts, movbe_swaps, .when = executes_movbe)
{
	uint64_t memory = 0x0102030405060708, value = UINT64_MAX;

	__asm__ volatile("movbeq %1, %0" : "=r"(value) : "m"(memory));
	R0_ASSERT_EQ(value, 0x0807060504030201);
	value = UINT64_MAX;
	__asm__ volatile("movbew %1, %w0" : "+r"(value) : "m"(memory));
	R0_ASSERT_EQ(value, 0xffffffffffff0807);
	__asm__ volatile("movbel %k1, %0" : "+m"(memory) : "r"(0x11223344));
	R0_ASSERT_EQ(memory, 0x0102030444332211);
}

ROUTINE(movbe_memory, "", "movbel %eax, (%rdi)", "");

R0_TEST(bit_counts, movbe_to_absent_memory, .when = executes_movbe)
{
	struct r0_fault fault = r0_try(movbe_memory, (void *)0x10);

	ASSERT_FAULT_AT(fault, R0_PF, R0_PF_WR, movbe_memory_at);
	R0_ASSERT_EQ(fault.cr2, 0x10);
}

/* Numbers that look like these instructions: TZCNT, LZCNT, MOVBE, SYSRET. */
#define LIKE_TZCNT  0x1122c3bc0ff34455
#define LIKE_LZCNT  0x1122c3bd0f48f344
#define LIKE_MOVBE  0x112207f0380f4455
#define LIKE_SYSRET 0x1122334455070f48

#define NUMBER(name, number)                                                         \
	uint64_t name(void);                                                         \
	__asm__(".pushsection .text\n" #name ": movabsq $" STRING(number) ", %rax\n" \
									  "ret\n.popsection")
#define STRING(text)  STRING_(text)
#define STRING_(text) #text

/* Without tables for unwinding, by which their beginning would be known. */
NUMBER(like_tzcnt, LIKE_TZCNT);
NUMBER(like_lzcnt, LIKE_LZCNT);
NUMBER(like_movbe, LIKE_MOVBE);
NUMBER(like_sysret, LIKE_SYSRET);

R0_TEST(bit_counts, numbers_are_no_instructions)
{
	uint64_t number;

	R0_ASSERT_EQ(like_tzcnt(), LIKE_TZCNT);
	R0_ASSERT_EQ(like_lzcnt(), LIKE_LZCNT);
	R0_ASSERT_EQ(like_movbe(), LIKE_MOVBE);
	R0_ASSERT_EQ(like_sysret(), LIKE_SYSRET);
	__asm__ volatile("movabsq %1, %0" : "=r"(number) : "i"(LIKE_TZCNT));
	R0_ASSERT_EQ(number, LIKE_TZCNT);
	__asm__ volatile("movabsq %1, %0" : "=r"(number) : "i"(LIKE_LZCNT));
	R0_ASSERT_EQ(number, LIKE_LZCNT);
	__asm__ volatile("movabsq %1, %0" : "=r"(number) : "i"(LIKE_MOVBE));
	R0_ASSERT_EQ(number, LIKE_MOVBE);
	__asm__ volatile("movabsq %1, %0" : "=r"(number) : "i"(LIKE_SYSRET));
	R0_ASSERT_EQ(number, LIKE_SYSRET);
}
