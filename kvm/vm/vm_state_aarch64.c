/* SPDX-License-Identifier: MIT */
/* The state of KVM's GICv3: Documentation/virt/kvm/devices/arm-vgic-v3.rst. The timers are the vCPUs'. */
#include "kvm/vm/vm_state_aarch64.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/vm/gic_own_aarch64.h"

/*
 * Of 32 INTIDs, which of their lines are high. Of a level-sensitive one that is all that it is pending by: ISPENDR is the
 * latch. KVM reads lines of edge-triggered ones as low, whatever they are.
 */
#define LINE_LEVELS ((uint64_t)VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT)

/*
 * KVM's timers have interrupts of the host's hardware. Whether those are active it takes from the guest alone, and
 * drops what userspace writes: vgic_hw_irq_change_active() in Linux's arch/arm64/kvm/vgic/vgic-mmio.c.
 */
#define TIMERS (1ul << R0_INTID_VIRTUAL_TIMER | 1ul << R0_INTID_PHYSICAL_TIMER)

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
	GIC_ICC_SRE,   GIC_ICC_CTLR,  GIC_ICC_PMR,     GIC_ICC_BPR0,	GIC_ICC_BPR1,
	GIC_ICC_AP0R0, GIC_ICC_AP1R0, GIC_ICC_IGRPEN0, GIC_ICC_IGRPEN1,
};

static void list_all(struct vm_state *state, unsigned int cpus)
{
	unsigned int cpu, intid;
	size_t i;

	list(state, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_CTLR, 0);
	list_intids(state, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, 32, R0_GIC_INTIDS);
	/* The timers' lines follow the timers. */
	list(state, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, 4, LINE_LEVELS | 32, 0);
	for (intid = 32; intid < R0_GIC_INTIDS; intid++)
		list(state, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, R0_GICD_IROUTER + 8ul * intid, 0);
	for (cpu = 0; cpu < cpus; cpu++) {
		list(state, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, 4, GIC_AFFINITY(cpu) | R0_GICR_WAKER,
		     0);
		list_intids(state, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
			    GIC_AFFINITY(cpu) | R0_GICR_SGI, 0, 32);
		for (i = 0; i < sizeof(interface) / sizeof(interface[0]); i++)
			list(state, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, 8,
			     GIC_AFFINITY(cpu) | interface[i], 0);
	}
}

static int refused(struct error *error, const char *what, const struct gic_register *at, int err)
{
	return error_set(error, -err,
			 "KVM does not %s its GIC's register %#" PRIx64 " of group %u: %s", what,
			 at->attribute, at->group, strerror(-err));
}

/* By the same steps as list_all(): with one word of SPIs, and one of SGIs and PPIs. */
#define OF_WORD	       (4u + 8u)
#define OF_DISTRIBUTOR (1u + OF_WORD + 2u + 1u + (R0_GIC_INTIDS - 32u))
#define OF_CPU	       (1u + OF_WORD + 1u + sizeof(interface) / sizeof(interface[0]))

size_t vm_state_count(unsigned int cpus, bool irqchip)
{
	return irqchip ? OF_DISTRIBUTOR + cpus * OF_CPU : 0;
}

struct vm_state *vm_state_allocate(unsigned int cpus, bool irqchip, struct error *error)
{
	const size_t count = vm_state_count(cpus, irqchip);
	struct vm_state *state = calloc(1, sizeof(*state) + count * sizeof(state->registers[0]));

	if (!state)
		error_set(error, ENOMEM, "no memory for a GIC's state");
	else if (irqchip)
		list_all(state, cpus);
	return state;
}

int vm_state_create(struct vm_state **result, struct vm *vm, struct error *error)
{
	struct vm_state *state = vm_state_allocate(vm->cpus, vm->irqchip, error);
	size_t i;
	int err = 0;

	if (!state)
		return -ENOMEM;
	for (i = 0; i < state->count && !err; i++) {
		struct gic_register *at = &state->registers[i];

		err = gic_get(vm, at->group, at->attribute, &at->value);
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

/*
 * Only what differs: most tests change a few; and in any case the lines, where a high one may read as low, and would
 * be found high when the guest next makes its interrupt level-sensitive.
 */
int vm_state_restore(const struct vm_state *state, struct vm *vm, struct error *error)
{
	size_t i;
	int err = 0;

	for (i = 0; i < state->count && err >= 0; i++) {
		const struct gic_register *at = &state->registers[i];
		uint64_t now = 0, value = at->value;

		err = gic_get(vm, at->group, at->attribute, &now);
		if (err)
			return refused(error, "read", at, err);
		if (now == value && at->group != KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO)
			continue;
		if (at->clear)
			err = gic_set(vm, at->group, at->clear, &(uint32_t){ UINT32_MAX }, error);
		if (err >= 0)
			err = gic_set(vm, at->group, at->attribute, &value, error);
	}
	return err < 0 ? err : 0;
}

bool gic_register_differs(const struct gic_register *at, uint64_t value)
{
	const bool is_timers = at->group == KVM_DEV_ARM_VGIC_GRP_REDIST_REGS &&
			       (uint32_t)at->attribute == R0_GICR_SGI + R0_GICD_ISACTIVER;

	return (at->value ^ value) & ~(is_timers ? TIMERS : 0);
}

/* KVM_ARM_VCPU_INIT has the timers' interrupts neither pending nor active. */
int vm_state_restore_after_cpus(const struct vm_state *state, struct vm *vm, struct error *error)
{
	return vm_state_restore(state, vm, error);
}

/* Time is the vCPUs': vcpu_state_restore_tsc(). */
int vm_state_continue(struct vm_state *state, struct vm *vm, uint64_t *tsc_shift,
		      struct error *error)
{
	(void)state;
	(void)vm;
	(void)error;
	*tsc_shift = 0;
	return 0;
}

int vm_state_differs(const struct vm_state *state, struct vm *vm, char *what, size_t size,
		     struct error *error)
{
	size_t i;

	for (i = 0; i < state->count; i++) {
		const struct gic_register *at = &state->registers[i];
		uint64_t now = 0;
		int err = gic_get(vm, at->group, at->attribute, &now);

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
