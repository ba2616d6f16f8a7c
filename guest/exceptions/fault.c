/* SPDX-License-Identifier: MIT */
/* What exceptions lead to on every architecture, and r0_set_handler(). */
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/entry/state.h"
#include "guest/exceptions/fault.h"
#include "guest/host/fail.h"
#include "guest/host/require.h"
#include "guest/smp/smp.h"

bool is_sparse(uint64_t address)
{
	uint64_t i;

	for (i = 0; i < r0_guest.sparse_count; i++)
		if (address >= r0_guest.sparse[i].first && address <= r0_guest.sparse[i].last)
			return true;
	return false;
}

/* `b` says what ring 3 waits for, too: see R0_WAIT_MASK. */
static uint64_t rest_for_user(struct r0_cpu *cpu, uint64_t a, uint64_t b)
{
	note_wait(cpu, b & R0_WAIT_MASK, (const void *)(b & ~(uint64_t)R0_WAIT_MASK));
	return r0_ask(R0_MESSAGE_REST, a, 0);
}

uint64_t serve_user_message(struct r0_cpu *cpu, uint64_t message, uint64_t a, uint64_t b)
{
	switch (message) {
	case R0_MESSAGE_STOP:
		stop();
	case R0_MESSAGE_CPU:
		return cpu->number;
	case R0_MESSAGE_CPUS:
		return cpu_count();
	case R0_MESSAGE_REST:
		return rest_for_user(cpu, a, b);
	}
	return r0_ask(message, a, b);
}

void note_resumption(struct r0_cpu *cpu, uint64_t vector, uint64_t pc, uint64_t address)
{
	if (cpu->resumed_at == pc && cpu->resumed_address == address &&
	    cpu->resumed_vector == vector) {
		cpu->resumed_count++;
		return;
	}
	cpu->resumed_at = pc;
	cpu->resumed_address = address;
	cpu->resumed_vector = vector;
	cpu->resumed_count = 1;
}

void r0_set_handler(int vector, void (*fn)(struct r0_frame *frame))
{
	static const char refused[] = "r0_set_handler() was given a vector outside 0 to 255";

	require_guest(__func__);
	if (vector >= 0 && vector <= 255)
		r0_guest.handlers[vector] = fn;
	else
		fail(R0_FAILURE_PANIC, NULL, 0, refused, sizeof(refused) - 1);
}
