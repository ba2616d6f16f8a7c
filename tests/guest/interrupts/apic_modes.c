/* SPDX-License-Identifier: MIT */
/* The local APIC's modes, and its registers in x2APIC mode. SDM vol. 3A, 10.4.3, 10.4.4 and 10.12. */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

#define EN   R0_APIC_BASE_ENABLE
#define EXTD R0_APIC_BASE_X2APIC

static uint64_t with_mode(uint64_t bits)
{
	return (r0_rdmsr(R0_MSR_APIC_BASE) & ~(EN | EXTD)) | bits;
}

static const struct transition {
	uint64_t from, to; /* EN and EXTD */
	bool allowed;
} transitions[] = {
	{ EN, EN | EXTD, true }, { EN, 0, true },	   { EN | EXTD, 0, true },
	{ 0, EN, true },	 { EN | EXTD, EN, false }, { 0, EN | EXTD, false },
	{ EN, EXTD, false },	 { 0, EXTD, false },	   { EN | EXTD, EXTD, false },
};

/* 10.12.5, figure 10-27. */
R0_TEST(apic_modes, transition, .irqchip = true, .when = cpu_has_x2apic,
	.params = R0_PARAMS(transitions))
{
	const struct transition *transition = &R0_PARAM(const struct transition);

	if (transition->from != EN)
		r0_wrmsr(R0_MSR_APIC_BASE, with_mode(transition->from));
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_APIC_BASE), with_mode(transition->from));
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_APIC_BASE, with_mode(transition->to)),
		     transition->allowed ? -1 : R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_APIC_BASE),
		     with_mode(transition->allowed ? transition->to : transition->from));
}

R0_TEST(apic_modes, helper_goes_everywhere, .irqchip = true, .when = cpu_has_x2apic)
{
	static const enum r0_apic_mode path[] = {
		R0_APIC_MODE_X2APIC, R0_APIC_MODE_XAPIC,    R0_APIC_MODE_DISABLED,
		R0_APIC_MODE_X2APIC, R0_APIC_MODE_DISABLED, R0_APIC_MODE_XAPIC,
	};
	size_t i;

	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		r0_apic_set_mode(path[i]);
		R0_ASSERT_EQ(r0_apic_mode(), path[i]);
	}
}

/* SDM vol. 3A, 10.4.4: reserved bits, and addresses past the CPU's. */
R0_TEST(apic_modes, apic_base_refuses_reserved_bits, .irqchip = true)
{
	uint64_t base = r0_rdmsr(R0_MSR_APIC_BASE);

	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_APIC_BASE, base | 1), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_APIC_BASE, base | 1ul << 9), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_APIC_BASE, base | 1ul << 63), R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_APIC_BASE), base);
}

/* CPUID's bit follows the mode: 10.4.3. */
R0_TEST(apic_modes, cpuid_follows_en, .irqchip = true, .when = cpuid_is_what_kvm_was_told)
{
	R0_ASSERT(r0_cpu_has(R0_FEATURE_APIC));
	r0_apic_set_mode(R0_APIC_MODE_DISABLED);
	R0_ASSERT(!r0_cpu_has(R0_FEATURE_APIC));
	r0_apic_set_mode(R0_APIC_MODE_XAPIC);
	R0_ASSERT(r0_cpu_has(R0_FEATURE_APIC));
}

/* Registers survive the way to x2APIC mode, but for the ID, LDR and the ICR's high half: 10.12.5.1. */
R0_TEST(apic_modes, x2apic_keeps_registers, .irqchip = true, .when = cpu_has_x2apic)
{
	uint32_t version = r0_apic_read(R0_APIC_VERSION);

	r0_apic_enable(0xfe);
	r0_apic_write(R0_APIC_TPR, 0x20);
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_MASKED | 0x40);
	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_VERSION), version);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_SVR), R0_APIC_SVR_ENABLE | 0xfe);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_TPR), 0x20);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LVT_TIMER), R0_APIC_MASKED | 0x40);
	R0_EXPECT_EQ(r0_apic_id(), 0);
	/* 10.12.10.2: cluster 0, the bit of the ID's low half. */
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LDR), 1);
}

R0_TEST(apic_modes, msrs_need_x2apic_mode, .irqchip = true)
{
	uint64_t value;

	R0_ASSERT_EQ(r0_rdmsr_safe(R0_MSR_X2APIC(R0_APIC_VERSION), &value), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_X2APIC(R0_APIC_TPR), 0), R0_GP);
}

/* There is nothing at its addresses then: 10.12.2. */
R0_TEST(apic_modes, x2apic_has_no_memory, .irqchip = true, .when = cpu_has_x2apic,
	.panic_message = "read of 4 bytes from guest-physical 0xfee00030, which nothing declares")
{
	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	r0_mmio_read32(R0_APIC_ADDRESS + R0_APIC_VERSION);
}

R0_TEST(apic_modes, disabled_has_no_memory, .irqchip = true,
	.panic_message =
		"write of 0x10 (4 bytes) to guest-physical 0xfee00080, which nothing declares")
{
	r0_apic_set_mode(R0_APIC_MODE_DISABLED);
	r0_mmio_write32(R0_APIC_ADDRESS + R0_APIC_TPR, 0x10);
}

/*
 * Writes that x2APIC mode refuses: read-only and absent registers, and reserved bits, 10.12.1.2 and .3.
 * The low 32 bits are left out, but where KVM checks them: see docs/hosts.md.
 */
static const struct refused {
	uint32_t offset;
	uint64_t value;
} refused[] = {
	{ R0_APIC_ID, 0 },
	{ R0_APIC_VERSION, 0 },
	{ R0_APIC_PPR, 0 },
	{ R0_APIC_LDR, 0 },
	{ R0_APIC_DFR, 0 },
	{ R0_APIC_ISR, 0 },
	{ R0_APIC_TMR + 0x70, 0 },
	{ R0_APIC_IRR + 0x10, 0 },
	{ R0_APIC_CURRENT_COUNT, 0 },
	{ R0_APIC_ICR_HIGH, 0 },
	{ R0_APIC_ESR, 1 },
	{ R0_APIC_TPR, 1ul << 32 },
	{ R0_APIC_INITIAL_COUNT, 1ul << 32 },
	{ R0_APIC_SELF_IPI, 1u << 8 },
	{ R0_APIC_ICR, 1u << 13 },
};

R0_TEST(apic_modes, x2apic_refuses, .irqchip = true, .when = cpu_has_x2apic,
	.params = R0_PARAMS(refused))
{
	const struct refused *access = &R0_PARAM(const struct refused);

	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	r0_apic_enable(0xff);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_X2APIC(access->offset), access->value), R0_GP);
}

/* And what can't be read: write-only and absent registers. */
static const uint32_t unreadable[] = { R0_APIC_EOI, R0_APIC_SELF_IPI,
				       R0_APIC_DFR, R0_APIC_ICR_HIGH,
				       0x000,	    0x3f8 };

R0_TEST(apic_modes, x2apic_does_not_read, .irqchip = true, .when = cpu_has_x2apic,
	.params = R0_PARAMS(unreadable))
{
	uint64_t value;

	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	R0_ASSERT_EQ(r0_rdmsr_safe(R0_MSR_X2APIC(R0_PARAM(const uint32_t)), &value), R0_GP);
}

R0_TEST(apic_modes, x2apic_self_ipi, .irqchip = true, .when = cpu_has_x2apic)
{
	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	r0_apic_enable(0xff);
	r0_set_handler(0x40, r0_apic_acknowledge);
	r0_apic_write(R0_APIC_SELF_IPI, 0x40);
	R0_ASSERT_EQ(r0_wait_for_irq(0x40, 1000), 1);
}

/* The ICR as one MSR, with a destination of 32 bits: 10.12.9. */
R0_TEST(apic_modes, x2apic_icr, .irqchip = true, .when = cpu_has_x2apic)
{
	uint64_t icr;

	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	r0_apic_enable(0xff);
	r0_set_handler(0x40, r0_apic_acknowledge);
	r0_apic_send_ipi(r0_apic_id(), R0_APIC_ASSERT | 0x40);
	R0_ASSERT_EQ(r0_wait_for_irq(0x40, 1000), 1);
	r0_apic_send_ipi(r0_apic_read(R0_APIC_LDR),
			 R0_APIC_DESTINATION_LOGICAL | R0_APIC_ASSERT | 0x40);
	R0_ASSERT_EQ(r0_wait_for_irq(0x40, 1000), 1);
	r0_apic_send_self_ipi(0x40);
	R0_ASSERT_EQ(r0_wait_for_irq(0x40, 1000), 1);
	/* To nobody; it reads back whole. */
	r0_apic_send_ipi(0x12345, R0_APIC_ASSERT | 0x41);
	icr = r0_rdmsr(R0_MSR_X2APIC(R0_APIC_ICR));
	R0_ASSERT_EQ(icr, 0x12345ul << 32 | R0_APIC_ASSERT | 0x41);
}
