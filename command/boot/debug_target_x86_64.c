/* SPDX-License-Identifier: MIT */
/* A machine as gdb's target: see debug_target_x86_64.h. */
#include "command/boot/debug_target_x86_64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "command/boot/boot.h"
#include "monitor/debug/debug.h"
#include "monitor/debug/registers_x86_64.h"

static int read_registers(void *context, unsigned int cpu, uint8_t *packed)
{
	const struct boot_debug_target *target = context;
	struct all_registers registers = { 0 };
	int err = monitor_registers_get(target->vm, cpu, &registers, NULL);

	if (!err)
		gdb_registers_pack(&target->registers, &registers, packed);
	return err;
}

static int write_registers(void *context, unsigned int cpu, const uint8_t *packed)
{
	const struct boot_debug_target *target = context;
	struct all_registers registers = { 0 };
	int err = monitor_registers_get(target->vm, cpu, &registers, NULL);

	if (err)
		return err;
	gdb_registers_unpack(&target->registers, packed, &registers);
	return monitor_registers_set(target->vm, cpu, &registers, NULL);
}

/* The part of [address, address + size) that is in one page. */
static size_t in_page(uint64_t address, size_t size)
{
	const size_t room = PAGE_SIZE - (address & (PAGE_SIZE - 1));

	return size < room ? size : room;
}

static int read_memory(void *context, unsigned int cpu, uint64_t address, void *data, size_t size)
{
	const struct boot_debug_target *target = context;
	uint8_t *to = data;
	size_t part;

	for (; size; size -= part, address += part, to += part) {
		uint64_t physical;

		part = in_page(address, size);
		if (r0_vm_translate(target->vm, cpu, address, &physical, NULL) != 0 ||
		    r0_vm_read(target->vm, physical, to, part, NULL) != 0)
			return -EFAULT;
		monitor_debug_hide(target->vm, physical, to, part);
	}
	return 0;
}

/* All of it or none: first a look at whether it is there. */
static int write_memory(void *context, unsigned int cpu, uint64_t address, const void *data,
			size_t size)
{
	const struct boot_debug_target *target = context;
	uint8_t before[GDB_PACKET_MAX];
	const uint8_t *from = data;
	size_t part;

	if (size > sizeof(before) || read_memory(context, cpu, address, before, size) != 0)
		return -EFAULT;
	for (; size; size -= part, address += part, from += part) {
		uint64_t physical;

		part = in_page(address, size);
		if (r0_vm_translate(target->vm, cpu, address, &physical, NULL) != 0 ||
		    r0_vm_write(target->vm, physical, from, part, NULL) != 0)
			return -EFAULT;
	}
	return 0;
}

static enum monitor_point point_of(enum gdb_point kind)
{
	switch (kind) {
	case GDB_BREAKPOINT:
		return MONITOR_POINT_CODE;
	case GDB_HARDWARE_BREAKPOINT:
		return MONITOR_POINT_HARDWARE;
	case GDB_WRITE_WATCHPOINT:
		break;
	}
	return MONITOR_POINT_WRITE;
}

static int insert(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
		  size_t size)
{
	const struct boot_debug_target *target = context;
	struct error error = { "" };
	int err = monitor_debug_insert(target->vm, cpu, point_of(kind), address, (unsigned int)size,
				       &error);

	/* gdb says no more than that it couldn't. */
	if (err)
		boot_error(0, "%s", error.text);
	return err;
}

static int remove_point(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
			size_t size)
{
	const struct boot_debug_target *target = context;

	(void)cpu;
	return monitor_debug_remove(target->vm, point_of(kind), address, (unsigned int)size, NULL);
}

static struct gdb_stop stop_of(const struct monitor_stop *stop)
{
	struct gdb_stop gdb = {
		.kind = GDB_STOP_SIGNAL,
		.cpu = stop->cpu,
		.signal = SIGNAL_TRAP,
		.address = stop->address,
	};

	if (stop->kind != MONITOR_STOP_POINT)
		return gdb;
	switch (stop->point) {
	case MONITOR_POINT_CODE:
		gdb.kind = GDB_STOP_BREAKPOINT;
		break;
	case MONITOR_POINT_HARDWARE:
		gdb.kind = GDB_STOP_HARDWARE_BREAKPOINT;
		break;
	case MONITOR_POINT_WRITE:
		gdb.kind = GDB_STOP_WATCHPOINT;
		break;
	}
	return gdb;
}

static void note_stop(struct boot_debug_target *target)
{
	target->is_stopped = true;
	target->since_ns = clock_ns();
}

bool boot_debug_target_stop(struct boot_debug_target *target, int signal)
{
	struct monitor_stop found;
	struct r0_error error = { "" };
	int err = r0_vm_freeze(target->vm, &error);

	if (err) {
		if (err != -ESHUTDOWN)
			boot_error(0, "%s", error.text);
		return false;
	}
	note_stop(target);
	target->stop = (struct gdb_stop){ .signal = signal };
	if (monitor_debug_take(target->vm, &found))
		target->stop = stop_of(&found);
	return true;
}

void boot_debug_target_go_on(struct boot_debug_target *target)
{
	if (!target->is_stopped)
		return;
	target->is_stopped = false;
	target->stopped_ns += clock_ns() - target->since_ns;
	r0_vm_hold(target->vm, false);
	r0_vm_thaw(target->vm, NULL);
}

static int resume(void *context, const struct gdb_resume *resume)
{
	static const enum monitor_action actions[] = {
		[GDB_STAY] = MONITOR_STAY,
		[GDB_RUN] = MONITOR_RUN,
		[GDB_STEP] = MONITOR_STEP,
	};
	struct boot_debug_target *target = context;
	struct monitor_stop other;
	unsigned int i;

	for (i = 0; i < target->gdb.cpus; i++)
		monitor_debug_resume(target->vm, i, actions[resume[i].action], resume[i].start,
				     resume[i].end);
	/* Another CPU that had stopped at the same time. */
	if (monitor_debug_take(target->vm, &other)) {
		target->stop = stop_of(&other);
		gdb_session_stopped(target->session, &target->stop);
		return 0;
	}
	boot_debug_target_go_on(target);
	return 0;
}

static void interrupt(void *context)
{
	struct boot_debug_target *target = context;

	if (boot_debug_target_stop(target, SIGNAL_INT))
		gdb_session_stopped(target->session, &target->stop);
}

static void translate(struct boot_debug_target *target, unsigned int cpu, const char *text,
		      struct buffer *answer)
{
	struct r0_error error = { "" };
	uint64_t address, physical;
	char *end;

	address = strtoull(text, &end, 0);
	if (end == text || *end)
		buffer_print(answer, "translate ADDRESS: %s is none\n", text);
	else if (r0_vm_translate(target->vm, cpu, address, &physical, &error) != 0)
		buffer_print(answer, "%s\n", error.text);
	else
		buffer_print(answer, "%#llx is physical %#llx\n", (unsigned long long)address,
			     (unsigned long long)physical);
}

static void list_unmapped(struct boot_debug_target *target, struct buffer *answer)
{
	struct r0_vm_access accesses[16];
	size_t count, i;
	uint64_t all = r0_vm_unmapped(target->vm, accesses, 16, &count);

	buffer_print(answer, "%llu accesses that no device took%s\n", (unsigned long long)all,
		     all > count ? "; the last ones:" : "");
	for (i = 0; i < count; i++)
		buffer_print(answer, "%s of %u bytes %s %s %#llx: %#llx\n",
			     accesses[i].write ? "write" : "read", accesses[i].width,
			     accesses[i].write ? "to" : "from",
			     accesses[i].port ? "port" : "address",
			     (unsigned long long)accesses[i].address,
			     (unsigned long long)accesses[i].value);
}

static int command(void *context, unsigned int cpu, const char *text, struct buffer *answer)
{
	struct boot_debug_target *target = context;

	if (!strncmp(text, "translate ", 10))
		translate(target, cpu, text + 10, answer);
	else if (!strcmp(text, "unmapped"))
		list_unmapped(target, answer);
	else if (!strcmp(text, "method"))
		buffer_print(answer, "%s\n", monitor_debug_method(target->vm));
	else
		buffer_print(answer,
			     "monitor translate ADDRESS   the physical address of a virtual one\n"
			     "monitor unmapped            accesses that no device took\n"
			     "monitor method              how breakpoints are met on this KVM\n");
	return 0;
}

static const struct gdb_target_ops ops = {
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

void boot_debug_target_init(struct boot_debug_target *target, struct r0_vm *vm, unsigned int cpus,
			    struct gdb_session *session)
{
	*target = (struct boot_debug_target){
		.vm = vm,
		.session = session,
		.gdb = { .ops = &ops,
			 .context = target,
			 .cpus = cpus,
			 .registers = &target->registers },
	};
}
