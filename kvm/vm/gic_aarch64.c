/* SPDX-License-Identifier: MIT */
/* KVM's GICv3 as a device. Documentation/virt/kvm/devices/arm-vgic-v3.rst. */
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

/* Say why there is none. Old CPUs have a GICv2, of which KVM can make no GICv3: arm-vgic-v3.rst. */
static int no_gic(const struct vm *vm, int reason, struct error *error)
{
	struct kvm_create_device older = {
		.type = KVM_DEV_TYPE_ARM_VGIC_V2,
		.flags = KVM_CREATE_DEVICE_TEST,
	};

	if (reason != ENODEV)
		return error_set(error, reason, "KVM makes no GICv3: %s", strerror(reason));
	return error_set(error, ENOTSUP,
			 ioctl(vm->fd, KVM_CREATE_DEVICE, &older) < 0 ?
				 "this KVM has no interrupt controller, and .irqchip and several "
				 "CPUs need a GICv3" :
				 "this host's interrupt controller is a GICv2, and .irqchip and "
				 "several CPUs need a GICv3");
}

int gic_create(struct vm *vm, struct error *error)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t distributor = R0_GICD_ADDRESS, redistributors = R0_GICR_ADDRESS;
	uint32_t intids = R0_GIC_INTIDS;
	int err;

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) < 0)
		return no_gic(vm, errno, error);
	vm->gic = (int)device.fd;
	err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &intids, error);
	if (err >= 0)
		err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST,
			      &distributor, error);
	if (err >= 0)
		err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
			      &redistributors, error);
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

int gic_start(struct vm *vm, struct error *error)
{
	unsigned int cpu;
	int err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, error);

	for (cpu = 0; cpu < vm->cpus && err >= 0; cpu++)
		err = set_binary_points(vm, cpu, error);
	return err < 0 ? err : 0;
}

/* As an operating system leaves it: <ring0/arm64/gic.h>, r0_gic_enable(), on each CPU, and SGIs are enabled. */
static const struct enabling {
	uint32_t group, size;
	uint64_t attribute, value;
} enabling[] = {
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

static int set_sized(struct vm *vm, const struct enabling *what, uint64_t affinity,
		     struct error *error)
{
	uint64_t value = what->value;
	uint32_t word = (uint32_t)value;

	return gic_set(vm, what->group, affinity | what->attribute,
		       what->size == 4 ? (void *)&word : (void *)&value, error);
}

int gic_enable(struct vm *vm, struct error *error)
{
	uint32_t on = R0_GICD_CTLR_ARE | R0_GICD_CTLR_GRP1;
	int err = gic_set(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, R0_GICD_CTLR, &on, error);
	unsigned int cpu;
	size_t i;

	for (cpu = 0; cpu < vm->cpus; cpu++)
		for (i = 0; i < sizeof(enabling) / sizeof(enabling[0]) && err >= 0; i++)
			err = set_sized(vm, &enabling[i], GIC_AFFINITY(cpu), error);
	return err < 0 ? err : 0;
}

int gic_read_distributor(const struct vm *vm, uint32_t offset, uint32_t *value)
{
	return gic_get(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, offset, value);
}

int gic_read_redistributor(const struct vm *vm, unsigned int cpu, uint32_t offset, uint32_t *value)
{
	return gic_get(vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, GIC_AFFINITY(cpu) | offset, value);
}

bool gic_has_pending(const struct vm *vm)
{
	uint32_t pending = 0, enabled = 0;
	unsigned int cpu;

	if (gic_read_distributor(vm, R0_GICD_ISPENDR + 4, &pending) ||
	    gic_read_distributor(vm, R0_GICD_ISENABLER + 4, &enabled) || pending & enabled)
		return true;
	for (cpu = 0; cpu < vm->cpus; cpu++)
		if (gic_read_redistributor(vm, cpu, R0_GICR_SGI + R0_GICD_ISPENDR, &pending) ||
		    gic_read_redistributor(vm, cpu, R0_GICR_SGI + R0_GICD_ISENABLER, &enabled) ||
		    pending & enabled)
			return true;
	return false;
}
