/* SPDX-License-Identifier: MIT */
/* System registers, the generic timer, PSCI and atomics. */
#include <string.h>
#include "routine.h"

R0_TEST(registers, keep_what_is_written)
{
	r0_msr(tpidr_el1, 0x1122334455667788);
	R0_ASSERT_EQ(r0_mrs(tpidr_el1), 0x1122334455667788);
	r0_msr(contextidr_el1, 0x1234);
	R0_ASSERT_EQ(r0_mrs(contextidr_el1), 0x1234);
	r0_msr(afsr0_el1, 0);
	r0_msr(elr_el1, 0x4444);
	R0_ASSERT_EQ(r0_mrs(elr_el1), 0x4444);
	r0_msr(spsr_el1, R0_PSTATE_EL1H);
	R0_ASSERT_EQ(r0_mrs(spsr_el1), R0_PSTATE_EL1H);
}

R0_TEST(registers, are_put_back)
{
	R0_ASSERT_EQ(r0_mrs(tpidr_el1), 0);
	R0_ASSERT_NE(r0_mrs(contextidr_el1), 0x1234);
}

R0_TEST(registers, safe_reads)
{
	uint64_t value = 5;

	R0_ASSERT_EQ(r0_mrs_safe(midr_el1, &value), -1);
	R0_ASSERT_EQ(value, r0_mrs(midr_el1));
	R0_ASSERT_EQ(r0_mrs_safe(hcr_el2, &value), R0_UNDEFINED);
	R0_ASSERT_EQ(r0_msr_safe(vbar_el2, 0), R0_UNDEFINED);
	R0_ASSERT_EQ(r0_msr_safe(tpidr_el1, 3), -1);
}

R0_TEST(registers, identification)
{
	R0_ASSERT_GE(R0_ID_FIELD(r0_mrs(id_aa64pfr0_el1), R0_ID_PFR0_EL0), 1);
	R0_ASSERT_LE(R0_ID_FIELD(r0_mrs(id_aa64mmfr0_el1), R0_ID_MMFR0_PARANGE), 6);
}

R0_TEST(registers, masks)
{
	r0_msr_immediate(daifclr, 8);
	R0_ASSERT_EQ(r0_mrs(daif), R0_PSTATE_DAIF & ~R0_PSTATE_D);
	r0_msr_immediate(daifset, 8);
	R0_ASSERT_EQ(r0_mrs(daif), R0_PSTATE_DAIF);
}

R0_TEST(registers, masks_in_a_handler)
{
	r0_msr_immediate(daifclr, 8);
	R0_ASSERT_FAULT(R0_BRK, r0_brk(0));
	R0_ASSERT_EQ(r0_mrs(daif), R0_PSTATE_DAIF & ~R0_PSTATE_D);
}

R0_TEST(registers, floating_point_control)
{
	r0_msr(fpcr, 3ul << 22); /* RMode: towards zero */
	R0_ASSERT_EQ(r0_mrs(fpcr), 3ul << 22);
}

R0_TEST(registers, floating_point_control_is_put_back)
{
	R0_ASSERT_EQ(r0_mrs(fpcr), 0);
}

static bool has_pointer_authentication(void)
{
	const uint64_t features = r0_mrs(id_aa64isar1_el1);

	return R0_ID_FIELD(features, R0_ID_ISAR1_APA) || R0_ID_FIELD(features, R0_ID_ISAR1_API);
}

R0_TEST(registers, pointer_authentication)
{
	uint64_t signed_pointer = (uint64_t)&has_pointer_authentication, back;

	if (!has_pointer_authentication())
		R0_SKIP("this CPU has no pointer authentication");
	__asm__ volatile(".arch_extension pauth\n\tpacia %0, %1" : "+r"(signed_pointer) : "r"(7ul));
	back = signed_pointer;
	__asm__ volatile(".arch_extension pauth\n\tautia %0, %1" : "+r"(back) : "r"(7ul));
	R0_ASSERT_EQ(back, (uint64_t)&has_pointer_authentication);
	R0_ASSERT_NE(signed_pointer, back);
}

R0_TEST(timer, count_goes_on)
{
	uint64_t first = r0_virtual_count();

	R0_ASSERT_GE(r0_virtual_count(), first);
	R0_ASSERT_NE(r0_mrs(cntfrq_el0), 0);
}

R0_TEST(timer, condition_is_met_in_time)
{
	uint64_t until = r0_virtual_count() + r0_timer_counts(2000);

	r0_msr(cntv_cval_el0, until);
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE | R0_TIMER_IMASK);
	r0_isb();
	while (!(r0_mrs(cntv_ctl_el0) & R0_TIMER_ISTATUS))
		r0_yield();
	R0_ASSERT_GE(r0_virtual_count(), until);
}

R0_TEST(timer, down_counter)
{
	r0_msr(cntv_tval_el0, 0x10000000);
	r0_isb();
	R0_ASSERT_LE(r0_mrs(cntv_tval_el0), 0x10000000);
	R0_ASSERT_GE(r0_mrs(cntv_cval_el0), r0_virtual_count());
}

R0_TEST(timer, is_put_back)
{
	R0_ASSERT_EQ(r0_mrs(cntv_ctl_el0) & (R0_TIMER_ENABLE | R0_TIMER_IMASK), 0);
}

/* WFI ends by the timer, whose interrupt nobody takes. */
R0_TEST(timer, ends_a_wait)
{
	uint64_t until = r0_virtual_count() + r0_timer_counts(3000);

	r0_msr(cntv_cval_el0, until);
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE);
	r0_isb();
	while (r0_virtual_count() < until)
		r0_wfi();
	R0_ASSERT(r0_mrs(cntv_ctl_el0) & R0_TIMER_ISTATUS);
}

R0_TEST(psci, version)
{
	uint64_t version = r0_hvc_call(R0_PSCI_VERSION, 0, 0, 0);

	R0_ASSERT_GE(version, 0x00000002);
	R0_ASSERT_LT(version, 0x00030000);
}

R0_TEST(psci, unknown_function)
{
	R0_ASSERT_EQ(r0_hvc_call(0x8400001f, 0, 0, 0) & 0xffffffff, 0xffffffff);
}

R0_TEST(psci, this_cpu_is_on)
{
	R0_ASSERT_EQ(r0_hvc_call(R0_PSCI_AFFINITY_INFO, r0_mrs(mpidr_el1) & 0xff00ffffff, 0, 0), 0);
}

R0_TEST(psci, no_other_cpu)
{
	R0_ASSERT_NE(r0_hvc_call(R0_PSCI_CPU_ON, 1, 0, 0), 0);
}

R0_TEST(atomics, exclusive_pair)
{
	static uint64_t word = 5;
	uint32_t failed;
	uint64_t value;

	do
		__asm__ volatile("ldaxr %0, [%2]\n\t"
				 "add %0, %0, #1\n\t"
				 "stlxr %w1, %0, [%2]"
				 : "=&r"(value), "=&r"(failed)
				 : "r"(&word)
				 : "memory");
	while (failed);
	R0_ASSERT_EQ(word, 6);
}

R0_TEST(atomics, store_exclusive_without_a_monitor)
{
	static uint64_t word = 5;
	uint32_t failed;

	__asm__ volatile("clrex\n\t"
			 "stxr %w0, %1, [%2]"
			 : "=&r"(failed)
			 : "r"(9ul), "r"(&word)
			 : "memory");
	R0_ASSERT_EQ(failed, 1);
	R0_ASSERT_EQ(word, 5);
}

R0_TEST(atomics, large_system_extensions)
{
	static uint64_t word = 5;
	uint64_t old, wanted = 6;

	if (R0_ID_FIELD(r0_mrs(id_aa64isar0_el1), R0_ID_ISAR0_ATOMIC) < 2)
		R0_SKIP("this CPU has no LSE");
	__asm__ volatile(".arch_extension lse\n\tldadd %1, %0, [%2]"
			 : "=&r"(old)
			 : "r"(1ul), "r"(&word)
			 : "memory");
	R0_ASSERT_EQ(old, 5);
	__asm__ volatile(".arch_extension lse\n\tcas %0, %1, [%2]"
			 : "+&r"(wanted)
			 : "r"(20ul), "r"(&word)
			 : "memory");
	R0_ASSERT_EQ(wanted, 6);
	R0_ASSERT_EQ(word, 20);
}

R0_TEST(atomics, of_the_compiler)
{
	static uint64_t word = 5;

	R0_ASSERT_EQ(__atomic_fetch_add(&word, 3, __ATOMIC_SEQ_CST), 5);
	R0_ASSERT_EQ(__atomic_exchange_n(&word, 1, __ATOMIC_SEQ_CST), 8);
}

/* DC ZVA zeroes a block of the size that DCZID_EL0 tells. */
R0_TEST(memory, zeroing_a_block)
{
	static uint8_t bytes[4096] __attribute__((aligned(2048)));
	const uint64_t size = 4ul << (r0_mrs(dczid_el0) & 15);

	R0_ASSERT_EQ(r0_mrs(dczid_el0) & 16, 0);
	memset(bytes, 0xff, sizeof(bytes));
	r0_dc(zva, bytes);
	R0_ASSERT_EQ(bytes[size - 1], 0);
	R0_ASSERT_EQ(bytes[size], 0xff);
}

R0_TEST(memory, cache_maintenance)
{
	static uint8_t bytes[256];

	bytes[0] = 3;
	r0_dc(civac, bytes);
	r0_dc(cvac, bytes);
	r0_dc(cvau, bytes);
	r0_dsb(ish);
	r0_ic_iallu();
	r0_isb();
	R0_ASSERT_EQ(bytes[0], 3);
}

R0_TEST(memory, declared_ram, .ram = R0_RAM({ 0x40000000, 0x40004000 }))
{
	volatile uint64_t *word = r0_at_physical(0x40000000);

	R0_ASSERT_EQ(word[0], 0);
	word[0] = 0x1234;
	R0_ASSERT_EQ(word[0], 0x1234);
	R0_ASSERT_EQ(word[0x3ff8 / 8], 0);
}

R0_TEST(memory, declared_ram_is_zeroed, .ram = R0_RAM({ 0x40000000, 0x40004000 }))
{
	R0_ASSERT_EQ(*(volatile uint64_t *)r0_at_physical(0x40000000), 0);
}

R0_TEST(memory, window, .ram = R0_RAM({ 0x40000000, 0x40004000 }),
	.map = R0_MAP({ 0xffff900000000000, 0x40000000, 0x4000 }))
{
	*(volatile uint64_t *)0xffff900000001000 = 7;
	R0_ASSERT_EQ(*(volatile uint64_t *)r0_at_physical(0x40001000), 7);
}

struct device {
	uint64_t registers[8];
	uint32_t widths;
};

static int serve(void *state, struct r0_access *access)
{
	struct device *device = state;
	uint64_t *at = &device->registers[access->address / 8 % 8];

	device->widths |= access->width;
	if (access->write)
		*at = access->value;
	else
		access->value = *at;
	return 0;
}

static int all_widths(void *state)
{
	return ((struct device *)state)->widths == 15 ? 0 : -1;
}

static const struct device device = { .registers = { [1] = 0x8877665544332211 } };

#define DEVICE 0x0a000000ul

R0_TEST(memory, mocked_device,
	.mmio = R0_MMIO({ DEVICE, DEVICE + 0x3f, serve, &device, sizeof(device), all_widths }))
{
	volatile uint8_t *at = r0_at_physical(DEVICE);

	R0_ASSERT_EQ(at[8], 0x11);
	R0_ASSERT_EQ(*(volatile uint16_t *)(at + 8), 0x2211);
	R0_ASSERT_EQ(*(volatile uint32_t *)(at + 8), 0x44332211);
	R0_ASSERT_EQ(*(volatile uint64_t *)(at + 8), 0x8877665544332211);
	*(volatile uint64_t *)(at + 16) = 0x123456789abcdef0;
	R0_ASSERT_EQ(*(volatile uint32_t *)(at + 16), 0x9abcdef0);
}

static const struct device pattern = {
	.registers = { 0x0706050403020100, 0x8f8e8d8c8b8a8988, 0x1716151413121110,
		       0x1f1e1d1c1b1a1918 },
};

#define PATTERN .mmio = R0_MMIO({ DEVICE, DEVICE + 0x3f, serve, &pattern, sizeof(pattern) })

/* Of what follows the CPU tells nothing but the address: ring0 reads the instruction. */
R0_TEST(memory, mocked_device_by_pairs, PATTERN)
{
	uint64_t a, b;

	__asm__ volatile("ldp %0, %1, [%2]" : "=&r"(a), "=&r"(b) : "r"(r0_at_physical(DEVICE)));
	R0_ASSERT_EQ(a, 0x0706050403020100);
	R0_ASSERT_EQ(b, 0x8f8e8d8c8b8a8988);
	__asm__ volatile("ldpsw %0, %1, [%2]"
			 : "=&r"(a), "=&r"(b)
			 : "r"(r0_at_physical(DEVICE + 8)));
	R0_ASSERT_EQ(a, 0xffffffff8b8a8988);
	__asm__ volatile("stp %0, xzr, [%1, #16]"
			 :
			 : "r"(5ul), "r"(r0_at_physical(DEVICE))
			 : "memory");
	R0_ASSERT_EQ(*(volatile uint64_t *)r0_at_physical(DEVICE + 16), 5);
	R0_ASSERT_EQ(*(volatile uint64_t *)r0_at_physical(DEVICE + 24), 0);
}

R0_TEST(memory, mocked_device_with_write_back, PATTERN)
{
	uint64_t base = (uint64_t)r0_at_physical(DEVICE), value;

	__asm__ volatile("ldr %0, [%1], #8" : "=&r"(value), "+&r"(base));
	R0_ASSERT_EQ(value, 0x0706050403020100);
	R0_ASSERT_EQ(base, R0_DIRECT_MAP + DEVICE + 8);
	__asm__ volatile("ldrsb %w0, [%1, #7]!" : "=&r"(value), "+&r"(base));
	R0_ASSERT_EQ(value, 0xffffff88); /* this one has registers of 8 bytes */
	R0_ASSERT_EQ(base, R0_DIRECT_MAP + DEVICE + 15);
	__asm__ volatile("ldrh %w0, [%1], #-15" : "=&r"(value), "+&r"(base));
	R0_ASSERT_EQ(base, R0_DIRECT_MAP + DEVICE);
	__asm__ volatile("str %1, [%0], #16" : "+&r"(base) : "r"(9ul) : "memory");
	R0_ASSERT_EQ(base, R0_DIRECT_MAP + DEVICE + 16);
	R0_ASSERT_EQ(*(volatile uint64_t *)r0_at_physical(DEVICE), 9);
}

/* The base is SP. */
R0_TEST(memory, mocked_device_as_a_stack, PATTERN)
{
	uint64_t a, b, sp;

	__asm__ volatile("mov x9, sp\n\t"
			 "mov sp, %3\n\t"
			 "ldp %0, %1, [sp], #16\n\t"
			 "mov %2, sp\n\t"
			 "mov sp, x9"
			 : "=&r"(a), "=&r"(b), "=&r"(sp)
			 : "r"(r0_at_physical(DEVICE + 16))
			 : "x9", "memory");
	R0_ASSERT_EQ(a, 0x1716151413121110);
	R0_ASSERT_EQ(b, 0x1f1e1d1c1b1a1918);
	R0_ASSERT_EQ(sp, R0_DIRECT_MAP + DEVICE + 32);
}

R0_TEST(memory, mocked_device_by_simd, PATTERN)
{
	uint64_t low, high;

	__asm__ volatile("ldr q5, [%2]\n\t"
			 "fmov %0, d5\n\t"
			 "fmov %1, v5.d[1]\n\t"
			 "stp d5, d5, [%2, #32]"
			 : "=&r"(low), "=&r"(high)
			 : "r"(r0_at_physical(DEVICE))
			 : "v5", "memory");
	R0_ASSERT_EQ(low, 0x0706050403020100);
	R0_ASSERT_EQ(high, 0x8f8e8d8c8b8a8988);
	R0_ASSERT_EQ(*(volatile uint64_t *)r0_at_physical(DEVICE + 40), 0x0706050403020100);
}

/* libc's, as of a structure that is copied from a device's memory. */
R0_TEST(memory, mocked_device_by_memcpy, PATTERN)
{
	uint64_t words[4];

	memcpy(words, r0_at_physical(DEVICE), sizeof(words));
	R0_ASSERT_MEMEQ(words, pattern.registers, sizeof(words));
}

/* The same at the same virtual address. */
R0_TEST(memory, mocked_device_at_its_own_address,
	.mmio = R0_MMIO({ DEVICE, DEVICE + 0x3f, serve, &device, sizeof(device) }))
{
	R0_ASSERT_EQ(*(volatile uint32_t *)(DEVICE + 8), 0x44332211);
}
