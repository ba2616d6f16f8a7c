/* SPDX-License-Identifier: MIT */
/*
 * What a CPU was waiting for when its time was over, by what the guest runtime noted of it: a lock,
 * a barrier, another CPU, or the end of a fault that its handler does not mend.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "crash/exception.h"
#include "crash/registers.h"
#include "crash/waiting.h"

/* As often as that, a handler that goes back to the instruction may still make some progress. */
#define MANY_RESUMPTIONS 100

static bool read_guest(const struct crash_view *view, const void *address, void *to, size_t size)
{
	return view->read(view->context, (uint64_t)address, to, size) == size;
}

/* "`lock`", "`table`+0x8", or the address of what has no name. */
static void name_object(const struct crash_view *view, const void *object, char *name, size_t size)
{
	char place[512], *offset, *module;

	crash_place(view, (uint64_t)object, place, sizeof(place));
	offset = strstr(place, "+0x");
	module = strstr(place, " (");
	if (!offset || !module || module < offset) {
		snprintf(name, size, "%#" PRIx64, (uint64_t)object);
		return;
	}
	*offset++ = '\0';
	*module = '\0';
	if (strcmp(offset, "0x0") == 0)
		snprintf(name, size, "`%s`", place);
	else
		snprintf(name, size, "`%s`+%s", place, offset);
}

static void describe_lock(const struct crash_view *view, const void *address, char *text,
			  size_t size)
{
	struct r0_spinlock lock;
	char name[544], place[512];

	if (!read_guest(view, address, &lock, sizeof(lock)))
		return;
	name_object(view, address, name, sizeof(name));
	if (!lock.holder) {
		snprintf(text, size, ", waits for %s, which is free now", name);
		return;
	}
	/* A return address: the call is before it. */
	crash_place(view, (uint64_t)lock.taken_at - 1, place, sizeof(place));
	snprintf(text, size, ", waits for %s, taken by CPU %u in %s", name, lock.holder - 1, place);
}

static void describe_barrier(const struct crash_view *view, const void *address,
			     unsigned int cpu_count, char *text, size_t size)
{
	struct r0_barrier barrier;

	if (!read_guest(view, address, &barrier, sizeof(barrier)))
		return;
	snprintf(text, size, ", at a barrier where %" PRIu32 " of %" PRIu32 " CPUs are",
		 barrier.arrived, barrier.count ? barrier.count : cpu_count);
}

/* Whether the CPU is in a handler, or about to be. */
static bool is_handling(const struct crash_view *view, const struct r0_cpu *cpu)
{
	return crash_registers_pc(view) == cpu->resumed_at ||
	       crash_registers_sp(view) - (view->area + R0_AREA_EXCEPTION_STACK) <=
		       R0_AREA_EXCEPTION_SIZE;
}

static void describe_resumption(const struct crash_view *view, const struct r0_cpu *cpu, char *text,
				size_t size)
{
	char name[32], place[512], about[128];

	crash_exception_name((int)cpu->resumed_vector, name, sizeof(name));
	crash_place(view, cpu->resumed_at, place, sizeof(place));
	crash_exception_about((int)cpu->resumed_vector, cpu->resumed_address, cpu->resumed_at,
			      about, sizeof(about));
	snprintf(
		text, size,
		"in the same fault again and again: the handler of %s%s has returned to the same instruction %" PRIu64
		" times, %s %s",
		name, about, cpu->resumed_count, strncmp(place, "0x", 2) ? "in" : "at", place);
}

void waiting_describe(const struct crash_view *view, unsigned int number, unsigned int cpu_count,
		      char *place, size_t size)
{
	size_t end = strlen(place);
	struct r0_cpu cpu;

	if (!read_guest(view, r0_cpu_at(&r0_guest, number), &cpu, sizeof(cpu)))
		return;
	switch (cpu.waits) {
	case R0_WAIT_LOCK:
		describe_lock(view, cpu.awaited, place + end, size - end);
		return;
	case R0_WAIT_BARRIER:
		describe_barrier(view, cpu.awaited, cpu_count, place + end, size - end);
		return;
	case R0_WAIT_CPU:
		if (read_guest(view, cpu.awaited, &cpu, sizeof(cpu)))
			snprintf(place + end, size - end,
				 ", waits for CPU %" PRIu64 " to finish what it was given",
				 cpu.number);
		return;
	}
	/* Where in the handler, or on the way there, it was just then says nothing. */
	if (cpu.resumed_count >= MANY_RESUMPTIONS && is_handling(view, &cpu))
		describe_resumption(view, &cpu, place, size);
}
