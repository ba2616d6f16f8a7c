/* SPDX-License-Identifier: MIT */
/*
 * Jumps out of a guarded call, as leave.c has _exit(). siglongjmp() is what a jump inside is handed on to, and so can't
 * be caught, but for programs that are built with _FORTIFY_SOURCE.
 */
#include <setjmp.h>
#include <stdint.h>
#include "mock/guard.h"

void __longjmp_chk(jmp_buf environment, int value) __attribute__((noreturn));

/* glibc's jmp_buf has RSP at 6, rotated by 17 and mixed with a secret: PTR_MANGLE in its sources. */
static uint64_t stack_pointer_of(const jmp_buf environment)
{
	uint64_t value = (uint64_t)environment[0].__jmpbuf[6];

	__asm__("ror $17, %0\n\txor %%fs:0x30, %0" : "+r"(value));
	return value;
}

/* Whether the jump stays between the guarded call and here. */
static bool is_inside(const struct guard *guard, const jmp_buf environment)
{
	uint64_t target = stack_pointer_of(environment);

	return target > (uint64_t)(uintptr_t)__builtin_frame_address(0) &&
	       target < (uint64_t)(uintptr_t)guard;
}

static __attribute__((noreturn)) void jump(jmp_buf environment, int value)
{
	struct guard *guard = guard_current();

	if (guard && !is_inside(guard, environment)) {
		guard_note_place(guard);
		guard_leave(guard, GUARD_JUMPED);
	}
	siglongjmp(environment, value);
}

__attribute__((weak, noreturn)) void longjmp(jmp_buf environment, int value)
{
	jump(environment, value);
}

__attribute__((weak, noreturn)) void _longjmp(jmp_buf environment, int value)
{
	jump(environment, value);
}

__attribute__((weak, noreturn)) void __longjmp_chk(jmp_buf environment, int value)
{
	jump(environment, value);
}
