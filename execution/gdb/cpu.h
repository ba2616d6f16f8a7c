/* SPDX-License-Identifier: MIT */
/* What gdb wants of a test's CPU, of the architecture: its registers, page tables and debug registers. */
#ifndef EXECUTION_GDB_CPU_H
#define EXECUTION_GDB_CPU_H

#include "execution/gdb/points.h"
#include "run/run.h"

/* Whether there is gdb at all. */
extern const bool gdb_cpu_is_there;

/* Which registers there are. 0 or -ENOMEM. */
int gdb_cpu_registers_init(struct gdb_registers *registers);
void gdb_cpu_registers_finish(struct gdb_registers *registers);

/*
 * Of a CPU at rest, in the form that packets have. With `noted` run->cpu's are those that the run noted of what ended
 * it. Return 0 or -errno.
 */
int gdb_cpu_read(struct run *run, unsigned int number, bool noted,
		 const struct gdb_registers *registers, uint8_t *packed);
int gdb_cpu_write(struct run *run, unsigned int number, const struct gdb_registers *registers,
		  const uint8_t *packed);

/* By its own page tables. False if nothing is there. */
bool gdb_cpu_translate(const struct machine_cpu *cpu, uint64_t address, uint64_t *physical);

/* Of a pristine machine, which is pristine again: whether its KVM's breakpoints and watchpoints fire. 0 or -errno. */
int gdb_cpu_find_out(struct run *run, bool *breakpoints, bool *watchpoints);

/*
 * Have run->cpu run freely, up to points that have slots; `hands_back` the #DB that it left by, which was the test's
 * own. Return 0 or -errno.
 */
int gdb_cpu_arm(struct run *run, const struct points *points, bool hands_back);

/* The slots, a bit each, that run->cpu's debug exit is for. */
unsigned int gdb_cpu_hits(const struct run *run);

/* The instruction that run->cpu executes next, as it was noted for a step. */
uint64_t gdb_cpu_stepped_pc(struct run *run);

/* The signal for an exception. */
int gdb_cpu_signal_of(int vector);

#endif /* EXECUTION_GDB_CPU_H */
