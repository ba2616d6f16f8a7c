/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's whole state on arm64: the registers that KVM lists. It is put back by KVM_ARM_VCPU_INIT, which makes the
 * vCPU as new, and by writing what a new one has otherwise: some twenty of some three hundred registers, an ioctl
 * each. After a test that returned, the guest does without the host: guest/entry/entry_aarch64.S, r0_enter().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/state/state_aarch64.h"

/*
 * What KVM_ARM_VCPU_INIT leaves as it is: SP_EL1, ELR_EL1, SPSR_EL1 and the timers' compare values. KVM has the
 * number of the virtual one's swapped with its count's: api.rst, KVM_SET_ONE_REG.
 */
static bool survives_init(uint64_t id)
{
	return id == VCPU_CORE(sp_el1) || id == VCPU_CORE(elr_el1) || id == VCPU_CORE(spsr[0]) ||
	       id == KVM_REG_ARM_TIMER_CVAL || id == KVM_REG_ARM_PTIMER_CVAL;
}

int state_read_value(const struct vcpu *vcpu, uint64_t id, uint8_t value[STATE_VALUE_MAX])
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	memset(value, 0, STATE_VALUE_MAX);
	if (state_size_of(id) > STATE_VALUE_MAX)
		return -E2BIG;
	return ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg) < 0 ? -errno : 0;
}

static int write_value(const struct vcpu *vcpu, const struct state_listed *listed)
{
	struct kvm_one_reg reg = { .id = listed->id, .addr = (uintptr_t)listed->value };

	return ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg) < 0 ? -errno : 0;
}

static int refused(struct error *error, const char *what, uint64_t id, int err)
{
	return error_set(error, -err, "KVM does not %s the register %#" PRIx64 ": %s", what, id,
			 strerror(-err));
}

int vcpu_get_list(struct kvm_reg_list **list, const struct vcpu *vcpu, struct error *error)
{
	struct kvm_reg_list head = { 0 };
	int err;

	if (ioctl(vcpu->fd, KVM_GET_REG_LIST, &head) < 0 && errno != E2BIG)
		return error_set(error, errno, "KVM's KVM_GET_REG_LIST failed: %s",
				 strerror(errno));
	*list = calloc(1, sizeof(head) + head.n * sizeof(head.reg[0]));
	if (!*list)
		return error_set(error, ENOMEM, "no memory for the list of registers");
	(*list)->n = head.n;
	err = KVM_IOCTL(vcpu->fd, KVM_GET_REG_LIST, *list, error);
	return err < 0 ? err : 0;
}

static int read_all(struct vcpu_state *state, const struct vcpu *vcpu,
		    const struct kvm_reg_list *list, struct error *error)
{
	uint64_t i;
	int err;

	for (i = 0; i < list->n; i++) {
		struct state_listed *listed = &state->listed[state->count];

		if (list->reg[i] == KVM_REG_ARM_TIMER_CNT)
			vcpu_get(vcpu, list->reg[i], &state->virtual_count, NULL);
		if (state_is_clock(list->reg[i]))
			continue;
		listed->id = list->reg[i];
		err = state_read_value(vcpu, listed->id, listed->value);
		if (err)
			return refused(error, "read", listed->id, err);
		state->count++;
	}
	return 0;
}

static int make_anew(struct vcpu *vcpu, struct error *error)
{
	int err = KVM_IOCTL(vcpu->fd, KVM_ARM_VCPU_INIT, &vcpu->own->init, error);

	return err < 0 ? err : 0;
}

/* Which of the registers a new vCPU, as this is now, has otherwise. */
static int choose_written(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	struct state_written *written = state->written;
	uint8_t value[STATE_VALUE_MAX];
	size_t i;
	int err = 0;

	written->count = 0;
	for (i = 0; i < state->count && !err; i++) {
		const struct state_listed *listed = &state->listed[i];

		err = state_read_value(vcpu, listed->id, value);
		if (err)
			return refused(error, "read", listed->id, err);
		if (survives_init(listed->id) || memcmp(value, listed->value, STATE_VALUE_MAX) != 0)
			written->places[written->count++] = i;
	}
	written->known = !err;
	return err;
}

struct vcpu_state *vcpu_state_allocate(size_t count, struct error *error)
{
	struct vcpu_state *state = calloc(1, sizeof(*state) + count * sizeof(state->listed[0]));

	if (state)
		state->written = calloc(1, sizeof(*state->written) +
						   count * sizeof(state->written->places[0]));
	if (state && state->written)
		return state;
	free(state);
	error_set(error, ENOMEM, "no memory for a vCPU's state");
	return NULL;
}

/* Where KVM has no such thing, nothing is pending. */
static int read_rest(struct vcpu_state *state, const struct vcpu *vcpu, struct error *error)
{
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_MP_STATE, &state->mp_state, error);

	if (err >= 0 && ioctl(vcpu->fd, KVM_GET_VCPU_EVENTS, &state->events) < 0)
		memset(&state->events, 0, sizeof(state->events));
	return err < 0 ? err : 0;
}

int vcpu_state_note(struct vcpu_state **result, struct vcpu *vcpu, struct error *error)
{
	struct kvm_reg_list *list = NULL;
	struct vcpu_state *state = NULL;
	int err = vcpu_get_list(&list, vcpu, error);

	if (err < 0)
		goto free;
	err = -ENOMEM;
	state = vcpu_state_allocate(list->n, error);
	if (!state)
		goto free;
	err = read_all(state, vcpu, list, error);
	if (!err)
		err = read_rest(state, vcpu, error);
	if (err)
		goto free;
	*result = state;
	state = NULL;
free:
	free(list);
	vcpu_state_destroy(state);
	return err;
}

int vcpu_state_create(struct vcpu_state **result, struct vcpu *vcpu, struct error *error)
{
	/* What a VM has of its own settles when it first runs: the GIC in ID_AA64PFR0_EL1. */
	if (!vcpu_complete(vcpu))
		return error_set(error, EIO, "KVM does not run a new vCPU");
	return vcpu_state_note(result, vcpu, error);
}

void vcpu_state_destroy(struct vcpu_state *state)
{
	if (!state)
		return;
	free(state->written);
	free(state);
}

/*
 * An access that left the VM is completed first: KVM would move PC on at the next KVM_RUN, whatever it was set to
 * meanwhile, and KVM_ARM_VCPU_INIT does not change that.
 */
static bool is_half_way(const struct vcpu *vcpu)
{
	return vcpu->run->exit_reason == KVM_EXIT_MMIO;
}

int vcpu_state_restore(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	size_t i;
	int err;

	if (vcpu->own->goes_on)
		return 0;
	if (is_half_way(vcpu) && !vcpu_complete(vcpu))
		return error_set(error, EIO, "KVM does not complete an access");
	err = make_anew(vcpu, error);
	if (!err && !state->written->known)
		err = choose_written(state, vcpu, error);
	for (i = 0; i < state->written->count && !err; i++) {
		const struct state_listed *listed = &state->listed[state->written->places[i]];

		err = write_value(vcpu, listed);
		if (err)
			return refused(error, "write", listed->id, err);
	}
	return err;
}

int vcpu_reset(struct vcpu *vcpu, struct error *error)
{
	static const uint64_t survivors[] = { VCPU_CORE(sp_el1), VCPU_CORE(elr_el1),
					      VCPU_CORE(spsr[0]), KVM_REG_ARM_TIMER_CVAL,
					      KVM_REG_ARM_PTIMER_CVAL };
	size_t i;
	int err = make_anew(vcpu, error);

	for (i = 0; i < sizeof(survivors) / sizeof(survivors[0]) && !err; i++) {
		err = vcpu_set(vcpu, survivors[i], 0, NULL);
		/* The physical timer's, KVM lists from Linux 6.4 on. */
		if (err == -ENOENT && survivors[i] == KVM_REG_ARM_PTIMER_CVAL)
			err = 0;
		if (err < 0)
			refused(error, "write", survivors[i], err);
	}
	return err;
}

int vcpu_state_restore_events(const struct vcpu_state *state, struct vcpu *vcpu,
			      struct error *error)
{
	struct kvm_mp_state mp_state = state->mp_state;
	struct kvm_vcpu_events events = state->events;
	int err = 0;

	if (events.exception.serror_pending)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_VCPU_EVENTS, &events, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_SET_MP_STATE, &mp_state, error);
	return err < 0 ? err : 0;
}

/* No debug exception is left pending, and there is no nested guest. */
int vcpu_state_clear(struct vcpu *vcpu, bool watched, struct error *error)
{
	(void)vcpu;
	(void)watched;
	(void)error;
	return 0;
}

int vcpu_state_restore_nested(const struct vcpu_state *state, struct vcpu *vcpu,
			      struct error *error)
{
	(void)state;
	(void)vcpu;
	(void)error;
	return 0;
}

void vcpu_state_shift_tsc(struct vcpu_state *state, uint64_t shift)
{
	(void)state;
	(void)shift;
}

/* The timer's count, which all CPUs of a VM have the same of. */
int vcpu_state_restore_tsc(const struct vcpu_state *state, struct vcpu *vcpu, struct error *error)
{
	int err = vcpu_set(vcpu, KVM_REG_ARM_TIMER_CNT, state->virtual_count, error);

	return err < 0 ? err : 0;
}

/* KVM brings no registers with an exit that would tell what has changed. */
int vcpu_state_restore_changes(const struct vcpu_state *state, struct vcpu *vcpu,
			       struct error *error)
{
	return vcpu_state_restore(state, vcpu, error);
}

int vcpu_state_holds(const struct vcpu_state *state, const struct vcpu *vcpu, struct error *error)
{
	(void)state;
	(void)vcpu;
	(void)error;
	return 0;
}

int vcpu_state_restore_lightly(const struct vcpu_state *state, struct vcpu *vcpu,
			       struct error *error)
{
	return vcpu_state_restore(state, vcpu, error);
}

static void describe(const struct state_listed *listed, const uint8_t *now, char *what, size_t size)
{
	size_t at = 0, length;

	while (now[at] == listed->value[at])
		at++;
	length = (size_t)snprintf(what, size, "the register %#" PRIx64, listed->id);
	if ((listed->id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM64_SYSREG)
		length += (size_t)snprintf(
			what + length, size - length, " (S%u_%u_C%u_C%u_%u)",
			(unsigned int)(listed->id >> KVM_REG_ARM64_SYSREG_OP0_SHIFT & 3),
			(unsigned int)(listed->id >> KVM_REG_ARM64_SYSREG_OP1_SHIFT & 7),
			(unsigned int)(listed->id >> KVM_REG_ARM64_SYSREG_CRN_SHIFT & 15),
			(unsigned int)(listed->id >> KVM_REG_ARM64_SYSREG_CRM_SHIFT & 15),
			(unsigned int)(listed->id & 7));
	snprintf(what + length, size - length, " differs at byte %zu: %#x, it was %#x", at, now[at],
		 listed->value[at]);
}

int vcpu_state_compare_now(const struct vcpu_state *state, struct vcpu *vcpu, char *what,
			   size_t size, struct error *error)
{
	uint8_t now[STATE_VALUE_MAX];
	size_t i;
	int err;

	for (i = 0; i < state->count; i++) {
		const struct state_listed *listed = &state->listed[i];

		err = state_read_value(vcpu, listed->id, now);
		if (err)
			return refused(error, "read", listed->id, err);
		if (memcmp(now, listed->value, STATE_VALUE_MAX) == 0)
			continue;
		describe(listed, now, what, size);
		return 1;
	}
	return 0;
}

/* A guest that goes on by itself is yet to put back its registers. */
int vcpu_state_differs(const struct vcpu_state *state, struct vcpu *vcpu, char *what, size_t size,
		       struct error *error)
{
	return vcpu->own->goes_on ? 0 : vcpu_state_compare_now(state, vcpu, what, size, error);
}
