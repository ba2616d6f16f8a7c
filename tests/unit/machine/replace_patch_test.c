/* SPDX-License-Identifier: MIT */
/* Unit tests of replace/patch_x86_64.c: where there is room for a jump. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "replace/patch.h"

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

static struct patch choose(const char *code, size_t code_size, size_t size, size_t room)
{
	uint8_t bytes[PATCH_LOOK] = { 0 };
	struct patch patch;

	memcpy(bytes, code, code_size);
	patch_choose(&patch, bytes, size, room);
	return patch;
}

static void jump_where_there_is_room(void **state)
{
	struct patch patch = choose("\x55\x48\x89\xe5\x5d\xc3", 6, 6, 16);

	(void)state;
	assert_false(patch.trap);
	assert_int_equal(patch.start, 0);
	assert_int_equal(patch.size, 5);
}

static void padding_is_room(void **state)
{
	struct patch patch = choose("\xc3\x66\x0f\x1f\x44\x00\x00", 7, 1, 7);

	(void)state;
	assert_false(patch.trap);
	/* But not what may be code. */
	patch = choose("\xc3\x55\x90\x90\x90\x90", 6, 1, 6);
	assert_true(patch.trap);
	assert_int_equal(patch.size, 1);
	patch = choose("\xc3\x90\x55\x90\x90\x90", 6, 1, 6);
	assert_true(patch.trap);
	assert_int_equal(patch.size, 2);
	/* Nor what is another function's. */
	patch = choose("\xc3\x90\x90\x90\x90\x90", 6, 1, 2);
	assert_true(patch.trap);
}

static void behind_endbr64(void **state)
{
	char code[9];
	struct patch patch;

	(void)state;
	memcpy(code, endbr64, 4);
	memcpy(code + 4, "\x89\xf8\x31\xc0\xc3", 5);
	patch = choose(code, 9, 9, 16);
	assert_false(patch.trap);
	assert_int_equal(patch.start, 4);
	patch = choose(code, 8, 8, 8);
	assert_true(patch.trap);
	assert_int_equal(patch.start, 4);
}

static void bytes(void **state)
{
	struct patch patch = { .size = 5, .slot = 0x2000 };
	uint8_t to[16];

	(void)state;
	assert_int_equal(patch_write(&patch, 0x1000, PATCH_PORT, to), 0);
	assert_memory_equal(to, "\xe9\xfb\x0f\x00\x00", 5);
	patch.slot = 0x200000000;
	assert_int_equal(patch_write(&patch, 0x1000, PATCH_PORT, to), -ERANGE);
	patch.trap = true;
	patch.size = 2;
	assert_int_equal(patch_write(&patch, 0x1000, PATCH_BREAKPOINT, to), 0);
	assert_int_equal(to[0], 0xcc);
	assert_int_equal(patch_write(&patch, 0x1000, PATCH_PORT, to), 0);
	assert_memory_equal(to, "\xe6\xd0", 2);
	patch.size = 1;
	to[1] = 0x55;
	assert_int_equal(patch_write(&patch, 0x1000, PATCH_PORT, to), 0);
	assert_memory_equal(to, "\xee\x55", 2);
}

static void slot(void **state)
{
	struct patch patch = { .size = 5, .slot = 0x2000, .caller = 0x3000 };
	uint8_t to[PATCH_SLOT];
	uint64_t target;

	(void)state;
	patch_write_slot(&patch, 0x123456789abc, NULL, to);
	assert_memory_equal(to, "\xff\x25\x00\x00\x00\x00", 6);
	memcpy(&target, to + 6, sizeof(target));
	assert_int_equal(target, 0x123456789abc);
	/* lea landing(%rip), %r11; xchg %r11, (%rsp); mov %r11, caller(%rip); jmp *… */
	patch_write_slot(&patch, 0x123456789abc, "stop", to);
	assert_memory_equal(to, "\x4c\x8d\x1d\x19\x00\x00\x00\x4c\x87\x1c\x24\x4c\x89\x1d", 14);
	memcpy(&target, to + 24, sizeof(target));
	assert_int_equal(target, 0x123456789abc);
	assert_memory_equal(to + 32, "\xff\x35", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jump_where_there_is_room),
		cmocka_unit_test(padding_is_room),
		cmocka_unit_test(behind_endbr64),
		cmocka_unit_test(bytes),
		cmocka_unit_test(slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
