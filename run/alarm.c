/* SPDX-License-Identifier: MIT */
/* When a vCPU that stays in KVM_RUN is to come out. */
#include "run/alarm.h"
#include "base/clock.h"

/* A test that should halt takes this long at least; each look costs an exit, so that they get rarer. */
#define FIRST_PERIOD_NS 1000000ull
#define LAST_PERIOD_NS	64000000ull

/* Several CPUs: when the first comes out for the others to run, if nothing had them run before. */
#define OTHERS_NS 250000ull

int alarm_set(struct run *run)
{
	uint64_t at = interrupt_devices_deadline(run->machine->devices);

	if (run->cpu->look.at && run->cpu->look.at < at)
		at = run->cpu->look.at;
	if (run->cpu->wake.at && run->cpu->wake.at < at)
		at = run->cpu->wake.at;
	return vcpu_set_alarm(&run->cpu->vcpu, at < UINT64_MAX ? at : 0, &run->complaint);
}

void alarm_put_off(struct machine_poll *poll, uint64_t now)
{
	poll->at = now + poll->period;
	poll->period *= poll->period < LAST_PERIOD_NS ? 2 : 1;
}

void alarm_forget(struct machine_cpu *cpu)
{
	cpu->look = (struct machine_poll){ .period = FIRST_PERIOD_NS };
	cpu->wake = (struct machine_poll){ 0 };
}

int alarm_look(struct run *run)
{
	run->cpu->look.period = FIRST_PERIOD_NS;
	alarm_put_off(&run->cpu->look, clock_ns());
	return alarm_set(run);
}

int alarm_begin(struct run *run)
{
	const uint64_t now = clock_ns();

	run->cpu->look.period = FIRST_PERIOD_NS;
	alarm_put_off(&run->cpu->look, now);
	if (run->cpus)
		run->cpu->look.at = now + OTHERS_NS;
	return alarm_set(run);
}

void alarm_wake_at(struct run *run, uint64_t when_ns)
{
	run->cpu->wake = (struct machine_poll){ .at = when_ns, .period = FIRST_PERIOD_NS };
	alarm_set(run);
}
