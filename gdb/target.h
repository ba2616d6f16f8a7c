/* SPDX-License-Identifier: MIT */
/* What gdb debugs: what its remote protocol needs of it, as a table of functions. */
#ifndef GDB_TARGET_H
#define GDB_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"

#define GDB_CPUS_MAX 64

/* Bytes of a CPU's registers at most, as packets have them. */
#define GDB_REGISTERS_MAX 2048

/* A CPU's registers, as gdb is told them: one after the other, in the order of the description. */
struct gdb_register {
	const char *name;
	uint16_t offset; /* in all of them */
	uint8_t size;	 /* bytes */
};

struct gdb_registers {
	char *description; /* the target description's XML (GDB manual, appendix G) */
	struct gdb_register *list;
	size_t count, size;
	bool of_process; /* with those that gdb wants of one, or it finds no libraries */
};

/* The numbers are those of the Z packets. */
enum gdb_point {
	GDB_BREAKPOINT,		 /* in memory, as a rule */
	GDB_HARDWARE_BREAKPOINT, /* by the CPU */
	GDB_WRITE_WATCHPOINT,
};

enum gdb_action {
	GDB_STAY, /* stopped */
	GDB_RUN,
	GDB_STEP,
};

/* What a CPU is to do. */
struct gdb_resume {
	enum gdb_action action;
	uint64_t start, end; /* GDB_STEP: go on while the next instruction is in [start, end) */
};

/* Each returns 0 or -errno. Everything but interrupt() is for a target that is stopped. */
struct gdb_target_ops {
	int (*read_registers)(void *context, unsigned int cpu, uint8_t *registers);
	int (*write_registers)(void *context, unsigned int cpu, const uint8_t *registers);

	/* Of virtual memory as that CPU sees it, all of it or none. */
	int (*read_memory)(void *context, unsigned int cpu, uint64_t address, void *data,
			   size_t size);
	int (*write_memory)(void *context, unsigned int cpu, uint64_t address, const void *data,
			    size_t size);

	/* -ENOTSUP for a kind that there is not; -ENOSPC for too many. */
	int (*insert)(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
		      size_t size);
	int (*remove)(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
		      size_t size);

	/* Let it go on: resume[i] is what CPU i is to do. */
	int (*resume)(void *context, const struct gdb_resume *resume);

	/* Stop it, which runs: gdb_session_stopped() follows, at once or later. */
	void (*interrupt)(void *context);

	/* What the user types after "monitor": answer in lines of text. */
	int (*command)(void *context, unsigned int cpu, const char *text, struct buffer *answer);
};

struct gdb_target {
	const struct gdb_target_ops *ops;
	void *context;
	unsigned int cpus;
	const struct gdb_registers *registers;
	/* Of a process, as its kernel made it: where it and its libraries are. NULL for a kernel. */
	const void *auxv;
	size_t auxv_size;
};

#endif /* GDB_TARGET_H */
