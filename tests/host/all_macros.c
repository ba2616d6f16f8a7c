/* SPDX-License-Identifier: MIT */
/*
 * Every macro of the public headers that takes arguments, in each form that is documented. Compiled
 * alone, by headers_test.sh: no compiler has anything to say of it.
 */
#include <ring0.h>
#include <ring0/vm.h>
#include <ring0/x86.h>

static uint64_t counter;
static uint32_t table[4];

static int serve(void *state, struct r0_access *access)
{
	(void)state;
	access->value = 0;
	return 0;
}

static bool condition(void)
{
	return true;
}

struct device {
	const char *name;
	uint16_t port;
};

static const struct device devices[] = { { "first", 1 }, { "second", 2 } };

R0_TEST(macros, without_attributes)
{
}

R0_FUZZ(macros, an_input)
{
	R0_ASSERT(!size || data[0] || !data[0]);
}

R0_FUZZ(macros, an_input_with_attributes, .timeout_ms = 100)
{
	(void)data;
	(void)size;
}

R0_BENCHMARK(macros, a_benchmark)
{
	R0_MEASURE
	{
		counter++;
	}
}

R0_BENCHMARK(macros, with_attributes, .when = condition, .timeout_ms = 100)
{
	R0_MEASURE counter++;
}

R0_TEST(macros, one_attribute, .when = condition)
{
}

R0_TEST(macros, all_lists, .ioports = R0_IOPORTS({ 0x1, 0xfe }, { 0x2, 0 }),
	.ram = R0_RAM({ 0x100000, 0x200000 }), .io = R0_IO({ 0x70, 0x71, serve, NULL, 0 }),
	.mmio = R0_MMIO({ .first = 0xfe000000, .last = 0xfe000fff, .handler = serve }),
	.msrs = R0_MSRS({ 0x1a0, 1 }), .cpuid = R0_CPUID({ 0, 0, 1, 2, 3, 4 }),
	.watch = R0_WATCH(&counter, &table[2]))
{
}

R0_TEST(macros, most_watches,
	.watch = R0_WATCH(&counter, &counter, &counter, &counter, &counter, &counter, &counter,
			  &table))
{
}

R0_TEST(macros, an_exception, .expect_exception = R0_EXCEPTION(R0_PF), .timeout_ms = 100)
{
}

R0_TEST(macros, cases, .params = R0_PARAMS(devices))
{
	R0_ASSERT_NE(R0_PARAM(const struct device).port, 0);
}

R0_TEST(macros, named_cases, .params = R0_PARAMS(devices, name))
{
	R0_ASSERT(R0_PARAM(const struct device).port);
}

R0_TEST(macros, assertions)
{
	struct {
		unsigned int three : 3;
		int minus : 3;
	} bits = { 5, -1 };
	char text[4] = "abc";
	char letter = 'a';
	int number = -1;
	unsigned long address = 7;
	bool truth = true;
	const volatile uint8_t byte = 3;

	R0_ASSERT(truth);
	R0_ASSERT(text, "with %s", "text");
	R0_EXPECT(truth && number);
	R0_EXPECT(truth, "alone");
	R0_ASSERT_EQ(bits.three, 5);
	R0_ASSERT_EQ(bits.minus, number, "bits %d", number);
	R0_ASSERT_EQ(letter, 'a');
	R0_ASSERT_EQ(byte, 3);
	R0_ASSERT_EQ((void *)text, address);
	R0_ASSERT_NE(text, NULL);
	R0_ASSERT_NE(&text[0], &text[1], "text");
	R0_ASSERT_LT(number, address);
	R0_ASSERT_LT(number, 1, "text");
	R0_ASSERT_LE(number, number);
	R0_ASSERT_LE(number, 1, "text");
	R0_ASSERT_GT(address, 1);
	R0_ASSERT_GT(address, 1u, "text");
	R0_ASSERT_GE(address, 1);
	R0_ASSERT_GE(address, 1, "text");
	R0_EXPECT_EQ(truth, true);
	R0_EXPECT_EQ(number, -1, "text");
	R0_EXPECT_NE(number, 2);
	R0_EXPECT_NE(number, 2, "text");
	R0_EXPECT_LT(number, 2);
	R0_EXPECT_LT(number, 2, "text");
	R0_EXPECT_LE(number, 2);
	R0_EXPECT_LE(number, 2, "text");
	R0_EXPECT_GT(2, number);
	R0_EXPECT_GT(2, number, "text");
	R0_EXPECT_GE(2, number++);
	R0_EXPECT_GE(2, number++, "text");
	R0_ASSERT_STREQ(text, "abc");
	R0_ASSERT_STREQ(text, "abc", "text %d", 1);
	R0_ASSERT_STRNE(text, "abd");
	R0_ASSERT_STRNE(text, "abd", "text");
	R0_EXPECT_STREQ(text, "abc");
	R0_EXPECT_STREQ(text, "abc", "text");
	R0_EXPECT_STRNE(text, "abd");
	R0_EXPECT_STRNE(text, "abd", "text");
	R0_ASSERT_MEMEQ(text, "abc", sizeof(text));
	R0_ASSERT_MEMEQ(text, "abc", 3, "text");
	R0_EXPECT_MEMEQ(table, table, sizeof(table));
	R0_EXPECT_MEMEQ(table, table, 4, "text");
	R0_ASSERT_FAULT(R0_UD, r0_ud2());
	R0_EXPECT_FAULT(R0_UD, r0_ud2());
	R0_ASSERT_FAULT_WITH(R0_UD, r0_ud2(), "of %#lx", address);
	R0_EXPECT_FAULT_WITH(R0_UD, r0_ud2(), "text");
	R0_ASSERT_FAULT(R0_UD, R0_ASSERT_EQ(number, 1); r0_ud2());
}

R0_TEST(macros, ends)
{
	if (counter == 1)
		R0_FAIL();
	if (counter == 2)
		R0_FAIL("with %s", "text");
	if (counter == 3)
		R0_SKIP();
	R0_SKIP("for %d reasons", 2);
}

static int replaced(int a)
{
	return a;
}

static int replacement(int a)
{
	return R0_ORIGINAL(replaced)(a) + 1;
}

static void replaced_too(void)
{
}

static void other_replacement(void)
{
}

R0_TEST(macros, of_code,
	.replace = R0_REPLACE((replaced, replacement), (replaced_too, other_replacement)),
	.map = R0_MAP({ 0xffffffff80000000, 0x1000, 0x1000 }),
	.gs = R0_GS(&counter, sizeof(counter), .variables = &counter, .variables_size = 4))
{
	R0_ASSERT_EQ(replaced(1), 2);
}

R0_TEST(macros, of_code_of_one, .replace = R0_REPLACE((replaced, replacement)),
	.gs = R0_GS(&counter, 4))
{
	R0_ASSERT_EQ(replaced(1), 2);
}

R0_TEST(macros, of_the_cpu)
{
	uint64_t value = 0;

	value |= R0_APIC_VERSION_MAX_LVT(0x50014u) | (uint64_t)R0_ERROR_VECTOR(3);
	value |= R0_SEGMENT_TYPE(2) | R0_SEGMENT_DPL(3) | (uint64_t)R0_GATE_DPL(3);
	value |= (uint64_t)R0_PIT_CHANNEL(0) | R0_PIT_SELECT(1) | R0_PIT_MODE(2);
	value |= R0_PIT_READ_BACK_CHANNEL(0) | R0_RFLAGS_IOPL(3) | R0_PAGE_SIZE(1);
	value |= R0_IOAPIC_REDIRECTION(2) | R0_IOAPIC_DESTINATION(1);
	value |= (uint64_t)R0_MSR_MTRR_PHYSBASE(0) | (uint64_t)R0_MSR_MTRR_PHYSMASK(0);
	value |= (uint64_t)R0_MSR_MC_CTL(0) | (uint64_t)R0_MSR_MC_STATUS(0);
	value |= R0_STAR(R0_KERNEL_CS, R0_USER_CS32) | R0_PAT(1, 6u);
	value |= R0_HPET_TIMER(0) | R0_HPET_COMPARATOR(0) | R0_HPET_FSB_ROUTE(0);
	value |= R0_HPET_TIMERS(value) | R0_HPET_PERIOD(value) | R0_HPET_TIMER_ROUTE(2);
	value |= R0_HPET_TIMER_ROUTES(value);
	r0_int(0x40);
	r0_wait_for_irq(0x40, 100);
	r0_wait_for_irq_busy(0x40, 100);
	R0_ASSERT(r0_cpu_has(R0_FEATURE_SSE2) || value);
}
