/* SPDX-License-Identifier: MIT */
/*
 * What a debugger can do with a test (run/debugger.h): have it stop before its first instruction,
 * look at it and change it there, go on by single steps, and end it. Prints TAP. Built with general
 * registers only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include <ring0/private/abi.h>
#include "execution/execute.h"
#include "kvm/kvm_x86_64.h"
#include "run/run.h"
#include "run/stepping.h"

#define SEEN_MAX 4096

static struct template *template;
static struct machine machine;
static int number, failed;

/* What a debugger saw, and what it is to do. */
struct seen {
	unsigned int starts, finishes, others;
	struct kvm_regs first; /* before the first instruction */
	uint64_t at[SEEN_MAX]; /* RIP of each instruction */
	uint64_t rflags;       /* all that were set at a stop */
	unsigned int count;

	bool steps;
	bool ends;	   /* before the first instruction */
	unsigned int most; /* stops before it lets the test run on; 0 for no end */
	uint64_t argument; /* for the test, in place of its own; 0 for none */
};

static void see(struct seen *seen, const struct kvm_regs *regs)
{
	seen->rflags |= regs->rflags;
	if (seen->count < SEEN_MAX)
		seen->at[seen->count] = regs->rip;
	seen->count++;
}

static enum step go_on(struct seen *seen, struct run *run)
{
	if (stepping_next(run) != 0)
		return run_end(run, END_HOST_ERROR, "no more single steps");
	see(seen, &run->stepping.regs);
	return STEP_ON;
}

static enum step start(void *context, struct run *run)
{
	struct kvm_run *exit = run->cpu->vcpu.run;
	struct seen *seen = context;

	seen->starts++;
	seen->first = exit->s.regs.regs;
	see(seen, &seen->first);
	if (seen->argument) {
		exit->s.regs.regs.rdi = seen->argument;
		exit->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	}
	if (seen->ends)
		return run_end(run, END_SKIPPED, "the debugger said so");
	if (seen->steps && stepping_begin(run) != 0)
		return run_end(run, END_HOST_ERROR, "no single steps");
	return STEP_ON;
}

static enum step stopped(void *context, struct run *run)
{
	struct seen *seen = context;

	if (seen->count < seen->most || !seen->most)
		return go_on(seen, run);
	stepping_end(run);
	seen->steps = false;
	return STEP_ON;
}

static enum step served(void *context, struct run *run)
{
	struct seen *seen = context;

	seen->others++;
	return seen->steps ? go_on(seen, run) : STEP_ON;
}

static void finish(void *context, struct run *run)
{
	struct seen *seen = context;

	seen->finishes++;
	stepping_end(run);
}

static const struct debugger_ops ops = {
	.start = start,
	.stopped = stopped,
	.served = served,
	.finish = finish,
};

static bool has_seen(const struct seen *seen, const void *code)
{
	unsigned int i;

	for (i = 0; i < seen->count && i < SEEN_MAX; i++)
		if (seen->at[i] == (uint64_t)code)
			return true;
	return false;
}

/* Run it under a debugger, or none, and put everything back. */
static enum r0_verdict run(void (*fn)(void *arg), void *arg, struct seen *seen, char **text)
{
	static const struct r0_options none;
	const struct debugger debugger = { .ops = &ops, .context = seen };
	const struct job job = {
		.fn = fn,
		.arg = arg,
		.options = &none,
		.limit_ns = 10000000000,
		.debugger = seen ? &debugger : NULL,
	};
	struct deadline deadline = { 0 };
	struct error error = { "" };
	struct outcome outcome;
	enum r0_verdict verdict;
	char what[256] = "";
	bool usable;

	/* After single steps on VMX, it has to be another one: kvm/state/pending_debug_x86_64.h. */
	usable = execute(&machine, &job, &deadline, &outcome);
	if (!usable && seen && machine.cpus[0].vcpu.vm->kvm->own->is_vmx) {
		machine_finish(&machine);
		if (machine_init(&machine, template, &(struct machine_options){ .cpus = 1 },
				 &error) != 0) {
			printf("Bail out! %s\n", error.text);
			exit(1);
		}
	} else if (!usable || machine_reset(&machine, &error) != 0 ||
		   memory_differs(&machine.memory, what, sizeof(what)) ||
		   vcpu_state_differs(machine.cpus[0].state, &machine.cpus[0].vcpu, what,
				      sizeof(what), &error)) {
		printf("Bail out! the machine can't be reset: %s%s\n", error.text, what);
		exit(1);
	}
	verdict = outcome.result.verdict;
	if (text)
		*text = outcome.result.output ? strdup(outcome.result.output) :
						strdup(outcome.result.message ?: "");
	outcome_finish(&outcome);
	return verdict;
}

static void report(const char *name, bool ok, const struct seen *seen)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, name);
	if (!ok)
		printf("# starts %u, finishes %u, stops %u, other exits %u, RIP at first %#llx, "
		       "RFLAGS %#lx\n",
		       seen->starts, seen->finishes, seen->count, seen->others, seen->first.rip,
		       seen->rflags);
	failed |= !ok;
}

/* What runs in ring 0: with labels, to know where each instruction is. */

void three(void *arg);
extern const char three_second[], three_third[];
__asm__(".pushsection .text\n\t"
	".globl three, three_second, three_third\n\t"
	"three: nop\n"
	"three_second: nop\n"
	"three_third: ret\n\t"
	".popsection");

static void wants_its_argument(void *arg)
{
	R0_ASSERT_EQ((uint64_t)arg, 0x1234);
}

static long in_ring_3(void *arg)
{
	return (long)arg + 1;
}

static void handler(struct r0_frame *frame)
{
	r0_printf("frame %#lx\n", frame->rflags & R0_RFLAGS_TF);
	frame->rip += 2;
}

/* Where TF could be seen; DR6 and what single steps leave there is KVM's. */
static void all_levels(void *arg)
{
	struct r0_fault fault;

	(void)arg;
	r0_set_handler(R0_UD, handler);
	r0_ud2();
	fault = r0_user_call(in_ring_3, (void *)41);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 42);
	r0_printf("flags %#lx\n", r0_read_rflags() & R0_RFLAGS_TF);
}

static int counter;

static void count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++)
		*(volatile int *)&counter += 1;
	R0_ASSERT_EQ(counter, 1000);
}

static void first_instruction(void)
{
	struct seen seen = { 0 };
	enum r0_verdict verdict = run(wants_its_argument, (void *)0x1234, &seen, NULL);

	report("it stops before the first instruction, and goes on",
	       verdict == R0_VERDICT_PASS && seen.starts == 1 && seen.finishes == 1 &&
		       seen.count == 1 && seen.first.rip == (uint64_t)wants_its_argument &&
		       seen.first.rdi == 0x1234 && seen.first.rsp % 16 == 8,
	       &seen);
}

static void other_argument(void)
{
	struct seen seen = { .argument = 0x1234 };
	enum r0_verdict verdict = run(wants_its_argument, NULL, &seen, NULL);

	report("registers can be set there", verdict == R0_VERDICT_PASS && seen.first.rdi == 0,
	       &seen);
}

static void end_at_once(void)
{
	struct seen seen = { .ends = true };
	char *text;
	enum r0_verdict verdict = run(wants_its_argument, NULL, &seen, &text);

	report("it can end there",
	       verdict == R0_VERDICT_SKIP && !strcmp(text, "the debugger said so") &&
		       seen.finishes == 1,
	       &seen);
	free(text);
}

static void each_instruction(void)
{
	struct seen seen = { .steps = true };
	enum r0_verdict verdict = run(three, NULL, &seen, NULL);

	report("each instruction is a stop",
	       verdict == R0_VERDICT_PASS && seen.count >= 4 && seen.at[0] == (uint64_t)three &&
		       seen.at[1] == (uint64_t)three_second &&
		       seen.at[2] == (uint64_t)three_third &&
		       seen.at[3] == (uint64_t)r0_test_return,
	       &seen);
}

static void handlers_and_ring_3(void)
{
	static struct seen seen;
	char *text;
	enum r0_verdict verdict;

	seen.steps = true;
	verdict = run(all_levels, NULL, &seen, &text);
	report("handlers and ring 3 are stepped",
	       verdict == R0_VERDICT_PASS && has_seen(&seen, handler) && has_seen(&seen, in_ring_3),
	       &seen);
	report("the test does not see TF",
	       !strcmp(text, "frame 0\nflags 0\n") && !(seen.rflags & R0_RFLAGS_TF), &seen);
	free(text);
}

static void let_go(void)
{
	struct seen seen = { .steps = true, .most = 10 };
	enum r0_verdict verdict = run(count, NULL, &seen, NULL);

	report("it can be let go", verdict == R0_VERDICT_PASS && seen.count == 10, &seen);
}

static void gone(void)
{
	struct seen seen = { 0 };

	/* A debug exit would be an error without a debugger. */
	report("nothing is left of it", run(count, NULL, NULL, NULL) == R0_VERDICT_PASS, &seen);
}

static void take_a_step(void *arg)
{
	(void)arg;
	r0_write_rflags(r0_read_rflags() | R0_RFLAGS_TF);
	__asm__ volatile("nop");
}

static void step_on_each(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(r0_try(take_a_step, NULL).vector, R0_DB);
}

/* As a store that went wild would have it: the runtime tells the host of steps then, which are the test's own. */
static void tell_of_steps(void *arg)
{
	r0_guest.stepped = 1;
	r0_on_cpus(step_on_each, arg);
}

static void told_for_no_reason(void)
{
	struct r0_result result = r0_call(tell_of_steps, NULL, &(struct r0_options){ .cpus = 2 });
	struct seen seen = { 0 };

	report("steps that it is told of for no reason, on another CPU, too",
	       result.verdict == R0_VERDICT_PASS, &seen);
	r0_result_finish(&result);
}

int main(void)
{
	struct error error = { "" };
	int err = template_create(&template, &(struct template_needs){ .cpus = 1 }, &error);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (err && template_error_is_no_kvm(err)) {
		printf("1..0 # SKIP %s\n", error.text);
		return 77;
	}
	if (err ||
	    machine_init(&machine, template, &(struct machine_options){ .cpus = 1 }, &error) != 0) {
		printf("Bail out! %s\n", error.text);
		return 1;
	}
	printf("TAP version 14\n1..9\n");
	first_instruction();
	other_argument();
	end_at_once();
	each_instruction();
	handlers_and_ring_3();
	let_go();
	gone();
	told_for_no_reason();
	machine_finish(&machine);
	template_destroy(template);
	return failed;
}
