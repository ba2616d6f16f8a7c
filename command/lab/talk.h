/* SPDX-License-Identifier: MIT */
/*
 * Messages to and from a machine (protocol.h). Every wait has an end: the machine's death, a signal or a
 * time limit.
 */
#ifndef COMMAND_LAB_TALK_H
#define COMMAND_LAB_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command/lab/machine.h"
#include "command/lab/options.h"

/* For what is no user's program: handing over files, say. */
#define LAB_TALK_MS 60000

/* What ends a wait, beside what it waits for. */
enum { LAB_GONE_DEAD = -1, LAB_GONE_LATE = -2, LAB_GONE_SIGNAL = -3 };

/*
 * When to give a machine up: at that time of its own clock, lab_machine_clock(), which a loaded host does
 * not bring forward; or for what the user limits of the host's, clock_ms(). 0: never.
 */
struct lab_limit {
	uint64_t end;
	bool is_hosts;
};

/* A message that came: its head, and its content with a NUL after it, in memory for free(). */
struct lab_incoming {
	uint32_t type;
	uint32_t length;
	char *content;
};

/* So many milliseconds from now, by the machine's clock. */
struct lab_limit lab_talk_limit(const struct lab_machine *machine, uint64_t milliseconds);

/* Take the next message. 0 or LAB_GONE_…; the content is the caller's in either case. */
int lab_talk_receive(struct lab_machine *machine, struct lab_incoming *incoming,
		     struct lab_limit limit);

/* Send a message with `size` bytes of data. 0 or LAB_GONE_…. */
int lab_talk_transmit(struct lab_machine *machine, uint32_t type, const void *data, size_t size,
		      struct lab_limit limit);

/* Send bytes that belong to the message before. 0 or LAB_GONE_…. */
int lab_talk_transmit_more(struct lab_machine *machine, const void *data, size_t size,
			   struct lab_limit limit);

/* Say why `what` came to nothing, LAB_GONE_…. Returns the lab's exit status for it. */
int lab_talk_say_gone(struct lab_machine *machine, const struct lab_options *options, int gone,
		      const char *what);

/* Says that such a message was not to come. Returns the lab's exit status for it. */
int lab_talk_say_unknown(const struct lab_incoming *incoming);

/* Say what a LAB_FAILED says. Returns the lab's exit status for it. */
int lab_talk_say_failed(const struct lab_incoming *incoming);

#endif /* COMMAND_LAB_TALK_H */
