/* SPDX-License-Identifier: MIT */
/*
 * Instructions that only ring 0 may execute, tried in ring 3 with IOPL 0 and no I/O permissions:
 * each is #GP(0). SDM vol. 3A, 5.9, and vol. 1, 19.5; APM vol. 3, chapter 4.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

#define IN_RING3(name, ...)         \
	static long name(void *arg) \
	{                           \
		(void)arg;          \
		__VA_ARGS__;        \
		return 0;           \
	}

IN_RING3(hlt, r0_hlt())
IN_RING3(cli, r0_cli())
IN_RING3(sti, r0_sti())
IN_RING3(in8, r0_in8(0x80))
IN_RING3(in16, r0_in16(0x80))
IN_RING3(in32, r0_in32(0x80))
IN_RING3(out8, r0_out8(0x80, 0))
IN_RING3(out16, r0_out16(0x80, 0))
IN_RING3(out32, r0_out32(0x80, 0))
IN_RING3(read_cr0, r0_read_cr0())
IN_RING3(read_cr2, r0_read_cr2())
IN_RING3(read_cr3, r0_read_cr3())
IN_RING3(read_cr4, r0_read_cr4())
IN_RING3(read_cr8, r0_read_cr8())
IN_RING3(write_cr0, r0_write_cr0(0))
IN_RING3(write_cr2, r0_write_cr2(0))
IN_RING3(write_cr3, r0_write_cr3(0))
IN_RING3(write_cr4, r0_write_cr4(0))
IN_RING3(write_cr8, r0_write_cr8(0))
IN_RING3(clts, r0_clts())
IN_RING3(lmsw, r0_lmsw(0))
IN_RING3(read_dr0, r0_read_dr0())
IN_RING3(read_dr7, r0_read_dr7())
IN_RING3(write_dr0, r0_write_dr0(0))
IN_RING3(write_dr7, r0_write_dr7(0x400))
IN_RING3(rdmsr, r0_rdmsr(R0_MSR_EFER))
IN_RING3(wrmsr, r0_wrmsr(R0_MSR_GS_BASE, 0))
IN_RING3(lgdt, r0_lgdt((struct r0_table_register){ 0, 0 }))
IN_RING3(lidt, r0_lidt((struct r0_table_register){ 0, 0 }))
IN_RING3(lldt, r0_lldt(0))
IN_RING3(ltr, r0_ltr(0))
IN_RING3(invlpg, r0_invlpg((const void *)0x1000))
IN_RING3(invd, r0_invd())
IN_RING3(wbinvd, r0_wbinvd())
IN_RING3(swapgs, r0_swapgs())
IN_RING3(sysret, __asm__ volatile("sysretq" : : "c"(0), "a"(0) : "r11"))
IN_RING3(rdpmc, r0_rdpmc(0))

struct privileged {
	const char *name;
	long (*execute)(void *arg);
};

#define NAMED(function)             \
	{                           \
#function, function \
	}

static const struct privileged instructions[] = {
	NAMED(hlt),	  NAMED(cli),	    NAMED(sti),	      NAMED(in8),	NAMED(in16),
	NAMED(in32),	  NAMED(out8),	    NAMED(out16),     NAMED(out32),	NAMED(read_cr0),
	NAMED(read_cr2),  NAMED(read_cr3),  NAMED(read_cr4),  NAMED(read_cr8),	NAMED(write_cr0),
	NAMED(write_cr2), NAMED(write_cr3), NAMED(write_cr4), NAMED(write_cr8), NAMED(clts),
	NAMED(lmsw),	  NAMED(read_dr0),  NAMED(read_dr7),  NAMED(write_dr0), NAMED(write_dr7),
	NAMED(rdmsr),	  NAMED(wrmsr),	    NAMED(lgdt),      NAMED(lidt),	NAMED(lldt),
	NAMED(ltr),	  NAMED(invlpg),    NAMED(invd),      NAMED(wbinvd),	NAMED(swapgs),
	NAMED(sysret),	  NAMED(rdpmc),
};

R0_TEST(privileged, is_refused_in_ring_3, .params = R0_PARAMS(instructions))
{
	const struct privileged *instruction = &R0_PARAM(const struct privileged);
	struct r0_fault fault = r0_user_call(instruction->execute, NULL);

	r0_printf("%s\n", instruction->name);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
}

IN_RING3(xsetbv, r0_xsetbv(0, R0_XCR0_X87))

R0_TEST(privileged, xsetbv_is_refused_in_ring_3, .when = enters_with_osxsave)
{
	struct r0_fault fault = r0_user_call(xsetbv, NULL);

	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
}

IN_RING3(invpcid, r0_invpcid(R0_INVPCID_ALL_AND_GLOBAL, 0, 0))

R0_TEST(privileged, invpcid_is_refused_in_ring_3, .when = cpu_has_invpcid)
{
	struct r0_fault fault = r0_user_call(invpcid, NULL);

	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
}

IN_RING3(clac, r0_clac())
IN_RING3(stac, r0_stac())

/* These two are #UD outside ring 0: SDM vol. 2A, CLAC; vol. 2B, STAC. */
R0_TEST(privileged, clac_and_stac_are_undefined_in_ring_3, .when = cpu_has_smap)
{
	R0_ASSERT_EQ(r0_user_call(clac, NULL).vector, R0_UD);
	R0_ASSERT_EQ(r0_user_call(stac, NULL).vector, R0_UD);
}

static long add(void *arg)
{
	const long *numbers = arg;

	return numbers[0] + numbers[1];
}

static long selectors(void *arg)
{
	(void)arg;
	return r0_read_cs() << 16 | r0_read_ss();
}

R0_TEST(privileged, ring_3_computes)
{
	long numbers[2] = { 40, 2 };
	struct r0_fault fault = r0_user_call(add, numbers);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 42);
}

R0_TEST(privileged, ring_3_sees_its_selectors, .when = ring_3_has_the_guests_selectors)
{
	struct r0_fault fault = r0_user_call(selectors, NULL);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, (R0_USER_CS | 3) << 16 | R0_USER_DS | 3);
}
