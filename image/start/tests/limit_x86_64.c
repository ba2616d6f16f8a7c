/* SPDX-License-Identifier: MIT */
/* The HPET, or channel 0 of the PIT, by an input of the I/O APIC that delivers NMIs; or another CPU, by its local APIC. */
#include "image/start/tests/limit_x86_64.h"
#include <ring0/x86.h>
#include "image/start/cpu/enter_x86_64.h"
#include "image/start/cpu/exceptions_x86_64.h"
#include "image/start/cpu/others_x86_64.h"
#include "image/start/hardware/acpi_x86_64.h"
#include "image/start/hardware/clock_x86_64.h"
#include "image/start/hardware/hypervisor_x86_64.h"
#include "image/start/hardware/console_x86_64.h"
#include "image/start/hardware/power_x86_64.h"
#include "image/start/payload/format.h"
#include "image/start/tests/stopped_x86_64.h"

/*
 * When to look first whether a test has halted for good: soon if it is to. Of others as late as may be, since a test
 * may have an IDT of its own without a gate for NMIs. Then after as long again each time, up to the last.
 */
#define SOON_NS	     1000000ull
#define LATE_NS	     200000000ull
#define LAST_LOOK_NS 64000000ull

/* How long INIT may take. */
#define REVIVE_NS 200000000ull

/* What 32 bits can tell from what is over. */
#define HPET_TICKS_MAX 0x7fffffffull

/* The longest that the PIT counts, less a little. */
#define PIT_LIMIT_NS 54000000ull

/* From there on no ISA device is at an input of the I/O APIC. */
#define FIRST_FREE_INPUT 16

#define HLT 0xf4
#define STI 0xfb

struct limit limit_state = { .source = "nothing", .why_no_init = "nothing keeps time" };

struct timer {
	const char *name;
	bool (*find)(void);
	void (*start)(void);
	void (*arm)(uint64_t nanoseconds);
	bool (*has_fired)(void);
	void (*stop)(void);
};

static const struct timer *timer;
static const struct timer *init_timer; /* what can send INIT, for as long as may be, or NULL */
static bool armed, armed_by_init, halts_soon;
static uint64_t deadline, look_at, look_after, wake_at, next_at;
static uint64_t init_due; /* what restarts the CPU before is not the INIT that was asked for */
static uint64_t wait_halted_at; /* r0_wait_halted of the program */

static void set_input(unsigned int input, bool on)
{
	const uint64_t delivery = armed_by_init ? R0_IOAPIC_INIT : R0_IOAPIC_NMI;

	r0_ioapic_set_redirection(input, on ? delivery | R0_IOAPIC_DESTINATION(r0_apic_id()) :
					      R0_IOAPIC_RESET);
}

/* The HPET: its last timer, which tests are the least likely to be about. */

static unsigned int hpet_timer, hpet_input;
static uint64_t hpet_target;

static bool hpet_find(void)
{
	uint64_t capabilities, routes;
	unsigned int input;

	if (acpi.hpet != R0_HPET_ADDRESS || acpi.ioapic != R0_IOAPIC_ADDRESS)
		return false;
	capabilities = r0_hpet_read(R0_HPET_CAPABILITIES);
	for (hpet_timer = (unsigned int)R0_HPET_TIMERS(capabilities); hpet_timer-- > 0;) {
		routes = R0_HPET_TIMER_ROUTES(r0_hpet_read(R0_HPET_TIMER(hpet_timer)));
		for (input = FIRST_FREE_INPUT; input < R0_IOAPIC_INPUTS; input++)
			if (routes >> input & 1) {
				hpet_input = input;
				return true;
			}
	}
	/* Where it goes to the PIT's input alone, as on a PC with an I/O APIC of 24 inputs and old devices, so can that. */
	return false;
}

/* One that the counter has passed before it is there does not fire: then a later one. */
static void hpet_arm(uint64_t nanoseconds)
{
	uint64_t ticks = r0_hpet_ticks(nanoseconds);

	do {
		hpet_target = r0_hpet_read(R0_HPET_COUNTER) + ticks;
		r0_hpet_write(R0_HPET_COMPARATOR(hpet_timer), hpet_target);
		ticks *= 2;
	} while ((int32_t)(r0_hpet_read(R0_HPET_COUNTER) - hpet_target) >= 0);
}

/* Its comparator first: what it was before may be now. */
static void hpet_start(void)
{
	hpet_arm(LAST_LOOK_NS);
	r0_hpet_write(R0_HPET_CONFIGURATION, r0_hpet_read(R0_HPET_CONFIGURATION) | R0_HPET_ENABLE);
	r0_hpet_write(R0_HPET_TIMER(hpet_timer),
		      R0_HPET_TIMER_ROUTE(hpet_input) | R0_HPET_TIMER_INTERRUPT);
	set_input(hpet_input, true);
}

static bool hpet_has_fired(void)
{
	return (int32_t)(r0_hpet_read(R0_HPET_COUNTER) - hpet_target) >= 0;
}

static void hpet_stop(void)
{
	r0_hpet_write(R0_HPET_TIMER(hpet_timer), 0);
	set_input(hpet_input, false);
}

/* The PIT. */

static bool pit_find(void)
{
	uint16_t first;
	unsigned int i;

	if (acpi.ioapic != R0_IOAPIC_ADDRESS)
		return false;
	/* Absent, it reads as ones. */
	r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, 0);
	first = r0_pit_count(0);
	for (i = 0; i < 100; i++)
		if (r0_pit_count(0) != first)
			return true;
	return false;
}

static void pit_start(void)
{
	r0_pit_stop(0);
	set_input(R0_IOAPIC_INPUT_PIT, true);
}

static void pit_arm(uint64_t nanoseconds)
{
	uint64_t limited = nanoseconds < PIT_LIMIT_NS ? nanoseconds : PIT_LIMIT_NS;
	uint64_t count = limited * R0_PIT_HZ / 1000000000;

	r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, (uint16_t)(count ? count : 1));
}

static bool pit_has_fired(void)
{
	return r0_pit_status(0) & R0_PIT_STATUS_OUTPUT;
}

static void pit_stop(void)
{
	set_input(R0_IOAPIC_INPUT_PIT, false);
	r0_pit_stop(0);
}

/* Another CPU, which looks at the clock. */

static void cpu_arm(uint64_t nanoseconds)
{
	others_watch_until(clock_now() + nanoseconds);
}

static void cpu_start(void)
{
}

static void cpu_stop(void)
{
	others_watch_until(0);
}

static const struct timer timers[] = {
	[WORDS_LIMIT_CPU] = { "another CPU, by NMI", others_watch, cpu_start, cpu_arm,
			      others_have_watched, cpu_stop },
	[WORDS_LIMIT_HPET] = { "the HPET, by NMI", hpet_find, hpet_start, hpet_arm, hpet_has_fired,
			       hpet_stop },
	[WORDS_LIMIT_PIT] = { "the PIT, by NMI", pit_find, pit_start, pit_arm, pit_has_fired,
			      pit_stop },
};

/* On its way into a test: too early to end it. Else it is of a time limit that is over. */
static void nmi_outside(void)
{
	if (armed && !armed_by_init && !others_self())
		timer->arm(SOON_NS);
}

/* The PIT is too short for it. */
static void find_init_timer(bool is_wanted)
{
	limit_state.why_no_init = others_why_no_init();
	if (limit_state.why_no_init)
		return;
	if (timer && timer != &timers[WORDS_LIMIT_PIT])
		init_timer = timer;
	/* A CPU that watches is none for tests: only if it must be. */
	else if (is_wanted && others_watch())
		init_timer = &timers[WORDS_LIMIT_CPU];
	else
		limit_state.why_no_init = "there is neither an HPET nor another CPU";
}

void limit_init(enum words_limit wanted, bool by_init, uint64_t wait_halted)
{
	/* A CPU that watches does nothing else. */
	static const enum words_limit order[] = { WORDS_LIMIT_HPET, WORDS_LIMIT_PIT,
						  WORDS_LIMIT_CPU };
	unsigned int i;

	wait_halted_at = wait_halted;
	if (wanted == WORDS_LIMIT_INIT)
		wanted = WORDS_LIMIT_ANY;
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if ((wanted != WORDS_LIMIT_ANY && wanted != order[i]) || !timers[order[i]].find())
			continue;
		timer = &timers[order[i]];
		exceptions_nmi = nmi_outside;
		limit_state.has_timer = true;
		limit_state.source = timer->name;
		break;
	}
	find_init_timer(by_init);
}

static void arm(void)
{
	uint64_t now = clock_now();

	next_at = deadline;
	if (look_at < next_at)
		next_at = look_at;
	if (wake_at && wake_at < next_at)
		next_at = wake_at;
	timer->arm(next_at > now + 1000 ? next_at - now : 1000);
}

/*
 * In place of the test. The stop is told without registers: INIT has cleared them. A BIOS returns here from a triple
 * fault and from a reset, too, where these leave memory and the CMOS as they are.
 */
static void end_by_init(void)
{
	console_end_line();
	if (!armed || clock_now() < init_due)
		power_lose("the CPU was reset");
	enter_leave(ENTER_TIMED_OUT);
}

/* Not for longer than the HPET tells times apart, as it is read here. */
static bool can_init(uint64_t nanoseconds)
{
	return init_timer && (init_timer != &timers[WORDS_LIMIT_HPET] ||
			      r0_hpet_ticks(nanoseconds) < HPET_TICKS_MAX);
}

static void begin_by_init(uint64_t nanoseconds)
{
	armed_by_init = true;
	/* The timer and the clock need not agree to the last. */
	init_due = clock_now() + nanoseconds - nanoseconds / 8;
	others_await_init(end_by_init);
	armed = true;
	init_timer->start();
	init_timer->arm(nanoseconds);
}

/*
 * Xen takes a CPU down that halts with interrupts off, and an NMI brings it back: but no NMI does, as seen of Xen 4.17,
 * if one was on its way when the CPU halted. There the first comes when the test is likely to have halted.
 */
static uint64_t first_look(bool halts)
{
	return halts && !hypervisor_is_xen() ? SOON_NS : LATE_NS;
}

void limit_begin(uint64_t nanoseconds, bool halts, bool by_init)
{
	if (by_init && can_init(nanoseconds)) {
		begin_by_init(nanoseconds);
		return;
	}
	if (!timer)
		return;
	deadline = clock_now() + nanoseconds;
	look_after = first_look(halts);
	look_at = clock_now() + look_after;
	wake_at = 0;
	halts_soon = halts;
	timer->start();
	armed = true;
	arm();
}

void limit_end(void)
{
	armed = false;
	if (armed_by_init)
		init_timer->stop();
	else if (timer)
		timer->stop();
	others_await_init(NULL);
	armed_by_init = false;
}

static uint64_t revive_end;

static void wait_for_init(void)
{
	while (clock_now() < revive_end)
		r0_pause();
	enter_leave(ENTER_HALTED);
}

bool limit_revive(void)
{
	enum enter_end end;

	if (!init_timer)
		return false;
	revive_end = clock_now() + REVIVE_NS;
	begin_by_init(SOON_NS);
	end = enter_call(wait_for_init);
	limit_end();
	return end == ENTER_TIMED_OUT;
}

void limit_wake(uint64_t nanoseconds)
{
	if (!timer || !armed || armed_by_init)
		return;
	wake_at = clock_now() + nanoseconds;
	arm();
}

/* A byte of the test's code, by its own tables. */
static int code_byte(uint64_t cr3, uint64_t address)
{
	const uint64_t *entry;
	int level;

	for (level = 1; level <= 3; level++) {
		uint64_t offset = R0_PAGE_SIZE(level) - 1;

		entry = r0_page_entry_of(cr3, address, level);
		if (!entry)
			continue;
		if (!(*entry & R0_PAGE_P))
			return -1;
		return *(const uint8_t *)r0_direct((*entry & R0_PAGE_ADDRESS & ~offset) |
						   (address & offset));
	}
	return -1;
}

static bool has_requests(void)
{
	uint32_t any = 0, offset;

	for (offset = 0; offset < 0x80; offset += 0x10)
		any |= r0_apic_read(R0_APIC_IRR + offset);
	return any;
}

/*
 * The NMI has ended a HLT that it shall not end: back to it, unless what the test waits for is there. It is known
 * by the STI before it; the test's wait in the runtime looks for itself.
 */
static void go_on_halting(struct r0_frame *frame, uint64_t cr3)
{
	if (frame->rip == wait_halted_at || code_byte(cr3, frame->rip - 1) != HLT ||
	    code_byte(cr3, frame->rip - 2) != STI || has_requests())
		return;
	frame->rip--;
}

static void leave(const struct r0_frame *frame, uint64_t cr3, enum enter_end end)
{
	stopped_take(frame, r0_read_cr2(), cr3);
	enter_leave(end);
}

int limit_nmi(struct r0_frame *frame, uint64_t cr3)
{
	uint64_t now = clock_now();
	const bool in_ring0 = !(frame->cs & 3);
	enum enter_end end;

	/* Another CPU's: a test's own. */
	if (others_self())
		return 0;
	if (others_have_left(&end))
		enter_leave(end);
	if (armed_by_init)
		return 0;
	if (!armed)
		return timer ? 1 : 0; /* a late one, or the test's */
	if (!timer->has_fired() && now < next_at)
		return 0;
	/* In a message that is being served: soon again. */
	if (frame->rip >= IMAGE_VIRTUAL) {
		timer->arm(SOON_NS);
		return 1;
	}
	/* Another CPU may end it, as long as there is time. */
	if (in_ring0 && !(frame->rflags & R0_RFLAGS_IF) &&
	    (halts_soon || !others_run() || now >= deadline) &&
	    code_byte(cr3, frame->rip - 1) == HLT) {
		frame->rip--;
		leave(frame, cr3, ENTER_HALTED);
	}
	if (now >= deadline)
		leave(frame, cr3, ENTER_TIMED_OUT);
	if (in_ring0 && frame->rflags & R0_RFLAGS_IF)
		go_on_halting(frame, cr3);
	if (now >= look_at) {
		look_after = look_after < LAST_LOOK_NS ? 2 * look_after : look_after;
		look_at = now + look_after;
	}
	if (wake_at && now >= wake_at)
		wake_at = 0;
	arm();
	return 1;
}
