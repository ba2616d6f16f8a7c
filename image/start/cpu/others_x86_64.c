/* SPDX-License-Identifier: MIT */
/*
 * INIT ends whatever a CPU does, and STARTUP has it begin anew, one at a time: SDM vol. 3A, 8.4.4, and 10.4.7.3. So that
 * it is known to have left a test, it is started once more, to park.
 */
#include "image/start/cpu/others_x86_64.h"
#include <ring0/private/abi.h>
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/cpu/cpu_x86_64.h"
#include "image/start/cpu/interrupts_x86_64.h"
#include "image/start/cpu/memory_x86_64.h"
#include "image/start/cpu/space_x86_64.h"
#include "image/start/cpu/tables_x86_64.h"
#include "image/start/hardware/acpi_x86_64.h"
#include "image/start/hardware/clock_x86_64.h"
#include "image/start/hardware/hypervisor_x86_64.h"
#include "image/start/hardware/loader_x86_64.h"
#include "image/start/hardware/power_x86_64.h"

/* Where STARTUP can have a CPU begin, and firmware has nothing of its own: a page of it. */
#define LOW_FROM 0x8000ull
#define LOW_TO	 0x90000ull

#define STACK_FRAMES 4

/* As a destination, in xAPIC mode: SDM vol. 3A, 10.6.2.1. */
#define ALL_CPUS 255

/*
 * The CPU that booted begins after INIT as after a reset, at the last 16 bytes below 4 GiB (SDM vol. 3A, 8.4.2, 9.1.4).
 * There every BIOS has a far JMP to its segment. It looks at the shutdown status in the CMOS first (IBM PC AT Technical
 * Reference, "Shutdown Status Byte"): by that of a jump, it goes where the BIOS data area says.
 */
#define RESET_VECTOR  0xfffffff0ull
#define JMP_FAR	      0xea /* then IP, and CS */
#define BIOS_SEGMENT  0xf000
#define CMOS_INDEX    0x70
#define CMOS_DATA     0x71
#define CMOS_SHUTDOWN 0x0f
#define SHUTDOWN_BOOT 0x00
#define SHUTDOWN_JUMP 0x0a
#define SHUTDOWN_TO   0x467 /* IP, and CS */

/* Between the messages to a CPU, and how long it may take to be there, before it is asked again. */
#define INIT_NS	 200000ull
#define START_NS 20000000ull
#define TRIES	 25

static const struct image_payload *payload;
static uint64_t image_start; /* physical */
static uint64_t enter_at;    /* the pad's pad_enter, in the program */
static uint64_t stack_ends[R0_CPU_LIMIT];
static uint64_t low_page;
/* By the CPUs' numbers: the local APICs' IDs. The first is of the CPU that booted. */
static uint8_t ids[R0_CPU_LIMIT];
static unsigned int known = 1, available = 1, running = 1;
static bool stopped_early;
static unsigned int lost; /* what can't be stopped */

enum job { JOB_PARK, JOB_TEST, JOB_WATCH };

/* The one that is being started: what it is to do, and that it is there. */
static struct {
	unsigned int number;
	enum job job;
	volatile bool is_there;
} starting;

/* Of the one that watches: when it is to send an NMI, by the clock, or 0; and whether it has. */
static volatile uint64_t watch_at;
static volatile bool has_watched;

/* What the first CPU goes on with after INIT, or NULL. */
static void (*volatile after_init)(void);

static struct {
	volatile bool is_set;
	enum enter_end end;
} left;

extern const char trampoline_start[], trampoline_end[], trampoline_32[], trampoline_64[];
extern const char trampoline_gdt[], trampoline_root[], trampoline_far_32[], trampoline_far_64[];
extern uint64_t trampoline_stack;
extern void (*trampoline_main)(void);

unsigned int others_count(void)
{
	return available;
}

unsigned int others_far(void)
{
	unsigned int far = 0, i;

	for (i = 0; i < acpi.cpu_count; i++)
		far += acpi.cpus[i] >= ALL_CPUS;
	return far;
}

unsigned int others_lost(void)
{
	return lost;
}

bool others_run(void)
{
	return running > 1;
}

bool others_have_stopped(void)
{
	return stopped_early;
}

/* The one that it started with: SDM vol. 2A, CPUID, leaf 1. */
static uint8_t own_id(void)
{
	return (uint8_t)(r0_cpuid(1, 0).ebx >> 24);
}

unsigned int others_self(void)
{
	return enter_many ? enter_numbers[own_id()] : 0;
}

uint8_t others_apic_id(unsigned int number)
{
	return ids[number];
}

static void pause_for(uint64_t nanoseconds)
{
	const uint64_t end = clock_now() + nanoseconds;

	while (clock_now() < end)
		r0_pause();
}

void others_watch_until(uint64_t at)
{
	has_watched = false;
	watch_at = at;
}

bool others_have_watched(void)
{
	return has_watched;
}

static __attribute__((noreturn)) void watch(void)
{
	for (;;) {
		uint64_t at = watch_at;

		r0_pause();
		if (!at || clock_now() < at)
			continue;
		/* If it has not been given another time meanwhile. */
		if (!__atomic_compare_exchange_n(&watch_at, &at, 0, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST))
			continue;
		has_watched = true;
		r0_apic_send_ipi(ids[0],
				 (after_init ? R0_APIC_INIT : R0_APIC_NMI) | R0_APIC_ASSERT);
	}
}

static __attribute__((noreturn)) void return_from_init(void)
{
	void (*then)(void) = after_init;

	r0_write_cr3(space.start);
	r0_lidt(enter_idtr);
	cpu_recover();
	if (then)
		then();
	power_lose("INIT came when no test was to be ended");
}

/* The first function of a CPU that was started, on a stack of its own. */
static void others_main(void)
{
	const unsigned int number = starting.number;
	const uint64_t area = payload->area + number * R0_AREA_SIZE;
	const uint64_t stack = area + R0_AREA_STACK + R0_AREA_STACK_SIZE;
	/* On a page that the test's tables map, until the stack grows. */
	struct r0_table_register *idtr = (struct r0_table_register *)(stack - 2 * sizeof(*idtr));
	const struct enter_state state = {
		.rsp = stack,
		.rip = payload->cpu_start,
		.cr3 = space.test,
		.pad_enter = enter_at,
		.idtr = idtr,
	};

	if (own_id() == ids[0])
		return_from_init();
	r0_write_cr3(space.start);
	r0_lidt(enter_idtr);
	cpu_recover();
	/* INIT leaves IA32_APIC_BASE as it is: SDM vol. 3A, table 9-1. */
	r0_apic_set_mode(R0_APIC_MODE_XAPIC);
	if (starting.job == JOB_WATCH) {
		starting.is_there = true;
		watch();
	}
	if (starting.job == JOB_PARK) {
		/* Without it, it could not be started for the next test. */
		starting.is_there = r0_apic_mode() == R0_APIC_MODE_XAPIC;
		for (;;)
			__asm__ volatile("cli; hlt");
	}
	cpu_prepare(payload, number);
	*idtr = (struct r0_table_register){ .limit = enter_idtr.limit, .base = area + R0_AREA_IDT };
	r0_apic_write(R0_APIC_SVR, R0_APIC_SVR_ENABLE | R0_APIC_SVR_RESET);
	starting.is_there = true;
	enter_cpu(&state);
}

static uint32_t physical(const void *symbol)
{
	return (uint32_t)(image_start + ((uint64_t)symbol - IMAGE_VIRTUAL));
}

/* How far a symbol of the trampoline is in it: as numbers, since the compiler takes each for an object of its own. */
static uint32_t within(const char *symbol)
{
	return (uint32_t)((uint64_t)symbol - (uint64_t)trampoline_start);
}

/* Again each time: a test may have written there. */
static void put_trampoline(void)
{
	char *page = r0_direct(low_page);

	copy_bytes(page, trampoline_start, within(trampoline_end));
	*(uint32_t *)(page + within(trampoline_gdt)) = physical(start_gdt);
	*(uint32_t *)(page + within(trampoline_root)) = physical(start_table);
	*(uint32_t *)(page + within(trampoline_far_32)) =
		(uint32_t)low_page + within(trampoline_32);
	*(uint32_t *)(page + within(trampoline_far_64)) =
		(uint32_t)low_page + within(trampoline_64);
}

static bool start(unsigned int number, enum job job)
{
	const uint32_t vector = (uint32_t)(low_page >> 12);
	unsigned int tries;
	uint64_t end;

	starting.number = number;
	starting.job = job;
	starting.is_there = false;
	put_trampoline();
	enter_ask_stacks[number] = stack_ends[number];
	trampoline_stack = stack_ends[number];
	r0_apic_send_ipi(ids[number], R0_APIC_INIT | R0_APIC_ASSERT);
	pause_for(INIT_NS);
	for (tries = 0; tries < TRIES; tries++) {
		r0_apic_send_ipi(ids[number], R0_APIC_STARTUP | R0_APIC_ASSERT | vector);
		for (end = clock_now() + START_NS; clock_now() < end && !starting.is_there;)
			r0_pause();
		if (starting.is_there)
			return true;
	}
	return false;
}

static bool has_apic(uint32_t id)
{
	unsigned int i;

	for (i = 0; i < acpi.cpu_count; i++)
		if (acpi.cpus[i] == id)
			return true;
	return false;
}

/* Of the memory that the loader told of, and no test declares. */
static uint64_t find_low_page(void)
{
	uint64_t at;

	for (at = LOW_FROM; at < LOW_TO; at += FRAME)
		if (memory_is_there(at) && memory_is_there(at + FRAME - 1) &&
		    !memory_is_declared(at, at + FRAME))
			return at;
	return 0;
}

static void take_stack(unsigned int number)
{
	if (stack_ends[number])
		return;
	stack_ends[number] = (uint64_t)r0_direct(memory_need(STACK_FRAMES)) + STACK_FRAMES * FRAME;
}

void others_choose(const struct image_payload *of)
{
	const unsigned int wanted = of->cpu_count < R0_CPU_LIMIT ? (unsigned int)of->cpu_count :
								   R0_CPU_LIMIT;
	unsigned int number, id;

	payload = of;
	ids[0] = own_id();
	for (id = 0; id < ALL_CPUS && known < wanted; id++)
		if (id != ids[0] && has_apic(id))
			ids[known++] = (uint8_t)id;
	for (number = 0; number < known; number++)
		enter_numbers[ids[number]] = (uint8_t)number;
}

void others_look(uint64_t image_at, uint64_t pad_enter_at)
{
	image_start = image_at;
	enter_at = pad_enter_at;
	trampoline_main = others_main;
	if (!interrupts.apic)
		return;
	low_page = find_low_page();
	if (!low_page)
		return;
	r0_apic_set_mode(R0_APIC_MODE_XAPIC);
	/* The first's own, for INIT: what a test has first would be the next one's. */
	take_stack(0);
	while (available < known) {
		take_stack(available);
		if (!start(available, JOB_PARK))
			return;
		available++;
	}
}

static bool is_for_tests(uint32_t id)
{
	unsigned int i;

	for (i = 0; i < available; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* One that no test has; else the last that they have. */
bool others_watch(void)
{
	unsigned int i;

	if (!low_page)
		return false;
	for (i = 0; i < acpi.cpu_count && available < R0_CPU_LIMIT; i++) {
		if (acpi.cpus[i] >= ALL_CPUS || is_for_tests(acpi.cpus[i]))
			continue;
		ids[available] = (uint8_t)acpi.cpus[i];
		take_stack(available);
		if (start(available, JOB_WATCH))
			return true;
	}
	if (available == 1)
		return false;
	available--;
	return start(available, JOB_WATCH);
}

const char *others_why_no_init(void)
{
	const uint8_t *code = r0_direct(RESET_VECTOR);

	if (!low_page)
		return "there is no memory to return to";
	/* Domain 0 sees the host's, which is not for its virtual CPUs. */
	if (hypervisor_is_xen())
		return "Xen has no firmware for this CPU";
	if (code[0] != JMP_FAR || (code[3] | code[4] << 8) != BIOS_SEGMENT)
		return "the firmware is no BIOS";
	return NULL;
}

void others_await_init(void (*then)(void))
{
	volatile uint16_t *to = r0_direct(SHUTDOWN_TO);

	if (!then && !after_init)
		return;
	if (then) {
		put_trampoline();
		trampoline_stack = stack_ends[0];
		to[0] = 0;
		to[1] = (uint16_t)(low_page >> 4);
	}
	after_init = then;
	r0_out8(CMOS_INDEX, CMOS_SHUTDOWN);
	r0_out8(CMOS_DATA, then ? SHUTDOWN_JUMP : SHUTDOWN_BOOT);
}

unsigned int others_start(unsigned int cpus)
{
	stopped_early = false;
	left.is_set = false;
	enter_owner = 0;
	enter_depth = 0;
	if (cpus <= 1)
		return 0;
	((struct r0_guest *)payload->guest)->cpu_count = cpus;
	r0_apic_write(R0_APIC_SVR, R0_APIC_SVR_ENABLE | R0_APIC_SVR_RESET);
	enter_many = 1;
	for (running = 1; running < cpus; running++)
		if (!start(running, JOB_TEST))
			return running++;
	return 0;
}

void others_stop(void)
{
	unsigned int number;

	if (running == 1)
		return;
	stopped_early = true;
	r0_apic_set_mode(R0_APIC_MODE_XAPIC);
	for (number = 1; number < running; number++)
		if (!start(number, JOB_PARK))
			lost = number;
	running = 1;
	/* What can't be stopped waits for ever where it comes with a message: nobody else is to serve one. */
	if (lost) {
		enter_owner = 1;
		return;
	}
	/* Of one that was serving a message, which has its end there; not this one's. */
	if (enter_owner != 1) {
		enter_owner = 0;
		enter_depth = 0;
	}
	enter_many = 0;
}

void others_leave(enum enter_end end)
{
	if (!others_self())
		enter_leave(end);
	left.end = end;
	left.is_set = true;
	r0_apic_set_mode(R0_APIC_MODE_XAPIC);
	r0_apic_send_ipi(ids[0], R0_APIC_NMI | R0_APIC_ASSERT);
	for (;;)
		__asm__ volatile("cli; hlt");
}

bool others_have_left(enum enter_end *end)
{
	*end = left.end;
	return left.is_set;
}
