/* SPDX-License-Identifier: MIT */
/* Instructions at known addresses. */
#ifndef TESTS_ARM64_ROUTINE_H
#define TESTS_ARM64_ROUTINE_H

#include <ring0.h>
#include <ring0/arm64.h>

/*
 * A function `void name(void *)`, of the instructions `before`, `at` and `after`, and a return; name_at is the address of
 * the one in the middle. X0 is its argument.
 */
#define ROUTINE(name, before, at, after)                                                       \
	void name(void *arg);                                                                  \
	extern const char name##_at[];                                                         \
	__asm__(".pushsection .text\n.balign 16\n.globl " #name ", " #name "_at\n.type " #name \
		", %function\n" #name ":\n" before "\n" #name "_at:\n" at "\n" after           \
		"\nret\n.size " #name ", . - " #name "\n.popsection")

/* The same for r0_user_call(), with what it returns in X0. */
#define USER_ROUTINE(name, before, at, after)                                                  \
	long name(void *arg);                                                                  \
	extern const char name##_at[];                                                         \
	__asm__(".pushsection .text\n.balign 16\n.globl " #name ", " #name "_at\n.type " #name \
		", %function\n" #name ":\n" before "\n" #name "_at:\n" at "\n" after           \
		"\nret\n.size " #name ", . - " #name "\n.popsection")

/* A fault of that class at a routine's middle. */
#define ASSERT_CLASS_AT(fault, wanted, at)                                 \
	do {                                                               \
		R0_ASSERT_EQ((fault).vector, wanted);                      \
		R0_ASSERT_EQ(R0_ESR_CLASS((fault).esr), (unsigned)wanted); \
		R0_ASSERT_EQ((fault).elr, (uint64_t)(at));                 \
	} while (0)

/* Whether it is a translation fault, whatever the level. */
static inline bool is_translation_fault(uint64_t esr)
{
	return (R0_ESR_STATUS(esr) & ~3u) == R0_STATUS_TRANSLATION(0);
}

static inline bool is_permission_fault(uint64_t esr)
{
	return (R0_ESR_STATUS(esr) & ~3u) == R0_STATUS_PERMISSION(0);
}

#endif /* TESTS_ARM64_ROUTINE_H */
