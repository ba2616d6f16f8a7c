/* SPDX-License-Identifier: MIT */
/*
 * libc's standard output, shared between the program and the copies of it in VMs: what a test
 * prints through it must come out once, in the test's own output.
 */
#ifndef MACHINE_GUEST_STDIO_H
#define MACHINE_GUEST_STDIO_H

#include <stdbool.h>
#include "base/buffer.h"
#include "mirror/memory.h"

/*
 * Before a template is taken: write out what is buffered, and see to it that standard output has a buffer,
 * which a test could not allocate. `shared` has its locks taken, as several CPUs will print at a time.
 */
void guest_stdio_prepare(bool shared);

/* After a test: append what is left in the buffer of its copy of standard output. */
void guest_stdio_take(const struct memory *memory, struct buffer *output);

#endif /* MACHINE_GUEST_STDIO_H */
