/* SPDX-License-Identifier: MIT */
/*
 * What a test needs of the host while it runs, without interrupt controllers: KVM keeps a vCPU that waits in KVM_RUN,
 * so that the host looks now and then whether it does so for good.
 */
#include "run/interrupts.h"
#include "base/clock.h"
#include "kvm/vcpu_aarch64.h"
#include "machine/cpu.h"
#include "run/alarm.h"
#include "run/halt_aarch64.h"

#define INSTRUCTION_LENGTH 4

int interrupts_check(struct run *run)
{
	(void)run;
	return 0;
}

int interrupts_begin(struct run *run)
{
	alarm_forget(run->cpu);
	return alarm_look(run);
}

/* Where a timer is to end the wait, it goes on: the look has ended it. */
bool interrupts_serve(struct run *run)
{
	uint64_t now = clock_ns();

	if (halt_is_for_good(run->machine, run->cpu))
		return true;
	if (halt_is_timed(run->cpu))
		vcpu_set(&run->cpu->vcpu, VCPU_CORE(regs.pc), cpu_pc(run->cpu) - INSTRUCTION_LENGTH,
			 NULL);
	if (now >= run->cpu->look.at)
		alarm_put_off(&run->cpu->look, now);
	alarm_set(run);
	return false;
}

void interrupts_end(struct run *run)
{
	vcpu_set_alarm(&run->cpu->vcpu, 0, NULL);
}

void interrupts_describe(const struct run *run, FILE *out)
{
	(void)run;
	(void)out;
}

void interrupts_describe_others(const struct run *run, FILE *out)
{
	(void)run;
	(void)out;
}
