/* SPDX-License-Identifier: MIT */
/* A stopped test as gdb's target. Called from the server's thread. */
#include <errno.h>
#include <string.h>
#include "execution/gdb/cpu.h"
#include "execution/gdb/debugger_own.h"
#include "mirror/code.h"
#include "mirror/region.h"

/* Of an ended run the CPU that ended it is shown as it was there. */
static bool shows_noted(const struct gdb_debugger *debugger)
{
	return debugger->is_over && debugger->run->explains && !debugger->run->crash.lost_registers;
}

static int read_registers(void *context, unsigned int cpu, uint8_t *packed)
{
	struct gdb_debugger *debugger = context;

	return gdb_cpu_read(debugger->run, cpu, shows_noted(debugger), &debugger->registers,
			    packed);
}

static int write_registers(void *context, unsigned int cpu, const uint8_t *packed)
{
	struct gdb_debugger *debugger = context;

	if (debugger->is_over)
		return -EPERM;
	return gdb_cpu_write(debugger->run, cpu, &debugger->registers, packed);
}

/* The part of [address, address + size) that is in one page. */
static size_t in_page(uint64_t address, size_t size)
{
	const size_t room = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return size < room ? size : room;
}

/* By the CPU's page tables, or, where those are the test's own and lack it, by the program's. */
static bool find(const struct run *run, unsigned int cpu, uint64_t address, r0_gpa *physical)
{
	uint64_t found;

	if (!gdb_cpu_translate(&run->machine->cpus[cpu], address, &found))
		return memory_translate(&run->machine->memory, gva(address), physical);
	*physical = gpa(found);
	return true;
}

static int read_memory(void *context, unsigned int cpu, uint64_t address, void *data, size_t size)
{
	const struct gdb_debugger *debugger = context;
	const struct memory *memory = &debugger->run->machine->memory;
	uint8_t *to = data;
	size_t part;

	for (; size; size -= part, address += part, to += part) {
		r0_gpa physical;

		part = in_page(address, size);
		if (!find(debugger->run, cpu, address, &physical) ||
		    memory_read_physical(memory, physical, to, part) != part)
			return -EFAULT;
		code_unpatch(memory->mirror, physical, to, part);
	}
	return 0;
}

/* All of it or none: the program's own files are shown, and can't be written. */
static int write_memory(void *context, unsigned int cpu, uint64_t address, const void *data,
			size_t size)
{
	const struct gdb_debugger *debugger = context;
	struct memory *memory = &debugger->run->machine->memory;
	const uint8_t *from = data;
	size_t done, part;
	bool write = false;

	if (debugger->is_over)
		return -EPERM;
	do {
		for (done = 0; done < size; done += part) {
			r0_gpa physical;
			uint8_t *to;

			part = in_page(address + done, size - done);
			if (!find(debugger->run, cpu, address + done, &physical))
				return -EFAULT;
			to = memory_own(memory, physical, part, write);
			if (!to)
				return -EFAULT;
			if (write)
				memcpy(to, from + done, part);
		}
		write = !write;
	} while (write);
	return 0;
}

/* The dynamic linker's code, where gdb wants to hear of libraries: no test comes there. */
static bool is_in_linker(const struct gdb_debugger *debugger, uint64_t address)
{
	const struct mirror *mirror = debugger->run->machine->template->mirror;
	const struct mirror_part *part = mirror_find(mirror, address);
	const char *name = part ? strrchr(part->map.path, '/') : NULL;

	return name && !strncmp(name, "/ld-linux", 9);
}

static int insert(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
		  size_t size)
{
	struct gdb_debugger *debugger = context;
	const bool is_write = kind == GDB_WRITE_WATCHPOINT;
	struct point point = {
		.kind = kind,
		.address = address,
		.length = (unsigned int)size,
	};

	if (!is_write) {
		point.never = is_in_linker(debugger, address);
		return points_insert(&debugger->points, &point, debugger->has_breakpoints);
	}
	if ((size != 1 && size != 2 && size != 4 && size != 8) || address % size)
		return -EINVAL;
	if (read_memory(context, cpu, address, &point.value, size) != 0)
		return -EFAULT;
	return points_insert(&debugger->points, &point, debugger->has_watchpoints);
}

static int remove_point(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
			size_t size)
{
	struct gdb_debugger *debugger = context;

	(void)cpu;
	(void)size;
	return points_remove(&debugger->points, kind, address);
}

void target_let_go(struct gdb_debugger *debugger)
{
	debugger->is_stopped = false;
	pthread_cond_broadcast(&debugger->changed);
}

static int resume(void *context, const struct gdb_resume *resume)
{
	struct gdb_debugger *debugger = context;
	unsigned int i, moving = 0;

	for (i = 0; i < debugger->target.cpus; i++)
		moving += resume[i].action != GDB_STAY;
	if (!moving)
		return -EINVAL;
	pthread_mutex_lock(&debugger->lock);
	for (i = 0; i < debugger->target.cpus; i++)
		debugger->cpus[i].resume = resume[i];
	target_let_go(debugger);
	pthread_mutex_unlock(&debugger->lock);
	return 0;
}

static void interrupt(void *context)
{
	struct gdb_debugger *debugger = context;

	pthread_mutex_lock(&debugger->lock);
	atomic_store(&debugger->wanted, true);
	/* Who watches the clock kicks it. */
	if (debugger->run)
		atomic_store(&debugger->run->deadline->kick_at, 1);
	pthread_mutex_unlock(&debugger->lock);
}

static int command(void *context, unsigned int cpu, const char *text, struct buffer *answer)
{
	const struct gdb_debugger *debugger = context;

	(void)cpu;
	if (!strcmp(text, "why"))
		buffer_print(answer, "%s\n",
			     debugger->why[0] ? debugger->why : "nothing has failed");
	else if (!strcmp(text, "method"))
		buffer_print(answer, "%s\n", debugger->method);
	else
		buffer_print(answer, "monitor why      what has failed\n"
				     "monitor method   how breakpoints are met on this KVM\n");
	return 0;
}

const struct gdb_target_ops target_ops = {
	.read_registers = read_registers,
	.write_registers = write_registers,
	.read_memory = read_memory,
	.write_memory = write_memory,
	.insert = insert,
	.remove = remove_point,
	.resume = resume,
	.interrupt = interrupt,
	.command = command,
};
