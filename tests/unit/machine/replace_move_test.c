/* SPDX-License-Identifier: MIT */
/* Unit tests of replace/move_x86_64.c: code elsewhere, instruction by instruction. The bytes are GNU as'. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "replace/move.h"

#define AT    0x10000000ull
#define THERE 0x08000000ull

/* A table of the program's, at TABLE. */
#define TABLE 0x10002000ull
static int32_t table[4];

static bool read_table(uint64_t address, void *to, size_t size)
{
	if (address < TABLE || address + size > TABLE + sizeof(table))
		return false;
	memcpy(to, (const uint8_t *)table + (address - TABLE), size);
	return true;
}

static bool read_nothing(uint64_t address, void *to, size_t size)
{
	(void)address;
	(void)to;
	(void)size;
	return false;
}

static struct move move_of(const uint8_t *code, size_t size)
{
	return (struct move){
		.code = code, .at = AT, .size = size, .patched = 5, .read = read_nothing
	};
}

static uint64_t target_of(const uint8_t *moved, size_t field)
{
	int32_t distance;

	memcpy(&distance, moved + field, sizeof(distance));
	return THERE + field + 4 + (uint64_t)(int64_t)distance;
}

static void operand_relative_to_rip(void **state)
{
	/* mov 0x100(%rip), %eax; ret */
	static const uint8_t code[] = { 0x8b, 0x05, 0x00, 0x01, 0, 0, 0xc3 };
	struct move move = move_of(code, sizeof(code));
	uint8_t moved[MOVE_HEAD_LENGTH];

	(void)state;
	assert_null(move_plan(&move));
	assert_false(move.whole);
	assert_null(move_write(&move, code, THERE, moved));
	assert_memory_equal(moved, code, 2);
	assert_int_equal(target_of(moved, 2), AT + 6 + 0x100);
	/* On to what is not moved. */
	assert_int_equal(moved[6], 0xe9);
	assert_int_equal(target_of(moved, 7), AT + 6);
	assert_int_equal(move_origin(&move, 0), AT);
	assert_int_equal(move_origin(&move, 6), AT + 6);
	assert_int_equal(move_origin(&move, 20), UINT64_MAX);
}

static void short_branches_get_long(void **state)
{
	/* test %edi, %edi; je +0x10; jmp +0x20; then 0x40 NOPs */
	uint8_t code[0x46], moved[MOVE_HEAD_LENGTH];
	struct move move = move_of(code, sizeof(code));

	(void)state;
	memset(code, 0x90, sizeof(code));
	memcpy(code, "\x85\xff\x74\x10\xeb\x20", 6);
	assert_null(move_plan(&move));
	assert_false(move.whole);
	assert_null(move_write(&move, code, THERE, moved));
	assert_memory_equal(moved, "\x85\xff\x0f\x84", 4);
	assert_int_equal(target_of(moved, 4), AT + 4 + 0x10);
	assert_int_equal(moved[8], 0xe9);
	assert_int_equal(target_of(moved, 9), AT + 6 + 0x20);
	assert_int_equal(move_origin(&move, 2), AT + 2);
	assert_int_equal(move_origin(&move, 8), AT + 4);
}

static void loop_has_no_long_form(void **state)
{
	/* loop +0x10; mov %eax, %eax; nop; ... */
	uint8_t code[0x20], moved[MOVE_HEAD_LENGTH];
	struct move move = move_of(code, sizeof(code));

	(void)state;
	memset(code, 0x90, sizeof(code));
	memcpy(code, "\xe2\x10\x89\xc0", 4);
	assert_null(move_plan(&move));
	assert_null(move_write(&move, code, THERE, moved));
	/* loop +2; jmp +5; jmp */
	assert_memory_equal(moved, "\xe2\x02\xeb\x05\xe9", 5);
	assert_int_equal(target_of(moved, 5), AT + 2 + 0x10);
}

static void calls_are_of_the_same(void **state)
{
	/* call +0x100, as of __fentry__; ret */
	static const uint8_t code[] = { 0xe8, 0x00, 0x01, 0, 0, 0xc3 };
	struct move move = move_of(code, sizeof(code));
	uint8_t moved[MOVE_HEAD_LENGTH];

	(void)state;
	assert_null(move_plan(&move));
	assert_null(move_write(&move, code, THERE, moved));
	assert_int_equal(moved[0], 0xe8);
	assert_int_equal(target_of(moved, 1), AT + 5 + 0x100);
}

static void loop_to_the_start_moves_all(void **state)
{
	/* 0: dec %edi; jne 0; call 0; jmp far; mov x(%rip), %eax; ret */
	static const uint8_t code[] = { 0xff, 0xcf, 0x75, 0xfc, 0xe8, 0xf7, 0xff,
					0xff, 0xff, 0xe9, 0x00, 0x10, 0,    0,
					0x8b, 0x05, 0x00, 0x02, 0,    0,    0xc3 };
	struct move move = move_of(code, sizeof(code));
	uint8_t moved[sizeof(code)];

	(void)state;
	assert_null(move_plan(&move));
	assert_true(move.whole);
	assert_int_equal(move.length, sizeof(code));
	assert_null(move_write(&move, code, THERE, moved));
	assert_memory_equal(moved, code, 4);
	/* A call of itself is one of the function as it is called by others. */
	assert_int_equal(target_of(moved, 5), AT);
	assert_int_equal(target_of(moved, 10), AT + 14 + 0x1000);
	assert_int_equal(target_of(moved, 16), AT + 20 + 0x200);
	assert_int_equal(move_origin(&move, 4), AT + 4);
}

static void short_jump_out_of_all(void **state)
{
	/* 0: jne 0; jmp +0x40 */
	static const uint8_t code[] = { 0x75, 0xfe, 0xeb, 0x40, 0x90, 0x90 };
	struct move move = move_of(code, sizeof(code));
	uint8_t moved[sizeof(code)];

	(void)state;
	assert_null(move_plan(&move));
	assert_true(move.whole);
	assert_string_equal(
		move_write(&move, code, THERE, moved),
		"it comes back to its first bytes, and has a short jump to another function");
}

static void jump_tables(void **state)
{
	/* lea TABLE(%rip), %rdx; movslq (%rdx,%rax,4), %rax; add %rdx, %rax; jmp *%rax; ret */
	static const uint8_t code[] = { 0x48, 0x8d, 0x15, 0xf9, 0x1f, 0,    0,	  0x48, 0x63,
					0x04, 0x82, 0x48, 0x01, 0xd0, 0xff, 0xe0, 0xc3, 0x90 };
	struct move move = move_of(code, sizeof(code));

	(void)state;
	move.read = read_table;
	table[0] = (int32_t)(AT + 16 - TABLE);
	table[1] = (int32_t)(AT + 17 - TABLE);
	table[2] = 0;
	assert_null(move_plan(&move));
	assert_false(move.whole);
	/* Its second entry leads to what is overwritten. */
	table[1] = (int32_t)(AT - TABLE);
	assert_string_equal(move_plan(&move), "a jump table leads back to its first bytes");
}

static void what_is_no_code(void **state)
{
	/* 06 is nothing in 64-bit mode. */
	static const uint8_t code[] = { 0x90, 0x90, 0x06, 0x90, 0x90, 0xc3 };
	struct move move = move_of(code, sizeof(code));

	(void)state;
	assert_string_equal(move_plan(&move), "its code can't be decoded");
	/* Short, and no end of it to be seen. */
	move = move_of(code, 2);
	assert_string_equal(move_plan(&move), "its code can't be decoded");
}

static void too_far(void **state)
{
	static const uint8_t code[] = { 0xe8, 0x00, 0x01, 0, 0, 0xc3 };
	struct move move = move_of(code, sizeof(code));
	uint8_t moved[MOVE_HEAD_LENGTH];

	(void)state;
	assert_null(move_plan(&move));
	assert_non_null(move_write(&move, code, AT + (1ull << 32), moved));
}

/* What ring 0 is shown in place of an opcode stays so. */
static void shown_bytes(void **state)
{
	/* tzcnt %edi, %eax; nop; ret: with 0F 24 for 0F BC */
	static const uint8_t code[] = { 0xf3, 0x0f, 0xbc, 0xc7, 0x90, 0xc3 };
	static const uint8_t shown[] = { 0xf3, 0x0f, 0x24, 0xc7, 0x90, 0xc3 };
	struct move move = move_of(code, sizeof(code));
	uint8_t moved[MOVE_HEAD_LENGTH];

	(void)state;
	assert_null(move_plan(&move));
	assert_null(move_write(&move, shown, THERE, moved));
	assert_memory_equal(moved, shown, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operand_relative_to_rip),
		cmocka_unit_test(short_branches_get_long),
		cmocka_unit_test(loop_has_no_long_form),
		cmocka_unit_test(calls_are_of_the_same),
		cmocka_unit_test(loop_to_the_start_moves_all),
		cmocka_unit_test(short_jump_out_of_all),
		cmocka_unit_test(jump_tables),
		cmocka_unit_test(what_is_no_code),
		cmocka_unit_test(too_far),
		cmocka_unit_test(shown_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
