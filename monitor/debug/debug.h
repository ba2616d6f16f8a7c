/* SPDX-License-Identifier: MIT */
/*
 * A debugger's part in a machine: points where its CPUs stop, steps, and all of a CPU's registers. When a CPU
 * stops, all are held (r0_vm_hold()), so that a freeze finds it right there. There is one debugger at a time, and
 * no watches beside it. Of the monitor and of whoever debugs by it.
 *
 * Breakpoints are INT3 in the guest's memory where KVM gives those to the host, or the CPU's own where that memory
 * isn't mapped yet. Where it doesn't, as in an emulation, the CPUs go by single steps: then what runs in a handler
 * of an interrupt that came between two steps is not seen until it returns, since the CPU clears TF on the way in
 * (SDM vol. 3A, 6.12.1.3).
 */
#ifndef MONITOR_DEBUG_DEBUG_H
#define MONITOR_DEBUG_DEBUG_H

#include <stdbool.h>
#include <stdint.h>
#include <ring0/vm.h>
#include "base/error.h"
#include "monitor/stop.h"

/* More than gdb has at a time, but for who sets them by a script. */
#define MONITOR_POINTS_MAX 256

/*
 * Begin, with the machine at rest: its CPUs start held, and stay at rest until monitor_debug_resume() lets them
 * go. `by_step` is for single steps, also where INT3 works. Returns 0, -EBUSY if there is a debugger or a watch,
 * or what making an eventfd says.
 */
int monitor_debug_begin(struct r0_vm *vm, bool by_step, struct error *error);

/* Take all points out, with the machine at rest, and have its CPUs run as before. */
void monitor_debug_end(struct r0_vm *vm);

/* Take all points out, with the machine at rest. */
void monitor_debug_clear(struct r0_vm *vm);

/* How CPUs are stopped, in a few words. */
const char *monitor_debug_method(const struct r0_vm *vm);

/* Readable while a CPU has stopped, or has been held at its start. */
int monitor_debug_fd(const struct r0_vm *vm);

/* Take the oldest stop, with the machine at rest. False if there is none. */
bool monitor_debug_take(struct r0_vm *vm, struct monitor_stop *stop);

/*
 * Set a point, or take it out, with the machine at rest; the address is linear, by the page tables of `cpu`.
 * -EFAULT for memory that isn't there, -EINVAL for a length or alignment that can't be, -ENOSPC for too many,
 * -ENOENT if there is none to take out.
 */
int monitor_debug_insert(struct r0_vm *vm, unsigned int cpu, enum monitor_point kind,
			 uint64_t address, unsigned int length, struct error *error);
int monitor_debug_remove(struct r0_vm *vm, enum monitor_point kind, uint64_t address,
			 unsigned int length, struct error *error);

/* The bytes of memory that points have replaced, put back in a copy of [address, address + size). */
void monitor_debug_hide(const struct r0_vm *vm, uint64_t physical, void *data, size_t size);

/* What a CPU is to do once the machine is thawed; with MONITOR_STEP on and on in [start, end). */
void monitor_debug_resume(struct r0_vm *vm, unsigned int cpu, enum monitor_action action,
			  uint64_t start, uint64_t end);

struct monitor_debug;
struct monitor_cpu;
struct exit;

/* ---- of a vCPU's own thread ---- */

/* Before each KVM_RUN. Returns 0 or -errno. */
int monitor_debug_arm(struct monitor_cpu *cpu, struct error *error);

/* An exit that is the debugger's although KVM does not say so. Returns whether it was. */
bool monitor_debug_serve(struct monitor_cpu *cpu);

/* KVM_EXIT_DEBUG. */
void monitor_debug_exit(struct monitor_cpu *cpu);

/* An instruction was completed in KVM's place: to KVM it was no step. */
void monitor_debug_completed(struct monitor_cpu *cpu);

#endif /* MONITOR_DEBUG_DEBUG_H */
