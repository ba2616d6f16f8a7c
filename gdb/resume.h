/* SPDX-License-Identifier: MIT */
/* Packets that let a stopped target go on. */
#ifndef GDB_RESUME_H
#define GDB_RESUME_H

#include "gdb/session.h"

/* c and s: the current CPU does that, the others run. */
void gdb_resume_one(struct gdb_session *session, enum gdb_action action);

/* vCont;ACTION[:THREAD]...: what follows "vCont;", which is taken apart. */
void gdb_resume_each(struct gdb_session *session, char *text);

#endif /* GDB_RESUME_H */
