/* SPDX-License-Identifier: MIT */
/* What is known of the CPUs of a run: between run/cpus*.c alone. */
#ifndef RUN_CPUS_OWN_H
#define RUN_CPUS_OWN_H

#include <pthread.h>
#include "run/cpus.h"
#include "run/run.h"

/* What one CPU is at. */
struct activity {
	bool runs;     /* its thread has begun */
	bool over;     /* its thread has nothing more to do */
	bool stays;    /* at rest, for a debugger */
	bool at_rest;  /* its last KVM_RUN left nothing to complete */
	bool idle;     /* halted in want of work; an interrupt's handler may run all the same */
	uint32_t nmis; /* that it had handled when it was last seen */
	bool halted;   /* it is, with interrupts off, and no interrupt of a device's ends that */
	bool asleep;   /* it was seen to be, one way or the other, since it was last asked */
	bool woken;    /* there is work, and it has not been told yet */
	bool waits;    /* its last exit was to wait for others … */
	bool awaits;   /* … for one to finish … */
	bool interruptible; /* … with interrupts on … */
	unsigned int awaited;
	uint64_t finished;  /* … and so much had that one finished then */
	struct buffer line; /* what it printed since the last newline */
};

struct cpus {
	pthread_mutex_t lock;	/* for all of the run, while CPUs run */
	pthread_cond_t changed; /* a CPU has become idle */
	enum step (*serve)(struct run *run, int result);
	struct machine_cpu *ender; /* that ended the run; NULL while it goes on */
	bool failed;		   /* the test has, and only one CPU goes on */
	unsigned int survivor;

	/* Of cpus_is_last(). */
	uint64_t served;    /* exits that were more than waiting for another CPU */
	unsigned int asker; /* the CPU that asks the others whether they are asleep … */
	unsigned int times; /* … how often it has … */
	uint64_t since;	    /* … and how many exits were served then */
	struct activity activities[];
};

/* Whether a CPU is to do nothing more: the run has ended, or goes on with another one alone. */
static inline bool cpus_have_stopped(const struct cpus *cpus, unsigned int number)
{
	return cpus->ender || (cpus->failed && cpus->survivor != number);
}

/* Have all but run->cpu come out of KVM_RUN. */
static inline void cpus_kick_others(const struct run *run)
{
	unsigned int i;

	pthread_cond_broadcast(&run->cpus->changed);
	for (i = 0; i < run->machine->cpu_count; i++)
		if (i != run_cpu(run) && run->cpus->activities[i].runs)
			vcpu_kick(&run->machine->cpus[i].vcpu);
}

/* In a CPU's thread, before KVM_RUN: a debugger may have it wait, or end the run. */
enum step cpus_enter(struct run *run, unsigned int number);

/* In a CPU's thread, for a debugger: it does not come there any more. */
void cpus_are_over(struct run *run, unsigned int number);

#endif /* RUN_CPUS_OWN_H */
