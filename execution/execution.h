/* SPDX-License-Identifier: MIT */
/*
 * One run of a job, between the files that take part in it: execute.c drives it, parallel.c does so
 * with several CPUs, doorbell.c answers the guest runtime, explain.c says why it ended so.
 */
#ifndef EXECUTION_EXECUTION_H
#define EXECUTION_EXECUTION_H

#include <stdio.h>
#include "base/buffer.h"
#include "crash/crash.h"
#include "execution/cpus.h"
#include "execution/debugger.h"
#include "execution/execute.h"
#include "execution/mock.h"
#include "execution/mock_call.h"
#include "execution/stepping_x86_64.h"
#include "execution/verdict.h"

struct execution {
	struct machine *machine;
	struct machine_cpu *cpu;   /* that left the VM, or that ended the run */
	struct parallel *parallel; /* where there are several; NULL for one */
	const struct job *job;
	struct deadline *deadline;
	struct mocks mocks;
	struct mock_call broken; /* if is_broken: of a mock that did not return */
	bool is_broken;
	bool by_mock;			 /* `text` is a mock's */
	const struct mock *failing_mock; /* or NULL */
	struct buffer output;
	struct buffer failures; /* failed expectations and assertions, one after another */
	unsigned int failure_count;
	char *first_expectation; /* its text, or NULL */

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
	uint64_t cr2;

	const struct debugger *debugger; /* or NULL */
	struct stepping stepping;
	struct watchpoints *watchpoints; /* of .watch, or NULL */
	struct kvm_regs assisted_regs;	 /* before the last instruction that assist/ completed */
	bool replays; /* run once more, to find where a triple fault came from: it has been heard */
	bool unusable; /* the machine can't be reset */

	bool halted; /* the vCPU is behind a HLT */
};

/* What a return from vcpu_run(), with that result, leads to. In execute.c. */
enum step execution_serve(struct execution *run, int result);

/*
 * After what may have taken long: a run that was abandoned must touch nothing more, and has no one
 * to return to. The thread sleeps for ever, which ends with the process. In execute.c.
 */
void execution_stay_wanted(const struct execution *run);

/* Remember where the vCPU is, for explain(). In execute.c. */
void execution_note_place(struct execution *run, enum crash_kind kind);

/* The number of the CPU in run->cpu. */
static inline unsigned int execution_cpu(const struct execution *run)
{
	return (unsigned int)(run->cpu - run->machine->cpus);
}

/* Whether this exit is the guest runtime's message, and serving it. In doorbell.c. */
bool doorbell_rings(const struct execution *run);
enum step doorbell_serve(struct execution *run);

/* Whether an exception of that vector has someone in the guest to go to. In doorbell.c. */
bool doorbell_expects(const struct execution *run, int vector);

/*
 * An access to guest-physical memory that no memory of the VM answers. 0, or -EPERM with the run's
 * complaint.
 */
int execution_memory(struct execution *run, struct r0_access *access);

/* Add what run->cpu prints, in ring 0 or by a mock, to the run's output. In execute.c. */
void execution_print(struct execution *run, const char *text, size_t size);

/* End the run with a way of ending and a message that lives as long as the run, or NULL. */
enum step execution_end(struct execution *run, enum ending_how how, const char *message);

/*
 * A machine with interrupt controllers stays in KVM_RUN while its vCPU halts. From interrupts_begin()
 * to interrupts_end() an alarm has the first one come out now and then, others from interrupts_look()
 * on; interrupts_serve() then does what is due for run->cpu, and returns whether it halts for good. In
 * interrupts.c.
 */
int interrupts_begin(struct execution *run);
int interrupts_look(struct execution *run);
bool interrupts_serve(struct execution *run);
void interrupts_end(struct execution *run);

/*
 * Whether what the test declares leaves alone what such a machine has of its own: 0, or -EINVAL with the
 * run's complaint. Before any of it is made: KVM may refuse it for the same reason. In interrupts.c.
 */
int interrupts_check(struct execution *run);

/* Whether a CPU of such a machine, which is out of KVM_RUN, halts. In interrupts.c. */
bool interrupts_halted(const struct machine_cpu *cpu);

/* Whether it does so with interrupts off, and no device can end that: other CPUs can. In interrupts.c. */
bool interrupts_halted_for_good(const struct machine *machine, const struct machine_cpu *cpu);

/* Have the vCPU come out when the next of all that is due, as it is now. In interrupts.c. */
int interrupts_set_alarm(struct execution *run);

/* Have r0_wait_halt() end at that time of the monotonic clock. In interrupts.c. */
void interrupts_wake_at(struct execution *run, uint64_t when_ns);

/* What the interrupt controllers hold, as text, into `out`. In interrupts.c. */
void interrupts_describe(const struct execution *run, FILE *out);

/*
 * Fill in crash and report texts: the message, in full, into `message`; returns the report, for
 * free(), or NULL. In explain.c.
 */
char *explain(struct execution *run, char *message, size_t size);

/*
 * Write the call chain of the code at these registers, as crash_backtrace() does. In explain.c.
 */
void explain_backtrace(const struct execution *run, const struct kvm_regs *regs,
		       const struct kvm_sregs *sregs, bool after, FILE *out);

/* The name of the function that .when gives, as written or by its address. In explain.c. */
void explain_condition(const struct execution *run, char *name, size_t size);

#endif /* EXECUTION_EXECUTION_H */
