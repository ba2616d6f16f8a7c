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
#include "run/cpus_own.h"
#include "run/halt.h"
#include "run/idle.h"
#include "run/run.h"

/* How long a CPU that waits for another stays out of the VM, where no interrupt reaches it. */
#define REST_NS 1000000

/* Into the runtime's memory: the template is that of machines with one CPU, too. */
static int tell_guest(struct run *run, size_t member, uint64_t value)
{
	const r0_gva at = gva((uint64_t)&r0_guest + member);

	if (memory_write(&run->machine->memory, at, &value, sizeof(value)) == sizeof(value))
		return 0;
	return error_set(&run->complaint, EFAULT, "the guest runtime's memory is not there");
}

int cpus_begin(struct run *run)
{
	const uint64_t count = run->machine->cpu_count;
	struct cpus *cpus = calloc(1, sizeof(*cpus) + count * sizeof(cpus->activities[0]));
	pthread_condattr_t attributes;
	unsigned int i;
	int err;

	if (!cpus)
		return error_set(&run->complaint, ENOMEM, "no memory");
	pthread_mutex_init(&cpus->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&cpus->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	run->cpus = cpus;
	for (i = 1; i < count; i++)
		cpus->activities[i].idle = idle_at_first;
	cpus->activities[0].runs = true;
	err = tell_guest(run, offsetof(struct r0_guest, cpu_count), count);
	if (!err && !run->machine->devices)
		err = tell_guest(run, offsetof(struct r0_guest, local_apics_alone), 1);
	return err;
}

void cpus_finish(struct run *run)
{
	struct cpus *cpus = run->cpus;
	unsigned int i;

	if (!cpus)
		return;
	for (i = 0; i < run->machine->cpu_count; i++)
		free(buffer_take(&cpus->activities[i].line));
	pthread_cond_destroy(&cpus->changed);
	pthread_mutex_destroy(&cpus->lock);
	free(cpus);
	run->cpus = NULL;
}

/*
 * A CPU that was interrupted: if it waits in want of work, and there is some, it goes on. One that
 * doesn't is about to look for work, or to say that it found none; or it was up for an interrupt, found
 * its work before the host was told of it, and may wait because of that.
 */
static int take_wake(struct run *run, struct activity *cpu)
{
	int err;

	if (!cpu->idle || !cpu->woken)
		return 0;
	err = idle_is_on(run->cpu, &run->complaint);
	if (err <= 0)
		return err;
	cpu->idle = cpu->woken = false;
	err = idle_end(run->cpu, &run->complaint);
	return err < 0 ? err : alarm_look(run);
}

/* How many NMIs the CPU has handled, by the runtime's count. */
static uint32_t nmis_of(const struct run *run)
{
	uint64_t area = entry_area(&run->machine->template->entry, run_cpu(run));
	uint32_t count = 0;

	memory_read(&run->machine->memory,
		    gva(area + R0_AREA_INTERRUPTS + (unsigned int)halt_unmasked * sizeof(count)),
		    &count, sizeof(count));
	return count;
}

/* A CPU left the VM for no reason of its own: what it was doing. */
static void note_sleep(struct run *run, struct activity *cpu)
{
	uint32_t nmis = nmis_of(run);

	/* By vectors of the test's own, NMIs are counted by nobody. */
	cpu->halted = halt_is_for_good(run->machine, run->cpu) &&
		      !cpu_has_own_vectors(run->machine, run_cpu(run));
	if (cpu->halted)
		cpu->asleep = nmis == cpu->nmis;
	else
		cpu->asleep = cpu->idle && !cpu->woken && halt_is_on(run->cpu);
	cpu->nmis = nmis;
}

static void drive_cpu(void *context, unsigned int number);

static void start_cpu(struct run *run, unsigned int number)
{
	struct activity *cpu = &run->cpus->activities[number];

	if (cpu->runs)
		return;
	cpu->runs = true;
	run->machine->cpus[number].changed = true;
	cpu_threads_start(run->machine->threads, number, drive_cpu, run);
}

void cpus_run_all(struct run *run)
{
	unsigned int i;

	for (i = 1; i < run->machine->cpu_count && !run->cpus->failed; i++)
		start_cpu(run, i);
}

/* Serve what vcpu_run() came back with. */
static enum step serve_under_lock(struct run *run, struct activity *cpu, int result,
				  struct error *error)
{
	enum step step;

	/* The first has run for a while: it may have sent something to any other, or be about to. */
	if (result == -EINTR && run_cpu(run) == 0)
		cpus_run_all(run);
	if (result == -EINTR && take_wake(run, cpu) < 0)
		return run_end(run, END_HOST_ERROR, run->complaint.text);
	if (result == -EINTR)
		note_sleep(run, cpu);
	else if (result == 0)
		cpu->waits = cpu->awaits = cpu->halted = false;
	else
		run->complaint = *error;
	step = run->cpus->serve(run, result);
	run->cpus->served += result == 0 && !cpu->awaits;
	return step;
}

/* What a CPU finds when its thread begins: it may be for work that it does. */
static enum step begin_cpu(struct run *run, unsigned int number)
{
	struct cpus *cpus = run->cpus;
	enum step step = STEP_ON;

	pthread_mutex_lock(&cpus->lock);
	if (cpus_have_stopped(cpus, number)) {
		step = STEP_END;
	} else {
		run->cpu = &run->machine->cpus[number];
		/* One that begins with looking for work may find some before the host knows of it, and halt by it. */
		if (!idle_at_first)
			alarm_look(run);
		if (take_wake(run, &cpus->activities[number]) < 0) {
			step = run_end(run, END_HOST_ERROR, run->complaint.text);
			cpus->ender = run->cpu;
			cpus_kick_others(run);
		}
	}
	pthread_mutex_unlock(&cpus->lock);
	return step;
}

static void drive_cpu(void *context, unsigned int number)
{
	struct run *run = context;
	struct cpus *cpus = run->cpus;
	struct machine_cpu *cpu = &run->machine->cpus[number];
	enum step step = number ? begin_cpu(run, number) : STEP_ON;

	cpus->activities[number].at_rest = true;
	while (step == STEP_ON && cpus_enter(run, number) == STEP_ON) {
		struct error error = { 0 };
		int result = vcpu_run(&cpu->vcpu, &error);

		cpus->activities[number].at_rest = result == -EINTR;
		pthread_mutex_lock(&cpus->lock);
		if (cpus_have_stopped(cpus, number)) {
			step = STEP_END;
		} else {
			run->cpu = cpu;
			step = serve_under_lock(run, &cpus->activities[number], result, &error);
			if (step == STEP_END) {
				cpus->ender = cpu;
				cpus_kick_others(run);
			}
		}
		pthread_mutex_unlock(&cpus->lock);
	}
	/* It may have been kicked after it had left. A signal without that ends a KVM_RUN for nothing, at most. */
	if (__atomic_load_n(&cpu->vcpu.run->immediate_exit, __ATOMIC_SEQ_CST))
		vcpu_clear_kick(&cpu->vcpu);
	assist_policy_end(cpu->assist);
	if (run->debugger)
		cpus_are_over(run, number);
}

/* The CPU that the time ran out on: rather one that runs than one that halts or waits for others. */
static unsigned int hung_cpu(const struct run *run)
{
	unsigned int i, hung = 0;

	for (i = run->machine->cpu_count; i--;) {
		const struct activity *cpu = &run->cpus->activities[i];

		if (cpu->idle || cpu->waits)
			continue;
		if (!halt_is_on(&run->machine->cpus[i]))
			return i;
		hung = i;
	}
	return hung;
}

void cpus_drive(struct run *run, enum step (*serve)(struct run *run, int result))
{
	run->cpus->serve = serve;
	/* Nobody but they themselves can say that they have nothing to do. */
	if (!idle_at_first)
		cpus_run_all(run);
	drive_cpu(run, 0);
	cpu_threads_wait(run->machine->threads);
	run->cpu = run->cpus->ender;
	/* Whichever noticed first. */
	if (run->ending.how == END_TIMEOUT) {
		run->cpu = &run->machine->cpus[hung_cpu(run)];
		run->halted = halt_is_on(run->cpu);
		run_note_place(run, CRASH_TIMEOUT);
	}
}

void cpus_print(struct run *run, const char *text, size_t length)
{
	const char *end = memrchr(text, '\n', length);
	size_t whole = end ? (size_t)(end - text) + 1 : 0;
	struct buffer *line;

	if (!run->cpus) {
		buffer_add(&run->output, text, length);
		return;
	}
	line = &run->cpus->activities[run_cpu(run)].line;
	if (whole) {
		if (line->length)
			buffer_add(&run->output, line->text, line->length);
		buffer_add(&run->output, text, whole);
		free(buffer_take(line));
	}
	if (length > whole)
		buffer_add(line, text + whole, length - whole);
}

void cpus_take_output(struct run *run)
{
	unsigned int i;

	for (i = 0; run->cpus && i < run->machine->cpu_count; i++) {
		struct buffer *line = &run->cpus->activities[i].line;

		if (line->length)
			buffer_add(&run->output, line->text, line->length);
	}
}

char *cpus_message(const struct run *run, const char *message)
{
	char *named;

	if (!run->cpus || run->ending.how == END_RETURNED || run->ending.how == END_SKIPPED ||
	    strncmp(message, "CPU ", 4) == 0)
		return strdup(message);
	return asprintf(&named, "CPU %u: %s", run_cpu(run), message) < 0 ? NULL : named;
}

void cpus_stop_others(struct run *run)
{
	struct cpus *cpus = run->cpus;

	if (!cpus || cpus->failed)
		return;
	cpus->failed = true;
	cpus->survivor = run_cpu(run);
	cpus_kick_others(run);
}

int cpus_idle(struct run *run)
{
	struct activity *cpu = &run->cpus->activities[run_cpu(run)];
	int err;

	cpu->idle = !cpu->woken;
	cpu->woken = false;
	err = cpu->idle ? idle_wait(run->cpu, &run->complaint) :
			  idle_go_on(run->cpu, &run->complaint);
	pthread_cond_broadcast(&run->cpus->changed);
	return err;
}

int cpus_wake(struct run *run, uint64_t number)
{
	struct cpus *cpus = run->cpus;

	if (cpus->failed || number >= run->machine->cpu_count)
		return -1;
	cpus->activities[number].woken = true;
	if (!cpus->activities[number].runs)
		start_cpu(run, (unsigned int)number);
	else if (cpus->activities[number].idle)
		vcpu_kick(&run->machine->cpus[number].vcpu);
	return 0;
}

static uint64_t finished_by(const struct run *run, unsigned int number)
{
	uint64_t at = (uint64_t)&r0_cpu_at(&r0_guest, number)->finished, finished = 0;

	memory_read(&run->machine->memory, gva(at), &finished, sizeof(finished));
	return finished;
}

static void note_wait(struct run *run, unsigned int awaited)
{
	struct activity *cpu = &run->cpus->activities[run_cpu(run)];

	cpu->awaits = true;
	cpu->interruptible = cpu_takes_interrupts(run->cpu);
	cpu->awaited = awaited;
	cpu->finished = finished_by(run, awaited);
}

int cpus_rest(struct run *run, uint64_t idle)
{
	struct cpus *cpus = run->cpus;
	struct machine_cpu *cpu = run->cpu;
	struct timespec until;

	if (!cpus || cpus->failed)
		return -1;
	cpus->activities[run_cpu(run)].waits = true;
	if (idle && idle - 1 < run->machine->cpu_count) {
		note_wait(run, (unsigned int)idle - 1);
		if (cpus_is_idle(run, (unsigned int)idle - 1))
			return 0;
		until = clock_timespec(clock_ns() + REST_NS);
		pthread_cond_timedwait(&cpus->changed, &cpus->lock, &until);
	} else {
		pthread_mutex_unlock(&cpus->lock);
		sched_yield();
		pthread_mutex_lock(&cpus->lock);
	}
	/* Others' exits were served meanwhile. */
	run->cpu = cpu;
	return 0;
}

bool cpus_has_run(const struct run *run, unsigned int number)
{
	return run->cpus->activities[number].runs;
}

bool cpus_is_at_rest(const struct run *run, unsigned int number)
{
	return run->cpus->activities[number].at_rest;
}

bool cpus_is_idle(const struct run *run, unsigned int number)
{
	const struct activity *cpu = &run->cpus->activities[number];

	return cpu->idle && !cpu->woken;
}

/* Whether a CPU does nothing but wait for one that does not go on. */
static bool waits_in_vain(const struct run *run, const struct activity *cpu)
{
	return cpu->awaits && !cpu->interruptible &&
	       finished_by(run, cpu->awaited) == cpu->finished;
}

/*
 * An idle CPU may be in an interrupt's handler, and send anything from there: it is asked, by a kick,
 * and tells when it leaves the VM whether it was asleep. All of them were asleep at one time if they
 * were twice, and no handler has ended in between, after which a CPU tells that it is idle. So with one
 * that is halted, if it has handled no NMI in between; of several that are, the first one asks. Where nobody is asked,
 * this one has halted twice: the first time an interrupt may just have come, which arm64's KVM does not tell.
 */
bool cpus_is_last(struct run *run)
{
	struct cpus *cpus = run->cpus;
	unsigned int self = run_cpu(run), asked = 0, i;
	bool asleep = cpus->activities[self].asleep || !cpus->activities[self].halted, again;

	for (i = 0; i < run->machine->cpu_count; i++) {
		struct activity *cpu = &cpus->activities[i];

		if (i == self || waits_in_vain(run, cpu))
			continue;
		if (cpu->halted ? i < self : !cpus_is_idle(run, i))
			return false;
		asked++;
		asleep = asleep && cpu->asleep;
	}
	again = asleep && cpus->times && cpus->asker == self && cpus->since == cpus->served;
	if (again && (!asked || cpus->times == 2))
		return true;
	cpus->asker = self;
	cpus->times = again ? 2 : 1;
	cpus->since = cpus->served;
	for (i = 0; i < run->machine->cpu_count; i++) {
		if (i == self || !cpus->activities[i].runs ||
		    (!cpus->activities[i].idle && !cpus->activities[i].halted))
			continue;
		cpus->activities[i].asleep = false;
		vcpu_kick(&run->machine->cpus[i].vcpu);
	}
	return false;
}
