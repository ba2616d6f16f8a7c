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
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <ring0/vm.h>
#include "kvm/vcpu.h"
#include "kvm/watch.h"
#include "monitor/cpu_loop.h"
#include "monitor/guest_memory.h"
#include "monitor/wiring.h"

struct monitor_cpu {
	struct r0_vm *machine;
	unsigned int number;
	struct vcpu vcpu;
	struct park_seat seat;
	struct watch_cpu watch;
	bool has_entry;		   /* or needs none; under control */
	bool has_thread;	   /* to be joined */
	bool has_turn;		   /* holds machine->turn; of its thread */
	uint64_t status;	   /* that it ended the machine with, by the debug exit */
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
	struct kvm *kvm;
	struct vm vm;
	struct guest_memory memory;
	struct devices *devices;
	struct monitor_cpu *cpus; /* options.cpus of them */
	struct park_seat *seats[R0_VM_CPUS_MAX];
	struct park_control park;

	pthread_mutex_t control;
	enum monitor_state state;	  /* under control */
	struct r0_vm_snapshot *snapshots; /* that this machine's memory is tracked for; likewise */
	struct watch watch;		  /* once the first one was asked for */
	bool has_watch;
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
	bool abandoned; /* its threads do not end: the last of them releases it */
};

/* The same text under two names. */
_Static_assert(sizeof(struct r0_error) == sizeof(struct error), "one text");

static inline struct error *monitor_error(struct r0_error *error)
{
	return (struct error *)error;
}

/* Whether the machine is ready, frozen or ended. With control held. */
bool monitor_at_rest(struct r0_vm *vm);

/* The same as an error: 0, or -EBUSY with a message. */
int monitor_need_rest(struct r0_vm *vm, const char *what, struct error *error);

/* 0, or -EINVAL with a message. */
int monitor_need_cpu(const struct r0_vm *vm, unsigned int cpu, struct error *error);

/* End everything, for this reason if it is the first; nothing if no thread runs. From any thread. */
void monitor_end(struct r0_vm *vm, const struct r0_vm_outcome *outcome);

/*
 * Wait until no thread runs any more, for `timeout_ms` milliseconds, for ever if that is negative.
 * With end_lock held. Returns whether none does.
 */
bool monitor_wait_for_threads(struct r0_vm *vm, int timeout_ms);

/* The last thing that a thread does. */
void monitor_thread_ends(struct r0_vm *vm);

/* Make an ended machine ready to be started again. With control held and no thread running. */
void monitor_make_ready(struct r0_vm *vm);

/* Have a vCPU's thread look at what it is to do. From any thread. */
void monitor_kick(struct monitor_cpu *cpu);

/* The thread of a vCPU; its argument is the struct monitor_cpu. */
void *monitor_cpu_thread(void *cpu);

/*
 * The thread for what comes from outside, input for devices and the time limit; its argument is the
 * struct r0_vm.
 */
void *monitor_worker_thread(void *vm);

/* Say something that does not end the machine. From any thread. */
void monitor_log(const struct r0_vm *vm, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Freeze and thaw, with control held. */
int monitor_freeze(struct r0_vm *vm, struct error *error);
void monitor_thaw(struct r0_vm *vm);

/* The ops by which the registers of a struct monitor_cpu are read, at rest or in its own thread. */
extern const struct registers_ops monitor_registers_ops;

/* Of the architecture: serve an exit that needs no bus. Returns whether it was one. */
bool monitor_serve_own(struct monitor_cpu *cpu);

/* Of the architecture: put a vCPU back, whatever it has now, at rest. Returns 0 or -errno. */
int monitor_restore_cpu(struct monitor_cpu *cpu, const struct vcpu_state *state,
			struct error *error);

/* By the vCPU's page tables, at rest or in its own thread. Returns 0 or -EFAULT. */
int monitor_translate(struct monitor_cpu *cpu, uint64_t address, uint64_t *physical);

/* Read guest-virtual memory likewise. Returns 0 or -EFAULT. */
int monitor_read_virtual(struct monitor_cpu *cpu, uint64_t address, void *data, size_t size);

/* Read its registers anew, at rest: something has changed them. With control held. */
void monitor_recapture(struct monitor_cpu *cpu);

/* Of the architecture: whether a vCPU's next KVM_RUN may wait for others. In its own thread. */
bool monitor_waits(struct monitor_cpu *cpu);

/*
 * Of the architecture: whether the watchpoints of this host's KVM work, found out by trying one in a VM
 * of its own. Fills `text` with what is to be used in a few words, and why.
 */
enum watch_method monitor_probe_watch(char *text, size_t size);

/* A new vCPU's part in watching. */
void monitor_watch_init(struct monitor_cpu *cpu);

/* At rest, with control held: what the vCPUs had armed, or variables, were changed from outside. */
void monitor_watch_renew(struct r0_vm *vm);

/* In a vCPU's thread: watchpoints before KVM_RUN, KVM_RUN itself while they count, a debug exit. */
int monitor_watch_arm(struct monitor_cpu *cpu, struct error *error);
int monitor_watch_run(struct monitor_cpu *cpu, struct error *error);
void monitor_watch_debug(struct monitor_cpu *cpu);

#endif /* MONITOR_MONITOR_H */
