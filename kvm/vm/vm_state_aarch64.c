/* SPDX-License-Identifier: MIT */
/* The state of KVM's GIC: Documentation/virt/kvm/devices/arm-vgic-v3.rst, arm-vgic.rst. The timers are the vCPUs'. */
#include "kvm/vm/vm_state_aarch64.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdatomic.h>
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

/*
 * A GICv2's lines, as the registers of a group that KVM does not have: it tells of no line, so that they are what was
 * said to it. What level-sensitive ones are pending by is in ISPENDR as well, which is none of the latch.
 */
#define GICV2_LINES UINT32_MAX

/* GICD_ICFGR's words for them: IHI 0048, 4.3.13. */
#define GICD_ICFGR_OF_SPIS (R0_GICD_ICFGR + 32 / 4)

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
	}
	for (intid = first; intid < last; intid += 4)
		list(state, group, 4, base + R0_GICD_IPRIORITYR + intid, 0);
	/* Of SGIs it is fixed. */
	for (intid = first ? first : 16; intid < last; intid += 16)
		list(state, group, 4, base + R0_GICD_ICFGR + intid / 4, 0);
}

static const uint16_t interface_3[] = {
	GIC_ICC_SRE,   GIC_ICC_CTLR,  GIC_ICC_PMR,     GIC_ICC_BPR0,	GIC_ICC_BPR1,
	GIC_ICC_AP0R0, GIC_ICC_AP1R0, GIC_ICC_IGRPEN0, GIC_ICC_IGRPEN1,
};

static void list_3(struct vm_state *state, unsigned int cpus)
{
	const uint32_t distributor = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	const uint32_t redistributor = KVM_DEV_ARM_VGIC_GRP_REDIST_REGS;
	unsigned int cpu, intid;
	size_t i;

	list(state, distributor, 4, R0_GICD_CTLR, 0);
	list_intids(state, distributor, 0, 32, R0_GIC_INTIDS);
	/* Written so, it is the latch itself. */
	list(state, distributor, 4, R0_GICD_ISPENDR + 4, 0);
	/* The timers' lines follow the timers. */
	list(state, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, 4, LINE_LEVELS | 32, 0);
	for (intid = 32; intid < R0_GIC_INTIDS; intid++)
		list(state, distributor, 4, R0_GICD_IROUTER + 8ul * intid, 0);
	for (cpu = 0; cpu < cpus; cpu++) {
		const uint64_t affinity = GIC_AFFINITY(cpu);

		list(state, redistributor, 4, affinity | R0_GICR_WAKER, 0);
		list_intids(state, redistributor, affinity | R0_GICR_SGI, 0, 32);
		list(state, redistributor, 4, affinity | (R0_GICR_SGI + R0_GICD_ISPENDR), 0);
		for (i = 0; i < sizeof(interface_3) / sizeof(interface_3[0]); i++)
			list(state, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, 8, affinity | interface_3[i],
			     0);
	}
}

static const uint16_t interface_2[] = { R0_GICC_CTLR, R0_GICC_PMR, R0_GICC_BPR, R0_GICC_ABPR,
					R0_GICC_APR };

/* SGIs are pending for each CPU that sent them. Lines, once it is known what they do, come before what is pending. */
static void list_2(struct vm_state *state, unsigned int cpus)
{
	const uint32_t distributor = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	unsigned int cpu, intid;
	size_t i;

	list(state, distributor, 4, R0_GICD_CTLR, 0);
	list_intids(state, distributor, 0, 32, R0_GIC_INTIDS);
	for (intid = 32; intid < R0_GIC_INTIDS; intid += 4)
		list(state, distributor, 4, R0_GICD_ITARGETSR + intid, 0);
	list(state, GICV2_LINES, 4, 0, 0);
	list(state, distributor, 4, R0_GICD_ISPENDR + 4, R0_GICD_ICPENDR + 4);
	for (cpu = 0; cpu < cpus; cpu++) {
		const uint64_t at = GICV2_CPU(cpu);

		list_intids(state, distributor, at, 0, 32);
		list(state, distributor, 4, at | R0_GICD_ISPENDR, at | R0_GICD_ICPENDR);
		for (intid = 0; intid < 16; intid += 4)
			list(state, distributor, 4, at | (R0_GICD_SPENDSGIR + intid),
			     at | (R0_GICD_CPENDSGIR + intid));
		for (i = 0; i < sizeof(interface_2) / sizeof(interface_2[0]); i++)
			list(state, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, 4, at | interface_2[i], 0);
	}
}

static int refused(struct error *error, const char *what, const struct gic_register *at, int err)
{
	return error_set(error, -err,
			 "KVM does not %s its GIC's register %#" PRIx64 " of group %u: %s", what,
			 at->attribute, at->group, strerror(-err));
}

/* By the same steps as list_3(): with one word of SPIs, and one of SGIs and PPIs. A GICv2 has less. */
#define OF_WORD	       (4u + 8u)
#define OF_DISTRIBUTOR (1u + OF_WORD + 2u + 1u + (R0_GIC_INTIDS - 32u))
#define OF_CPU	       (1u + OF_WORD + 1u + sizeof(interface_3) / sizeof(interface_3[0]))

_Static_assert(4 + sizeof(interface_2) / sizeof(interface_2[0]) <=
		       1 + sizeof(interface_3) / sizeof(interface_3[0]),
	       "a CPU of a GICv2 has less");

size_t vm_state_count(unsigned int cpus, bool irqchip)
{
	return irqchip ? OF_DISTRIBUTOR + cpus * OF_CPU : 0;
}

struct vm_state *vm_state_allocate(unsigned int cpus, unsigned int gic_version, struct error *error)
{
	const size_t count = vm_state_count(cpus, gic_version);
	struct vm_state *state = calloc(1, sizeof(*state) + count * sizeof(state->registers[0]));

	if (!state) {
		error_set(error, ENOMEM, "no memory for a GIC's state");
		return NULL;
	}
	state->gic_version = gic_version;
	state->cpus = cpus;
	if (gic_version == 3)
		list_3(state, cpus);
	else if (gic_version)
		list_2(state, cpus);
	return state;
}

static int read_register(struct vm *vm, const struct gic_register *at, uint64_t *value,
			 struct error *error)
{
	int err = 0;

	*value = 0;
	if (at->group == GICV2_LINES)
		*value = atomic_load(&vm->raised);
	else
		err = gic_get(vm, at->group, at->attribute, value);
	return err ? refused(error, "read", at, err) : 0;
}

/*
 * KVM hears of a line that falls only while its interrupt is level-sensitive, and would have it high when the guest next
 * makes it so. All that were high since the last time are lowered so, and those that are to be high raised.
 */
static int set_lines(struct vm *vm, uint32_t lines, struct error *error)
{
	const uint32_t group = KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	const uint32_t lower = atomic_exchange(&vm->were_raised, lines);
	uint32_t configuration[GIC_SPIS / 16] = { 0 };
	unsigned int i;
	int err = 0;

	for (i = 0; i < GIC_SPIS / 16 && lower && err >= 0; i++) {
		gic_read_distributor(vm, GICD_ICFGR_OF_SPIS + 4 * i, &configuration[i]);
		err = gic_set(vm, group, GICD_ICFGR_OF_SPIS + 4 * i, &(uint32_t){ 0 }, error);
	}
	for (i = 0; i < GIC_SPIS && err >= 0; i++)
		if (lower >> i & 1)
			err = vm_set_irq(vm, i, false, error);
	for (i = 0; i < GIC_SPIS / 16 && lower && err >= 0; i++)
		err = gic_set(vm, group, GICD_ICFGR_OF_SPIS + 4 * i, &configuration[i], error);
	for (i = 0; i < GIC_SPIS && err >= 0; i++)
		if (lines >> i & 1)
			err = vm_set_irq(vm, i, true, error);
	return err;
}

static int write_register(struct vm *vm, const struct gic_register *at, struct error *error)
{
	uint64_t value = at->value;
	int err = 0;

	if (at->group == GICV2_LINES)
		return set_lines(vm, (uint32_t)value, error);
	if (at->clear)
		err = gic_set(vm, at->group, at->clear, &(uint32_t){ UINT32_MAX }, error);
	return err < 0 ? err : gic_set(vm, at->group, at->attribute, &value, error);
}

/* The SPIs that are pending by their lines, which are high. */
static uint32_t held_by_lines(struct vm *vm)
{
	uint32_t held = 0, configuration = 0;
	unsigned int i;

	for (i = 0; i < GIC_SPIS; i++) {
		if (i % 16 == 0 &&
		    gic_read_distributor(vm, GICD_ICFGR_OF_SPIS + i / 4, &configuration))
			return 0;
		held |= (~configuration >> (2 * (i % 16) + 1) & 1) << i;
	}
	return held & atomic_load(&vm->raised);
}

/*
 * Of a GICv2's ISPENDR, what is the latch, as far as can be told: a timer's line may be high, too, but what it latches is
 * gone once the guest has taken it (vgic_v2_fold_lr_state() in Linux's arch/arm64/kvm/vgic/vgic-v2.c). SGIs have
 * registers of their own.
 */
static uint64_t latched(struct vm *vm, const struct gic_register *at)
{
	if (at->clear == R0_GICD_ICPENDR + 4)
		return at->value & ~held_by_lines(vm);
	if ((uint32_t)at->clear == R0_GICD_ICPENDR)
		return at->value & ~0xfffful;
	return at->value;
}

int vm_state_create(struct vm_state **result, struct vm *vm, struct error *error)
{
	struct vm_state *state =
		vm_state_allocate(vm->cpus, vm->irqchip ? vm->gic_version : 0, error);
	size_t i;
	int err = 0;

	if (!state)
		return -ENOMEM;
	for (i = 0; i < state->count && !err; i++) {
		struct gic_register *at = &state->registers[i];

		err = read_register(vm, at, &at->value, error);
		at->value = latched(vm, at);
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

/* Lines are written in any case: a high one of a GICv3 may read as low, and for a GICv2 see set_lines(). */
static bool is_to_be_written(const struct gic_register *at, uint64_t now)
{
	return now != at->value || at->group == KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO ||
	       at->group == GICV2_LINES;
}

/* Only what differs: most tests change a few. */
int vm_state_restore(const struct vm_state *state, struct vm *vm, struct error *error)
{
	size_t i;
	int err = 0;

	if (state->gic_version && state->gic_version != vm->gic_version)
		return error_set(
			error, ENOTSUP,
			"the state of a GICv%u can't be had by a GICv%u, which is what this "
			"KVM makes",
			state->gic_version, vm->gic_version);
	for (i = 0; i < state->count && err >= 0; i++) {
		const struct gic_register *at = &state->registers[i];
		uint64_t now;

		err = read_register(vm, at, &now, error);
		if (!err && is_to_be_written(at, now))
			err = write_register(vm, at, error);
	}
	return err < 0 ? err : 0;
}

bool gic_register_differs(const struct gic_register *at, uint64_t value)
{
	const uint32_t active = at->group == KVM_DEV_ARM_VGIC_GRP_REDIST_REGS ?
					R0_GICR_SGI + R0_GICD_ISACTIVER :
					R0_GICD_ISACTIVER;
	/* A GICv2's pending timer may be so by its line, which follows the timer. */
	const bool is_timers = at->clear && ((uint32_t)at->attribute == active ||
					     (uint32_t)at->attribute == R0_GICD_ISPENDR);

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
		uint64_t now;
		int err = read_register(vm, at, &now, error);

		if (err)
			return err;
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
