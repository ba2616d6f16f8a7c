/* SPDX-License-Identifier: MIT */
/* How a run ends, whoever finds out. */
#include "run/run.h"
#include <errno.h>
#include <unistd.h>
#include "machine/cpu.h"

enum step execution_end(struct execution *run, enum ending_how how, const char *message)
{
	run->ending.how = how;
	run->ending.message = message;
	return STEP_END;
}

enum step execution_machine_failed(struct execution *run)
{
	execution_note_place(run, CRASH_PLACE);
	run->unusable = true;
	return execution_end(run, END_HOST_ERROR, run->complaint.text);
}

enum step execution_host_error(struct execution *run, const char *format, unsigned long long value)
{
	error_set(&run->complaint, EIO, format, value);
	return execution_machine_failed(run);
}

void execution_stay_wanted(const struct execution *run)
{
	while (atomic_load(&run->deadline->state) == DEADLINE_ABANDONED)
		pause();
}

enum step execution_refuse(struct execution *run)
{
	enum ending_how how = !run->is_broken			     ? END_FAILED :
			      run->broken.guard.end == GUARD_OVERDUE ? END_TIMEOUT :
								       END_REFUSED;

	execution_note_place(run, CRASH_PLACE);
	return execution_end(run, how, run->by_mock ? run->text : run->complaint.text);
}

enum step execution_halted(struct execution *run)
{
	bool interruptible = cpu_takes_interrupts(run->cpu);

	run->halted = true;
	execution_note_place(run, CRASH_PLACE);
	return execution_end(run, interruptible ? END_HALT_FOREVER : END_HALT, NULL);
}
