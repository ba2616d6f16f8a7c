/* SPDX-License-Identifier: MIT */
/* Code with a mistake in each function, for an engine to find. Built with its callbacks, into tests and into plain programs. */
#ifndef TESTS_INPUTS_SUBJECT_H
#define TESTS_INPUTS_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

/* The type of the last descriptor of a list; a length that is too long is believed. */
int last_descriptor(const uint8_t *data, size_t size);

/* Walk three levels of tables for an address: the data are pages of 8 entries of a byte each. -1 if it is not mapped. */
int walk_tables(const uint8_t *tables, size_t size, uint32_t address);

/* Serve a hypercall: a number, a length, and a text of that length. */
int serve_hypercall(const uint8_t *data, size_t size);

/* Serve a command: its code, and the number of an entry. */
int serve_command(const uint8_t *data, size_t size);

/* Read a ring of a device, whose answers come by a function. */
int read_ring(uint8_t (*answer)(void));

#endif /* TESTS_INPUTS_SUBJECT_H */
