/* SPDX-License-Identifier: MIT */
/*
 * A kernel's calls of PSCI, answered by a mock of the firmware; and code that asks an ID register, on a CPU that the
 * test makes up. On kernels that don't let KVM do that these are skipped, and say so.
 */
#include <ring0.h>
#include <ring0/arm64.h>

/* Under test: all CPUs but the first are started, and those that the firmware refuses are left out. */
#define CPUS_MAX 8

static unsigned int start_others(unsigned int cpus, uint64_t entry)
{
	unsigned int started = 0;

	for (uint64_t cpu = 1; cpu < cpus && cpu < CPUS_MAX; cpu++)
		started += r0_hvc_call(R0_PSCI_CPU_ON, cpu, entry, cpu) == 0;
	return started;
}

/* The firmware. This runs on the host, and every test finds it as initialised below. */
#define PSCI_ALREADY_ON ((uint64_t)-4) /* DEN0022, 5.2.2 */

struct firmware {
	bool on[CPUS_MAX];
};

static int cpu_on(void *state, struct r0_hypercall *call)
{
	struct firmware *firmware = state;
	uint64_t cpu = call->arguments[0];

	R0_ASSERT_LT(cpu, CPUS_MAX);
	R0_ASSERT_EQ(call->arguments[1], 0x80000);
	call->results[0] = firmware->on[cpu] ? PSCI_ALREADY_ON : 0;
	firmware->on[cpu] = true;
	return 0;
}

static const struct firmware one_is_on = { .on = { true } };
static const struct firmware two_are_on = { .on = { true, false, true } };

#define FIRMWARE_IS(firmware) \
	R0_HYPERCALLS({ R0_PSCI_CPU_ON, R0_PSCI_CPU_ON, cpu_on, &(firmware), sizeof(firmware) })

R0_TEST(firmware, starts_all_cpus, .hypercalls = FIRMWARE_IS(one_is_on))
{
	R0_ASSERT_EQ(start_others(4, 0x80000), 3);
}

R0_TEST(firmware, refuses_one_that_is_on, .hypercalls = FIRMWARE_IS(two_are_on))
{
	R0_ASSERT_EQ(start_others(4, 0x80000), 2);
}

/* Under test: whether the CPU has LSE's atomics, ID_AA64ISAR0_EL1.Atomic. */
static bool has_atomics(void)
{
	return (r0_mrs(id_aa64isar0_el1) >> 20 & 0xf) >= 2;
}

R0_TEST(atomics, are_not_there_on_an_older_cpu,
	.id_registers = R0_ID_REGISTERS({ R0_ID_AA64ISAR0_EL1, R0_ID_MASK(20), 0 }))
{
	R0_ASSERT(!has_atomics());
}
