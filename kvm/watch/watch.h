/* SPDX-License-Identifier: MIT */
/*
 * Watchpoints: a host learns that the guest wrote to one of up to four places. Two layers, both
 * without KVM: what the hardware is told and what it says, which each architecture's file knows,
 * and the four slots that a machine's vCPUs share, with the requests, the hits and the arming.
 * KVM_SET_GUEST_DEBUG, guest memory and the log are reached through a table of functions.
 *
 * A watchpoint is in the guest's virtual addresses, whichever page tables are loaded.
 */
#ifndef KVM_WATCH_WATCH_H
#define KVM_WATCH_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>
#include "base/error.h"

/*
 * As many as x86 has (SDM vol. 3B, 17.2.1). On arm64, KVM_CAP_GUEST_DEBUG_HW_WPS says how many
 * there are; those beyond it never fire.
 */
#define WATCH_SLOTS  4
#define WATCH_LENGTH 4u /* bytes, unless said */

/* A place that is watched for writes. */
struct watch_point {
	uint64_t address; /* guest-virtual */
	uint32_t length;  /* 1, 2, 4 or 8 bytes; 0 for none */
};

struct watch_set {
	struct watch_point points[WATCH_SLOTS];
};

/*
 * Whether the hardware can watch a place: its length is 1, 2, 4 or 8 and its address a multiple of
 * it (SDM vol. 3B, 17.2.5), which also keeps it in one doubleword, as arm64 wants. Some KVMs take
 * another silently. Returns 0, or -EINVAL with a message.
 */
int watch_check(const struct watch_point *point, struct error *error);

/*
 * Fill *debug so that `slots` of the set, a bit each, are watched by the hardware, and, with
 * `step`, that the vCPU leaves the VM after its next instruction. Neither: no debugging at all.
 */
void watch_encode(const struct watch_set *set, unsigned int slots, bool step,
		  struct kvm_guest_debug *debug);

/* What a debug exit says. Slots are a bit each. */
struct watch_event {
	unsigned int hits;
	unsigned int suspend; /* the store is still to come, and needs these out of its way */
	bool stepped;	      /* a single step ended */
};

/* Read a debug exit of a vCPU on which `slots` of the set are watched. */
struct watch_event watch_decode(const struct watch_set *set, unsigned int slots,
				const struct kvm_debug_exit_arch *exit);

/* What was last seen in the places of a set, for watch_step(). All zero before the first call. */
struct watch_values {
	bool known[WATCH_SLOTS];
	uint8_t bytes[WATCH_SLOTS][8];
};

/* Read guest-virtual memory. Returns 0, or -errno where it can't all be read. */
typedef int (*watch_read_fn)(void *context, uint64_t address, void *data, size_t length);

/*
 * In software, for a KVM whose watchpoints don't fire: after each single step, compare what the
 * places hold with what they held. Returns the slots that changed and keeps the new values. A place
 * that was not read before, or can't be read now, is no hit. A write of the value that is there
 * already isn't seen.
 */
unsigned int watch_step(const struct watch_set *set, struct watch_values *values,
			watch_read_fn read, void *context);

/*
 * The slots of a machine. Slot 0 has a gate: it latches only if a word of guest memory is at least
 * a threshold at the hit. The others are free for use.
 */
#define WATCH_GATED	0
#define WATCH_USER_SLOT 1 /* the first, of three */
#define WATCH_TAG_SIZE	64

struct watch_request {
	struct watch_point point; /* of length 0: WATCH_LENGTH */
	const char *tag; /* what it is, for reports; copied, cut to WATCH_TAG_SIZE - 1; or NULL */
	/* Slot 0 only: the guest's word as the host sees it, valid until the request is withdrawn. */
	const uint32_t *gate;
	uint32_t threshold;
};

/* Which way writes are found. What a probe of this KVM found out at start decides. */
enum watch_method {
	WATCH_HARDWARE,
	WATCH_SINGLE_STEP, /* its watchpoints never fire */
};

struct watch_slot {
	struct watch_point point;
	uint64_t serial; /* of the request */
	const uint32_t *gate;
	uint32_t threshold;
	char tag[WATCH_TAG_SIZE];
	bool hit; /* atomic */
};

struct watch {
	enum watch_method method;
	int eventfd;	     /* readable after any hit; nonblocking */
	uint64_t generation; /* of the requests, atomic; 0 before the first */
	pthread_mutex_t lock;
	/* Under the lock: */
	struct watch_slot slots[WATCH_SLOTS];
	struct watch_values values;
};

/* Make four empty slots. Returns 0 or -errno. watch_finish() releases them, once no vCPU runs. */
int watch_init(struct watch *watch, enum watch_method method, struct error *error);
void watch_finish(struct watch *watch);

/*
 * Watch a place, in the stead of what the slot watched before; its hit is forgotten. From any
 * thread. vCPUs take it up at their next watch_arm(): kick those that run. Returns 0, or -EINVAL
 * for a slot that there is not or a place that can't be watched, with a message.
 */
int watch_request(struct watch *watch, unsigned int slot, const struct watch_request *request,
		  struct error *error);

/*
 * Watch it no longer; that it was hit stays known until the next request. A slot that there is not
 * is ignored, here and below.
 */
void watch_withdraw(struct watch *watch, unsigned int slot);

/* Whether a slot was hit. It is ready for the next hit then. */
bool watch_take(struct watch *watch, unsigned int slot);

/*
 * Note a hit: of all callers only the first gets true, and the eventfd is written once, until
 * watch_take() or the next request.
 */
bool watch_latch(struct watch *watch, unsigned int slot);

/* What a vCPU needs. read() and log() are called with the lock held. */
struct watch_ops {
	/* The vCPU's KVM_SET_GUEST_DEBUG. Returns 0 or -errno. */
	int (*set_guest_debug)(void *context, const struct kvm_guest_debug *debug);
	watch_read_fn read; /* by the vCPU's page tables; for WATCH_SINGLE_STEP */
	void (*log)(void *context, const char *text);
};

/* A set with the requests that it comes from. */
struct watch_view {
	struct watch_set set;
	uint64_t serials[WATCH_SLOTS];
	unsigned int slots; /* a bit for each that is in use */
};

/* A vCPU's part. Used by its thread alone. */
struct watch_cpu {
	struct watch *watch; /* not owned */
	const struct watch_ops *ops;
	void *context; /* given to ops */
	uint64_t generation;
	struct watch_view wanted; /* as requested */
	struct watch_view armed;  /* as KVM was told */
	unsigned int suspended;	  /* of the armed slots, for one step */
	uint64_t to_judge;	  /* slot 0's request that this step's store hit; 0 for none */
	bool pending;		  /* KVM is to be told */
	unsigned int failures;	  /* to tell KVM of the present requests */
};

void watch_cpu_init(struct watch_cpu *cpu, struct watch *watch, const struct watch_ops *ops,
		    void *context);

/*
 * Before each KVM_RUN: tell KVM if the requests changed or a step begins or ends. Three failures,
 * and it is left at that for these requests, with a word in the log. Returns 0, or -errno with a
 * message if the vCPU can't go on: it stands before a store that would only trap again.
 */
int watch_arm(struct watch_cpu *cpu, struct error *error);

/*
 * After KVM_EXIT_DEBUG. Returns the slots that were hit, a bit each, whether they latched or not; 0
 * if this exit was none of ours, or only the end of a step.
 */
unsigned int watch_dispatch(struct watch_cpu *cpu, const struct kvm_debug_exit_arch *exit);

/* The same for a store to those armed slots that is known to come: they are out of its way until the end of a step. */
void watch_expect(struct watch_cpu *cpu, unsigned int slots);

/*
 * A vCPU at rest no longer stands before the store that it was to be stepped over, if it did: all that is asked for is
 * armed again.
 */
void watch_forget_store(struct watch_cpu *cpu);

#endif /* KVM_WATCH_WATCH_H */
