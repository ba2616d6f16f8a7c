/* SPDX-License-Identifier: MIT */
/* One run of a job, between the files that take part in it, and how it ends. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "base/buffer.h"
#include "crash/crash.h"
#include "machine/machine.h"
#include "mock/mock_call.h"
#include "replace/patch.h"
#include "run/deadline.h"
#include "run/debugger.h"
#include "run/job.h"
#include "run/stepping.h"
#include "verdict/verdict.h"

struct cpus;
struct watched_variables;

struct run {
	struct machine *machine;
	struct machine_cpu *cpu; /* that left the VM, or that ended the run */
	struct cpus *cpus;	 /* where there are several; NULL for one */
	const struct job *job;
	struct deadline *deadline;
	size_t begun; /* parts: see execution/parts.c */
	struct mocks mocks;
	struct mock_call broken; /* if is_broken: of a mock that did not return */
	bool is_broken;
	bool by_mock;			 /* `text` is a mock's */
	const struct mock *failing_mock; /* or NULL */
	struct buffer output;
	struct buffer failures; /* failed expectations and assertions, one after another */
	unsigned int failure_count;
	unsigned int failing_cpu; /* with the first of them */
	char *first_expectation;  /* its text, or NULL */

	struct r0_result given; /* its values alone: what the test gave */

	struct ending ending; /* its message is this one's, or static */
	struct error complaint;
	char *text; /* of the failure that ended the test, or of a skip */
	char *file; /* of the first failure, or NULL */
	int line;

	struct crash crash; /* what there is to explain, if explains */
	bool explains;
	char why[600];	      /* CRASH_INTERNAL: why ring0 can't execute it either; may be empty */
	struct kvm_regs regs; /* of the code that ended so */
	struct kvm_sregs sregs;
	uint64_t system[CRASH_SYSTEM_REGISTERS];
	uint64_t fault_address;

	const struct debugger *debugger; /* or NULL */
	struct stepping stepping;
	struct stepping *
		other_steppings; /* of the CPUs but the first, where a debugger takes part in several */
	unsigned int steppers;		   /* CPUs that go by single steps */
	struct watched_variables *watched; /* of .watch, or NULL */
	struct kvm_regs assisted_regs;	   /* before the last instruction that assist/ completed */
	bool replays; /* run once more, to find where a triple fault came from: it has been heard */
	enum patch_trap trap; /* in place of functions that have no room for a jump, if has_traps */
	bool has_traps;
	bool unusable; /* the machine can't be reset */

	size_t taken; /* of an input, by mocks */
	bool halted;  /* the vCPU is behind a HLT */
};

/* The number of the CPU in run->cpu. */
static inline unsigned int run_cpu(const struct run *run)
{
	return (unsigned int)(run->cpu - run->machine->cpus);
}

/* The single steps of the CPU in run->cpu. */
static inline struct stepping *run_stepping(struct run *run)
{
	const unsigned int number = run_cpu(run);

	return number ? &run->other_steppings[number - 1] : &run->stepping;
}

/* End the run with a way of ending and a message that lives as long as the run, or NULL. */
enum step run_end(struct run *run, enum ending_how how, const char *message);

/* The machine failed: for the reason in the run's complaint, or for one that is put there. */
enum step run_machine_failed(struct run *run);
enum step run_host_error(struct run *run, const char *format, unsigned long long value);

/*
 * The test did what nothing declares, or not as declared: that is a panic, and so is a mock's failure. One
 * that did not return is described when there is time for it.
 */
enum step run_refuse(struct run *run);

/* The vCPU is behind a HLT, and nothing ends that. */
enum step run_halted(struct run *run);

/* Remember the registers of run->cpu. Of the architecture. */
void run_note_registers(struct run *run);

/* Remember where the vCPU is, for crash_view_explain(). Of the architecture. */
void run_note_place(struct run *run, enum crash_kind kind);

/*
 * Remember the registers of a frame that the guest runtime's entry code made, and which exception it was. Of the
 * architecture.
 */
void run_note_frame(struct run *run, const struct r0_frame *frame);

/*
 * After what may have taken long: a run that was abandoned must touch nothing more, and has no one
 * to return to. The thread sleeps for ever, which ends with the process.
 */
void run_stay_wanted(const struct run *run);

#endif /* RUN_RUN_H */
