/* SPDX-License-Identifier: MIT */
/* Threads that run jobs, and the deadlines that others hold them to. */
#include "runner/workers/worker.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "machine/guest_registers.h"
#include "mock/guard.h"
#include "verdict/doubt.h"

/* A job that is interrupted gets this long to come back: a crash report is made in it, of a CPU. */
#define GRACE_NS 10000000000ull

/* A KVM_RUN that does not come back by then never will, on a busy host either. */
#define INTERRUPT_NS 2000000000ull

/* Machines of different kinds that are kept: tests of one program rarely ask for more. */
#define KEPT 4

/* Interrupt controllers and CPUs cost something to make and to reset: who needs them has its own. */
struct kept {
	struct machine machine;
	unsigned int cpus; /* 0 if there is none */
	bool irqchip;
	uint64_t used;		   /* by which job, counted from 1 */
	unsigned int light_resets; /* since all of it was put back */
};

struct worker {
	const struct template *template;
	struct worker_jobs jobs;
	struct worker_options options;
	pthread_t thread;
	struct kept kept[KEPT]; /* each made when a test first asks for it */
	uint64_t jobs_begun;
	struct guest_registers *registers[2]; /* to check resets by, without and with local APICs */
	struct deadline deadline;	      /* of the job that runs */

	/* What the supervisor looks at, which must all be of one job. */
	pthread_mutex_t lock;
	bool busy; /* from a job's start until its outcome is given */
	bool kicked;
	bool abandoned;	  /* the supervisor has given the job's outcome in our place */
	bool interrupted; /* every job's time is over */
	size_t number;
	uint64_t since, limit;
	struct machine *running; /* to kick */
};

static unsigned int cpus_of(const struct r0_options *options)
{
	return options->cpus ? options->cpus : 1;
}

/* So that its registers are of a kind. */
static bool needs_local_apics(const struct r0_options *options)
{
	return options->irqchip || cpus_of(options) > 1;
}

/*
 * What CPUID and ID registers say is fixed once a vCPU has run, and so is which hypercalls leave the VM: a test that
 * changes it gets a machine of its own.
 */
static bool needs_own_machine(const struct r0_options *options)
{
	return options->cpuid.count || options->hypercalls.count || options->id_registers.count;
}

static int make_machine(struct worker *worker, struct machine *machine,
			const struct r0_options *options, struct error *error)
{
	const struct machine_options wanted = {
		.cpuid = options->cpuid,
		.hypercalls = options->hypercalls,
		.id_registers = options->id_registers,
		.irqchip = options->irqchip,
		.cpus = cpus_of(options),
		.registers = worker->options.check_reset && !needs_own_machine(options) ?
				     &worker->registers[needs_local_apics(options)] :
				     NULL,
	};

	return machine_init(machine, worker->template, &wanted, error);
}

/* A machine that is being kicked must not go away. */
static void drop_machine(struct worker *worker, struct machine *machine)
{
	pthread_mutex_lock(&worker->lock);
	worker->running = NULL;
	pthread_mutex_unlock(&worker->lock);
	machine_finish(machine);
}

static void tell_ran(const struct worker *worker)
{
	if (worker->jobs.ran)
		worker->jobs.ran(worker->jobs.context);
}

/* For want of a machine. What the host's kernel is too old for is no fault of anybody's. */
static void give_error(const struct worker *worker, struct outcome *outcome, int err,
		       const struct error *error)
{
	tell_ran(worker);
	outcome_of(outcome, err == -ENOSYS ? R0_VERDICT_SKIP : R0_VERDICT_ERROR, error->text);
}

/* Run on this machine, under supervision. Returns whether it can be used again. */
static bool run_on(struct worker *worker, struct machine *machine, const struct job *job,
		   struct outcome *outcome)
{
	bool usable;

	pthread_mutex_lock(&worker->lock);
	atomic_store(&worker->deadline.state, DEADLINE_AHEAD);
	atomic_store(&worker->deadline.kick_at, 0);
	atomic_store(&worker->deadline.call, NULL);
	atomic_store(&worker->deadline.lost, false);
	atomic_store(&worker->deadline.held_since, 0);
	atomic_store(&worker->deadline.held_ns, 0);
	worker->deadline.number = worker->number;
	worker->since = clock_ns();
	worker->limit = worker->interrupted ? 0 : job->limit_ns;
	worker->running = machine;
	worker->busy = true;
	pthread_mutex_unlock(&worker->lock);
	usable = execute(machine, job, &worker->deadline, outcome);
	pthread_mutex_lock(&worker->lock);
	worker->running = NULL;
	/*
	 * A kick that came too late must not hit the next job. One of another CPU than the first does no
	 * harm there.
	 */
	if (worker->kicked)
		vcpu_clear_kick(&machine->cpus[0].vcpu);
	worker->kicked = false;
	pthread_mutex_unlock(&worker->lock);
	tell_ran(worker);
	return usable;
}

/* What a test left behind is our error, whatever its own verdict was. */
static void check_reset(struct machine *machine, struct outcome *outcome)
{
	struct error error = { 0 };
	char what[sizeof(error.text)], message[sizeof(what) + 64];
	int differs = machine_differs(machine, what, sizeof(what), &error);

	if (!differs)
		return;
	if (differs < 0)
		snprintf(what, sizeof(what), "%s", error.text);
	snprintf(message, sizeof(message), "the reset after this test left something behind: %s",
		 what);
	outcome_finish(outcome);
	outcome_of(outcome, R0_VERDICT_ERROR, message);
}

/* The place of the machine that such a test runs on, in which there may be none yet. */
static struct kept *choose_kept(struct worker *worker, const struct r0_options *options)
{
	struct kept *oldest = &worker->kept[0];
	size_t i;

	worker->jobs_begun++;
	for (i = 0; i < KEPT; i++) {
		struct kept *kept = &worker->kept[i];

		if (kept->cpus == cpus_of(options) && kept->irqchip == options->irqchip) {
			oldest = kept;
			break;
		}
		if (kept->used < oldest->used)
			oldest = kept;
	}
	oldest->used = worker->jobs_begun;
	return oldest;
}

static void drop_kept(struct worker *worker, struct kept *kept)
{
	if (kept->cpus)
		drop_machine(worker, &kept->machine);
	kept->cpus = 0;
}

/* On a machine that is made for this job alone. */
static void run_on_own(struct worker *worker, const struct job *job, struct outcome *outcome)
{
	struct error error = { 0 };
	struct machine machine;
	int err = make_machine(worker, &machine, job->options, &error);

	if (err) {
		give_error(worker, outcome, err, &error);
		return;
	}
	run_on(worker, &machine, job, outcome);
	drop_machine(worker, &machine);
}

static int reset(const struct worker *worker, struct kept *kept, const struct outcome *outcome,
		 struct error *error)
{
	if (outcome->result.verdict == R0_VERDICT_PASS &&
	    kept->light_resets < worker->options.light_resets) {
		kept->light_resets++;
		return machine_reset_lightly(&kept->machine, error);
	}
	kept->light_resets = 0;
	return machine_reset(&kept->machine, error);
}

static void run_on_kept(struct worker *worker, const struct job *job, struct outcome *outcome)
{
	const struct r0_options *options = job->options;
	struct kept *kept = choose_kept(worker, options);
	struct error error = { 0 };
	int err;

	if (kept->cpus != cpus_of(options) || kept->irqchip != options->irqchip) {
		drop_kept(worker, kept);
		err = make_machine(worker, &kept->machine, options, &error);
		if (err) {
			give_error(worker, outcome, err, &error);
			return;
		}
		kept->cpus = cpus_of(options);
		kept->irqchip = options->irqchip;
	}
	if (!run_on(worker, &kept->machine, job, outcome) ||
	    reset(worker, kept, outcome, &error) != 0) {
		drop_kept(worker, kept);
		return;
	}
	if (worker->template->software && kept->machine.memory.wrote_tables)
		outcome->doubts |= DOUBT_FLUSHES;
	if (worker->options.check_reset)
		check_reset(&kept->machine, outcome);
}

static void run_job(struct worker *worker, const struct job *job, struct outcome *outcome)
{
	if (worker->options.fresh_vm || needs_own_machine(job->options))
		run_on_own(worker, job, outcome);
	else
		run_on_kept(worker, job, outcome);
}

/* The job is over. Returns false if the supervisor was faster, and gave its outcome. */
static bool finish_job(struct worker *worker)
{
	bool abandoned;

	pthread_mutex_lock(&worker->lock);
	worker->busy = false;
	abandoned = worker->abandoned;
	pthread_mutex_unlock(&worker->lock);
	return !abandoned;
}

static void *worker_thread(void *context)
{
	struct worker *worker = context;
	struct outcome outcome;
	struct job job;
	size_t number, i;

	vcpu_prepare_thread();
	while (worker->jobs.next(worker->jobs.context, &job, &number)) {
		pthread_mutex_lock(&worker->lock);
		worker->number = number;
		pthread_mutex_unlock(&worker->lock);
		run_job(worker, &job, &outcome);
		/* An abandoned worker must touch nothing: it may be all that is left of the run. */
		if (!finish_job(worker))
			return NULL;
		worker->jobs.done(worker->jobs.context, number, &outcome);
	}
	for (i = 0; i < KEPT; i++)
		drop_kept(worker, &worker->kept[i]);
	worker->jobs.gone(worker->jobs.context);
	return NULL;
}

int worker_create(struct worker **result, const struct template *template,
		  const struct worker_options *options, const struct worker_jobs *jobs,
		  struct error *error)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int err;

	if (!worker)
		return error_set(error, ENOMEM, "no memory");
	worker->template = template;
	worker->jobs = *jobs;
	worker->options = *options;
	pthread_mutex_init(&worker->lock, NULL);
	err = pthread_create(&worker->thread, NULL, worker_thread, worker);
	if (err) {
		pthread_mutex_destroy(&worker->lock);
		free(worker);
		return error_set(error, err, "starting a thread failed: %s", strerror(err));
	}
	*result = worker;
	return 0;
}

void worker_destroy(struct worker *worker)
{
	pthread_join(worker->thread, NULL);
	guest_registers_destroy(worker->registers[0]);
	guest_registers_destroy(worker->registers[1]);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

void worker_interrupt(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->interrupted = true;
	worker->limit = 0;
	pthread_mutex_unlock(&worker->lock);
}

static void kick(struct worker *worker)
{
	worker->kicked = worker->running;
	if (worker->running)
		machine_kick(worker->running);
}

/* A mock that the job is in is no KVM_RUN: it has to be stopped otherwise. */
static void stop_mock(struct worker *worker)
{
	unsigned int i;

	if (!worker->running || !atomic_load(&worker->deadline.call))
		return;
	for (i = 0; i < worker->running->cpu_count; i++)
		if (worker->running->cpus[i].vcpu.thread)
			guard_stop(worker->running->cpus[i].vcpu.thread);
}

/* The job's time is over: have it come out, or if it does not, give it up. Returns whether so. */
static bool insist(struct worker *worker, uint64_t late)
{
	enum deadline_state state = DEADLINE_AHEAD;
	uint64_t grace;

	if (atomic_compare_exchange_strong(&worker->deadline.state, &state, DEADLINE_OVERDUE)) {
		kick(worker);
		stop_mock(worker);
		return false;
	}
	if (state == DEADLINE_OVERDUE)
		stop_mock(worker);
	grace = INTERRUPT_NS;
	/* A report tells of each CPU. */
	if (state == DEADLINE_ANSWERED)
		grace = GRACE_NS * (worker->running ? worker->running->cpu_count : 1);
	if (late < grace)
		return false;
	return atomic_compare_exchange_strong(&worker->deadline.state, &state, DEADLINE_ABANDONED);
}

enum worker_state worker_supervise(struct worker *worker, uint64_t now_ns, size_t *number,
				   uint64_t *since_ns)
{
	enum worker_state state = WORKER_FINE;
	uint64_t wanted, since;

	*number = SIZE_MAX;
	pthread_mutex_lock(&worker->lock);
	if (!worker->busy || now_ns < worker->since)
		goto out;
	*number = worker->number;
	since = worker->since + deadline_held_ns(&worker->deadline, now_ns);
	since = since < now_ns ? since : now_ns;
	*since_ns = since;
	wanted = atomic_load(&worker->deadline.kick_at);
	if (wanted && now_ns >= wanted) {
		atomic_store(&worker->deadline.kick_at, 0);
		kick(worker);
	}
	if (atomic_load(&worker->deadline.lost)) {
		atomic_store(&worker->deadline.state, DEADLINE_ABANDONED);
		worker->abandoned = true;
		state = WORKER_ABANDONED;
		goto out;
	}
	if (now_ns - since < worker->limit)
		goto out;
	if (insist(worker, now_ns - since - worker->limit)) {
		worker->abandoned = true;
		state = WORKER_ABANDONED;
	}
out:
	pthread_mutex_unlock(&worker->lock);
	if (state == WORKER_ABANDONED)
		pthread_detach(worker->thread);
	return state;
}

const struct mock_call *worker_mock(const struct worker *worker)
{
	return atomic_load(&worker->deadline.call);
}
