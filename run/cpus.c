/* SPDX-License-Identifier: MIT */
/* Several CPUs at a time: their threads, who is idle, who is woken, and the end for all of them. */
#include "run/cpus.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ring0/private/abi.h>
#include "assist/assist_policy.h"
#include "base/clock.h"
#include "machine/cpu.h"
#include "run/alarm.h"
#include "run/halt.h"
#include "run/run.h"

/* How long a CPU that waits for another stays out of the VM, where no interrupt reaches it. */
#define REST_NS 1000000

struct cpu {
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

struct parallel {
	pthread_mutex_t lock;	/* for all of the run, while CPUs run */
	pthread_cond_t changed; /* a CPU has become idle */
	enum step (*serve)(struct execution *run, int result);
	struct machine_cpu *ender; /* that ended the run; NULL while it goes on */
	bool failed;		   /* the test has, and only one CPU goes on */
	unsigned int survivor;

	/* Of parallel_is_last(). */
	uint64_t served;    /* exits that were more than waiting for another CPU */
	unsigned int asker; /* the CPU that asks the others whether they are asleep … */
	unsigned int times; /* … how often it has … */
	uint64_t since;	    /* … and how many exits were served then */
	struct cpu cpus[];
};

int parallel_begin(struct execution *run)
{
	const uint64_t count = run->machine->cpu_count;
	const uint64_t at = (uint64_t)&r0_guest + offsetof(struct r0_guest, cpu_count);
	struct parallel *parallel =
		calloc(1, sizeof(*parallel) + count * sizeof(parallel->cpus[0]));
	pthread_condattr_t attributes;
	unsigned int i;

	if (!parallel)
		return error_set(&run->complaint, ENOMEM, "no memory");
	pthread_mutex_init(&parallel->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&parallel->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	run->parallel = parallel;
	for (i = 1; i < count; i++) {
		parallel->cpus[i].idle = true;
		/* What their first KVM_RUN would set would undo the NMIs and INITs that come before it. */
		if (!vcpu_complete(&run->machine->cpus[i].vcpu))
			return error_set(&run->complaint, EIO, "KVM does not start CPU %u", i);
	}
	/* The snapshot is that of machines with one, too. */
	if (memory_write(&run->machine->memory, gva(at), &count, sizeof(count)) != sizeof(count))
		return error_set(&run->complaint, EFAULT,
				 "the guest runtime's memory is not there");
	return 0;
}

void parallel_finish(struct execution *run)
{
	struct parallel *parallel = run->parallel;
	unsigned int i;

	if (!parallel)
		return;
	for (i = 0; i < run->machine->cpu_count; i++)
		free(buffer_take(&parallel->cpus[i].line));
	pthread_cond_destroy(&parallel->changed);
	pthread_mutex_destroy(&parallel->lock);
	free(parallel);
	run->parallel = NULL;
}

static void stop_others(const struct execution *run)
{
	unsigned int i;

	pthread_cond_broadcast(&run->parallel->changed);
	for (i = 0; i < run->machine->cpu_count; i++)
		if (i != execution_cpu(run))
			vcpu_kick(&run->machine->cpus[i].vcpu);
}

static bool has_stopped(const struct parallel *parallel, unsigned int number)
{
	return parallel->ender || (parallel->failed && parallel->survivor != number);
}

static int set_mp_state(struct execution *run, uint32_t value)
{
	struct kvm_mp_state state = { .mp_state = value };

	return KVM_IOCTL(run->cpu->vcpu.fd, KVM_SET_MP_STATE, &state, &run->complaint);
}

/* Whether a CPU is where it waits for work, and not in an interrupt's handler or in work already. */
static bool is_where_it_waits(const struct machine_cpu *cpu)
{
	uint64_t rip = cpu_pc(cpu);

	return rip == (uint64_t)r0_cpu_start || rip == (uint64_t)r0_idle_waits;
}

/*
 * A CPU that was interrupted: if it is halted in want of work, and there is some, it goes on. One that
 * isn't is about to look for work, or to say that it found none; or it was up for an interrupt, found
 * its work before the host was told of it, and may be halted by that.
 */
static int take_wake(struct execution *run, struct cpu *cpu)
{
	struct kvm_mp_state state;
	int err;

	if (!cpu->idle || !cpu->woken || !is_where_it_waits(run->cpu))
		return 0;
	err = KVM_IOCTL(run->cpu->vcpu.fd, KVM_GET_MP_STATE, &state, &run->complaint);
	if (err < 0 || state.mp_state != KVM_MP_STATE_HALTED)
		return err;
	cpu->idle = cpu->woken = false;
	err = set_mp_state(run, KVM_MP_STATE_RUNNABLE);
	return err < 0 ? err : alarm_look(run);
}

/* How many NMIs the CPU has handled, by the runtime's count. */
static uint32_t nmis_of(const struct execution *run)
{
	uint64_t area = entry_area(&run->machine->snapshot->entry, execution_cpu(run));
	uint32_t count = 0;

	memory_read(&run->machine->memory, gva(area + R0_AREA_INTERRUPTS + R0_NMI * sizeof(count)),
		    &count, sizeof(count));
	return count;
}

/* A CPU left the VM for no reason of its own: what it was doing. */
static void note_sleep(struct execution *run, struct cpu *cpu)
{
	uint32_t nmis = nmis_of(run);

	/* By vectors of the test's own, NMIs are counted by nobody. */
	cpu->halted = halted_for_good(run->machine, run->cpu) &&
		      !cpu_has_own_vectors(run->machine, execution_cpu(run));
	if (cpu->halted)
		cpu->asleep = nmis == cpu->nmis;
	else
		cpu->asleep = cpu->idle && !cpu->woken && is_halted(run->cpu);
	cpu->nmis = nmis;
}

/* Serve what vcpu_run() came back with. */
static enum step serve_under_lock(struct execution *run, struct cpu *cpu, int result,
				  struct error *error)
{
	enum step step;

	if (result == -EINTR && take_wake(run, cpu) < 0)
		return execution_end(run, END_HOST_ERROR, run->complaint.text);
	if (result == -EINTR)
		note_sleep(run, cpu);
	else if (result == 0)
		cpu->waits = cpu->awaits = cpu->halted = false;
	else
		run->complaint = *error;
	step = run->parallel->serve(run, result);
	run->parallel->served += result == 0 && !cpu->awaits;
	return step;
}

static void run_cpu(void *context, unsigned int number)
{
	struct execution *run = context;
	struct parallel *parallel = run->parallel;
	struct machine_cpu *cpu = &run->machine->cpus[number];
	enum step step = STEP_ON;

	while (step == STEP_ON) {
		struct error error = { 0 };
		int result = vcpu_run(&cpu->vcpu, &error);

		pthread_mutex_lock(&parallel->lock);
		if (has_stopped(parallel, number)) {
			step = STEP_END;
		} else {
			run->cpu = cpu;
			step = serve_under_lock(run, &parallel->cpus[number], result, &error);
			if (step == STEP_END) {
				parallel->ender = cpu;
				stop_others(run);
			}
		}
		pthread_mutex_unlock(&parallel->lock);
	}
	/* It may have been kicked after it had left. */
	vcpu_clear_kick(&cpu->vcpu);
	assist_policy_end(cpu->assist);
}

/* The CPU that the time ran out on: rather one that runs than one that halts or waits for others. */
static unsigned int hung_cpu(const struct execution *run)
{
	unsigned int i, hung = 0;

	for (i = run->machine->cpu_count; i--;) {
		const struct cpu *cpu = &run->parallel->cpus[i];

		if (cpu->idle || cpu->waits)
			continue;
		if (!is_halted(&run->machine->cpus[i]))
			return i;
		hung = i;
	}
	return hung;
}

void parallel_drive(struct execution *run, enum step (*serve)(struct execution *run, int result))
{
	run->parallel->serve = serve;
	team_start(run->machine->team, run_cpu, run);
	run_cpu(run, 0);
	team_wait(run->machine->team);
	run->cpu = run->parallel->ender;
	/* Whichever noticed first. */
	if (run->ending.how == END_TIMEOUT) {
		run->cpu = &run->machine->cpus[hung_cpu(run)];
		run->halted = is_halted(run->cpu);
		execution_note_place(run, CRASH_TIMEOUT);
	}
}

void parallel_print(struct execution *run, const char *text, size_t length)
{
	const char *end = memrchr(text, '\n', length);
	size_t whole = end ? (size_t)(end - text) + 1 : 0;
	struct buffer *line;

	if (!run->parallel) {
		buffer_add(&run->output, text, length);
		return;
	}
	line = &run->parallel->cpus[execution_cpu(run)].line;
	if (whole) {
		if (line->length)
			buffer_add(&run->output, line->text, line->length);
		buffer_add(&run->output, text, whole);
		free(buffer_take(line));
	}
	if (length > whole)
		buffer_add(line, text + whole, length - whole);
}

void parallel_take_output(struct execution *run)
{
	unsigned int i;

	for (i = 0; run->parallel && i < run->machine->cpu_count; i++) {
		struct buffer *line = &run->parallel->cpus[i].line;

		if (line->length)
			buffer_add(&run->output, line->text, line->length);
	}
}

char *parallel_message(const struct execution *run, const char *message)
{
	char *named;

	if (!run->parallel || run->ending.how == END_RETURNED || run->ending.how == END_SKIPPED ||
	    strncmp(message, "CPU ", 4) == 0)
		return strdup(message);
	return asprintf(&named, "CPU %u: %s", execution_cpu(run), message) < 0 ? NULL : named;
}

void parallel_stop_others(struct execution *run)
{
	struct parallel *parallel = run->parallel;

	if (!parallel || parallel->failed)
		return;
	parallel->failed = true;
	parallel->survivor = execution_cpu(run);
	stop_others(run);
}

int parallel_idle(struct execution *run)
{
	struct cpu *cpu = &run->parallel->cpus[execution_cpu(run)];
	int err = 0;

	cpu->idle = !cpu->woken;
	cpu->woken = false;
	if (cpu->idle)
		err = set_mp_state(run, KVM_MP_STATE_HALTED);
	pthread_cond_broadcast(&run->parallel->changed);
	return err < 0 ? err : 0;
}

int parallel_wake(struct execution *run, uint64_t number)
{
	struct parallel *parallel = run->parallel;

	if (parallel->failed || number >= run->machine->cpu_count)
		return -1;
	parallel->cpus[number].woken = true;
	if (parallel->cpus[number].idle)
		vcpu_kick(&run->machine->cpus[number].vcpu);
	return 0;
}

static uint64_t finished_by(const struct execution *run, unsigned int number)
{
	uint64_t at = (uint64_t)&r0_cpu_at(&r0_guest, number)->finished, finished = 0;

	memory_read(&run->machine->memory, gva(at), &finished, sizeof(finished));
	return finished;
}

static void note_wait(struct execution *run, unsigned int awaited)
{
	struct cpu *cpu = &run->parallel->cpus[execution_cpu(run)];

	cpu->awaits = true;
	cpu->interruptible = cpu_takes_interrupts(run->cpu);
	cpu->awaited = awaited;
	cpu->finished = finished_by(run, awaited);
}

int parallel_rest(struct execution *run, uint64_t idle)
{
	struct parallel *parallel = run->parallel;
	struct machine_cpu *cpu = run->cpu;
	struct timespec until;

	if (!parallel || parallel->failed)
		return -1;
	parallel->cpus[execution_cpu(run)].waits = true;
	if (idle && idle - 1 < run->machine->cpu_count) {
		note_wait(run, (unsigned int)idle - 1);
		if (parallel_is_idle(run, (unsigned int)idle - 1))
			return 0;
		until = clock_timespec(clock_ns() + REST_NS);
		pthread_cond_timedwait(&parallel->changed, &parallel->lock, &until);
	} else {
		pthread_mutex_unlock(&parallel->lock);
		sched_yield();
		pthread_mutex_lock(&parallel->lock);
	}
	/* Others' exits were served meanwhile. */
	run->cpu = cpu;
	return 0;
}

bool parallel_is_idle(const struct execution *run, unsigned int number)
{
	const struct cpu *cpu = &run->parallel->cpus[number];

	return cpu->idle && !cpu->woken;
}

/* Whether a CPU does nothing but wait for one that does not go on. */
static bool waits_in_vain(const struct execution *run, const struct cpu *cpu)
{
	return cpu->awaits && !cpu->interruptible &&
	       finished_by(run, cpu->awaited) == cpu->finished;
}

/*
 * An idle CPU may be in an interrupt's handler, and send anything from there: it is asked, by a kick,
 * and tells when it leaves the VM whether it was asleep. All of them were asleep at one time if they
 * were twice, and no handler has ended in between, after which a CPU tells that it is idle. So with one
 * that is halted, if it has handled no NMI in between; of several that are, the first one asks.
 */
bool parallel_is_last(struct execution *run)
{
	struct parallel *parallel = run->parallel;
	unsigned int self = execution_cpu(run), asked = 0, i;
	bool asleep = parallel->cpus[self].asleep || !parallel->cpus[self].halted, again;

	for (i = 0; i < run->machine->cpu_count; i++) {
		struct cpu *cpu = &parallel->cpus[i];

		if (i == self || waits_in_vain(run, cpu))
			continue;
		if (cpu->halted ? i < self : !parallel_is_idle(run, i))
			return false;
		asked++;
		asleep = asleep && cpu->asleep;
	}
	again = asleep && parallel->times && parallel->asker == self &&
		parallel->since == parallel->served;
	if (!asked || (again && parallel->times == 2))
		return true;
	parallel->asker = self;
	parallel->times = again ? 2 : 1;
	parallel->since = parallel->served;
	for (i = 0; i < run->machine->cpu_count; i++) {
		if (i == self || (!parallel->cpus[i].idle && !parallel->cpus[i].halted))
			continue;
		parallel->cpus[i].asleep = false;
		vcpu_kick(&run->machine->cpus[i].vcpu);
	}
	return false;
}
