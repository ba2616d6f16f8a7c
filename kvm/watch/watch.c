/* SPDX-License-Identifier: MIT */
/*
 * The watchpoints of a machine: requests from the host, armed by each vCPU's thread, which also
 * finds out what was hit. Depends on the architecture's watch_encode() and watch_decode().
 */
#include "kvm/watch/watch.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define GATED_BIT (1u << WATCH_GATED)

/* KVM refuses the same thing the same way: more tries than this bring nothing. */
#define FAILURES_MAX 3

/* EINTR: a signal was faster. One that keeps on coming is left to the next round of the loop. */
#define INTERRUPTIONS_MAX 100

int watch_init(struct watch *watch, enum watch_method method, struct error *error)
{
	memset(watch, 0, sizeof(*watch));
	watch->method = method;
	watch->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (watch->eventfd < 0)
		return error_set(error, errno, "making an eventfd for watchpoints failed: %s",
				 strerror(errno));
	pthread_mutex_init(&watch->lock, NULL);
	return 0;
}

void watch_finish(struct watch *watch)
{
	pthread_mutex_destroy(&watch->lock);
	close(watch->eventfd);
}

/* The vCPUs take up what is in the slots now. Under the lock. */
static void publish(struct watch *watch, struct watch_slot *slot)
{
	slot->serial = watch->generation + 1;
	watch->values.known[slot - watch->slots] = false;
	__atomic_store_n(&watch->generation, slot->serial, __ATOMIC_RELEASE);
}

int watch_request(struct watch *watch, unsigned int slot, const struct watch_request *request,
		  struct error *error)
{
	struct watch_point point = request->point;
	struct watch_slot *to;
	int err;

	if (slot >= WATCH_SLOTS)
		return error_set(error, EINVAL, "there is no watchpoint %u: only 0 to %u", slot,
				 WATCH_SLOTS - 1);
	if (!point.length)
		point.length = WATCH_LENGTH;
	err = watch_check(&point, error);
	if (err < 0)
		return err;
	to = &watch->slots[slot];
	pthread_mutex_lock(&watch->lock);
	to->point = point;
	to->gate = request->gate;
	to->threshold = request->threshold;
	snprintf(to->tag, sizeof(to->tag), "%s", request->tag ? request->tag : "");
	__atomic_store_n(&to->hit, false, __ATOMIC_SEQ_CST);
	publish(watch, to);
	pthread_mutex_unlock(&watch->lock);
	return 0;
}

void watch_withdraw(struct watch *watch, unsigned int slot)
{
	struct watch_slot *from;

	if (slot >= WATCH_SLOTS)
		return;
	from = &watch->slots[slot];
	pthread_mutex_lock(&watch->lock);
	if (from->point.length) {
		from->point.length = 0;
		from->gate = NULL;
		publish(watch, from);
	}
	pthread_mutex_unlock(&watch->lock);
}

bool watch_take(struct watch *watch, unsigned int slot)
{
	return slot < WATCH_SLOTS &&
	       __atomic_exchange_n(&watch->slots[slot].hit, false, __ATOMIC_SEQ_CST);
}

bool watch_latch(struct watch *watch, unsigned int slot)
{
	static const uint64_t one = 1;
	bool expected = false;

	if (slot >= WATCH_SLOTS ||
	    !__atomic_compare_exchange_n(&watch->slots[slot].hit, &expected, true, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	/* EAGAIN would mean that so many are unread that nobody will miss one. */
	(void)!write(watch->eventfd, &one, sizeof(one));
	return true;
}

void watch_cpu_init(struct watch_cpu *cpu, struct watch *watch, const struct watch_ops *ops,
		    void *context)
{
	*cpu = (struct watch_cpu){ .watch = watch, .ops = ops, .context = context };
}

/* The requests as they now are. */
static void take_up(struct watch_cpu *cpu)
{
	struct watch *watch = cpu->watch;
	struct watch_view *view = &cpu->wanted;
	unsigned int slot;

	pthread_mutex_lock(&watch->lock);
	view->slots = 0;
	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		view->set.points[slot] = watch->slots[slot].point;
		view->serials[slot] = watch->slots[slot].serial;
		if (watch->slots[slot].point.length)
			view->slots |= 1u << slot;
	}
	cpu->generation = watch->generation;
	pthread_mutex_unlock(&watch->lock);
	cpu->pending = true;
	cpu->failures = 0;
}

/* Whether what this vCPU has armed in a slot is still what is asked for. Under the lock. */
static bool is_current(const struct watch_cpu *cpu, unsigned int slot)
{
	return cpu->armed.slots >> slot & 1 &&
	       cpu->armed.serials[slot] == cpu->watch->slots[slot].serial;
}

/* What changed since the last look, by whichever vCPU. Under the lock. */
static unsigned int compare(struct watch_cpu *cpu)
{
	struct watch_set set = cpu->armed.set;
	unsigned int slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++)
		if (!is_current(cpu, slot))
			set.points[slot].length = 0;
	return watch_step(&set, &cpu->watch->values, cpu->ops->read, cpu->context);
}

static void note_armed(struct watch_cpu *cpu)
{
	cpu->armed = cpu->wanted;
	cpu->pending = false;
	cpu->failures = 0;
	if (cpu->watch->method != WATCH_SINGLE_STEP)
		return;
	pthread_mutex_lock(&cpu->watch->lock);
	compare(cpu);
	pthread_mutex_unlock(&cpu->watch->lock);
}

static int set_guest_debug(struct watch_cpu *cpu)
{
	const struct watch_view *wanted = &cpu->wanted;
	struct kvm_guest_debug debug;
	int left = INTERRUPTIONS_MAX, err;

	if (cpu->watch->method == WATCH_SINGLE_STEP)
		watch_encode(&wanted->set, 0, wanted->slots != 0, &debug);
	else
		watch_encode(&wanted->set, wanted->slots & ~cpu->suspended, cpu->suspended != 0,
			     &debug);
	do
		err = cpu->ops->set_guest_debug(cpu->context, &debug);
	while (err == -EINTR && --left);
	return err;
}

static int give_up(struct watch_cpu *cpu, int err, struct error *error)
{
	char text[160];

	cpu->pending = false;
	snprintf(text, sizeof(text),
		 "KVM refuses the watchpoints (KVM_SET_GUEST_DEBUG: %s): they will not be hit",
		 strerror(-err));
	cpu->ops->log(cpu->context, text);
	if (!cpu->suspended)
		return 0;
	return error_set(error, -err,
			 "a vCPU can't get past a watched store: KVM's KVM_SET_GUEST_DEBUG failed: "
			 "%s",
			 strerror(-err));
}

int watch_arm(struct watch_cpu *cpu, struct error *error)
{
	int err;

	if (__atomic_load_n(&cpu->watch->generation, __ATOMIC_ACQUIRE) != cpu->generation)
		take_up(cpu);
	if (!cpu->pending)
		return 0;
	err = set_guest_debug(cpu);
	if (err >= 0)
		note_armed(cpu);
	else if (err != -EINTR && ++cpu->failures >= FAILURES_MAX)
		return give_up(cpu, err, error);
	return 0;
}

/* Slot 0 was hit, and the store is done. Under the lock. */
static void judge_gate(struct watch_cpu *cpu)
{
	const struct watch_slot *gated = &cpu->watch->slots[WATCH_GATED];

	if (!gated->gate)
		cpu->ops->log(cpu->context,
			      "watchpoint 0 was hit, but has no word to judge it by: not counted");
	else if (__atomic_load_n(gated->gate, __ATOMIC_RELAXED) >= gated->threshold)
		watch_latch(cpu->watch, WATCH_GATED);
}

/*
 * Note hits; the gated slot's, only once the store that hit it is done. Under the lock, which keeps
 * a request from being given the hits of the one before.
 */
static void note_hits(struct watch_cpu *cpu, unsigned int hits, bool done)
{
	unsigned int slot;

	for (slot = WATCH_USER_SLOT; slot < WATCH_SLOTS; slot++)
		if (hits >> slot & 1 && is_current(cpu, slot))
			watch_latch(cpu->watch, slot);
	if (!(hits & GATED_BIT) || !is_current(cpu, WATCH_GATED))
		return;
	if (done || !cpu->watch->slots[WATCH_GATED].gate)
		judge_gate(cpu);
	else
		cpu->to_judge = cpu->armed.serials[WATCH_GATED];
}

unsigned int watch_dispatch(struct watch_cpu *cpu, const struct kvm_debug_exit_arch *exit)
{
	struct watch_event event = { 0 };

	pthread_mutex_lock(&cpu->watch->lock);
	if (cpu->watch->method == WATCH_SINGLE_STEP)
		event.hits = compare(cpu);
	else
		event = watch_decode(&cpu->armed.set, cpu->armed.slots & ~cpu->suspended, exit);
	note_hits(cpu, event.hits, !event.suspend);
	if (event.suspend) {
		cpu->suspended |= event.suspend;
		cpu->pending = true;
	} else if (event.stepped && cpu->suspended) {
		if (cpu->to_judge && cpu->to_judge == cpu->watch->slots[WATCH_GATED].serial)
			judge_gate(cpu);
		cpu->to_judge = 0;
		cpu->suspended = 0;
		cpu->pending = true;
	}
	pthread_mutex_unlock(&cpu->watch->lock);
	return event.hits;
}

void watch_expect(struct watch_cpu *cpu, unsigned int slots)
{
	pthread_mutex_lock(&cpu->watch->lock);
	note_hits(cpu, slots, false);
	cpu->suspended |= slots;
	cpu->pending = true;
	pthread_mutex_unlock(&cpu->watch->lock);
}

void watch_forget_store(struct watch_cpu *cpu)
{
	cpu->pending |= cpu->suspended != 0;
	cpu->suspended = 0;
	cpu->to_judge = 0;
}
