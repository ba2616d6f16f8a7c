/* SPDX-License-Identifier: MIT */
/* As exits/doorbell.c does it on the host: nothing of the test's memory is trusted. */
#include "image/start/tests/requests_x86_64.h"
#include <ring0/private/abi.h>
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "guest/text/format.h"
#include "image/start/cpu/enter_x86_64.h"
#include "image/start/cpu/others_x86_64.h"
#include "image/start/cpu/space_x86_64.h"
#include "image/start/hardware/clock_x86_64.h"
#include "image/start/hardware/console_x86_64.h"
#include "image/start/tests/lent_x86_64.h"
#include "image/start/tests/limit_x86_64.h"
#include "image/start/tests/report.h"
#include "image/start/tests/stopped_x86_64.h"

struct requests requests;

static uint64_t doorbell_at;

static __attribute__((noreturn)) void end(enum ending_how how, const char *message)
{
	requests.ending.how = how;
	requests.ending.message = message;
	others_leave(ENTER_ENDED);
}

static uint64_t console(uint64_t address, uint64_t length)
{
	uint64_t done = 0;
	char chunk[256];

	while (done < length) {
		size_t want = length - done < sizeof(chunk) ? length - done : sizeof(chunk);
		size_t got = space_read(address + done, chunk, want);

		console_output(chunk, got);
		done += got;
		if (got < want)
			break;
	}
	return done;
}

/* Text of a given length; a NUL in it ends it. */
static void read_text(uint64_t address, uint64_t length, char *text, size_t size)
{
	size_t want = length < size - 1 ? length : size - 1;

	text[space_read(address, text, want)] = '\0';
}

/* Told at once: the machine may be lost before the test's end. The first one is how the test ended. */
static uint64_t failure(uint64_t address)
{
	static char text[REQUESTS_TEXT];
	struct r0_failure what;
	char file[REQUESTS_PATH] = "";

	if (space_read(address, &what, sizeof(what)) != sizeof(what))
		end(END_FAILED, "a failure whose description can't be read");
	read_text((uint64_t)what.text, what.length, text, sizeof(text));
	if (what.file)
		space_read_text((uint64_t)what.file, file, sizeof(file));
	if (!requests.file[0] && file[0]) {
		copy_bytes(requests.file, file, sizeof(file));
		requests.line = what.line;
	}
	if (what.kind == R0_FAILURE_EXPECT) {
		requests.ending.failed_expectation = true;
		if (!requests.ending.expectation) {
			copy_bytes(requests.expectation, text, sizeof(text));
			requests.ending.expectation = requests.expectation;
		}
	} else if (!requests.has_failed) {
		/* As in a VM, the test's CPU alone goes on, to the teardown. */
		if (!others_self())
			others_stop();
		requests.has_failed = true;
		copy_bytes(requests.text, text, sizeof(text));
	}
	return 0;
}

static __attribute__((noreturn)) void exception(uint64_t address, uint64_t cr2)
{
	struct r0_frame frame;

	if (space_read(address, &frame, sizeof(frame)) != sizeof(frame))
		end(END_FAILED, "an exception whose frame can't be read");
	stopped_take(&frame, cr2, enter_asker.cr3);
	requests.ending.vector = (int)(frame.vector & 0xff);
	if (requests.ending.vector < 32)
		end(END_EXCEPTION, NULL);
	format_to(requests.text, sizeof(requests.text), "interrupt %#x, which has no handler",
		  (unsigned int)requests.ending.vector);
	end(END_EXCEPTION, requests.text);
}

static __attribute__((noreturn)) void skip(uint64_t address, uint64_t length)
{
	if (!address)
		end(END_SKIPPED, NULL);
	read_text(address, length, requests.text, sizeof(requests.text));
	end(END_SKIPPED, requests.text);
}

static __attribute__((noreturn)) void refuse(const char *format, uint64_t number)
{
	const struct r0_frame frame = {
		.rip = doorbell_at,
		.cs = R0_KERNEL_CS,
		.ss = R0_KERNEL_DS,
		.rsp = enter_asker.rsp,
		.rbx = enter_asker.rbx,
		.rbp = enter_asker.rbp,
		.r12 = enter_asker.r12,
		.r13 = enter_asker.r13,
		.r14 = enter_asker.r14,
		.r15 = enter_asker.r15,
	};

	stopped_take(&frame, r0_read_cr2(), enter_asker.cr3);
	format_to(requests.text, sizeof(requests.text), format, (unsigned long long)number);
	end(END_REFUSED, requests.text);
}

static void read_line(uint64_t address, char text[R0_VALUE_TEXT + 1])
{
	space_read_text(address, text, R0_VALUE_TEXT + 1);
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/* Told at once, too. */
static uint64_t value(uint64_t address)
{
	static char name[R0_VALUE_TEXT + 1], unit[R0_VALUE_TEXT + 1];
	struct r0_given_value given;
	struct r0_value value = { .name = name, .unit = unit };

	if (requests.values == R0_VALUE_LIMIT)
		return (uint64_t)-1;
	if (space_read(address, &given, sizeof(given)) != sizeof(given))
		end(END_FAILED, "r0_value() was given what can't be read");
	requests.values++;
	read_line((uint64_t)given.name, name);
	read_line((uint64_t)given.unit, unit);
	value.number = given.number;
	value.minimum = given.minimum;
	value.spread = given.spread;
	value.samples = given.samples;
	value.decimals = given.decimals < R0_VALUE_DECIMALS ? given.decimals : R0_VALUE_DECIMALS;
	report_value(requests.name, &value);
	return 0;
}

/* A message. Returns its answer, unless it ends the test. */
static uint64_t serve(uint64_t message, uint64_t a, uint64_t b)
{
	switch (message) {
	case R0_MESSAGE_PASS:
		end(requests.has_failed ? END_FAILED : END_RETURNED,
		    requests.has_failed ? requests.text : NULL);
	case R0_MESSAGE_STOP:
		end(END_FAILED, requests.has_failed ? requests.text : "the test stopped");
	case R0_MESSAGE_SKIP:
		skip(a, b);
	case R0_MESSAGE_CONSOLE:
		return console(a, b);
	case R0_MESSAGE_FAILURE:
		return failure(a);
	case R0_MESSAGE_EXCEPTION:
		exception(a, b);
	case R0_MESSAGE_PUBLISH: /* there is nobody to hand it to: the copy is the program */
		return 0;
	case R0_MESSAGE_CLOCK:
		return clock_now();
	case R0_MESSAGE_WAKE:
		if (a)
			limit_wake(a);
		return clock_now();
	case R0_MESSAGE_POPULATE:
	case R0_MESSAGE_STEPPED:
	case R0_MESSAGE_SENT: /* it runs */
		return 0;
	case R0_MESSAGE_MAP:
		return b ? 0 : lent_take(a);
	case R0_MESSAGE_UNMAP:
		return 0;
	case R0_MESSAGE_CPU:
		return others_self();
	case R0_MESSAGE_WORK: /* it looks by itself */
	case R0_MESSAGE_REST:
		return others_have_stopped() ? (uint64_t)-1 : 0;
	case R0_MESSAGE_SYSCALL:
		refuse("system call %llu, which a test can't make in ring 0", a);
	case R0_MESSAGE_VALUE:
		return value(a);
	case R0_MESSAGE_EXIT:
		requests.ending.status = (int)(a & 0xff);
		end(END_EXIT, NULL);
	}
	refuse("the guest runtime sent a message that an image does not know, %#llx", message);
}

void requests_begin(const char *name, uint64_t doorbell)
{
	doorbell_at = doorbell;
	fill_bytes(&requests, 0, sizeof(requests));
	requests.name = name;
	enter_serve_request = serve;
}
