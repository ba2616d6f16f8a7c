/* SPDX-License-Identifier: MIT */
/* Messages to and from a machine: see talk.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/protocol.h"
#include "command/lab/signals.h"
#include "command/lab/strings.h"
#include "command/lab/talk.h"

/* A machine that loses interrupts gets one when it has been silent for so long. */
#define INTERRUPT_MS 100

struct lab_limit lab_talk_limit(const struct lab_machine *machine, uint64_t milliseconds)
{
	return (struct lab_limit){ .end = lab_machine_clock(machine) + milliseconds };
}

/* Milliseconds left, at most an hour; 0 when it is over; -1 for ever. */
static int time_left(const struct lab_machine *machine, struct lab_limit limit)
{
	uint64_t now = limit.is_hosts ? clock_ms() : lab_machine_clock(machine);

	if (!limit.end)
		return -1;
	if (now >= limit.end)
		return 0;
	return limit.end - now > 3600000 ? 3600000 : (int)(limit.end - now);
}

/* By a message, whole or not at all: where there is no room for it, it has others to read. */
static void interrupt(struct lab_machine *machine)
{
	const struct lab_message nothing = { .type = LAB_INTERRUPT };

	(void)machine->emulator->transmit(machine, &nothing, sizeof(nothing));
}

/* Wait for the port to be readable or writable. 0 or LAB_GONE_…. */
static int wait_port(struct lab_machine *machine, short events, struct lab_limit limit)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = machine->port, .events = events },
			{ .fd = machine->console, .events = POLLIN },
			{ .fd = machine->complaint, .events = POLLIN },
			{ .fd = machine->process, .events = POLLIN },
			{ .fd = lab_signals, .events = POLLIN },
		};
		int ready = poll(fds, 5, 0);

		/* The machine's clock is not to be read for each message. */
		if (!ready) {
			int timeout = time_left(machine, limit);

			if (machine->panic_time && (timeout < 0 || timeout > 100))
				timeout = 100;
			if (machine->is_interrupted && (timeout < 0 || timeout > INTERRUPT_MS))
				timeout = INTERRUPT_MS;
			ready = poll(fds, 5, timeout);
			if (!ready && machine->is_interrupted)
				interrupt(machine);
		}
		if (ready < 0 && errno != EINTR)
			exit(lab_error(LAB_INTERNAL, "poll: %s", strerror(errno)));
		if (fds[4].revents & POLLIN && (lab_signal = lab_take_signal()))
			return LAB_GONE_SIGNAL;
		/* Before the machine's death: what it sent before that counts. */
		if (fds[0].revents & events)
			return 0;
		if (!lab_machine_listen(machine) || fds[0].revents)
			return LAB_GONE_DEAD;
		if (!time_left(machine, limit))
			return LAB_GONE_LATE;
	}
}

static int receive(struct lab_machine *machine, void *data, size_t size, struct lab_limit limit)
{
	char *to = data;

	while (size) {
		int gone = wait_port(machine, POLLIN, limit);
		ssize_t n;

		if (gone)
			return gone;
		n = machine->emulator->receive(machine, to, size);
		if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR))
			return LAB_GONE_DEAD;
		if (n > 0) {
			to += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

int lab_talk_transmit_more(struct lab_machine *machine, const void *data, size_t size,
			   struct lab_limit limit)
{
	const char *from = data;

	while (size) {
		ssize_t n = machine->emulator->transmit(machine, from, size);
		int gone = n == -EAGAIN ? wait_port(machine, POLLOUT, limit) : 0;

		if (gone)
			return gone;
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			return LAB_GONE_DEAD;
		if (n > 0) {
			from += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

int lab_talk_receive(struct lab_machine *machine, struct lab_incoming *incoming,
		     struct lab_limit limit)
{
	struct lab_message head;
	int gone = receive(machine, &head, sizeof(head), limit);

	*incoming = (struct lab_incoming){ 0 };
	if (gone)
		return gone;
	/* What is inside the machine is not to be trusted with our memory. */
	if (head.length > LAB_MESSAGE_MAX)
		return LAB_GONE_DEAD;
	*incoming = (struct lab_incoming){ head.type, head.length, lab_allocate(head.length + 1) };
	return receive(machine, incoming->content, head.length, limit);
}

int lab_talk_transmit(struct lab_machine *machine, uint32_t type, const void *data, size_t size,
		      struct lab_limit limit)
{
	struct lab_message head = { type, (uint32_t)size };
	int gone = lab_talk_transmit_more(machine, &head, sizeof(head), limit);

	return gone ? gone : lab_talk_transmit_more(machine, data, size, limit);
}

int lab_talk_say_gone(struct lab_machine *machine, const struct lab_options *options, int gone,
		      const char *what)
{
	char *last;
	size_t size;
	int status;

	if (gone == LAB_GONE_SIGNAL)
		return 128 + lab_signal;
	if (gone == LAB_GONE_DEAD)
		return lab_machine_autopsy(machine, options);
	lab_machine_listen(machine);
	size = machine->log_size;
	while (size && (machine->log[size - 1] == '\n' || machine->log[size - 1] == '\r'))
		size--;
	last = lab_format("%.*s", (int)size, machine->log ? machine->log : "");
	status = lab_error(LAB_TIMEOUT, "%s took too long; the machine's last words: %s", what,
			   *last ? (strrchr(last, '\n') ? strrchr(last, '\n') + 1 : last) : "none");
	free(last);
	return status;
}

int lab_talk_say_unknown(const struct lab_incoming *incoming)
{
	return lab_error(
		LAB_INTERNAL,
		"the machine sent message %u of %zu bytes, which means nothing here; start it "
		"afresh with --cold",
		incoming->type, (size_t)incoming->length);
}

int lab_talk_say_failed(const struct lab_incoming *incoming)
{
	struct lab_exit failure = { 0 };

	if (incoming->length >= sizeof(failure))
		memcpy(&failure, incoming->content, sizeof(failure));
	else
		return lab_error(LAB_INTERNAL, "the machine failed without saying why");
	if (failure.status == ENOSPC || failure.status == ENOMEM)
		return lab_error(LAB_NO_MEMORY,
				 "the machine has too little memory for the files (%s); give it "
				 "more with --memory",
				 incoming->content + sizeof(failure));
	return lab_error(LAB_MISSING, "inside the machine, %s",
			 incoming->content + sizeof(failure));
}
