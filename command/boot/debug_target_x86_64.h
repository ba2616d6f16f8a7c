/* SPDX-License-Identifier: MIT */
/*
 * A machine of <ring0/vm.h> as gdb's target: its registers, memory and breakpoints, how it stops and goes on. Of
 * debugger_x86_64.c. Depends on gdb/ and monitor/debug/.
 */
#ifndef COMMAND_BOOT_DEBUG_TARGET_X86_64_H
#define COMMAND_BOOT_DEBUG_TARGET_X86_64_H

#include <stdbool.h>
#include <stdint.h>
#include <ring0/vm.h>
#include "gdb/registers_x86_64.h"
#include "gdb/session.h"

/* As gdb numbers signals. */
#define SIGNAL_INT  2
#define SIGNAL_TRAP 5

struct boot_debug_target {
	struct r0_vm *vm;
	bool is_stopped;
	uint64_t since_ns, stopped_ns;	/* while it is, and before */
	struct gdb_stop stop;		/* the last one */
	struct gdb_registers registers; /* initialised while there is a client */
	struct gdb_session *session;	/* likewise; not owned */
	struct gdb_target gdb;
};

/* It runs. The session is told when the machine stops by itself or by an interrupt of gdb's. */
void boot_debug_target_init(struct boot_debug_target *target, struct r0_vm *vm, unsigned int cpus,
			    struct gdb_session *session);

/*
 * Bring the machine to rest: what a CPU stopped for, or `signal`, is why. False if it has ended, or does not
 * come to rest; in that case it has said why.
 */
bool boot_debug_target_stop(struct boot_debug_target *target, int signal);

/* Nothing if it runs already. */
void boot_debug_target_go_on(struct boot_debug_target *target);

#endif /* COMMAND_BOOT_DEBUG_TARGET_X86_64_H */
