/* SPDX-License-Identifier: MIT */
/*
 * What gdb has a run do: where its CPUs stop, and how they go on. All stop when one does: that one gathers the others,
 * and waits for gdb with the lock that exits are served under.
 */
#include "execution/gdb/debugger_own.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include "base/clock.h"
#include "execution/gdb/cpu.h"
#include "machine/cpu.h"
#include "run/cpus.h"
#include "run/stepping.h"

static struct debugged_cpu *cpu_of(struct gdb_debugger *debugger, const struct run *run)
{
	return &debugger->cpus[run_cpu(run)];
}

/* ---- a run begins ---- */

static void describe_method(struct gdb_debugger *debugger)
{
	snprintf(debugger->method, sizeof(debugger->method),
		 "breakpoints by %s, watched variables by %s",
		 debugger->has_breakpoints ? "the CPU" : "single steps",
		 debugger->has_watchpoints ? "the CPU" : "single steps");
}

static int prepare(void *context, struct run *run)
{
	struct gdb_debugger *debugger = context;
	const unsigned int cpus = run->machine->cpu_count;
	int err;

	if (cpus > GDB_CPUS_MAX)
		return error_set(&run->complaint, ENOTSUP,
				 "gdb debugs up to %d CPUs, and it has %u", GDB_CPUS_MAX, cpus);
	deadline_hold(run->deadline, clock_ns());
	err = gdb_cpu_find_out(run, &debugger->has_breakpoints, &debugger->has_watchpoints);
	deadline_release(run->deadline, clock_ns());
	if (err)
		return err;
	describe_method(debugger);
	run->other_steppings = calloc(cpus, sizeof(*run->other_steppings));
	if (!run->other_steppings)
		return error_set(&run->complaint, ENOMEM, "no memory for a debugger");
	memset(debugger->cpus, 0, sizeof(debugger->cpus));
	debugger->has_stopper = debugger->told_failure = false;
	pthread_mutex_lock(&debugger->lock);
	debugger->run = run;
	debugger->target.cpus = cpus;
	pthread_mutex_unlock(&debugger->lock);
	return 0;
}

static bool expects_gdb(struct gdb_debugger *debugger)
{
	bool expects;

	pthread_mutex_lock(&debugger->lock);
	expects = !debugger->is_alone && !debugger->quits && !debugger->has_killed;
	pthread_mutex_unlock(&debugger->lock);
	return expects;
}

static void has_come_to(struct debugged_cpu *cpu, const struct run *run, enum gdb_stop_kind kind,
			int signal, uint64_t address)
{
	if (cpu->has_stop && !cpu->is_step)
		return;
	cpu->has_stop = true;
	cpu->is_step = false;
	cpu->stop = (struct gdb_stop){
		.kind = kind, .cpu = run_cpu(run), .signal = signal, .address = address
	};
}

static void stop_before(struct gdb_debugger *debugger, const void *function)
{
	const struct point point = {
		.kind = GDB_HARDWARE_BREAKPOINT,
		.address = (uint64_t)function,
		.is_own = true,
	};

	if (function)
		points_insert(&debugger->points, &point, debugger->has_breakpoints);
}

/* Where the test's own code begins: the runtime calls it, but for the simplest. */
static void stop_at_start(struct gdb_debugger *debugger, struct run *run)
{
	const struct job *job = run->job;

	if (cpu_pc(run->cpu) == (uint64_t)job->fn) {
		has_come_to(cpu_of(debugger, run), run, GDB_STOP_SIGNAL, SIGNAL_TRAP, 0);
		return;
	}
	stop_before(debugger, (const void *)job->options->when);
	stop_before(debugger, (const void *)job->options->setup);
	stop_before(debugger, (const void *)job->fn);
}

/* Memory is as new. */
static void look_at_variables(struct gdb_debugger *debugger, struct run *run)
{
	size_t i;

	for (i = 0; i < debugger->points.count; i++) {
		struct point *point = &debugger->points.list[i];

		if (point->kind == GDB_WRITE_WATCHPOINT)
			memory_read(&run->machine->memory, gva(point->address), &point->value,
				    point->length);
	}
}

static void begin(struct gdb_debugger *debugger, struct run *run)
{
	struct debugged_cpu *cpu = cpu_of(debugger, run);

	cpu->has_entered = cpu->renew = true;
	cpu->resume.action = GDB_RUN;
	vcpu_complete(&run->cpu->vcpu);
	if (run_cpu(run))
		return;
	points_clear(&debugger->points, true);
	look_at_variables(debugger, run);
	if (debugger->options.at_start && expects_gdb(debugger))
		stop_at_start(debugger, run);
}

/* ---- between two exits ---- */

/* A variable that is not as it was. */
static struct point *find_written(struct gdb_debugger *debugger, struct run *run)
{
	struct point *found = NULL;
	size_t i;

	for (i = 0; i < debugger->points.count; i++) {
		struct point *point = &debugger->points.list[i];
		uint64_t value = 0;

		if (point->kind != GDB_WRITE_WATCHPOINT ||
		    memory_read(&run->machine->memory, gva(point->address), &value,
				point->length) != point->length ||
		    value == point->value)
			continue;
		point->value = value;
		found = point;
	}
	return found;
}

static void has_met(struct gdb_debugger *debugger, const struct run *run, const struct point *point)
{
	struct debugged_cpu *cpu = cpu_of(debugger, run);

	if (point->is_own)
		has_come_to(cpu, run, GDB_STOP_SIGNAL, SIGNAL_TRAP, point->address);
	else
		has_come_to(cpu, run,
			    point->kind == GDB_WRITE_WATCHPOINT ? GDB_STOP_WATCHPOINT :
			    point->kind == GDB_BREAKPOINT	? GDB_STOP_BREAKPOINT :
								  GDB_STOP_HARDWARE_BREAKPOINT,
			    SIGNAL_TRAP, point->address);
}

/* An instruction is done. */
static void has_stepped(struct gdb_debugger *debugger, struct run *run)
{
	const uint64_t pc = gdb_cpu_stepped_pc(run);
	struct debugged_cpu *cpu = cpu_of(debugger, run);
	const struct point *point = find_written(debugger, run);

	if (!point)
		point = points_at(&debugger->points, pc);
	if (point) {
		has_met(debugger, run, point);
	} else if (!cpu->has_stop && cpu->resume.action == GDB_STEP &&
		   (pc < cpu->resume.start || pc >= cpu->resume.end)) {
		has_come_to(cpu, run, GDB_STOP_SIGNAL, SIGNAL_TRAP, 0);
		cpu->is_step = true;
	}
}

static enum step stopped(void *context, struct run *run)
{
	struct gdb_debugger *debugger = context;
	struct debugged_cpu *cpu = cpu_of(debugger, run);
	const struct point *point;

	cpu->was_debug = true;
	if (cpu->steps)
		return STEP_ON;
	point = points_in_slots(&debugger->points, gdb_cpu_hits(run));
	if (point)
		has_met(debugger, run, point);
	else
		cpu->hands_back = true;
	return STEP_ON;
}

static enum step go_on_by_steps(struct gdb_debugger *debugger, struct run *run)
{
	struct debugged_cpu *cpu = cpu_of(debugger, run);
	const uint64_t before = gdb_cpu_stepped_pc(run);
	const bool was_debug = cpu->was_debug;
	int err = stepping_next(run);

	cpu->was_debug = false;
	if (err)
		return run_end(run, END_HOST_ERROR,
			       err == -EBUSY ? "a breakpoint that the test set was hit; while gdb "
					       "goes by single steps, it can have none" :
					       "KVM does not go on by single steps");
	/* What the host completed is no step to KVM. */
	if (was_debug || gdb_cpu_stepped_pc(run) != before)
		has_stepped(debugger, run);
	return STEP_ON;
}

/* A failure that is not what the test is for. */
static bool has_failed(const struct gdb_debugger *debugger, const struct run *run)
{
	const struct r0_options *options = run->job->options;

	return run->failure_count && !debugger->told_failure && run->failing_cpu == run_cpu(run) &&
	       !options->should_panic && !options->panic_message && !options->xfail;
}

/* Whether gdb has left while it ran, and no other has come: its points are no more. */
static bool gone(struct gdb_debugger *debugger, const struct run *run)
{
	unsigned int i;
	bool forgets, is_alone;

	pthread_mutex_lock(&debugger->lock);
	is_alone = debugger->is_alone;
	forgets = debugger->forgets;
	debugger->forgets = false;
	pthread_mutex_unlock(&debugger->lock);
	for (i = 0; forgets && i < run->machine->cpu_count; i++)
		debugger->cpus[i].resume = (struct gdb_resume){ .action = GDB_RUN };
	if (forgets)
		points_clear(&debugger->points, false);
	return is_alone;
}

static void look_around(struct gdb_debugger *debugger, struct run *run)
{
	struct debugged_cpu *cpu = cpu_of(debugger, run);

	if (has_failed(debugger, run)) {
		debugger->told_failure = true;
		pthread_mutex_lock(&debugger->lock);
		snprintf(debugger->why, sizeof(debugger->why), "%s",
			 run->failures.text ? run->failures.text : "");
		pthread_mutex_unlock(&debugger->lock);
		has_come_to(cpu, run, GDB_STOP_SIGNAL, SIGNAL_ABRT, 0);
	}
	if (!atomic_exchange(&debugger->wanted, false))
		return;
	if (gone(debugger, run))
		cpus_let_go(run);
	else
		has_come_to(cpu, run, GDB_STOP_SIGNAL, SIGNAL_INT, 0);
}

/* gdb does not want to hear of a point that it has taken out, nor of a step that another stop came before. */
static bool is_out_of_date(const struct gdb_debugger *debugger, const struct debugged_cpu *cpu)
{
	switch (cpu->stop.kind) {
	case GDB_STOP_SIGNAL:
		return false;
	case GDB_STOP_WATCHPOINT:
		return !points_has(&debugger->points, true, cpu->stop.address);
	case GDB_STOP_BREAKPOINT:
	case GDB_STOP_HARDWARE_BREAKPOINT:
		break;
	}
	return !points_has(&debugger->points, false, cpu->stop.address);
}

static void forget_steps(struct gdb_debugger *debugger, const struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		debugger->cpus[i].renew = true;
		if (debugger->cpus[i].is_step)
			debugger->cpus[i].has_stop = debugger->cpus[i].is_step = false;
	}
}

static enum step stop(struct gdb_debugger *debugger, struct run *run)
{
	struct debugged_cpu *cpu = cpu_of(debugger, run);
	bool goes_on;

	if (is_out_of_date(debugger, cpu)) {
		cpu->has_stop = false;
		return STEP_ON;
	}
	debugger->has_stopper = true;
	vcpu_complete(&run->cpu->vcpu);
	goes_on = cpus_gather(run);
	if (goes_on) {
		cpu->has_stop = cpu->is_step = false;
		points_clear(&debugger->points, true);
		goes_on = server_converse(debugger, run, &cpu->stop, false);
		if (!goes_on)
			run_end(run, END_HOST_ERROR, "gdb ended the run");
		forget_steps(debugger, run);
	}
	debugger->has_stopper = false;
	cpus_let_go(run);
	return goes_on ? STEP_ON : STEP_END;
}

/* Tell KVM how the CPU is to go on. */
static enum step arm(struct gdb_debugger *debugger, struct run *run)
{
	struct debugged_cpu *cpu = cpu_of(debugger, run);
	const struct points *points = &debugger->points;
	int err = 0;

	if (cpu->resume.action == GDB_STEP || points->by_step) {
		if (!cpu->steps || cpu->renew)
			err = stepping_begin(run);
		cpu->steps = true;
	} else {
		if (cpu->steps)
			stepping_end(run);
		if (cpu->steps || cpu->renew || cpu->hands_back ||
		    cpu->generation != points->generation)
			err = gdb_cpu_arm(run, points, cpu->hands_back);
		cpu->generation = points->generation;
		cpu->steps = false;
		/* INJECT_DB is for once. */
		cpu->renew = cpu->hands_back;
		cpu->hands_back = false;
		return err ? run_end(run, END_HOST_ERROR,
				     "KVM can't be told of gdb's breakpoints") :
			     STEP_ON;
	}
	cpu->renew = cpu->hands_back = false;
	return err ? run_end(run, END_HOST_ERROR, "KVM does not go by single steps") : STEP_ON;
}

static enum step enter(void *context, struct run *run)
{
	struct gdb_debugger *debugger = context;
	struct debugged_cpu *cpu = cpu_of(debugger, run);
	enum step step = STEP_ON;

	if (!cpu->has_entered)
		begin(debugger, run);
	else if (cpu->steps)
		step = go_on_by_steps(debugger, run);
	if (step == STEP_ON)
		look_around(debugger, run);
	while (step == STEP_ON) {
		if (debugger->has_stopper || cpu->resume.action == GDB_STAY) {
			vcpu_complete(&run->cpu->vcpu);
			step = cpus_stay(run) ? STEP_ON : STEP_END;
		} else if (cpu->has_stop) {
			step = stop(debugger, run);
		} else {
			return arm(debugger, run);
		}
	}
	return step;
}

/* ---- a run is over ---- */

static void finish(void *context, struct run *run)
{
	struct gdb_debugger *debugger = context;
	struct machine_cpu *cpu = run->cpu;
	const struct points none = { .count = 0 };
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		run->cpu = &run->machine->cpus[i];
		if (!debugger->cpus[i].has_entered)
			continue;
		if (debugger->cpus[i].steps)
			stepping_end(run);
		gdb_cpu_arm(run, &none, false);
	}
	run->cpu = cpu;
	points_clear(&debugger->points, true);
}

static int signal_of(const struct run *run)
{
	switch (run->ending.how) {
	case END_EXCEPTION:
		return gdb_cpu_signal_of(run->ending.vector);
	case END_TRIPLE_FAULT:
		return SIGNAL_SEGV;
	case END_TIMEOUT:
		return SIGNAL_XCPU;
	default:
		return SIGNAL_ABRT;
	}
}

static bool is_failure(const struct run *run, char *message, size_t size)
{
	enum r0_verdict verdict = verdict_of(run->job->options, &run->ending, message, size);

	return verdict_is_failure(verdict) || verdict == R0_VERDICT_ERROR;
}

/* Whatever failed at its end, where gdb was not stopped for a failure before. */
static void ended(void *context, struct run *run)
{
	struct gdb_debugger *debugger = context;
	char message[sizeof(debugger->why)];
	struct gdb_stop stop = {
		.kind = GDB_STOP_SIGNAL,
		.cpu = run_cpu(run),
		.signal = signal_of(run),
	};

	/* One that could not be prepared has not entered, whatever the one before it has. */
	if (debugger->run == run && debugger->cpus[0].has_entered && !debugger->told_failure &&
	    is_failure(run, message, sizeof(message))) {
		pthread_mutex_lock(&debugger->lock);
		snprintf(debugger->why, sizeof(debugger->why), "%s", message);
		pthread_mutex_unlock(&debugger->lock);
		server_converse(debugger, run, &stop, true);
	}
	pthread_mutex_lock(&debugger->lock);
	debugger->run = NULL;
	debugger->why[0] = '\0';
	pthread_mutex_unlock(&debugger->lock);
	free(run->other_steppings);
	run->other_steppings = NULL;
}

static const struct debugger_ops ops = {
	.several = true,
	.prepare = prepare,
	.enter = enter,
	.stopped = stopped,
	.finish = finish,
	.ended = ended,
};

/* ---- of the runner ---- */

int gdb_debugger_create(struct gdb_debugger **result, const struct gdb_debugger_options *options,
			struct error *error)
{
	struct gdb_debugger *debugger;
	int err;

	if (!gdb_cpu_is_there)
		return error_set(error, ENOTSUP,
				 "--gdb: not on arm64 yet; the reports of failures are there");
	debugger = calloc(1, sizeof(*debugger));
	if (!debugger)
		return error_set(error, ENOMEM, "no memory for a debugger");
	debugger->options = *options;
	debugger->of_jobs = (struct debugger){ .ops = &ops, .context = debugger };
	pthread_mutex_init(&debugger->lock, NULL);
	pthread_cond_init(&debugger->changed, NULL);
	debugger->target = (struct gdb_target){
		.ops = &target_ops,
		.context = debugger,
		.cpus = 1,
		.registers = &debugger->registers,
	};
	err = gdb_cpu_registers_init(&debugger->registers);
	if (!err)
		err = server_start(debugger, error);
	if (!err) {
		*result = debugger;
		return 0;
	}
	gdb_cpu_registers_finish(&debugger->registers);
	free(debugger);
	return err;
}

void gdb_debugger_destroy(struct gdb_debugger *debugger, int status)
{
	if (!debugger)
		return;
	pthread_mutex_lock(&debugger->lock);
	debugger->ends = true;
	debugger->status = status;
	pthread_mutex_unlock(&debugger->lock);
	server_stop(debugger);
	gdb_cpu_registers_finish(&debugger->registers);
	pthread_cond_destroy(&debugger->changed);
	pthread_mutex_destroy(&debugger->lock);
	free(debugger);
}

const struct debugger *gdb_debugger_of_jobs(const struct gdb_debugger *debugger)
{
	return &debugger->of_jobs;
}

bool gdb_debugger_has_killed(struct gdb_debugger *debugger)
{
	bool has_killed;

	pthread_mutex_lock(&debugger->lock);
	has_killed = debugger->has_killed;
	pthread_mutex_unlock(&debugger->lock);
	return has_killed;
}

void gdb_debugger_quit(struct gdb_debugger *debugger)
{
	pthread_mutex_lock(&debugger->lock);
	debugger->quits = true;
	pthread_mutex_unlock(&debugger->lock);
	eventfd_write(debugger->wake, 1);
}
