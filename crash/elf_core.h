/* SPDX-License-Identifier: MIT */
/*
 * The stopped guest as an ELF core file. The guest is the program itself at the same addresses,
 * so that gdb and libdw take the file for a core of the program. Depends on crash.h's view and
 * base/error.h.
 */
#ifndef CRASH_ELF_CORE_H
#define CRASH_ELF_CORE_H

#include "base/error.h"
#include "crash/crash.h"

/*
 * Write it to fd, an empty file that can be sought. `signal` is what the core says the program
 * died of (SIGSEGV …). Without `contents` it holds the list of mapped files and the registers,
 * but no memory. Large regions are cut down to the part around the stack pointer. Returns 0,
 * -ENOMEM, or -errno of the write.
 */
int core_write(const struct crash_view *view, int signal, bool contents, int fd,
	       struct error *error);

#endif /* CRASH_ELF_CORE_H */
