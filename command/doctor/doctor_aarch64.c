/* SPDX-License-Identifier: MIT */
/*
 * What `ring0 doctor` asks arm64's KVM: capabilities, interrupt controllers, and what the vCPUs of a VM say of themselves.
 * Numbers and structures that older headers lack are those of Linux's include/uapi/linux/kvm.h. Depends on doctor.h and
 * kvm/.
 */
#include <string.h>
#include <unistd.h>
#include <ring0.h>
#include <ring0/arm64.h>
#include "command/doctor/doctor.h"
#include "kvm/ioctl.h"

#define CAP_STEAL_TIME		   187
#define CAP_DIRTY_LOG_RING_ACQ_REL 223
#define CAP_COUNTER_OFFSET	   227
#define CAP_REG_MASK_RANGES	   230

/* KVM_ARM_GET_REG_WRITABLE_MASKS: a mask for each of the feature registers, Op0 3, Op1 0 to 3, CRn 0. */
#define FEATURE_REGISTERS 192
struct mask_range {
	uint64_t address;
	uint32_t range, reserved[13];
};
#define GET_WRITABLE_MASKS _IOR(KVMIO, 0xb6, struct mask_range)

/* Of a VM (arch/arm64/include/uapi/asm/kvm.h). */
#define SMCCC_CTRL   0u
#define SMCCC_FILTER 0u

#define ID_AA64DFR0  ARM64_SYS_REG(3, 0, 0, 5, 0)
#define ID_AA64ISAR0 ARM64_SYS_REG(3, 0, 0, 6, 0)
#define ID_AA64MMFR0 ARM64_SYS_REG(3, 0, 0, 7, 0)
#define ID_AA64MMFR2 ARM64_SYS_REG(3, 0, 0, 7, 2)
#define ID_AA64PFR1  ARM64_SYS_REG(3, 0, 0, 4, 1)

static int make_vm(int fd)
{
	return ioctl(fd, KVM_CREATE_VM, 0);
}

/* Whether KVM would make such a device. */
static int has_device(int fd, uint32_t type)
{
	struct kvm_create_device device = { .type = type, .flags = KVM_CREATE_DEVICE_TEST };
	const int vm = make_vm(fd);
	int has;

	if (vm < 0)
		return 0;
	has = ioctl(vm, KVM_CREATE_DEVICE, &device) == 0;
	close(vm);
	return has;
}

static int ask_gicv2(int fd)
{
	return has_device(fd, KVM_DEV_TYPE_ARM_VGIC_V2);
}

static int ask_gicv3(int fd)
{
	return has_device(fd, KVM_DEV_TYPE_ARM_VGIC_V3);
}

static int ask_its(int fd)
{
	return has_device(fd, KVM_DEV_TYPE_ARM_VGIC_ITS);
}

static int ask_smccc_filter(int fd)
{
	struct kvm_device_attr attr = { .group = SMCCC_CTRL, .attr = SMCCC_FILTER };
	const int vm = make_vm(fd);
	int has;

	if (vm < 0)
		return 0;
	has = ioctl(vm, KVM_HAS_DEVICE_ATTR, &attr) == 0;
	close(vm);
	return has;
}

/* How many ID registers have something in them that can be changed. */
static int ask_writable(int fd)
{
	static uint64_t masks[FEATURE_REGISTERS];
	struct mask_range range = { .address = (uintptr_t)masks };
	const int vm = make_vm(fd);
	int count = 0;
	size_t i;

	if (vm < 0)
		return 0;
	memset(masks, 0, sizeof(masks));
	if (ioctl(vm, GET_WRITABLE_MASKS, &range) == 0)
		for (i = 0; i < FEATURE_REGISTERS; i++)
			count += masks[i] != 0;
	close(vm);
	return count;
}

/* An ID register of a vCPU as KVM makes one by default; 0 if it can't be had. */
static uint64_t read_register(int fd, uint64_t id)
{
	const int vm = make_vm(fd);
	const int vcpu = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_VCPU, 0);
	struct kvm_vcpu_init init;
	uint64_t value = 0;
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (vcpu >= 0 && ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init) == 0 &&
	    ioctl(vcpu, KVM_ARM_VCPU_INIT, &init) == 0 && ioctl(vcpu, KVM_GET_ONE_REG, &reg) != 0)
		value = 0;
	if (vcpu >= 0)
		close(vcpu);
	if (vm >= 0)
		close(vm);
	return value;
}

/* Fields of them: Arm ARM (DDI 0487), D19.2. */
static int ask_s2fwb(int fd)
{
	return read_register(fd, ID_AA64MMFR2) >> 40 & 0xf;
}

static int ask_lse(int fd)
{
	return (read_register(fd, ID_AA64ISAR0) >> R0_ID_ISAR0_ATOMIC & 0xf) >= 2;
}

static int ask_bti(int fd)
{
	return read_register(fd, ID_AA64PFR1) >> R0_ID_PFR1_BT & 0xf;
}

/* TGran4 and TGran64 are 0xf without such pages, TGran16 is 0. */
static int ask_4k(int fd)
{
	const uint64_t value = read_register(fd, ID_AA64MMFR0);

	return value && (value >> 28 & 0xf) != 0xf;
}

static int ask_16k(int fd)
{
	return read_register(fd, ID_AA64MMFR0) >> 20 & 0xf;
}

static int ask_64k(int fd)
{
	const uint64_t value = read_register(fd, ID_AA64MMFR0);

	return value && (value >> 24 & 0xf) != 0xf;
}

/* PARange: the number of bits by its code. */
static int ask_physical(int fd)
{
	static const unsigned char bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };
	const uint64_t value = read_register(fd, ID_AA64MMFR0);

	return value && (value & 0xf) < sizeof(bits) ? bits[value & 0xf] : 0;
}

/* See kvm_own_create(), which refuses others. */
static int ask_host_pages(int fd)
{
	(void)fd;
	return sysconf(_SC_PAGESIZE) == 4096;
}

#define CAPABILITY(name, use, needed, unit)                       \
	{                                                         \
		KVM_##name, "KVM_" #name, use, needed, unit, NULL \
	}

const struct doctor_capability doctor_capabilities[] = {
	CAPABILITY(CAP_ONE_REG, "registers", true, NULL),
	CAPABILITY(CAP_IMMEDIATE_EXIT, "time limits", true, NULL),
	CAPABILITY(CAP_READONLY_MEM, "the program's text", true, NULL),
	CAPABILITY(CAP_ARM_PSCI_0_2, "several CPUs, power-off", true, NULL),
	CAPABILITY(CAP_MP_STATE, "several CPUs", true, NULL),
	{ 0, "host pages of 4 KiB", "memory", true, NULL, ask_host_pages },
	{ 0, "pages of 4 KiB", "the tables of tests", true, NULL, ask_4k },
	{ 0, "pages of 16 KiB", "tables of a test's own", false, NULL, ask_16k },
	{ 0, "pages of 64 KiB", "tables of a test's own", false, NULL, ask_64k },
	CAPABILITY(CAP_ARM_VM_IPA_SIZE, "guest-physical addresses", false, "bits"),
	{ 0, "PARange", "what the CPU says of them", false, "bits", ask_physical },
	{ 0, "FEAT_S2FWB", "tests with caches off, and a cheap reset", false, NULL, ask_s2fwb },
	{ 0, "GICv3", ".irqchip and .cpus", false, NULL, ask_gicv3 },
	{ 0, "GICv2", "both, where there is no GICv3", false, NULL, ask_gicv2 },
	{ 0, "ITS", "nothing yet", false, NULL, ask_its },
	CAPABILITY(CAP_SET_GUEST_DEBUG, ".watch", false, NULL),
	CAPABILITY(CAP_GUEST_DEBUG_HW_WPS, ".watch", false, "watchpoints"),
	CAPABILITY(CAP_GUEST_DEBUG_HW_BPS, "steps over exclusives", false, "breakpoints"),
	CAPABILITY(CAP_ARM_NISV_TO_USER, "mocks: pairs, SIMD, write-back", false, NULL),
	CAPABILITY(CAP_ARM_INJECT_EXT_DABT, "nothing yet", false, NULL),
	CAPABILITY(CAP_ARM_SVE, "SVE", false, NULL),
	CAPABILITY(CAP_ARM_PTRAUTH_ADDRESS, "pointer authentication", false, NULL),
	CAPABILITY(CAP_ARM_PTRAUTH_GENERIC, "pointer authentication", false, NULL),
	{ 0, "FEAT_LSE", "atomics in one instruction", false, NULL, ask_lse },
	{ 0, "FEAT_BTI", "branch targets", false, NULL, ask_bti },
	CAPABILITY(CAP_ARM_MTE, "nothing yet", false, NULL),
	CAPABILITY(CAP_ARM_PMU_V3, "nothing yet", false, NULL),
	CAPABILITY(CAP_ARM_EL1_32BIT, "nothing: ring0's tests have 64 bits", false, NULL),
	{ 0, "SMCCC filter", ".hypercalls", false, NULL, ask_smccc_filter },
	{ CAP_REG_MASK_RANGES, "writable ID registers", ".id_registers", false, "registers",
	  ask_writable },
	{ CAP_STEAL_TIME, "KVM_CAP_STEAL_TIME", "nothing yet", false, NULL, NULL },
	{ CAP_COUNTER_OFFSET, "KVM_CAP_COUNTER_OFFSET", "nothing yet", false, NULL, NULL },
	CAPABILITY(CAP_MANUAL_DIRTY_LOG_PROTECT2, "nothing yet", false, NULL),
	{ CAP_DIRTY_LOG_RING_ACQ_REL, "KVM_CAP_DIRTY_LOG_RING_ACQ_REL", "nothing yet", false, NULL,
	  NULL },
};

const size_t doctor_capability_count = sizeof(doctor_capabilities) / sizeof(doctor_capabilities[0]);
_Static_assert(sizeof(doctor_capabilities) / sizeof(doctor_capabilities[0]) <=
		       DOCTOR_CAPABILITIES_MAX,
	       "room for what each says");

const char doctor_own_absent[] = "not in the VM's ID registers";
const char doctor_own_level[] = "EL1";

/* The timer's interrupt is a probe like the others. */
const struct doctor_last doctor_own_last = { NULL, NULL, NULL };

void doctor_own_begin(const struct kvm *kvm)
{
	(void)kvm;
}

void doctor_own_options(const struct doctor_probe *probe, struct r0_options *options)
{
	options->irqchip = probe->feature == DOCTOR_WITH_GIC;
	/* Where all of the host is emulated, as in the lab, making a VM alone may take as long as x86's limit. */
	options->timeout_ms *= 10;
}

uint64_t doctor_own_cycles(void)
{
	return r0_virtual_count();
}
