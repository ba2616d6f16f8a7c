/* SPDX-License-Identifier: MIT */
/* Calls of mocks: guarded, heard, and told of. */
#include "exits/mock_calls.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ring0/fuzz.h>
#include <ring0/mock.h>
#include "guest/host/outside.h"
#include "mock/printed.h"
#include "run/alarm.h"
#include "run/cpus.h"
#include "run/failures.h"
#include "run/run.h"

static struct mock_call *current_call(void)
{
	return (struct mock_call *)guard_current();
}

/* The run hears nothing of a mock while it is replayed: it has heard it. */
static void print(void *context, const char *text, size_t size)
{
	struct run *run = context;

	if (!run->replays)
		cpus_print(run, text, size);
}

static bool is_overdue(void *context)
{
	const struct run *run = context;

	return atomic_load(&run->deadline->state) == DEADLINE_OVERDUE;
}

static void lost(void *context, const struct guard *guard)
{
	struct run *run = context;

	(void)guard;
	atomic_store(&run->deadline->lost, true);
}

static const struct guard_ops ops = { .print = print, .is_overdue = is_overdue, .lost = lost };

/* "its mock of ports 0x100 to 0x107: ", and what it says. For free(). */
static char *name_mock(const struct mock *mock, const char *text, size_t length)
{
	char range[80], *named;

	mock_range_text(mock, range, sizeof(range));
	return asprintf(&named, "its mock of %s: %.*s", range, (int)length, text) < 0 ? NULL :
											named;
}

/* At the end of a test that passed otherwise, all of it is an expectation. */
static void fail_by(struct mock_call *call, enum r0_failure_kind kind, const char *file, int line,
		    const char *text, size_t length)
{
	struct run *run = call->guard.context;

	if (!call->access)
		kind = R0_FAILURE_EXPECT;
	call->failed |= kind != R0_FAILURE_EXPECT || !call->access;
	run->failing_mock = call->mock;
	run->by_mock |= kind != R0_FAILURE_EXPECT && !run->text;
	failures_add(run, kind, file ? strdup(file) : NULL, line,
		     name_mock(call->mock, text, length));
}

static bool in_mock(void)
{
	return guard_current();
}

static void print_of_program(const char *text, size_t length)
{
	struct mock_call *call = current_call();

	print(call->guard.context, text, length);
}

static void failure_of_program(const struct r0_failure *failure)
{
	struct mock_call *call = current_call();

	fail_by(call, (enum r0_failure_kind)failure->kind, failure->file, (int)failure->line,
		failure->text, failure->length);
	if (failure->kind != R0_FAILURE_EXPECT)
		guard_leave(&call->guard, GUARD_LEFT);
}

static const struct program program_of_mocks = {
	.in_mock = in_mock,
	.console = print_of_program,
	.failure = failure_of_program,
};

int mock_calls_init(struct error *error)
{
	int err = guard_init(error);

	if (err)
		return err;
	program = &program_of_mocks;
	printed_init();
	return 0;
}

void mock_calls_finish(void)
{
	printed_finish();
	guard_finish();
}

/* A call that fails the test without any word of the mock's own is -EPERM without a message. */
static int finish_call(struct run *run, struct mock_call *call, struct error *error)
{
	switch (call->guard.end) {
	case GUARD_RETURNED:
		if (!call->failed)
			return call->guard.result ? -EPERM : 0;
		break;
	case GUARD_LEFT:
		break;
	default:
		printed_renew();
		run->broken = *call;
		run->is_broken = true;
		return error_set(error, EPERM, "its mock did not return");
	}
	return error_set(error, EPERM, "%s", run->text ? run->text : "its mock failed");
}

static int handle(void *argument)
{
	const struct mock_call *call = argument;

	if (call->mock->hypercall)
		return call->mock->hypercall->handler(call->mock->state, call->mock->made);
	return call->mock->declared->handler(call->mock->state, call->access);
}

/* The call is where the supervisor finds it, should it never come back. */
static void make_call(struct run *run, struct mock_call *call, int (*fn)(void *argument))
{
	atomic_store(&run->deadline->call, call);
	guard_call(&call->guard, fn, call);
	run_stay_wanted(run);
	/* It has returned after all: what it slept in was interrupted, for one. */
	if (call->guard.end == GUARD_RETURNED && call->guard.place)
		call->guard.end = GUARD_OVERDUE;
	atomic_store(&run->deadline->call, NULL);
}

int mock_calls_handle(void *context, struct mock *mock, struct r0_access *access,
		      struct error *error)
{
	struct run *run = context;
	struct mock_call call = {
		.guard.ops = &ops,
		.guard.context = run,
		.mock = mock,
		.access = access,
	};

	make_call(run, &call, handle);
	return finish_call(run, &call, error);
}

static int look_at_end(void *argument)
{
	const struct mock_call *call = argument;

	return call->mock->declared->at_end(call->mock->state);
}

static void tell_end(struct run *run, struct mock_call *call)
{
	static const char refused[] = "its .at_end function returned -1";
	char message[1024], file[MOCK_CALL_FILE_SIZE];
	int line;

	if (call->guard.end == GUARD_RETURNED && call->guard.result && !call->failed) {
		fail_by(call, R0_FAILURE_EXPECT, NULL, 0, refused, sizeof(refused) - 1);
	} else if (call->guard.end > GUARD_LEFT) {
		printed_renew();
		mock_call_describe(call, message, sizeof(message), file, &line, NULL);
		failures_add(run, R0_FAILURE_EXPECT, file[0] ? strdup(file) : NULL, line,
			     strdup(message));
	}
}

void mock_calls_at_end(struct run *run)
{
	size_t i;

	for (i = 0; i < run->mocks.count; i++) {
		struct mock *mock = &run->mocks.entries[i];
		struct mock_call call = { .guard.ops = &ops, .guard.context = run, .mock = mock };

		if (!mock->declared->at_end)
			continue;
		make_call(run, &call, look_at_end);
		tell_end(run, &call);
	}
}

int r0_mock_fail(const struct r0_access *access, const char *format, ...)
{
	struct mock_call *call = current_call();
	va_list arguments;
	char *text;
	int length;

	(void)access;
	if (!call) {
		fprintf(stderr, "ring0: r0_mock_fail() was called outside of a mock\n");
		abort();
	}
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return -1;
	fail_by(call, R0_FAILURE_PANIC, NULL, 0, text, (size_t)length);
	free(text);
	return -1;
}

/* A call that the mock may not make ends it. */
static void set_irq(const char *function, unsigned int line, bool level, uint64_t nanoseconds)
{
	struct mock_call *call = current_call();
	struct run *run;
	struct error error = { "" };
	char text[640];

	if (!call) {
		fprintf(stderr, "ring0: %s() was called outside of a mock\n", function);
		abort();
	}
	run = call->guard.context;
	if (!run->machine->devices)
		error_set(&error, EINVAL, "the test has no interrupt lines: it needs .irqchip");
	else if (interrupt_devices_set_line(run->machine->devices, line, level, nanoseconds,
					    &error) == 0 &&
		 nanoseconds)
		alarm_set(run);
	if (!error.text[0])
		return;
	snprintf(text, sizeof(text), "%s(): %s", function, error.text);
	fail_by(call, R0_FAILURE_PANIC, NULL, 0, text, strlen(text));
	guard_leave(&call->guard, GUARD_LEFT);
}

size_t r0_fuzz_take(void *to, size_t size)
{
	struct mock_call *call = current_call();
	const struct r0_fuzz_input *input;
	struct run *run;
	size_t taken = 0;

	if (!call) {
		fprintf(stderr, "ring0: %s() was called outside of a mock\n", __func__);
		abort();
	}
	run = call->guard.context;
	input = run->job->input ? &run->job->input->input : NULL;
	memset(to, 0, size);
	for (; taken < size && input && run->taken < input->size; taken++)
		((uint8_t *)to)[taken] = input->data[input->size - ++run->taken];
	return taken;
}

void r0_mock_set_irq(const struct r0_access *access, unsigned int line, bool level)
{
	(void)access;
	set_irq(__func__, line, level, 0);
}

void r0_mock_set_irq_after(const struct r0_access *access, unsigned int line, bool level,
			   uint64_t nanoseconds)
{
	(void)access;
	set_irq(__func__, line, level, nanoseconds ? nanoseconds : 1);
}
