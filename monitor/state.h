/* SPDX-License-Identifier: MIT */
/*
 * What <ring0/vm.h> hides: a machine with its vCPUs' threads, and how its parts lock. Of the monitor's
 * own files alone.
 *
 * Locks, in the order in which they are taken: `control`, held by whoever changes what the machine as
 * a whole does (start, freeze, thaw, snapshots, watches); devices->lock, of the bus and all on it; a
 * vCPU's `kick_lock`; `end_lock`. Watching has `turn`, then hits.lock, then watch.lock. No vCPU takes
 * `control`: it is held while they are waited for.
 */
#ifndef MONITOR_STATE_H
#define MONITOR_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <ring0/vm.h>
#include "kvm/vcpu/vcpu.h"
#include "kvm/watch/watch.h"
#include "monitor/cpu_loop.h"
#include "monitor/stop.h"
#include "monitor/wiring/guest_memory.h"
#include "monitor/wiring/wiring.h"

/* What a debugger wants of a vCPU: set at rest, but for what its own thread does. */
struct monitor_cpu_debug {
	enum monitor_action action;
	uint64_t start, end;	      /* of MONITOR_STEP */
	struct kvm_guest_debug armed; /* what KVM was told last; of its thread */
	unsigned int inject;	      /* an exception that is the guest's own, or 0; likewise */
	bool stopped;		      /* under the debugger's lock, like what follows */
	struct monitor_stop stop;
};

/* A store to what is watched, where the CPU stops before it; of the vCPU's thread. */
struct monitor_store {
	unsigned int hits; /* slots, a bit each, that are told of once it is done */
	uint64_t at;	   /* the address of the instruction */
	bool exclusive;	   /* of arm64: it must not be stepped over */
	/* Likewise, one that has failed since the CPU stopped before it: the load that it needs, or 0, and its address. */
	uint64_t load, again;
};

struct monitor_cpu {
	struct r0_vm *machine;
	unsigned int number;
	struct vcpu vcpu;
	struct park_seat seat;
	struct watch_cpu watch;
	struct monitor_store store;
	struct monitor_cpu_debug debug;
	struct assist *assist;	   /* once it was needed: monitor/threads/assistance.h */
	bool has_entry;		   /* or needs none; under control */
	bool has_thread;	   /* to be joined */
	bool has_turn;		   /* holds machine->turn; of its thread */
	bool half_way;		   /* in an instruction that left the VM; likewise */
	enum bus_end end;	   /* what the guest asked for, where a device said so */
	uint64_t status;	   /* with BUS_END_STATUS */
	bool by_device;		   /* it was a device that ended the machine */
	atomic_bool halted;	   /* for good: see cpu_loop_ops.halt */
	pthread_mutex_t kick_lock; /* of vcpu.thread, which is 0 while there is no thread to signal */
	pthread_t thread;
};

enum monitor_state {
	MONITOR_READY,
	MONITOR_STARTED, /* and perhaps ended since: see monitor_at_rest() */
	MONITOR_FROZEN,
};

/* A watch as it was asked for; of length 0 if there is none. */
struct monitor_watched {
	struct watch_point point;
	const uint32_t *gate;
	uint32_t threshold;
	char tag[WATCH_TAG_SIZE];
};

struct monitor_hits {
	pthread_mutex_t lock; /* of all of it, and of watch_dispatch() */
	/* Changed with control held, too, the vCPUs being at rest. */
	struct monitor_watched watched[WATCH_SLOTS];
	struct r0_vm_hit ring[R0_VM_HITS_MAX];
	size_t first, count;
	uint64_t lost;
	uint64_t last[WATCH_SLOTS]; /* the watched variables' values */
};

struct r0_vm {
	struct r0_vm_options options;
	uint32_t form;	/* what it was made with: FORM_… of monitor/whole/snapshot.h */
	char *cpu_text; /* options.cpu, or NULL; owned */
	struct kvm *kvm;
	struct vm vm;
	struct guest_memory memory;
	struct wiring *devices;
	struct monitor_cpu *cpus; /* options.cpus of them */
	struct park_seat *seats[R0_VM_CPUS_MAX];
	struct park_control park;

	pthread_mutex_t control;
	enum monitor_state state;	  /* under control */
	struct r0_vm_snapshot *snapshots; /* that this machine's memory is tracked for; likewise */
	struct watch watch;		  /* once the first one was asked for */
	bool has_watch;
	struct monitor_debug *debug;	   /* NULL without a debugger; set at rest */
	struct monitor_pristine *pristine; /* what a reset puts back: monitor/whole/reset.h */
	uint64_t facs;	      /* of the guest's ACPI tables, 0 if there is none; under control */
	pthread_mutex_t turn; /* of single steps, of all CPUs */
	char watch_method[256];
	struct monitor_hits hits;

	pthread_mutex_t end_lock;
	pthread_cond_t ended;
	unsigned int running; /* threads; under end_lock, like all below */
	bool has_outcome;
	struct r0_vm_outcome outcome;
	pthread_t worker;
	bool has_worker;
	/* Its threads do not end: the last of them calls this, which releases it. NULL before. */
	void (*abandoned)(struct r0_vm *vm);
};

/* The same text under two names. */
_Static_assert(sizeof(struct r0_error) == sizeof(struct error), "one text");

static inline struct error *monitor_error(struct r0_error *error)
{
	return (struct error *)error;
}

#endif /* MONITOR_STATE_H */
