/* SPDX-License-Identifier: MIT */
/*
 * Code that asks CPUID and model-specific registers, on CPUs that the tests make up.
 */
#include <ring0.h>

/* Under test: the core's temperature and its energy policy, as in SDM vol. 3B, "Power and
 * Thermal Management". */
#define IA32_THERM_STATUS	 0x19c
#define MSR_TEMPERATURE_TARGET	 0x1a2
#define IA32_ENERGY_PERF_BIAS	 0x1b0
#define READING_VALID		 (1ull << 31)
#define CPUID_6_EAX_THERMAL	 (1u << 0)
#define CPUID_6_ECX_ENERGY_BIAS	 (1u << 3)
#define ENERGY_PERF_BIAS_BALANCE 6

static uint64_t read_msr(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t index, uint64_t value)
{
	__asm__ volatile("wrmsr" ::"c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void power_features(uint32_t *eax, uint32_t *ecx)
{
	uint32_t ebx, edx;

	__asm__ volatile("cpuid" : "=a"(*eax), "=b"(ebx), "=c"(*ecx), "=d"(edx) : "a"(6), "c"(0));
}

/* In degrees Celsius; false where the CPU can't tell, or not now. */
static bool core_temperature(int *degrees)
{
	uint32_t eax, ecx;
	uint64_t status;

	power_features(&eax, &ecx);
	if (!(eax & CPUID_6_EAX_THERMAL))
		return false;
	status = read_msr(IA32_THERM_STATUS);
	if (!(status & READING_VALID))
		return false;
	*degrees = (read_msr(MSR_TEMPERATURE_TARGET) >> 16 & 0xff) - (status >> 16 & 0x7f);
	return true;
}

static void prefer_balance(void)
{
	uint32_t eax, ecx;

	power_features(&eax, &ecx);
	if (ecx & CPUID_6_ECX_ENERGY_BIAS)
		write_msr(IA32_ENERGY_PERF_BIAS, ENERGY_PERF_BIAS_BALANCE);
}

R0_TEST(temperature, is_the_target_less_the_reading,
	.cpuid = R0_CPUID({ 6, 0, CPUID_6_EAX_THERMAL, 0, 0, 0 }),
	.msrs = R0_MSRS({ MSR_TEMPERATURE_TARGET, 100 << 16 },
			{ IA32_THERM_STATUS, READING_VALID | 37 << 16 }))
{
	int degrees;

	R0_ASSERT(core_temperature(&degrees));
	R0_ASSERT_EQ(degrees, 63);
}

R0_TEST(temperature, needs_a_valid_reading,
	.cpuid = R0_CPUID({ 6, 0, CPUID_6_EAX_THERMAL, 0, 0, 0 }),
	.msrs = R0_MSRS({ IA32_THERM_STATUS, 37 << 16 }))
{
	int degrees;

	R0_ASSERT(!core_temperature(&degrees));
}

/* No MSR is declared here: reading one would fail the test. */
R0_TEST(temperature, needs_a_sensor, .cpuid = R0_CPUID({ 6, 0, 0, 0, 0, 0 }))
{
	int degrees;

	R0_ASSERT(!core_temperature(&degrees));
}

R0_TEST(energy_bias, is_set_to_balance,
	.cpuid = R0_CPUID({ 6, 0, 0, 0, CPUID_6_ECX_ENERGY_BIAS, 0 }),
	.msrs = R0_MSRS({ IA32_ENERGY_PERF_BIAS, ENERGY_PERF_BIAS_BALANCE }))
{
	prefer_balance();
}

R0_TEST(energy_bias, another_value_is_found_out,
	.cpuid = R0_CPUID({ 6, 0, 0, 0, CPUID_6_ECX_ENERGY_BIAS, 0 }),
	.msrs = R0_MSRS({ IA32_ENERGY_PERF_BIAS, 0 }), .should_panic = true,
	.panic_message = "0x1b0")
{
	prefer_balance();
}

R0_TEST(energy_bias, is_left_alone_where_there_is_none, .cpuid = R0_CPUID({ 6, 0, 0, 0, 0, 0 }))
{
	prefer_balance();
}
