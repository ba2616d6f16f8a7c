/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an interrupt, with an end: busily or halted. Depends on the outside for the clock, and
 * for the end of a halt that nothing else ends.
 */
#include <ring0.h>
#include "guest/entry/cpu.h"
#include "guest/entry/entry.h"
#include "guest/entry/state.h"
#include "guest/exceptions/own_tables.h"
#include "guest/host/fail.h"
#include "guest/host/outside.h"
#include "guest/host/require.h"
#include "guest/test/wait_own.h"
#include "guest/text/format.h"

#define NS_PER_MS 1000000ull

/* How often to look before the clock is first asked: 10 µs of PAUSE, or 2 ms of an emulated one. */
#define FIRST_SPINS 256

/* How many times as often as before to look until it is asked again. */
#define MOST_SPINS 16

/* A wait, between its pieces. */
struct wait {
	const char *file;
	int line, vector;
	unsigned int timeout_ms;
	uint64_t flags; /* before it: of the CPU that say whether interrupts are on */
};

static void give_up(const struct wait *wait, const char *how)
{
	char text[3072];
	size_t length;

	length = format_to(text, sizeof(text),
			   "no interrupt %#x was handled in %u ms of waiting %s%s\n",
			   (unsigned int)wait->vector, wait->timeout_ms, how,
			   wait_is_on(wait->flags) ? "" : wait_own_words.on);
	if (!r0_guest.handlers[wait->vector])
		length += format_to(text + length, sizeof(text) - length,
				    "no handler is set for it: r0_set_handler()\n");
	length += wait_describe(wait->flags, wait->vector, text + length, sizeof(text) - length);
	fail(R0_FAILURE_ASSERT, wait->file, wait->line, text, length);
}

/* How many came since the last wait. NMIs come at any time. */
static unsigned int take(int vector)
{
	return __atomic_exchange_n(handled_interrupts(this_cpu(), (uint64_t)vector), 0,
				   __ATOMIC_SEQ_CST);
}

static void begin(struct wait *wait, const char *file, int line, int vector,
		  unsigned int timeout_ms)
{
	static const char refused[] = "r0_wait_for_irq() was given a vector outside 0 to 255";

	if (vector < 0 || vector > 255)
		fail(R0_FAILURE_ASSERT, file, line, refused, sizeof(refused) - 1);
	if (has_own_gate((unsigned int)vector))
		r0_fail(file, line, wait_own_words.gate, (unsigned int)vector);
	*wait = (struct wait){
		.file = file,
		.line = line,
		.vector = vector,
		.timeout_ms = timeout_ms,
		.flags = wait_flags(),
	};
	interrupts_off();
}

/*
 * Look until the clock is past the deadline. It is asked seldom, as that leaves the VM: each time
 * when about half of what is left should be over, going by how long looking took until now.
 */
static bool comes_busily(int vector, uint64_t limit)
{
	const volatile uint32_t *count = handled_interrupts(this_cpu(), (uint64_t)vector);
	uint64_t spins = 0, look = FIRST_SPINS, start = outside->wake(0), elapsed, more;

	wait_interrupts_on();
	while (!*count) {
		cpu_pause();
		if (++spins < look)
			continue;
		elapsed = outside->clock() - start;
		if (elapsed >= limit)
			break;
		more = (limit - elapsed) / (2 * (elapsed / spins + 1)) + FIRST_SPINS;
		look += more < MOST_SPINS * spins ? more : MOST_SPINS * spins;
	}
	interrupts_off();
	return *count;
}

unsigned int r0_wait_for_irq_at(const char *file, int line, int vector, unsigned int timeout_ms)
{
	/* With none, the HLT ends at once, too: that takes an alarm. */
	uint64_t left = timeout_ms ? timeout_ms * NS_PER_MS : 1, now, deadline = 0;
	struct wait wait;
	unsigned int count;

	require_guest("r0_wait_for_irq");
	begin(&wait, file, line, vector, timeout_ms);
	/* Under single steps a KVM may stay in HLT though an interrupt is there. */
	if (r0_guest.stepped) {
		if (!comes_busily(vector, left))
			give_up(&wait, wait_own_words.halted);
		wait_restore(wait.flags);
		return take(vector);
	}
	while (!(count = take(vector))) {
		/* Each time anew: who waited in a handler meanwhile has set the alarm, too. */
		now = outside->wake(left);
		if (!deadline)
			deadline = now + left;
		else if (now >= deadline)
			give_up(&wait, wait_own_words.halted);
		left = deadline - now;
		r0_wait_halt();
	}
	wait_restore(wait.flags);
	return count;
}

unsigned int r0_wait_for_irq_busy_at(const char *file, int line, int vector,
				     unsigned int timeout_ms)
{
	struct wait wait;

	require_guest("r0_wait_for_irq_busy");
	begin(&wait, file, line, vector, timeout_ms);
	if (!comes_busily(vector, timeout_ms * NS_PER_MS))
		give_up(&wait, wait_own_words.busily);
	wait_restore(wait.flags);
	return take(vector);
}
