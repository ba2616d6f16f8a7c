/* SPDX-License-Identifier: MIT */
/*
 * `ring0 boot --gdb`: where gdb connects to, and what it does with the machine. Of run.c; of the architecture.
 * Depends on gdb/ and monitor/debug/.
 */
#ifndef COMMAND_BOOT_DEBUGGER_H
#define COMMAND_BOOT_DEBUGGER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <ring0/vm.h>
#include "command/boot/boot.h"

struct boot_debugger;

/*
 * Begin to debug a machine that is ready, and listen where options->gdb says. `image`, of `path`, is the file that
 * has the kernel's symbols, as gdb is to be given it. Says the line that starts gdb. Returns 0 or a status,
 * having said why.
 */
int boot_debugger_create(struct boot_debugger **debugger, const struct boot_options *options,
			 const struct boot_file *image, const char *path, struct r0_vm *vm);

/* NULL is fine. The machine is at rest, and goes on as before if it is started again. */
void boot_debugger_destroy(struct boot_debugger *debugger);

/* The machine was started: hold it at its first instruction. Returns 0 or a status, having said why. */
int boot_debugger_hold_start(struct boot_debugger *debugger);

/* For poll(): fills so many entries. */
#define BOOT_DEBUGGER_FDS 3
void boot_debugger_fill(const struct boot_debugger *debugger, struct pollfd *fds);

/* What poll() found there. False if gdb wants the machine to end. */
bool boot_debugger_attend(struct boot_debugger *debugger, const struct pollfd *fds);

/* Whether the machine stands still, and for how long it has in all since this was last asked. */
bool boot_debugger_is_stopped(const struct boot_debugger *debugger);
uint64_t boot_debugger_take_stopped_ns(struct boot_debugger *debugger);

/* The machine has ended for good, with this status of the command. */
void boot_debugger_tell_end(struct boot_debugger *debugger, int status);

#endif /* COMMAND_BOOT_DEBUGGER_H */
