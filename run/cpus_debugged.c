/* SPDX-License-Identifier: MIT */
/* Several CPUs that a debugger stops: what comes before each KVM_RUN. */
#include "run/cpus_own.h"

enum step cpus_enter(struct run *run, unsigned int number)
{
	const struct debugger *debugger = run->debugger;
	struct cpus *cpus = run->cpus;
	enum step step = STEP_END;

	if (!debugger || !debugger->ops->enter)
		return STEP_ON;
	pthread_mutex_lock(&cpus->lock);
	run->cpu = &run->machine->cpus[number];
	if (!cpus_have_stopped(cpus, number)) {
		step = debugger->ops->enter(debugger->context, run);
		if (step == STEP_END && !cpus_have_stopped(cpus, number)) {
			cpus->ender = run->cpu;
			cpus_kick_others(run);
		}
	}
	pthread_mutex_unlock(&cpus->lock);
	return step;
}

void cpus_are_over(struct run *run, unsigned int number)
{
	struct cpus *cpus = run->cpus;

	pthread_mutex_lock(&cpus->lock);
	cpus->activities[number].over = true;
	pthread_cond_broadcast(&cpus->changed);
	pthread_mutex_unlock(&cpus->lock);
}

/* Let others have the lock until one of them has changed something. */
static void wait_for_change(struct run *run)
{
	struct machine_cpu *cpu = run->cpu;

	pthread_cond_wait(&run->cpus->changed, &run->cpus->lock);
	run->cpu = cpu;
}

static bool all_stay(const struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->machine->cpu_count; i++) {
		const struct activity *cpu = &run->cpus->activities[i];

		if (i != run_cpu(run) && cpu->runs && !cpu->stays && !cpu->over)
			return false;
	}
	return true;
}

bool cpus_gather(struct run *run)
{
	struct cpus *cpus = run->cpus;
	bool kicked = false;

	while (cpus && !cpus_have_stopped(cpus, run_cpu(run)) && !all_stay(run)) {
		if (!kicked)
			cpus_kick_others(run);
		kicked = true;
		wait_for_change(run);
	}
	return !cpus || !cpus_have_stopped(cpus, run_cpu(run));
}

bool cpus_stay(struct run *run)
{
	const unsigned int number = run_cpu(run);
	struct cpus *cpus = run->cpus;

	if (!cpus)
		return true;
	cpus->activities[number].stays = true;
	pthread_cond_broadcast(&cpus->changed);
	wait_for_change(run);
	cpus->activities[number].stays = false;
	return !cpus_have_stopped(cpus, number);
}

void cpus_let_go(struct run *run)
{
	if (run->cpus)
		pthread_cond_broadcast(&run->cpus->changed);
}
