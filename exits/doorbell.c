/* SPDX-License-Identifier: MIT */
/*
 * What the guest runtime asks of the host. Nothing in guest memory is trusted: lengths are
 * bounded, and addresses go through the mirror.
 */
#include "exits/doorbell.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <ring0/private/abi.h>
#include "base/clock.h"
#include "crash/exception.h"
#include "exits/syscall_name.h"
#include "exits/unset_read.h"
#include "machine/cpu.h"
#include "run/alarm.h"
#include "run/cpus.h"
#include "run/crash_view.h"
#include "run/failures.h"
#include "verdict/outcome.h"

#define TEXT_LIMIT 65536u
#define PATH_LIMIT 4096u

/* A copy of guest memory, as much of it as can be read, and a NUL behind it; NULL without memory. */
static char *copy_bytes(const struct run *run, uint64_t address, uint64_t *length)
{
	char *text;

	*length = *length < TEXT_LIMIT ? *length : TEXT_LIMIT;
	text = malloc(*length + 1);
	if (!text)
		return NULL;
	*length = memory_read(&run->machine->memory, gva(address), text, *length);
	text[*length] = '\0';
	return text;
}

/* A copy of guest text, of which NUL bytes do not cut off the rest: each is the four of "\\x00". */
static char *copy_text(const struct run *run, uint64_t address, uint64_t length)
{
	char *bytes = copy_bytes(run, address, &length);
	char *text = bytes ? malloc(length * 4 + 1) : NULL, *to = text;
	uint64_t i;

	for (i = 0; text && i < length; i++) {
		if (bytes[i])
			*to++ = bytes[i];
		else
			to = stpcpy(to, "\\x00");
	}
	if (text)
		*to = '\0';
	free(bytes);
	return text;
}

/* Read on to the end of the page or the limit, it ends at its own NUL. */
static char *copy_path(const struct run *run, uint64_t address)
{
	uint64_t length = PATH_LIMIT;

	return address ? copy_bytes(run, address, &length) : NULL;
}

static enum step console(struct run *run, uint64_t address, uint64_t length)
{
	uint64_t done = 0;
	char chunk[4096];

	while (done < length && !run->replays) {
		size_t want = length - done < sizeof(chunk) ? length - done : sizeof(chunk);
		size_t got = memory_read(&run->machine->memory, gva(address + done), chunk, want);

		cpus_print(run, chunk, got);
		done += got;
		if (got < want || run->output.cut)
			break;
	}
	cpu_answer(run->cpu, done);
	return STEP_ON;
}

/* One failure: the first gives the run its place, all are listed. */
static enum step failure(struct run *run, uint64_t address)
{
	struct r0_failure what;
	char *text, *file;

	if (memory_read(&run->machine->memory, gva(address), &what, sizeof(what)) != sizeof(what))
		return run_end(run, END_FAILED, "a failure whose description can't be read");
	text = copy_text(run, (uint64_t)what.text, what.length);
	file = copy_path(run, (uint64_t)what.file);
	if (!failures_add(run, (enum r0_failure_kind)what.kind, file, (int)what.line, text))
		return run_end(run, END_HOST_ERROR, "no memory for a failure's text");
	return STEP_ON;
}

static enum step exception(struct run *run, uint64_t address, uint64_t accessed)
{
	struct r0_frame frame;
	char name[64];

	if (memory_read(&run->machine->memory, gva(address), &frame, sizeof(frame)) !=
	    sizeof(frame))
		return run_end(run, END_FAILED, "an exception whose frame can't be read");
	run->crash = (struct crash){ .kind = CRASH_EXCEPTION };
	run->explains = true;
	run_note_frame(run, &frame);
	run->ending.vector = run->crash.vector;
	run->fault_address = accessed;
	if (!crash_exception_is_interrupt(run->crash.vector))
		return run_end(run, END_EXCEPTION, NULL);
	error_set(&run->complaint, EINTR, "%s, which has no handler",
		  crash_exception_name(run->crash.vector, name, sizeof(name)));
	return run_end(run, END_EXCEPTION, run->complaint.text);
}

/* The condition's name, or the text that the test gave. */
static enum step skip(struct run *run, uint64_t address, uint64_t length)
{
	char name[256];

	if (!address) {
		crash_view_condition(run, name, sizeof(name));
		run->text = strdup(name);
	} else {
		run->text = copy_text(run, address, length);
	}
	return run_end(run, END_SKIPPED, run->text);
}

/* One page's worth, into the program's own memory, if both sides have it writable. */
static bool publish_page(struct run *run, uint64_t at, size_t size)
{
	const struct mirror_part *part = mirror_find(run->machine->template->mirror, at);
	char page[PAGE_SIZE];
	struct iovec from = { .iov_base = page, .iov_len = size };
	struct iovec to = { .iov_base = (void *)(uintptr_t)at, .iov_len = size };
	r0_gpa physical;

	if (!part || !part->map.write)
		return false;
	/* What the test never touched of a sparse mapping is as it is in the program. */
	if (part->kind == MIRROR_SPARSE &&
	    !memory_translate(&run->machine->memory, gva(at), &physical))
		return true;
	return memory_read(&run->machine->memory, gva(at), page, size) == size &&
	       process_vm_writev(getpid(), &from, 1, &to, 1, 0) == (ssize_t)size;
}

static enum step publish(struct run *run, uint64_t address, uint64_t size)
{
	uint64_t at = address, left = size;
	bool published = true;

	while (left && published && !run->replays) {
		size_t room = PAGE_SIZE - (at & (PAGE_SIZE - 1)), step = left < room ? left : room;

		published = publish_page(run, at, step);
		at += step;
		left -= step;
	}
	cpu_answer(run->cpu, published ? 0 : (uint64_t)-1);
	return STEP_ON;
}

static enum step clock_now(struct run *run)
{
	cpu_answer(run->cpu, clock_ns());
	return STEP_ON;
}

/* Who waits busily wants nothing but the clock: after is 0. */
static enum step wake(struct run *run, uint64_t after)
{
	uint64_t now = clock_ns();

	if (!run->machine->vm.irqchip)
		return run_end(run, END_REFUSED,
			       "it waits for an interrupt, and has no interrupt controllers: a "
			       "test that needs them says .irqchip = true");
	if (after)
		alarm_wake_at(run, now + after);
	cpu_answer(run->cpu, now);
	return STEP_ON;
}

static enum step populate(struct run *run, uint64_t address, uint64_t frame)
{
	int got = memory_populate(&run->machine->memory, address, &run->complaint);

	if (got < 0)
		return run_end(run, END_HOST_ERROR, run->complaint.text);
	if (got)
		unset_read_tell(run, address, frame);
	cpu_answer(run->cpu, (uint64_t)got);
	return STEP_ON;
}

/* More than there is room for is told where the test's output is: it goes on without, or fails. */
static enum step map(struct run *run, uint64_t size, uint64_t wanted)
{
	uint64_t address = wanted;
	int err = memory_map(&run->machine->memory, size, &address, &run->complaint);

	if (err)
		address = 0;
	if (err && err != -ENOMEM && err != -EEXIST)
		return run_end(run, END_HOST_ERROR, run->complaint.text);
	if (err == -ENOMEM && !run->replays) {
		cpus_print(run, run->complaint.text, strlen(run->complaint.text));
		cpus_print(run, "\n", 1);
	}
	run->complaint.text[0] = '\0';
	cpu_answer(run->cpu, address);
	return STEP_ON;
}

static enum step unmap(struct run *run, uint64_t address, uint64_t size)
{
	if (memory_unmap(&run->machine->memory, address, size))
		return run_end(run, END_HOST_ERROR, "no memory for the list of a test's mappings");
	return STEP_ON;
}

static enum step stepped(struct run *run, uint64_t frame)
{
	cpu_answer(run->cpu, stepping_exception(run, frame));
	return STEP_ON;
}

static enum step system_call(struct run *run, uint64_t number)
{
	error_set(&run->complaint, ENOSYS,
		  "system call %s (%llu), which a test can't make in ring 0", syscall_name(number),
		  (unsigned long long)number);
	run->explains = true;
	run->crash.kind = CRASH_SYSTEM_CALL;
	run->crash.refusal = run->complaint.text;
	run_note_registers(run);
	return run_end(run, END_REFUSED, run->complaint.text);
}

/* Text up to its own NUL, on one line: what can't be shown there is a question mark. */
static bool read_line(const struct run *run, const char *address, char text[R0_VALUE_TEXT + 1])
{
	size_t length =
		memory_read(&run->machine->memory, gva((uint64_t)address), text, R0_VALUE_TEXT);

	text[length] = '\0';
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	return length;
}

static enum step value(struct run *run, uint64_t address)
{
	struct r0_given_value given;
	char name[R0_VALUE_TEXT + 1], unit[R0_VALUE_TEXT + 1];

	cpu_answer(run->cpu, 0);
	if (run->replays)
		return STEP_ON;
	if (run->given.value_count == R0_VALUE_LIMIT) {
		cpu_answer(run->cpu, (uint64_t)-1);
		return STEP_ON;
	}
	if (memory_read(&run->machine->memory, gva(address), &given, sizeof(given)) !=
		    sizeof(given) ||
	    !read_line(run, given.name, name) || !read_line(run, given.unit, unit))
		return run_end(run, END_FAILED, "r0_value() was given a text that can't be read");
	if (outcome_add_value(&run->given, &(struct r0_value){
						   .name = name,
						   .unit = unit,
						   .number = given.number,
						   .minimum = given.minimum,
						   .spread = given.spread,
						   .samples = given.samples,
						   .decimals = given.decimals < R0_VALUE_DECIMALS ?
								       given.decimals :
								       R0_VALUE_DECIMALS,
					   }))
		return run_end(run, END_HOST_ERROR, "no memory for a value");
	return STEP_ON;
}

/* The runtime was called where code should not come: the place that matters is the caller's. */
static enum step refuse(struct run *run, uint64_t address, uint64_t length)
{
	char *text = copy_text(
		run, address,
		length < sizeof(run->complaint.text) ? length : sizeof(run->complaint.text) - 1);

	error_set(&run->complaint, ENOSYS, "%s", text ? text : "no memory");
	free(text);
	run->explains = true;
	run->crash.kind = CRASH_PLACE;
	run_note_registers(run);
	return run_end(run, END_REFUSED, run->complaint.text);
}

/* The messages of machines with several CPUs. */
static enum step serve_parallel(struct run *run, uint64_t message, uint64_t a)
{
	switch (message) {
	case R0_MESSAGE_IDLE:
		if (cpus_idle(run) != 0)
			return run_end(run, END_HOST_ERROR, run->complaint.text);
		return STEP_ON;
	case R0_MESSAGE_WORK:
		cpu_answer(run->cpu, (uint64_t)cpus_wake(run, a));
		return STEP_ON;
	case R0_MESSAGE_SENT:
		cpus_run_all(run);
		cpu_answer(run->cpu, 0);
		return STEP_ON;
	case R0_MESSAGE_CPU:
		cpu_answer(run->cpu, run_cpu(run));
		return STEP_ON;
	}
	error_set(&run->complaint, EPROTO, "the guest runtime sent an unknown message, %#llx",
		  (unsigned long long)message);
	return run_end(run, END_FAILED, run->complaint.text);
}

enum step doorbell_serve(struct run *run)
{
	const struct cpu_message message = cpu_message(run->cpu);
	uint64_t a = message.a, b = message.b;

	switch (message.number) {
	case R0_MESSAGE_PASS:
		return run_end(run, run->text ? END_FAILED : END_RETURNED, run->text);
	case R0_MESSAGE_STOP:
		return run_end(run, END_FAILED, run->text ? run->text : "the test stopped");
	case R0_MESSAGE_SKIP:
		return skip(run, a, b);
	case R0_MESSAGE_CONSOLE:
		return console(run, a, b);
	case R0_MESSAGE_FAILURE:
		return failure(run, a);
	case R0_MESSAGE_EXCEPTION:
		return exception(run, a, b);
	case R0_MESSAGE_PUBLISH:
		return publish(run, a, b);
	case R0_MESSAGE_CLOCK:
		return clock_now(run);
	case R0_MESSAGE_WAKE:
		return wake(run, a);
	case R0_MESSAGE_POPULATE:
		return populate(run, a, b);
	case R0_MESSAGE_MAP:
		return map(run, a, b);
	case R0_MESSAGE_UNMAP:
		return unmap(run, a, b);
	case R0_MESSAGE_STEPPED:
		return stepped(run, a);
	case R0_MESSAGE_REST:
		cpu_answer(run->cpu, (uint64_t)cpus_rest(run, a));
		return STEP_ON;
	case R0_MESSAGE_SYSCALL:
		return system_call(run, a);
	case R0_MESSAGE_REFUSE:
		return refuse(run, a, b);
	case R0_MESSAGE_VALUE:
		return value(run, a);
	case R0_MESSAGE_EXIT:
		run->ending.status = (int)(a & 0xff);
		return run_end(run, END_EXIT, NULL);
	}
	if (run->cpus)
		return serve_parallel(run, message.number, a);
	error_set(&run->complaint, EPROTO, "the guest runtime sent an unknown message, %#llx",
		  (unsigned long long)message.number);
	return run_end(run, END_FAILED, run->complaint.text);
}

bool doorbell_expects(const struct run *run, int vector)
{
	const struct memory *memory = &run->machine->memory;
	unsigned int number = run_cpu(run);
	const void *handler;
	struct r0_cpu cpu;

	if (run->job->options->expect_exception == R0_EXCEPTION(vector))
		return true;
	/* A test with an IDT of its own has handlers of its own. */
	if (cpu_has_own_vectors(run->machine, number))
		return true;
	if (memory_read(memory, gva((uint64_t)r0_cpu_at(&r0_guest, number)), &cpu, sizeof(cpu)) !=
		    sizeof(cpu) ||
	    memory_read(memory, gva((uint64_t)&r0_guest.handlers[vector]), &handler,
			sizeof(handler)) != sizeof(handler))
		return false;
	return cpu.try || handler;
}
