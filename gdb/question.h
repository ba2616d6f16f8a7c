/* SPDX-License-Identifier: MIT */
/* q and Q: what gdb asks of a session and its target, and what it sets. */
#ifndef GDB_QUESTION_H
#define GDB_QUESTION_H

#include "gdb/session.h"

/* `text` is the whole packet. */
void gdb_answer_question(struct gdb_session *session, const char *text);

#endif /* GDB_QUESTION_H */
