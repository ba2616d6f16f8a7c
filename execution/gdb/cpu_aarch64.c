/* SPDX-License-Identifier: MIT */
/* gdb on arm64: there is none yet. */
#include "execution/gdb/cpu.h"
#include <errno.h>
#include "execution/gdb/debugger_own.h"
#include "machine/cpu.h"

const bool gdb_cpu_is_there = false;

int gdb_cpu_registers_init(struct gdb_registers *registers)
{
	(void)registers;
	return -ENOTSUP;
}

void gdb_cpu_registers_finish(struct gdb_registers *registers)
{
	(void)registers;
}

int gdb_cpu_read(struct run *run, unsigned int number, bool noted,
		 const struct gdb_registers *registers, uint8_t *packed)
{
	(void)run;
	(void)number;
	(void)noted;
	(void)registers;
	(void)packed;
	return -ENOTSUP;
}

int gdb_cpu_write(struct run *run, unsigned int number, const struct gdb_registers *registers,
		  const uint8_t *packed)
{
	(void)run;
	(void)number;
	(void)registers;
	(void)packed;
	return -ENOTSUP;
}

bool gdb_cpu_translate(const struct machine_cpu *cpu, uint64_t address, uint64_t *physical)
{
	(void)cpu;
	(void)address;
	(void)physical;
	return false;
}

int gdb_cpu_find_out(struct run *run, bool *breakpoints, bool *watchpoints)
{
	(void)run;
	*breakpoints = *watchpoints = false;
	return -ENOTSUP;
}

int gdb_cpu_arm(struct run *run, const struct points *points, bool hands_back)
{
	(void)run;
	(void)points;
	(void)hands_back;
	return -ENOTSUP;
}

unsigned int gdb_cpu_hits(const struct run *run)
{
	(void)run;
	return 0;
}

uint64_t gdb_cpu_stepped_pc(struct run *run)
{
	return cpu_pc(run->cpu);
}

int gdb_cpu_signal_of(int vector)
{
	(void)vector;
	return SIGNAL_SEGV;
}
