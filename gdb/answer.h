/* SPDX-License-Identifier: MIT */
/*
 * Answers to packets, and the pieces that packets are made of: numbers, threads, names. Depends on session.h, whose
 * structure it fills in, and packet.h.
 */
#ifndef GDB_ANSWER_H
#define GDB_ANSWER_H

#include "gdb/session.h"

/* Bytes of memory that an answer has room for, as digits. */
#define GDB_MEMORY_MAX ((GDB_PACKET_MAX - 1) / 2)

/* Send one packet; the session keeps it for a client that wants it again. */
void gdb_answer(struct gdb_session *session, const void *data, size_t size);
void gdb_answer_text(struct gdb_session *session, const char *text);

/* Send what is in the buffer, and release it. */
void gdb_answer_buffer(struct gdb_session *session, struct buffer *buffer);

/* The empty answer: there is no such packet. */
void gdb_answer_unknown(struct gdb_session *session);

/* OK for 0; unknown for -ENOTSUP; else E and the number of the error. */
void gdb_answer_result(struct gdb_session *session, int err);

/* A hexadecimal number, and the character behind it, '\0' for the end; *text goes on after both. False if there is none. */
bool gdb_take_number(const char **text, char behind, uint64_t *number);

/* A thread, as its CPU: 0 and -1 are any and all, which is the one that stopped. False if there is no such thread. */
bool gdb_take_cpu(const struct gdb_session *session, const char *text, unsigned int *cpu);

/* Whether the text starts with that, and where it goes on. */
bool gdb_starts(const char *text, const char *with, const char **behind);

#endif /* GDB_ANSWER_H */
