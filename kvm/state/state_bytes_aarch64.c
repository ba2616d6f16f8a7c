/* SPDX-License-Identifier: MIT */
/* The state of arm64's vCPUs and GIC as bytes, and compared register by register. */
#include "kvm/state/state_bytes.h"
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/address.h"
#include "kvm/state/state_aarch64.h"
#include "kvm/vm/vm_state_aarch64.h"

/* More registers than any KVM lists. */
#define COUNT_MAX 4096u

/* In front of the registers, each of which is its number and its value. */
struct cpu_bytes {
	uint64_t count, virtual_count;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	uint32_t reserved;
};

uint32_t state_architecture(void)
{
	return EM_AARCH64;
}

size_t vcpu_state_size(const struct vcpu_state *state)
{
	size_t size = sizeof(struct cpu_bytes), i;

	for (i = 0; i < state->count; i++)
		size += sizeof(uint64_t) + state_size_of(state->listed[i].id);
	return size;
}

void vcpu_state_save(const struct vcpu_state *state, void *bytes)
{
	const struct cpu_bytes head = {
		.count = state->count,
		.virtual_count = state->virtual_count,
		.events = state->events,
		.mp_state = state->mp_state,
	};
	uint8_t *to = bytes;
	size_t i;

	memcpy(to, &head, sizeof(head));
	to += sizeof(head);
	for (i = 0; i < state->count; i++) {
		const struct state_listed *listed = &state->listed[i];

		memcpy(to, &listed->id, sizeof(listed->id));
		to += sizeof(listed->id);
		memcpy(to, listed->value, state_size_of(listed->id));
		to += state_size_of(listed->id);
	}
}

/* The registers, from `at` on. Returns whether they are as many bytes as there are. */
static bool load_registers(struct vcpu_state *state, size_t count, const uint8_t *bytes,
			   size_t size)
{
	size_t at = sizeof(struct cpu_bytes);

	while (state->count < count) {
		struct state_listed *listed = &state->listed[state->count];

		if (!range_holds(0, size, at, sizeof(listed->id)))
			return false;
		memcpy(&listed->id, bytes + at, sizeof(listed->id));
		at += sizeof(listed->id);
		if (state_size_of(listed->id) > STATE_VALUE_MAX ||
		    !range_holds(0, size, at, state_size_of(listed->id)))
			return false;
		memcpy(listed->value, bytes + at, state_size_of(listed->id));
		at += state_size_of(listed->id);
		state->count++;
	}
	return at == size;
}

int vcpu_state_load(struct vcpu_state **result, const void *bytes, size_t size, struct error *error)
{
	struct vcpu_state *state;
	struct cpu_bytes head;

	if (size < sizeof(head))
		return error_set(error, EBADMSG, "the state of a CPU is cut off");
	memcpy(&head, bytes, sizeof(head));
	if (head.count > COUNT_MAX)
		return error_set(error, EBADMSG, "the state of a CPU has %" PRIu64 " registers",
				 head.count);
	state = vcpu_state_allocate(head.count, error);
	if (!state)
		return -ENOMEM;
	state->virtual_count = head.virtual_count;
	state->events = head.events;
	state->mp_state = head.mp_state;
	if (!load_registers(state, head.count, bytes, size)) {
		vcpu_state_destroy(state);
		return error_set(error, EBADMSG, "the state of a CPU is not one of its size");
	}
	*result = state;
	return 0;
}

static const char *name_of(uint64_t id, char *text, size_t size)
{
	if (id >= VCPU_X(0) && id <= VCPU_X(30))
		snprintf(text, size, "X%u", (unsigned int)(id - VCPU_X(0)) / 2);
	else if (id == VCPU_CORE(regs.pc))
		return "PC";
	else if (id == VCPU_CORE(regs.sp))
		return "SP_EL0";
	else if (id == VCPU_CORE(sp_el1))
		return "SP_EL1";
	else if (id == VCPU_CORE(regs.pstate))
		return "PSTATE";
	else if (id == VCPU_CORE(elr_el1))
		return "ELR_EL1";
	else if (id == VCPU_CORE(spsr[0]))
		return "SPSR_EL1";
	else if ((id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM64_SYSREG)
		snprintf(text, size, "S%u_%u_C%u_C%u_%u",
			 (unsigned int)(id >> KVM_REG_ARM64_SYSREG_OP0_SHIFT & 3),
			 (unsigned int)(id >> KVM_REG_ARM64_SYSREG_OP1_SHIFT & 7),
			 (unsigned int)(id >> KVM_REG_ARM64_SYSREG_CRN_SHIFT & 15),
			 (unsigned int)(id >> KVM_REG_ARM64_SYSREG_CRM_SHIFT & 15),
			 (unsigned int)(id & 7));
	else
		snprintf(text, size, "register %#" PRIx64, id);
	return text;
}

/*
 * Registers that say what the CPU and its firmware are: KVM takes no other value for them, of a vCPU that has run.
 * Op0 3 and CRn 0, D17.1.1, but for CSSELR_EL1, of Op1 2, and EL2's; CCSIDR_EL1, for each cache; the lengths that SVE's
 * vectors can have; and Documentation/virt/kvm/arm/hypercalls.rst.
 */
static bool is_fixed(uint64_t id)
{
	const uint64_t op1 = (id & KVM_REG_ARM64_SYSREG_OP1_MASK) >> KVM_REG_ARM64_SYSREG_OP1_SHIFT;

	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM64_SYSREG:
		return (id & (KVM_REG_ARM64_SYSREG_OP0_MASK | KVM_REG_ARM64_SYSREG_CRN_MASK)) ==
			       3ul << KVM_REG_ARM64_SYSREG_OP0_SHIFT &&
		       op1 < 4 && op1 != 2;
	case KVM_REG_ARM_DEMUX:
	case KVM_REG_ARM_FW:
	case KVM_REG_ARM_FW_FEAT_BMAP:
		return true;
	default:
		return id == KVM_REG_ARM64_SVE_VLS;
	}
}

static int check_value(const struct state_listed *listed, const struct vcpu *vcpu,
		       struct error *error)
{
	uint8_t now[STATE_VALUE_MAX];
	const char *name;
	char text[64];
	size_t i;
	int err;

	if (!is_fixed(listed->id))
		return 0;
	err = state_read_value(vcpu, listed->id, now);
	name = name_of(listed->id, text, sizeof(text));
	if (err)
		return error_set(error, EINVAL, "can't be compared: KVM does not read %s: %s", name,
				 strerror(-err));
	for (i = 0; i < state_size_of(listed->id); i += sizeof(uint64_t)) {
		uint64_t has, here;

		memcpy(&has, listed->value + i, sizeof(has));
		memcpy(&here, now + i, sizeof(here));
		if (has != here)
			return error_set(error, EINVAL,
					 "has another CPU: %s is %#" PRIx64 ", and here %#" PRIx64,
					 name, has, here);
	}
	return 0;
}

int vcpu_state_fits(const struct vcpu_state *state, const struct vcpu *vcpu, struct error *error)
{
	struct kvm_reg_list *list = NULL;
	size_t at = 0;
	uint64_t i;
	int err = vcpu_get_list(&list, vcpu, error);

	for (i = 0; !err && i < list->n; i++) {
		if (state_is_clock(list->reg[i]))
			continue;
		if (at == state->count || state->listed[at].id != list->reg[i])
			err = error_set(error, EINVAL,
					"has other registers than this KVM: %#" PRIx64
					" is not where it is here",
					(uint64_t)list->reg[i]);
		else
			err = check_value(&state->listed[at++], vcpu, error);
	}
	if (!err && at != state->count)
		err = error_set(error, EINVAL, "has %zu registers more than this KVM",
				state->count - at);
	free(list);
	return err;
}

/*
 * The count of a GICv3's registers, which the number of CPUs makes known as well, with VERSION_2 for a GICv2; and values
 * in the order in which they are listed. A GICv2 has less, and zeros for the rest.
 */
#define VERSION_2 (1ull << 32)

size_t vm_state_size(unsigned int cpus, bool irqchip)
{
	return (1 + vm_state_count(cpus, irqchip)) * sizeof(uint64_t);
}

void vm_state_save(const struct vm_state *state, void *bytes)
{
	const uint64_t count = vm_state_count(state->cpus, state->gic_version);
	const uint64_t head = count | (state->gic_version == 2 ? VERSION_2 : 0);
	uint8_t *to = bytes;
	size_t i;

	memset(to, 0, (1 + count) * sizeof(uint64_t));
	memcpy(to, &head, sizeof(head));
	for (i = 0; i < state->count; i++)
		memcpy(to + (1 + i) * sizeof(uint64_t), &state->registers[i].value,
		       sizeof(uint64_t));
}

/* The number of CPUs that has as many registers; 0 if none has, or there is no GIC. */
static unsigned int cpus_of(uint64_t count)
{
	unsigned int cpus = 1;

	while (vm_state_count(cpus, true) < count && cpus < COUNT_MAX)
		cpus++;
	return vm_state_count(cpus, true) == count ? cpus : 0;
}

int vm_state_load(struct vm_state **result, const void *bytes, size_t size, struct error *error)
{
	struct vm_state *state;
	const uint8_t *from = bytes;
	uint64_t head = 0;
	unsigned int cpus;
	size_t i;

	if (size >= sizeof(head))
		memcpy(&head, from, sizeof(head));
	cpus = cpus_of(head & ~VERSION_2);
	if (size != vm_state_size(cpus, cpus != 0))
		return error_set(error, EBADMSG, "the state of a GIC is not one of its size");
	state = vm_state_allocate(cpus, !cpus ? 0 : head & VERSION_2 ? 2 : 3, error);
	if (!state)
		return -ENOMEM;
	for (i = 0; i < state->count; i++)
		memcpy(&state->registers[i].value, from + (1 + i) * sizeof(uint64_t),
		       sizeof(uint64_t));
	*result = state;
	return 0;
}

static void compare_register(const struct state_listed *a, const struct state_listed *b,
			     struct state_differences *to)
{
	uint64_t left, right;
	char name[64];

	if (!memcmp(a->value, b->value, STATE_VALUE_MAX))
		return;
	memcpy(&left, a->value, sizeof(left));
	memcpy(&right, b->value, sizeof(right));
	if (state_size_of(a->id) <= sizeof(left))
		state_difference(to, "%s %#" PRIx64 " -> %#" PRIx64,
				 name_of(a->id, name, sizeof(name)), left, right);
	else
		state_compare_bytes(name_of(a->id, name, sizeof(name)), a->value, b->value,
				    state_size_of(a->id), to);
}

/* Registers are listed in the order that KVM has. */
void vcpu_state_compare(const struct vcpu_state *a, const struct vcpu_state *b,
			struct state_differences *to)
{
	size_t i;

	if (a->mp_state.mp_state != b->mp_state.mp_state)
		state_difference(to, "run state %u -> %u", a->mp_state.mp_state,
				 b->mp_state.mp_state);
	state_compare_bytes("pending SError", &a->events, &b->events, sizeof(a->events), to);
	if (a->count != b->count)
		state_difference(to, "%zu registers -> %zu", a->count, b->count);
	for (i = 0; i < a->count && i < b->count; i++)
		if (a->listed[i].id == b->listed[i].id)
			compare_register(&a->listed[i], &b->listed[i], to);
		else
			state_difference(to, "register %#" PRIx64 " -> register %#" PRIx64,
					 a->listed[i].id, b->listed[i].id);
}

void vm_state_compare(const struct vm_state *a, const struct vm_state *b,
		      struct state_differences *to)
{
	size_t i;

	if (a->gic_version != b->gic_version) {
		state_difference(to, "GICv%u -> GICv%u", a->gic_version, b->gic_version);
		return;
	}
	for (i = 0; i < a->count && i < b->count; i++)
		if (gic_register_differs(&a->registers[i], b->registers[i].value))
			state_difference(to,
					 "the GIC's register %#" PRIx64 " of group %u: %#" PRIx64
					 " -> %#" PRIx64,
					 a->registers[i].attribute, a->registers[i].group,
					 a->registers[i].value, b->registers[i].value);
}
