/* SPDX-License-Identifier: MIT */
/* What can't be replaced, each with the reason; the comments are those of tests/fixtures/fixture.h. */
#include <ring0.h>
#include <ring0/x86.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "code.h"
#include "refused.h"

static int fake_plain(int a, int b)
{
	return a - b;
}

static int fake_int(int a)
{
	return a;
}

static int other_int(int a)
{
	return a + 1;
}

/* expect error: plain() can't be replaced: the test replaces it twice */
R0_TEST(refused, twice, .replace = R0_REPLACE((plain, fake_plain), (plain, fake_plain)))
{
}

/* expect error: plain() can't be replaced: its replacement is the same function */
R0_TEST(refused, itself, .replace = R0_REPLACE((plain, plain)))
{
}

/* expect error: helper() can't be replaced: its replacement branches() is itself replaced */
R0_TEST(refused, chain, .replace = R0_REPLACE((helper, branches), (branches, fake_int)))
{
}

int absent(int a) __attribute__((weak));

/* expect error: absent() can't be replaced: it is not there */
R0_TEST(refused, absent, .replace = R0_REPLACE((absent, fake_int)))
{
}

/* expect error: helper() can't be replaced: absent() is not there */
R0_TEST(refused, absent_replacement, .replace = R0_REPLACE((helper, absent)))
{
}

static uint64_t fake_clock(void)
{
	return 0;
}

/* expect error: r0_clock() can't be replaced: r0_clock() is ring0's own */
R0_TEST(refused, runtime, .replace = R0_REPLACE((r0_clock, fake_clock)))
{
}

static time_t fake_time(time_t *to)
{
	(void)to;
	return 0;
}

/* expect error: time() can't be replaced: it is the vDSO's */
R0_TEST(refused, vdso, .replace = R0_REPLACE((time, fake_time)))
{
}

/* expect error: can't be replaced: no function of refused begins at its address */
R0_TEST(refused, middle, .replace = R0_REPLACE((*(int (*)(int))((char *)helper + 1), fake_int)))
{
}

/* expect error: callee() can't be replaced: optimizer.c was compiled so ... -flive-patching=inline-clone or -fPIC */
R0_TEST(refused, interprocedural, .replace = R0_REPLACE((callee, fake_int)))
{
	R0_ASSERT_EQ(caller(3, 10, 20, 30), 183);
}

/* expect error: inlined() can't be replaced: it was inlined into calls_inlined() (optimizer.c:29) ... -fno-inline */
R0_TEST(refused, inlined, .replace = R0_REPLACE((inlined, fake_int)))
{
	R0_ASSERT_EQ(calls_inlined(9), 9);
}

/* expect error: inlined_by_another_name() can't be replaced: it was inlined into calls_inlined() (optimizer.c: */
R0_TEST(refused, another_name, .replace = R0_REPLACE((inlined_by_another_name, fake_int)))
{
	R0_ASSERT_EQ(calls_inlined(9), 9);
}

/* expect error: of_a_header() can't be replaced: ... has no debugging information, and may have a copy ... refused.h */
R0_TEST(refused, may_be_inlined_unseen, .replace = R0_REPLACE((of_a_header, fake_int)))
{
	R0_ASSERT_EQ(of_a_header(9), 9);
	R0_ASSERT_EQ(calls_of_a_header(9), 9);
}

static int fake_vanishes(void)
{
	return 40;
}

/* expect error: vanishes() can't be replaced: it was inlined in optimizer.c, where nothing was left of it */
R0_TEST(refused, vanishing, .replace = R0_REPLACE((vanishes, fake_vanishes)))
{
	R0_ASSERT_EQ(calls_vanishing(), 41);
}

/* expect error: copied() can't be replaced: optimizer.c has a copy of its own */
R0_TEST(refused, copied, .replace = R0_REPLACE((copied, fake_int)))
{
	R0_ASSERT_EQ(calls_copied(9), 9);
}

/* expect error: cloned() can't be replaced: the compiler made cloned.constprop.0 of it ... -fno-ipa-cp */
R0_TEST(refused, cloned, .replace = R0_REPLACE((cloned, fake_plain)))
{
	R0_ASSERT_EQ(calls_cloned(2), -14 - 13);
}

static int fake_atoi(const char *text)
{
	return text[0];
}

/* expect error: atoi() can't be replaced: it was inlined into calls_atoi() (optimizer.c: */
R0_TEST(refused, inline_in_a_header, .replace = R0_REPLACE((atoi, fake_atoi)))
{
	R0_ASSERT_EQ(calls_atoi("9"), '9');
}

static unsigned long fake_strlen(const char *text)
{
	return (unsigned long)text[0];
}

/* expect error: strlen() can't be replaced: compilers know strlen() ... -fno-builtin */
R0_TEST(refused, builtin, .replace = R0_REPLACE((strlen, fake_strlen)))
{
	R0_ASSERT_EQ(calls_strlen(), 'a');
}

static void fake_stop(const char *format, ...)
{
	(void)format;
}

/* expect fail: stop() does not return, but the function in its place did, in calls_stop ( ... /code.c:102) */
R0_TEST(told, returns, .replace = R0_REPLACE((stop, fake_stop)))
{
	calls_stop();
}

static long stops_in_ring_3(void *unused)
{
	(void)unused;
	calls_stop();
	return 0;
}

/* expect fail: stop() does not return, but the function in its place did */
R0_TEST(told, returns_in_ring_3, .replace = R0_REPLACE((stop, fake_stop)))
{
	r0_user_call(stops_in_ring_3, NULL);
}

static int crashes(const char *text)
{
	return R0_ORIGINAL(loop)(text);
}

/* expect crash: #PF: read from the NULL pointer ... in loop ( */
R0_TEST(told, crash_of_the_original, .replace = R0_REPLACE((loop, crashes)))
{
	loop(NULL);
}

static int reads_first(const int *from)
{
	return R0_ORIGINAL(first_reads)(from);
}

/* expect crash: #PF: read from the NULL pointer ... in first_reads ( ... short.S */
R0_TEST(told, crash_of_moved_code, .replace = R0_REPLACE((first_reads, reads_first)))
{
	first_reads(NULL);
}

static int crashes_at_once(int a)
{
	__asm__ volatile("divl %1" : "+a"(a) : "r"(0), "d"(0) : "cc");
	return a;
}

/* expect crash: #DE ... in crashes_at_once ( */
R0_TEST(told, crash_of_the_replacement, .replace = R0_REPLACE((helper, crashes_at_once)))
{
	tail(1);
}

/* What is refused in one test leaves the next alone. */
R0_TEST(told, others_go_on, .replace = R0_REPLACE((helper, other_int)))
{
	R0_ASSERT_EQ(tail(1), 2);
}

static int fake_seven(void)
{
	return 8;
}

static void fake_returns(void)
{
}

/* A copy of the table, and yet another: where its gates lead is not looked at. */
static void load_own_idt(void)
{
	static uint8_t table[4096];
	struct r0_table_register idtr = r0_sidt();

	__builtin_memcpy(table, (const void *)(uintptr_t)idtr.base, sizeof(table));
	idtr.base = (uintptr_t)table;
	r0_lidt(idtr);
}

static int watched;

R0_TEST(told, watched_trap_with_an_idt_of_its_own, .watch = R0_WATCH(&watched),
	.replace = R0_REPLACE((returns_seven, fake_seven)))
{
	load_own_idt();
	R0_ASSERT_EQ(returns_seven(), 8);
}

static long seven_in_ring_3(void *unused)
{
	(void)unused;
	return returns_seven();
}

/* Ring 3 of a software KVM runs natively, where an INT3 is an exception. */
/* expect on software KVM error: returns_seven() has no room for a jump, so that an exception takes its place in ring 3 ... the IDT */
R0_TEST(told, trap_in_ring_3_with_an_idt_of_its_own,
	.replace = R0_REPLACE((returns_seven, fake_seven)))
{
	load_own_idt();
	R0_ASSERT_EQ(r0_user_call(seven_in_ring_3, NULL).value, 8);
}

/*
 * In ring 3 it is an exception while .watch takes the place of a debugger, and here it goes to a gate of the test's
 * own, which is not to be seen at the end.
 */
/* expect error: returns_seven() has no room for a jump, so that an exception takes its place in ring 3 ... the IDT */
R0_TEST(told, watched_trap_in_ring_3_with_a_gate_of_its_own, .watch = R0_WATCH(&watched),
	.replace = R0_REPLACE((returns_seven, fake_seven)))
{
	struct r0_gate *gate = r0_idt() + R0_GP, before = *gate;

	gate->type_dpl_p &= (uint8_t)~R0_GATE_P;
	R0_ASSERT_EQ(r0_user_call(seven_in_ring_3, NULL).vector, R0_NP);
	*gate = before;
}

/* The port is DX's, and may be one that KVM keeps for itself. */
/* expect error: one_byte() can't be replaced: it is one byte long ... .irqchip */
R0_TEST(told, watched_byte_with_interrupt_controllers, .watch = R0_WATCH(&watched), .irqchip = true,
	.replace = R0_REPLACE((one_byte, fake_returns)))
{
	one_byte();
}

/* A jump takes no handler. */
R0_TEST(told, jump_with_an_idt_of_its_own, .replace = R0_REPLACE((only_returns, fake_returns)))
{
	load_own_idt();
	only_returns();
}

/* expect error: plain_inner() can't be replaced: libplain.so has calls of it that do not go by its PLT */
R0_TEST(refused, called_within_a_library, .replace = R0_REPLACE((plain_inner, fake_int)))
{
	plain_outer(1);
}

R0_TEST(told, called_by_a_plt, .replace = R0_REPLACE((plain_outer, fake_int)))
{
	R0_ASSERT_EQ(plain_outer(1), 1);
}
