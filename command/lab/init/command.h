/* SPDX-License-Identifier: MIT */
/*
 * The command ring0 inside: init's own program stands in for it. It hands init what a test program asks it, init sends it
 * to the lab, and the answer comes back the same way. When it is to do anything else, it has the lab send the command
 * itself, and becomes that.
 */
#ifndef COMMAND_LAB_INIT_COMMAND_H
#define COMMAND_LAB_INIT_COMMAND_H

#include "command/lab/protocol.h"

/* As another process than init: ask, print the answer. Returns the exit status, or not at all. */
int command_ask(int argc, char **argv);

/* Listen for such processes. A descriptor for poll(), or -1 where the kernel has no local sockets. */
int command_listen(void);

/* Send on what one of them asks. */
void command_take(int listener);

/* Hand one its answer, which follows in the port: `length` bytes, a struct lab_answer among them. */
void command_answer(uint32_t length);

#endif /* COMMAND_LAB_INIT_COMMAND_H */
