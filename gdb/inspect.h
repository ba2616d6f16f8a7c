/* SPDX-License-Identifier: MIT */
/* Packets that read and write a stopped target: registers, memory, breakpoints. `text` is what follows their letter. */
#ifndef GDB_INSPECT_H
#define GDB_INSPECT_H

#include "gdb/session.h"

/* g and G: all registers. */
void gdb_read_registers(struct gdb_session *session);
void gdb_write_registers(struct gdb_session *session, const char *text);

/* pN, and PN=VALUE. */
void gdb_one_register(struct gdb_session *session, const char *text, bool write);

/* mADDRESS,SIZE; MADDRESS,SIZE:DIGITS, and X with the bytes as they are. */
void gdb_read_memory(struct gdb_session *session, const char *text);
void gdb_write_memory(struct gdb_session *session, const char *text, bool binary);

/* ZKIND,ADDRESS,SIZE, and z: breakpoints and watchpoints. */
void gdb_change_point(struct gdb_session *session, const char *text, bool insert);

#endif /* GDB_INSPECT_H */
