/* SPDX-License-Identifier: MIT */
/* KVM's GICv3 as a device, and its state. Documentation/virt/kvm/devices/arm-vgic-v3.rst. */
#include "kvm/vm/gic_aarch64.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/arm64/gic.h>
#include "kvm/vm/vm_state.h"

/* Of CPU `cpu`, for the attributes that have an affinity: as KVM gives it, sixteen CPUs to a cluster. */
#define AFFINITY(cpu) ((uint64_t)((cpu) % 16 | (cpu) / 16 << 8) << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT)

/* Registers of the CPU interface, by their encodings: arm-vgic-v3.rst, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS. */
#define ICC(crn, crm, op2) (3u << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define ICC_PMR		   ICC(4, 6, 0)
#define ICC_BPR0	   ICC(12, 8, 3)
#define ICC_AP0R0	   ICC(12, 8, 4)
#define ICC_AP1R0	   ICC(12, 9, 0)
#define ICC_BPR1	   ICC(12, 12, 3)
#define ICC_CTLR	   ICC(12, 12, 4)
#define ICC_SRE		   ICC(12, 12, 5)
#define ICC_IGRPEN0	   ICC(12, 12, 6)
#define ICC_IGRPEN1	   ICC(12, 12, 7)

/* Of ICC_CTLR_EL1: one less than the bits that priorities have. */
#define PRIBITS(ctlr) (((ctlr) >> 8 & 7) + 1)

static int set(const struct vm *vm, uint32_t group, uint64_t attribute, void *value,
	       struct error *error)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)value,
	};

	return KVM_IOCTL(vm->gic, KVM_SET_DEVICE_ATTR, &attr, error);
}

static int get(const struct vm *vm, uint32_t group, uint64_t attribute, void *value)
{
	struct kvm_device_attr attr = {
		.group = group,
		.attr = attribute,
		.addr = (uintptr_t)value,
	};

	return ioctl(vm->gic, KVM_GET_DEVICE_ATTR, &attr) < 0 ? -errno : 0;
}

int gic_create(struct vm *vm, struct error *error)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	uint64_t distributor = R0_GICD_ADDRESS, redistributors = R0_GICR_ADDRESS;
	uint32_t intids = R0_GIC_INTIDS;
	int err;

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device) < 0)
		return error_set(error, errno == ENODEV ? ENOTSUP : errno,
				 "KVM makes no GICv3 here, which .irqchip needs: %s",
				 strerror(errno));
	vm->gic = (int)device.fd;
	err = set(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &intids, error);
	if (err >= 0)
		err = set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor,
			  error);
	if (err >= 0)
		err = set(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
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
	int err = get(vm, group, AFFINITY(cpu) | ICC_CTLR, &ctlr);

	if (err)
		return error_set(error, -err, "KVM does not read its GIC's ICC_CTLR_EL1: %s",
				 strerror(-err));
	least = 7 - PRIBITS(ctlr);
	err = set(vm, group, AFFINITY(cpu) | ICC_BPR0, &least, error);
	least++;
	if (err >= 0)
		err = set(vm, group, AFFINITY(cpu) | ICC_BPR1, &least, error);
	return err < 0 ? err : 0;
}

int gic_start(struct vm *vm, struct error *error)
{
	unsigned int cpu;
	int err = set(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, error);

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
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, 8, ICC_PMR, 0xff },
	{ KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, 8, ICC_IGRPEN1, 1 },
};

static int set_sized(struct vm *vm, const struct enabling *what, uint64_t affinity,
		     struct error *error)
{
	uint64_t value = what->value;
	uint32_t word = (uint32_t)value;

	return set(vm, what->group, affinity | what->attribute,
		   what->size == 4 ? (void *)&word : (void *)&value, error);
}

int gic_enable(struct vm *vm, struct error *error)
{
	uint32_t on = R0_GICD_CTLR_ARE | R0_GICD_CTLR_GRP1;
	int err = set(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, R0_GICD_CTLR, &on, error);
	unsigned int cpu;
	size_t i;

	for (cpu = 0; cpu < vm->cpus; cpu++)
		for (i = 0; i < sizeof(enabling) / sizeof(enabling[0]) && err >= 0; i++)
			err = set_sized(vm, &enabling[i], AFFINITY(cpu), error);
	return err < 0 ? err : 0;
}

int gic_read_distributor(const struct vm *vm, uint32_t offset, uint32_t *value)
{
	return get(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, offset, value);
}

int gic_read_redistributor(const struct vm *vm, unsigned int cpu, uint32_t offset, uint32_t *value)
{
	return get(vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, AFFINITY(cpu) | offset, value);
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

/* A register of its state. */
struct gic_register {
	uint32_t group, size; /* the latter in bytes */
	uint64_t attribute;
	uint64_t clear; /* the attribute of what clears the bits that are to be set, or 0 */
	uint64_t value;
};

struct vm_state {
	size_t count;
	struct gic_register registers[];
};

/* More than there are, of the distributor and of a CPU. */
#define OF_DISTRIBUTOR 128u
#define OF_CPU	       32u

static void list(struct vm_state *state, uint32_t group, uint32_t size, uint64_t attribute,
		 uint64_t clear)
{
	state->registers[state->count++] = (struct gic_register){
		.group = group,
		.size = size,
		.attribute = attribute,
		.clear = clear,
	};
}

/* What SGIs and PPIs have for each CPU, and SPIs once: from `first` on, `last` not included. */
static void list_intids(struct vm_state *state, uint32_t group, uint64_t base, unsigned int first,
			unsigned int last)
{
	unsigned int intid;

	for (intid = first; intid < last; intid += 32) {
		const uint64_t word = base + intid / 32 * 4;

		list(state, group, 4, word + R0_GICD_IGROUPR, 0);
		list(state, group, 4, word + R0_GICD_ISENABLER, word + R0_GICD_ICENABLER);
		list(state, group, 4, word + R0_GICD_ISACTIVER, word + R0_GICD_ICACTIVER);
		/* Written so, it is the latch itself. */
		list(state, group, 4, word + R0_GICD_ISPENDR, 0);
	}
	for (intid = first; intid < last; intid += 4)
		list(state, group, 4, base + R0_GICD_IPRIORITYR + intid, 0);
	/* Of SGIs it is fixed. */
	for (intid = first ? first : 16; intid < last; intid += 16)
		list(state, group, 4, base + R0_GICD_ICFGR + intid / 4, 0);
}

static const uint16_t interface[] = {
	ICC_SRE,   ICC_CTLR,  ICC_PMR,	   ICC_BPR0,	ICC_BPR1,
	ICC_AP0R0, ICC_AP1R0, ICC_IGRPEN0, ICC_IGRPEN1,
};

static void list_all(struct vm_state *state, const struct vm *vm)
{
	unsigned int cpu, intid;
	size_t i;

	list(state, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_CTLR, 0);
	list_intids(state, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, 32, R0_GIC_INTIDS);
	for (intid = 32; intid < R0_GIC_INTIDS; intid++)
		list(state, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_IROUTER + 8ul * intid, 0);
	for (cpu = 0; cpu < vm->cpus; cpu++) {
		list(state, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, AFFINITY(cpu) | R0_GICR_WAKER, 0);
		list_intids(state, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, AFFINITY(cpu) | R0_GICR_SGI, 0,
			    32);
		for (i = 0; i < sizeof(interface) / sizeof(interface[0]); i++)
			list(state, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, 8,
			     AFFINITY(cpu) | interface[i], 0);
	}
}

static int refused(struct error *error, const char *what, const struct gic_register *at, int err)
{
	return error_set(error, -err,
			 "KVM does not %s its GIC's register %#" PRIx64 " of group %u: %s", what,
			 at->attribute, at->group, strerror(-err));
}

int vm_state_create(struct vm_state **result, struct vm *vm, struct error *error)
{
	const size_t most = OF_DISTRIBUTOR + vm->cpus * OF_CPU;
	struct vm_state *state = calloc(1, sizeof(*state) + most * sizeof(state->registers[0]));
	size_t i;
	int err = 0;

	if (!state)
		return error_set(error, ENOMEM, "no memory for a GIC's state");
	list_all(state, vm);
	for (i = 0; i < state->count && !err; i++) {
		struct gic_register *at = &state->registers[i];

		err = get(vm, at->group, at->attribute, &at->value);
		if (err)
			refused(error, "read", at, err);
	}
	if (err) {
		vm_state_destroy(state);
		return err;
	}
	*result = state;
	return 0;
}

void vm_state_destroy(struct vm_state *state)
{
	free(state);
}

/* Only what differs: most tests change a few. */
int vm_state_restore(const struct vm_state *state, struct vm *vm, struct error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < state->count && err >= 0; i++) {
		const struct gic_register *at = &state->registers[i];
		uint64_t now = 0, value = at->value;

		err = get(vm, at->group, at->attribute, &now);
		if (err)
			return refused(error, "read", at, err);
		if (now == value)
			continue;
		if (at->clear)
			err = set(vm, at->group, at->clear, &(uint32_t){ UINT32_MAX }, error);
		if (err >= 0)
			err = set(vm, at->group, at->attribute, &value, error);
	}
	return err < 0 ? err : 0;
}

int vm_state_continue(struct vm_state *state, struct vm *vm, uint64_t *tsc_shift,
		      struct error *error)
{
	(void)state;
	(void)vm;
	(void)tsc_shift;
	return error_set(error, ENOTSUP, "another machine's time can't be had on arm64");
}

int vm_state_differs(const struct vm_state *state, struct vm *vm, char *what, size_t size,
		     struct error *error)
{
	size_t i;

	for (i = 0; i < state->count; i++) {
		const struct gic_register *at = &state->registers[i];
		uint64_t now = 0;
		int err = get(vm, at->group, at->attribute, &now);

		if (err)
			return refused(error, "read", at, err);
		if (now == at->value)
			continue;
		snprintf(what, size,
			 "the GIC's register %#" PRIx64 " of group %u is %#" PRIx64
			 ", it was %#" PRIx64,
			 at->attribute, at->group, now, at->value);
		return 1;
	}
	return 0;
}
