/* SPDX-License-Identifier: MIT */
/* How a run ends, whoever finds out. */
#include "run/run.h"
#include <errno.h>
#include <unistd.h>
#include "machine/cpu.h"

enum step run_end(struct run *run, enum ending_how how, const char *message)
{
	run->ending.how = how;
	run->ending.message = message;
	return STEP_END;
}

enum step run_machine_failed(struct run *run)
{
	run_note_place(run, CRASH_PLACE);
	run->unusable = true;
	return run_end(run, END_HOST_ERROR, run->complaint.text);
}

enum step run_host_error(struct run *run, const char *format, unsigned long long value)
{
	error_set(&run->complaint, EIO, format, value);
	return run_machine_failed(run);
}

void run_stay_wanted(const struct run *run)
{
	while (atomic_load(&run->deadline->state) == DEADLINE_ABANDONED)
		pause();
}

enum step run_refuse(struct run *run)
{
	enum ending_how how = !run->is_broken			     ? END_FAILED :
			      run->broken.guard.end == GUARD_OVERDUE ? END_TIMEOUT :
								       END_REFUSED;

	run_note_place(run, CRASH_PLACE);
	return run_end(run, how, run->by_mock ? run->text : run->complaint.text);
}

enum step run_halted(struct run *run)
{
	bool interruptible = cpu_takes_interrupts(run->cpu);

	run->halted = true;
	run_note_place(run, CRASH_PLACE);
	return run_end(run, interruptible ? END_HALT_FOREVER : END_HALT, NULL);
}
