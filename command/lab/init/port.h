/* SPDX-License-Identifier: MIT */
/*
 * What the machine's first process has to say to `ring0 lab`, and hears from it. There is one port, of this
 * process. Nothing here fails: without the port the machine is of no use, and ends.
 */
#ifndef COMMAND_LAB_INIT_PORT_H
#define COMMAND_LAB_INIT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_CHUNK 65536 /* bytes of a message's data at most, of those that are sent */

/* Say on the console why the machine is of no use, and end it: the lab shows the last line. */
void __attribute__((noreturn, format(printf, 1, 2))) port_give_up(const char *format, ...);

/* Find the lab's port and open it. Returns its descriptor, for poll(). */
int port_open(void);

/* Read `size` bytes, all of them. */
void port_read(void *data, size_t size);

/* Send a message with `size` bytes of data, PORT_CHUNK at most. */
void port_send(uint32_t type, const void *data, size_t size);

/* Send LAB_FAILED, with an errno and what failed. */
void __attribute__((format(printf, 2, 3))) port_send_failure(int error, const char *format, ...);

#endif /* COMMAND_LAB_INIT_PORT_H */
