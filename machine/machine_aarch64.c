/* SPDX-License-Identifier: MIT */
/* A machine on arm64. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/arm64/gic.h>
#include "kvm/kvm_aarch64.h"
#include "kvm/vcpu/vcpu_aarch64.h"
#include "machine/machine_own.h"
#include "machine/other_registers_aarch64.h"
#include "mirror/mirror.h"

#define GICD_SIZE 0x10000ul

#define PAGES ((GICD_SIZE + R0_GICC_SIZE + R0_CPU_LIMIT * R0_GICR_SIZE) / PAGE_SIZE)

/* From `first` on, that many pages. */
#define PAGES_2(first)	 (first), (first) + 0x1000
#define PAGES_4(first)	 PAGES_2(first), PAGES_2((first) + 0x2000)
#define PAGES_8(first)	 PAGES_4(first), PAGES_4((first) + 0x4000)
#define PAGES_16(first)	 PAGES_8(first), PAGES_8((first) + 0x8000)
#define PAGES_32(first)	 PAGES_16(first), PAGES_16((first) + 0x10000)
#define PAGES_64(first)	 PAGES_32(first), PAGES_32((first) + 0x20000)
#define PAGES_128(first) PAGES_64(first), PAGES_64((first) + 0x40000)
#define PAGES_256(first) PAGES_128(first), PAGES_128((first) + 0x80000)
#define PAGES_512(first) PAGES_256(first), PAGES_256((first) + 0x100000)

void machine_own_devices(struct mirror_config *config, unsigned int cpus)
{
	/* Of .irqchip, whichever version it has. An access by a test without it leaves the VM, and is named. */
	static const uint64_t devices[] = {
		PAGES_16(R0_GICD_ADDRESS),
		PAGES_2(R0_GICC_ADDRESS),
		PAGES_512(R0_GICR_ADDRESS),
		PAGES_512(R0_GICR_ADDRESS + 0x200000),
	};

	_Static_assert(sizeof(devices) / sizeof(devices[0]) == PAGES, "all of their pages");
	config->devices = devices;
	config->device_count = (GICD_SIZE + R0_GICC_SIZE + cpus * R0_GICR_SIZE) / PAGE_SIZE;
}

void machine_own_configure(const struct kvm *kvm, unsigned int cpus, struct mirror_config *config)
{
	machine_own_devices(config, cpus);
	config->physical_bits = kvm->own->physical_bits;
	config->gigabyte_pages = true; /* blocks at level 1: Arm ARM, D8.2.8 */
}

bool machine_own_halts_inside(const struct machine *machine)
{
	(void)machine;
	return true;
}

/* The filter that has calls of firmware leave the VM. Linux 6.4, arch/arm64/include/uapi/asm/kvm.h. */
#define SMCCC_CTRL    0u /* the group */
#define SMCCC_FILTER  0u /* its attribute */
#define SMCCC_FORWARD 2u

struct smccc_filter {
	uint32_t base, count;
	uint8_t action;
	uint8_t padding[15];
};

int machine_own_declare(struct machine *machine, const struct machine_options *options,
			struct error *error)
{
	size_t i;

	for (i = 0; i < options->hypercalls.count; i++) {
		const struct r0_hypercall_mock *mock = &options->hypercalls.entries[i];
		struct smccc_filter filter = {
			.base = mock->first,
			.count = mock->last - mock->first + 1,
			.action = SMCCC_FORWARD,
		};
		struct kvm_device_attr attr = {
			.group = SMCCC_CTRL,
			.attr = SMCCC_FILTER,
			.addr = (uintptr_t)&filter,
		};

		if (ioctl(machine->vm.fd, KVM_HAS_DEVICE_ATTR, &attr) < 0)
			return error_set(error, ENOSYS,
					 "this kernel's KVM keeps hypercalls to itself, and "
					 ".hypercalls needs Linux 6.4");
		if (ioctl(machine->vm.fd, KVM_SET_DEVICE_ATTR, &attr) < 0)
			return error_set(error, EINVAL,
					 ".hypercalls: KVM does not hand out %#x to %#x: %s",
					 mock->first, mock->last,
					 errno == EEXIST ?
						 "some of them are the architecture's, or "
						 "declared twice" :
						 strerror(errno));
	}
	return 0;
}

/* KVM's number of one of the ID registers, which are all of Op0 3, Op1 0 and CRn 0. */
static uint64_t kvm_id(uint32_t id)
{
	return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | id;
}

/* Which bits of ID registers KVM lets be changed. Linux 6.7, arch/arm64/include/uapi/asm/kvm.h and api.rst, 4.139. */
#define ID_REGISTERS	 (3 * 8 * 8) /* Op1 0, 1 and 3, CRm, Op2 */
#define GET_WRITABLE	 _IOR(KVMIO, 0xb6, struct writable)
#define CAP_GET_WRITABLE 230

struct writable {
	uint64_t masks; /* the address of ID_REGISTERS of them */
	uint32_t range; /* 0: these registers */
	uint32_t reserved[13];
};

/* Those of one; none if KVM does not tell. */
static uint64_t writable_bits(const struct vcpu *vcpu, uint32_t id)
{
	uint64_t masks[ID_REGISTERS] = { 0 };
	struct writable writable = { .masks = (uintptr_t)masks };

	if (ioctl(vcpu->vm->kvm->fd, KVM_CHECK_EXTENSION, CAP_GET_WRITABLE) <= 0 ||
	    ioctl(vcpu->vm->fd, GET_WRITABLE, &writable) < 0)
		return 0;
	return masks[id & 0x3f]; /* all of Op1 0 */
}

/* What KVM refuses of bits that may be changed is the test's mistake; others it keeps. */
static int id_register_refused(const struct vcpu *vcpu, uint32_t id, uint64_t now, uint64_t wanted,
			       struct error *error)
{
	const uint64_t kept = (now ^ wanted) & ~writable_bits(vcpu, id);
	const unsigned int crm = id >> 3 & 15, op2 = id & 7;

	if (!kept)
		return error_set(
			error, EINVAL,
			".id_registers: KVM lets these bits of S3_0_C0_C%u_%u be changed, but "
			"not from %#" PRIx64 " to %#" PRIx64
			", which this CPU can't be: lower a field to a value that there is",
			crm, op2, now, wanted);
	return error_set(
		error, ENOSYS,
		"this kernel's KVM does not let the ID register S3_0_C0_C%u_%u be %#" PRIx64
		", for the bits %#" PRIx64,
		crm, op2, wanted, kept);
}

static int set_id_registers(struct vcpu *vcpu, const struct r0_id_registers *registers,
			    struct error *error)
{
	size_t i;

	for (i = 0; i < registers->count; i++) {
		const struct r0_id_register *wanted = &registers->entries[i];
		uint64_t now, then;
		int err = vcpu_get(vcpu, kvm_id(wanted->id), &now, error);

		if (err < 0)
			return error_set(error, EINVAL, ".id_registers: there is no register %#x",
					 wanted->id);
		if (((now ^ wanted->value) & wanted->mask) == 0)
			continue;
		then = (now & ~wanted->mask) | (wanted->value & wanted->mask);
		if (vcpu_set(vcpu, kvm_id(wanted->id), then, NULL) < 0)
			return id_register_refused(vcpu, wanted->id, now, then, error);
	}
	return 0;
}

/* A newer KVM may have more than there is in the lists. */
static int find_whether_it_can_go_on(struct vcpu *vcpu, struct error *error)
{
	struct kvm_reg_list *list = NULL;
	int err = vcpu_get_list(&list, vcpu, error);

	vcpu->own->can_go_on = !err && !other_registers_are_listed(list);
	free(list);
	return err;
}

int machine_own_cpu(struct machine *machine, const struct machine_options *options,
		    struct error *error)
{
	const struct template *template = machine->template;
	unsigned int number = machine->cpu_count;
	struct machine_cpu *cpu = &machine->cpus[number];
	int err = vcpu_init(&cpu->vcpu, &machine->vm, number, NULL, error);

	if (err)
		return err;
	machine->cpu_count++;
	err = set_id_registers(&cpu->vcpu, &options->id_registers, error);
	if (!err)
		err = find_whether_it_can_go_on(&cpu->vcpu, error);
	if (err)
		return err;
	return entry_apply(&template->entry, template->mirror, &cpu->vcpu, number, error);
}

/* By page tables that are not the ones that the test started with, it may have executed whatever it wrote. */
void machine_own_note_memory(struct machine *machine)
{
	unsigned int i;

	for (i = 0; i < machine->cpu_count; i++)
		machine->cpus[i].vcpu.own->goes_on &= !machine->memory.wrote_tables;
}
