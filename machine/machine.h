/* SPDX-License-Identifier: MIT */
/*
 * A machine that tests run on: a VM with its vCPUs and its copy of the mirrored program, with the
 * interrupt controllers and timers of a PC if asked for, all put back between tests. Any number of
 * machines share one template of the program.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <ring0/test.h>
#include "devices/bus.h"
#include "kvm/vcpu/vcpu.h"
#include "machine/cpu_threads.h"
#include "machine/interrupt_devices.h"
#include "machine/template.h"
#include "mirror/memory.h"

/* Something to look at again at `at` (0: never) on the monotonic clock, and then a period later. */
struct machine_poll {
	uint64_t at, period; /* in nanoseconds */
};

struct guest_registers;
struct machine;

struct machine_cpu {
	struct machine *machine; /* that it is of */
	struct vcpu vcpu;
	struct vcpu_state *state; /* the pristine one */
	struct guest_registers
		*registers;    /* as they are in that state, to check the reset by, or NULL */
	struct assist *assist; /* made when it is first needed, or NULL */
	bool changed;	       /* since it was put back it has run, or registers of it were set */
	struct error trouble;  /* of putting it back, where its text is not empty */
	/* Of a run, on a machine with interrupt controllers: see interrupts_serve(). */
	struct machine_poll look; /* whether it halts for good */
	struct machine_poll wake; /* whether it has come to the HLT in r0_wait_halt(), to end it */
};

struct machine {
	const struct template *template; /* not owned */
	struct vm vm;
	struct memory memory;
	struct bus bus;			   /* strict: what nobody answers ends the run */
	struct interrupt_devices *devices; /* besides the CPUs and their local APICs, or NULL: none */
	bool halts_inside; /* KVM keeps a CPU that halts in KVM_RUN: it has to be looked at */
	struct machine_cpu *cpus;
	unsigned int cpu_count;
	struct cpu_threads *threads; /* to run the CPUs but the first, or NULL if that is all */
};

struct machine_options {
	struct r0_cpuids cpuid;		 /* that the vCPUs are to say, besides what KVM supports */
	struct r0_hypercalls hypercalls; /* arm64: that leave the VM */
	struct r0_id_registers id_registers; /* arm64: as its CPUs have them */
	/* Interrupt controllers and timers; without, several CPUs have what they reach each other by. */
	bool irqchip;
	unsigned int cpus; /* at least 1 */
	/*
	 * To check resets by the guest's view of its registers: which these are, found out by the first machine
	 * and good for all of a kind, the caller's. NULL for a machine whose resets are not checked.
	 */
	struct guest_registers **registers;
};

/*
 * Make a machine. Returns 0; -ENOSYS, with the reason, for what this host's kernel is too old for; -E2BIG for more CPUs than there can be, or than the template is for; or
 * another -errno.
 */
int machine_init(struct machine *machine, const struct template *template,
		 const struct machine_options *options, struct error *error);
void machine_finish(struct machine *machine);

/* From another thread: have all CPUs' KVM_RUN return, as vcpu_kick() does. */
void machine_kick(struct machine *machine);

/*
 * Call call(context, number) in the thread that runs that CPU, which runs nothing: the caller's for the first. A vCPU
 * that another thread runs has KVM wait until nobody uses its old thread's number any more (synchronize_rcu() in
 * kvm_vcpu_ioctl()), milliseconds each time.
 */
void machine_on_cpu(struct machine *machine, unsigned int number,
		    void (*call)(void *context, unsigned int number), void *context);

/* Put all of it back to how it was made. Returns 0, or -errno: then it is good for nothing. */
int machine_reset(struct machine *machine, struct error *error);

/* The same after a run that has returned, but for the registers that vcpu_state_restore_lightly() leaves as they are. */
int machine_reset_lightly(struct machine *machine, struct error *error);

/*
 * Compare all of it with how it was made: 1 and what differs, as text; 0; or -errno. Slow: for
 * checking the reset itself.
 */
int machine_differs(struct machine *machine, char *what, size_t size, struct error *error);

#endif /* MACHINE_MACHINE_H */
