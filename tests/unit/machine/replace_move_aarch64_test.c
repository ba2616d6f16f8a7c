/* SPDX-License-Identifier: MIT */
/* Code of arm64's that is moved: executed where it was, then where it is, with its first instruction gone from there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "replace/move.h"

/* Further than ADR, LDR and conditional branches reach, and not so far as B does. */
#define DISTANCE 0x3000000ul
#define SIZE	 (DISTANCE + 0x10000)

static uint8_t *memory;

#define HIDDEN __attribute__((visibility("hidden")))

#define CODE(name, text)                                                                   \
	extern const uint8_t name[] HIDDEN, name##_end[] HIDDEN;                           \
	__asm__(".pushsection .rodata\n.balign 16\n" #name ":\n" text "\n" #name "_end:\n" \
		".popsection\n")

CODE(plain, "sub sp, sp, #16\n add x0, x0, #1\n add sp, sp, #16\n ret");
CODE(signed_return, "paciasp\n add x0, x0, #2\n autiasp\n ret");
CODE(address, "adr x1, 1f\n add x0, x0, x1\n ret\n 1:");
CODE(address_backwards, "adr x1, . - 64\n add x0, x0, x1\n ret");
CODE(page, "adrp x1, . + 0x5000\n add x0, x0, x1\n ret");
CODE(literal, "ldr x1, 1f\n add x0, x0, x1\n ret\n .balign 8\n 1: .quad 0x123456789abcdef0");
CODE(literal_of_32_bits, "ldr w1, 1f\n add x0, x0, x1\n ret\n 1: .word 0x89abcdef");
CODE(literal_with_sign, "ldrsw x1, 1f\n add x0, x0, x1\n ret\n 1: .word 0x89abcdef");
CODE(literal_for_nothing, "ldr xzr, 1f\n add x0, x0, #3\n ret\n .balign 8\n 1: .quad 5");
CODE(literal_of_simd, "ldr d0, 1f\n fmov x1, d0\n add x0, x0, x1\n ret\n .balign 8\n 1: .quad 77");
CODE(prefetch, "prfm pldl1keep, 1f\n add x0, x0, #4\n 1: ret");
CODE(branch, "b 1f\n 2: ret\n 1: add x0, x0, #5\n b 2b");
CODE(call, "bl 1f\n 2: mov x30, x9\n ret\n 1: add x0, x0, #6\n mov x9, x10\n ret");
CODE(conditional, "cbz x0, 1f\n add x0, x0, #7\n ret\n 1: mov x0, #8\n ret");
CODE(test_of_a_bit, "tbnz x0, #1, 1f\n add x0, x0, #9\n ret\n 1: mov x0, #10\n ret");
CODE(loop, "add x1, x1, x0\n subs x0, x0, #1\n b.gt loop\n mov x0, x1\n ret");
CODE(loop_by_a_page,
     "add x1, x1, x0\n adrp x2, . + 0x3000\n subs x0, x0, #1\n b.gt loop_by_a_page\n"
     " add x0, x1, x2\n ret");
CODE(loop_with_data,
     "ldr x2, 1f\n subs x0, x0, #1\n b.gt loop_with_data\n ret\n .balign 8\n 1: .quad 1");
CODE(loop_with_table,
     "adr x2, 1f\n ldr w2, [x2]\n subs x0, x0, #1\n b.gt loop_with_table\n ret\n 1: .word 0x94000000");
CODE(loop_with_table_by_page,
     "adrp x2, .\n add x2, x2, #20\n subs x0, x0, #1\n b.gt loop_with_table_by_page\n ret\n"
     " .word 0x94000000");
CODE(loop_by_itself, "adr x2, .\n subs x0, x0, #1\n b.gt loop_by_itself\n ret");
CODE(sets_x16_by_page, "adrp x16, .\n mov x0, x16\n ret");
CODE(sets_x16, "mov x16, x0\n mov x0, x16\n ret");
CODE(sets_x16_by_pair, "ldp x17, x16, [x0]\n mov x0, x16\n ret");
CODE(loop_sets_x16,
     "add x16, x1, x0\n mov x1, x16\n subs x0, x0, #1\n b.gt loop_sets_x16\n mov x0, x1\n ret");
CODE(uses_x16_later, "add x9, x0, #1\n mov x16, x9\n mov x0, x16\n ret");
CODE(loop_by_a_pointer, "subs x0, x0, #1\n b.gt loop_by_a_pointer\n br x1");
CODE(table, "ldrb w1, [x0], #1\n adr x2, 1f\n add x2, x2, w1, sxtb #2\n br x2\n 1: ret");
CODE(table_elsewhere,
     "mov w3, #0\n 2: ldrb w1, [x0], #1\n adrp x2, . + 0x4000\n add x2, x2, #8\n"
     " ldrb w1, [x2, w1, uxtw]\n adr x2, 1f\n add x2, x2, w1, sxtb #2\n br x2\n 1: ret");
CODE(table_behind_a_frame,
     "stp x29, x30, [sp, #-16]!\n adr x2, 1f\n br x2\n 1: ldp x29, x30, [sp], #16\n add x0, x0, #11\n ret");

/* That of table_elsewhere(), and what follows it. */
static int8_t distances[4];

static bool read_distances(uint64_t from, void *to, size_t size)
{
	const uint64_t at = ((uint64_t)memory & ~4095ull) + 0x1000 + 0x4000 + 8;

	if (from < at || from - at + size > sizeof(distances))
		return false;
	memcpy(to, (const char *)distances + (from - at), size);
	return true;
}

static bool read_nothing(uint64_t from, void *to, size_t size)
{
	(void)from;
	(void)to;
	(void)size;
	return false;
}

/* X1 is 0, and X10 is where the function returns to. */
static uint64_t call_at(const uint8_t *code, uint64_t argument)
{
	register uint64_t x0 __asm__("x0") = argument;
	register const uint8_t *x11 __asm__("x11") = code;

	__asm__ volatile("mov x1, #0\n\tadr x10, 1f\n\tblr %1\n1:"
			 : "+r"(x0)
			 : "r"(x11)
			 : "x1", "x2", "x9", "x10", "x16", "x17", "x30", "v0", "cc", "memory");
	return x0;
}

static struct move place(const uint8_t *code, const uint8_t *end)
{
	const size_t size = (size_t)(end - code);

	memcpy(memory + 0x1000, code, size);
	__builtin___clear_cache((char *)memory, (char *)memory + 0x2000);
	return (struct move){ .code = code,
			      .at = (uint64_t)memory + 0x1000,
			      .size = size,
			      .patched = 4,
			      .read = read_nothing };
}

static void moves(const uint8_t *code, const uint8_t *end, uint64_t argument, bool whole)
{
	struct move move = place(code, end);
	uint8_t *there = memory + DISTANCE;
	const uint64_t expected = call_at(memory + 0x1000, argument);

	assert_true(move_plan(&move) == NULL);
	assert_int_equal(move.whole, whole);
	assert_true(move_write(&move, code, (uint64_t)there, there) == NULL);
	/* UDF: it must not be executed any more. */
	memset(memory + 0x1000, 0, 4);
	__builtin___clear_cache((char *)memory, (char *)memory + 0x2000);
	__builtin___clear_cache((char *)there, (char *)there + 0x1000);
	assert_int_equal(call_at(there, argument), expected);
	assert_int_equal(move_origin(&move, 0), move.at);
}

#define MOVES(name, argument) moves(name, name##_end, argument, false)

static void first_instructions(void **state)
{
	(void)state;
	MOVES(plain, 1);
	MOVES(signed_return, 1);
	MOVES(address, 1);
	MOVES(address_backwards, 1);
	MOVES(page, 1);
	MOVES(literal, 1);
	MOVES(literal_of_32_bits, 1);
	MOVES(literal_with_sign, 1);
	MOVES(literal_for_nothing, 1);
	MOVES(literal_of_simd, 1);
	MOVES(prefetch, 1);
	MOVES(table_behind_a_frame, 1);
	MOVES(uses_x16_later, 1);
}

static void branches(void **state)
{
	(void)state;
	MOVES(branch, 1);
	MOVES(call, 1);
	MOVES(conditional, 0);
	MOVES(conditional, 1);
	MOVES(test_of_a_bit, 0);
	MOVES(test_of_a_bit, 2);
}

static void loops(void **state)
{
	(void)state;
	moves(loop, loop_end, 5, true);
	moves(loop_by_a_page, loop_by_a_page_end, 5, true);
	moves(loop_by_itself, loop_by_itself_end, 5, true);
	moves(loop_sets_x16, loop_sets_x16_end, 5, true);
}

static const char sets_x16_why[] =
	"its first instruction sets X16, which is needed to jump from there to the rest";

static void refuses(const uint8_t *code, const uint8_t *end, const char *why)
{
	struct move move = place(code, end);

	assert_string_equal(move_plan(&move), why);
}

static void what_can_not(void **state)
{
	uint8_t moved[256];
	struct move move = place(loop_by_a_page, loop_by_a_page_end);

	(void)state;
	refuses(loop_with_data, loop_with_data_end,
		"it comes back to its first bytes, and has data among its code");
	refuses(loop_with_table, loop_with_table_end,
		"it comes back to its first bytes, and has data among its code");
	refuses(loop_with_table_by_page, loop_with_table_by_page_end,
		"it comes back to its first bytes, and has data among its code");
	refuses(sets_x16_by_page, sets_x16_by_page_end, sets_x16_why);
	refuses(sets_x16, sets_x16_end, sets_x16_why);
	refuses(sets_x16_by_pair, sets_x16_by_pair_end, sets_x16_why);
	refuses(loop_by_a_pointer, loop_by_a_pointer_end,
		"it comes back to its first bytes, and may have a jump table");
	refuses(table, table_end, "a jump table may lead back to its first bytes");
	refuses(plain, plain + 2, "its code can't be decoded");
	assert_true(move_plan(&move) == NULL);
	assert_string_equal(move_write(&move, loop_by_a_page, move.at + (8ull << 30), moved),
			    "its code refers to what is too far from where it could go");
}

static void jump_tables(void **state)
{
	struct move move = place(table_elsewhere, table_elsewhere_end);

	(void)state;
	move.read = read_distances;
	/* To the label, the second instruction twice, and nowhere. */
	memcpy(distances, (const int8_t[]){ 0, -7, -7, 100 }, sizeof(distances));
	assert_true(move_plan(&move) == NULL);
	distances[2] = -8;
	assert_string_equal(move_plan(&move), "a jump table may lead back to its first bytes");
}

static void origins(void **state)
{
	struct move move = place(conditional, conditional_end);

	(void)state;
	assert_true(move_plan(&move) == NULL);
	assert_int_equal(move_origin(&move, 8), move.at);
	move = place(page, page_end);
	assert_true(move_plan(&move) == NULL);
	/* The load, and the jump to the rest. */
	assert_int_equal(move_origin(&move, 0), move.at);
	assert_int_equal(move_origin(&move, 8), move.at + 4);
	assert_true(move_origin(&move, MOVE_HEAD_LENGTH) == UINT64_MAX);
	move = place(loop, loop_end);
	assert_true(move_plan(&move) == NULL);
	assert_int_equal(move_origin(&move, 8), move.at + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_instructions),
		cmocka_unit_test(branches),
		cmocka_unit_test(loops),
		cmocka_unit_test(what_can_not),
		cmocka_unit_test(jump_tables),
		cmocka_unit_test(origins),
	};

	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
