/* SPDX-License-Identifier: MIT */
/* KVM's GIC as a device: Documentation/virt/kvm/devices/arm-vgic-v3.rst, and arm-vgic.rst for the GICv2. */
#include "kvm/vm/gic_own_aarch64.h"
#include <errno.h>
#include <string.h>
#include <ring0/arm64/gic.h>

/* Of ICC_CTLR_EL1: one less than the bits that priorities have. */
#define PRIBITS(ctlr) (((ctlr) >> 8 & 7) + 1)

int gic_set(const struct vm *vm, uint32_t group, uint64_t attribute, void *value,
	    struct error *error)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)value,
	};

	return KVM_IOCTL(vm->gic, KVM_SET_DEVICE_ATTR, &attr, error);
}

int gic_get(const struct vm *vm, uint32_t group, uint64_t attribute, void *value)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)value,
	};

	return ioctl(vm->gic, KVM_GET_DEVICE_ATTR, &attr) < 0 ? -errno : 0;
}

/* Old CPUs have a GICv2, of which KVM can make no GICv3: arm-vgic-v3.rst. */
static int make_newest(struct vm *vm, struct error *error)
{
	static const struct {
		unsigned int version;
		uint32_t type;
	} kinds[] = { { 3, KVM_DEV_TYPE_ARM_VGIC_V3 }, { 2, KVM_DEV_TYPE_ARM_VGIC_V2 } };
	int err = 0;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct kvm_create_device device = { .type = kinds[i].type };

		if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) >= 0) {
			vm->gic = (int)device.fd;
			vm->gic_version = kinds[i].version;
			return 0;
		}
		err = errno;
		if (err != ENODEV)
			return error_set(error, err, "KVM makes no GIC: %s", strerror(err));
	}
	return error_set(error, ENOTSUP,
			 "this KVM has no interrupt controller, and .irqchip and several CPUs need "
			 "a GICv3 or a GICv2");
}

int gic_create(struct vm *vm, struct error *error)
{
	uint64_t distributor = R0_GICD_ADDRESS, redistributors = R0_GICR_ADDRESS,
		 interface = R0_GICC_ADDRESS;
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_ADDR;
	uint32_t intids = R0_GIC_INTIDS;
	int err = make_newest(vm, error);

	if (err)
		return err;
	err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &intids, error);
	if (err >= 0)
		err = gic_set(vm, group,
			      vm->gic_version == 3 ? KVM_VGIC_V3_ADDR_TYPE_DIST :
						     KVM_VGIC_V2_ADDR_TYPE_DIST,
			      &distributor, error);
	if (err >= 0 && vm->gic_version == 3)
		err = gic_set(vm, group, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redistributors, error);
	if (err >= 0 && vm->gic_version == 2)
		err = gic_set(vm, group, KVM_VGIC_V2_ADDR_TYPE_CPU, &interface, error);
	return err < 0 ? err : 0;
}

/*
 * The least that the binary points can be, which the CPU has them be when it first runs: IHI 0069, 12.2.5 and 12.2.6.
 */
static int set_binary_points(struct vm *vm, unsigned int cpu, struct error *error)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS;
	uint64_t ctlr = 0, least;
	int err = gic_get(vm, group, GIC_AFFINITY(cpu) | GIC_ICC_CTLR, &ctlr);

	if (err)
		return error_set(error, -err, "KVM does not read its GIC's ICC_CTLR_EL1: %s",
				 strerror(-err));
	least = 7 - PRIBITS(ctlr);
	err = gic_set(vm, group, GIC_AFFINITY(cpu) | GIC_ICC_BPR0, &least, error);
	least++;
	if (err >= 0)
		err = gic_set(vm, group, GIC_AFFINITY(cpu) | GIC_ICC_BPR1, &least, error);
	return err < 0 ? err : 0;
}

/*
 * KVM takes userspace for one that does not know of groups, and keeps them, until it was given back the IIDR that it
 * has: arm-vgic.rst, KVM_DEV_ARM_VGIC_GRP_DIST_REGS.
 */
static int start_version_2(struct vm *vm, struct error *error)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_CPU_REGS;
	uint32_t iidr = 0;
	unsigned int cpu;
	int err = gic_read_distributor(vm, R0_GICD_IIDR, &iidr);

	if (err)
		return error_set(error, -err, "KVM does not read its GIC's GICD_IIDR: %s",
				 strerror(-err));
	err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, R0_GICD_IIDR, &iidr, error);
	for (cpu = 0; cpu < vm->cpus && err >= 0; cpu++) {
		err = gic_set(vm, group, GICV2_CPU(cpu) | R0_GICC_BPR, &(uint32_t){ GICV2_BPR },
			      error);
		if (err >= 0)
			err = gic_set(vm, group, GICV2_CPU(cpu) | R0_GICC_ABPR,
				      &(uint32_t){ GICV2_ABPR }, error);
	}
	return err < 0 ? err : 0;
}

int gic_start(struct vm *vm, struct error *error)
{
	unsigned int cpu;
	int err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, error);

	if (err >= 0 && vm->gic_version == 2)
		return start_version_2(vm, error);
	for (cpu = 0; cpu < vm->cpus && err >= 0; cpu++)
		err = set_binary_points(vm, cpu, error);
	return err < 0 ? err : 0;
}

/* As an operating system leaves it: <ring0/arm64/gic.h>, r0_gic_enable(), on each CPU, and SGIs are enabled. */
struct enabling {
	uint32_t group, size;
	uint64_t attribute, value;
};

static const struct enabling enabling_3[] = {
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, R0_GICR_WAKER, 0 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, R0_GICR_SGI + R0_GICD_IGROUPR, UINT32_MAX },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, R0_GICR_SGI + R0_GICD_IPRIORITYR, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, R0_GICR_SGI + R0_GICD_IPRIORITYR + 4, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, R0_GICR_SGI + R0_GICD_IPRIORITYR + 8, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, R0_GICR_SGI + R0_GICD_IPRIORITYR + 12, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, R0_GICR_SGI + R0_GICD_ISENABLER, 0xffff },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, 8, GIC_ICC_PMR, 0xff },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, 8, GIC_ICC_IGRPEN1, 1 },
};

static const struct enabling enabling_2[] = {
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_IPRIORITYR, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_IPRIORITYR + 4, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_IPRIORITYR + 8, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_IPRIORITYR + 12, 0x80808080 },
	{ KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_ISENABLER, 0xffff },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_REGS, 4, R0_GICC_PMR, GICV2_PMR },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_REGS, 4, R0_GICC_CTLR, R0_GICC_CTLR_GRP0 },
};

static int set_sized(struct vm *vm, const struct enabling *what, uint64_t cpu, struct error *error)
{
	uint64_t value = what->value;
	uint32_t word = (uint32_t)value;

	return gic_set(vm, what->group, cpu | what->attribute,
		       what->size == 4 ? (void *)&word : (void *)&value, error);
}

int gic_enable(struct vm *vm, struct error *error)
{
	const bool is_3 = vm->gic_version == 3;
	const struct enabling *enabling = is_3 ? enabling_3 : enabling_2;
	const size_t count = is_3 ? sizeof(enabling_3) / sizeof(enabling_3[0]) :
				    sizeof(enabling_2) / sizeof(enabling_2[0]);
	uint32_t on = is_3 ? R0_GICD_CTLR_ARE | R0_GICD_CTLR_GRP1 : R0_GICD_CTLR_GRP0;
	int err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, R0_GICD_CTLR, &on, error);
	unsigned int cpu;
	size_t i;

	for (cpu = 0; cpu < vm->cpus; cpu++)
		for (i = 0; i < count && err >= 0; i++)
			err = set_sized(vm, &enabling[i], is_3 ? GIC_AFFINITY(cpu) : GICV2_CPU(cpu),
					error);
	return err < 0 ? err : 0;
}

int gic_read_distributor(const struct vm *vm, uint32_t offset, uint32_t *value)
{
	return gic_get(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, offset, value);
}

int gic_read_private(const struct vm *vm, unsigned int cpu, uint32_t offset, uint32_t *value)
{
	if (vm->gic_version == 2)
		return gic_get(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICV2_CPU(cpu) | offset, value);
	return gic_get(vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
		       GIC_AFFINITY(cpu) | (R0_GICR_SGI + offset), value);
}

bool gic_has_pending(const struct vm *vm)
{
	uint32_t pending = 0, enabled = 0;
	unsigned int cpu;

	if (gic_read_distributor(vm, R0_GICD_ISPENDR + 4, &pending) ||
	    gic_read_distributor(vm, R0_GICD_ISENABLER + 4, &enabled) || pending & enabled)
		return true;
	for (cpu = 0; cpu < vm->cpus; cpu++)
		if (gic_read_private(vm, cpu, R0_GICD_ISPENDR, &pending) ||
		    gic_read_private(vm, cpu, R0_GICD_ISENABLER, &enabled) || pending & enabled)
			return true;
	return false;
}
