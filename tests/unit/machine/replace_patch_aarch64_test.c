/* SPDX-License-Identifier: MIT */
/* What leads from a function of arm64's to another: written, and executed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "replace/patch.h"

#define SLOT_OFFSET 0x1000

static uint8_t *code;
static uint64_t caller;
static const char *returned_name;
static jmp_buf back;

/* The runtime's, where a function comes back to that does not return. */
void r0_returned(const char *name) __attribute__((noreturn, visibility("hidden")));
void r0_returned(const char *name)
{
	returned_name = name;
	longjmp(back, 1);
}

static int set_up(void **state)
{
	static const uint32_t one[] = { 0x52800020, 0xd65f03c0 }; /* MOV W0, #1; RET */

	(void)state;
	code = mmap(NULL, 2 * SLOT_OFFSET, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(code != MAP_FAILED);
	memcpy(code, one, sizeof(one));
	__builtin___clear_cache((char *)code, (char *)code + SLOT_OFFSET);
	caller = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	munmap(code, 2 * SLOT_OFFSET);
	return 0;
}

static int call(void)
{
	return ((int (*)(void))(uintptr_t)code)();
}

static int two(void)
{
	return 2;
}

static void put(const char *noreturn)
{
	struct patch patch;

	patch_choose(&patch, code, 8, 8);
	assert_int_equal(patch.start, 0);
	assert_int_equal(patch.size, 4);
	assert_false(patch.trap);
	patch.slot = (uint64_t)code + SLOT_OFFSET;
	patch.caller = (uint64_t)&caller;
	patch_write_slot(&patch, (uint64_t)two, noreturn, code + SLOT_OFFSET);
	assert_int_equal(patch_write(&patch, (uint64_t)code, PATCH_BREAKPOINT, code), 0);
	__builtin___clear_cache((char *)code, (char *)code + 2 * SLOT_OFFSET);
}

static void leads_to_another(void **state)
{
	(void)state;
	assert_int_equal(call(), 1);
	put(NULL);
	assert_int_equal(call(), 2);
}

static void function_that_does_not_return(void **state)
{
	(void)state;
	put("name");
	if (setjmp(back) == 0) {
		call();
		fail_msg("it returned");
	}
	assert_string_equal(returned_name, "name");
	assert_true(caller != 0);
}

/* A B reaches 128 MiB: Arm ARM, C6.2.26. */
static void too_far(void **state)
{
	struct patch patch = { .size = 4 };
	uint8_t to[4];

	(void)state;
	patch.slot = 0x10000000 + (1ul << 27);
	assert_int_equal(patch_write(&patch, 0x10000000, PATCH_BREAKPOINT, to), -ERANGE);
	patch.slot -= 4;
	assert_int_equal(patch_write(&patch, 0x10000000, PATCH_BREAKPOINT, to), 0);
	patch.slot = 0x10000000;
	assert_int_equal(patch_write(&patch, 0x10000000 + (1ul << 27), PATCH_BREAKPOINT, to), 0);
	assert_int_equal(patch_write(&patch, 0x10000004 + (1ul << 27), PATCH_BREAKPOINT, to),
			 -ERANGE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(leads_to_another),
		CASE(function_that_does_not_return),
		CASE(too_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
