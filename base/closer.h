/* SPDX-License-Identifier: MIT */
/*
 * Closing descriptors whose closing takes long, beside what comes next. Depends on Linux alone.
 *
 * A thread would not do: a process has ended only when its threads have. A process of its own closes each
 * one, which shares the caller's memory, so that nothing is copied, and has nothing else open, so that no
 * reader of a pipe waits for it. It is no child of the caller's by the time that it works: nobody has to
 * wait for it, and it leaves nothing behind. Where there can be no such process, or there are CLOSER_LIMIT
 * already, or another thread is just starting one, the caller closes by itself.
 */
#ifndef BASE_CLOSER_H
#define BASE_CLOSER_H

/* The most that are closed beside the caller's process at a time. */
#define CLOSER_LIMIT 8

/* Close a descriptor, which is no longer the caller's. From any thread; errno may change. */
void closer_close(int fd);

#endif /* BASE_CLOSER_H */
