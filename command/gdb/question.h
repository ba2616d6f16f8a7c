/* SPDX-License-Identifier: MIT */
/* q and Q: what gdb asks of a session and its target, and what it sets. */
#ifndef COMMAND_GDB_QUESTION_H
#define COMMAND_GDB_QUESTION_H

#include "command/gdb/session.h"

/* `text` is the whole packet. */
void gdb_answer_question(struct gdb_session *session, const char *text);

#endif /* COMMAND_GDB_QUESTION_H */
