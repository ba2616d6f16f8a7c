/* SPDX-License-Identifier: MIT */
/* Code under test of replace_test.c: a 16550's receiver, polled. */
#ifndef DRIVER_H
#define DRIVER_H

/* 0 when a byte is there, within that time; else -1. */
int wait_ready(unsigned int microseconds);

/* Stop the machine for good. */
void fatal(const char *why) __attribute__((noreturn));

/* The next byte. Gives up on the device after three waits of a second. */
int driver_read(void);

#endif /* DRIVER_H */
