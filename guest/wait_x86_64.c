/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an interrupt, with an end: busily or by HLT. Depends on the outside for the clock, and
 * for the end of a HLT that nothing else ends.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "guest/bytes.h"
#include "guest/entry.h"
#include "guest/fail.h"
#include "guest/format.h"
#include "guest/interrupts_x86_64.h"
#include "guest/outside.h"
#include "guest/own_tables.h"
#include "guest/require.h"
#include "guest/state.h"

#define NS_PER_MS 1000000ull

/* How often to look before the clock is first asked: 10 µs of PAUSE, or 2 ms of an emulated one. */
#define FIRST_SPINS 256

/* How many times as often as before to look until it is asked again. */
#define MOST_SPINS 16

/* Registers that are there in every mode of the local APIC and can be read. */
static const uint16_t readable[] = {
	R0_APIC_TPR,
	R0_APIC_PPR,
	R0_APIC_SVR,
	R0_APIC_ESR,
	R0_APIC_LVT_TIMER,
	R0_APIC_LVT_THERMAL,
	R0_APIC_LVT_PERFORMANCE,
	R0_APIC_LVT_LINT0,
	R0_APIC_LVT_LINT1,
	R0_APIC_LVT_ERROR,
	R0_APIC_INITIAL_COUNT,
	R0_APIC_CURRENT_COUNT,
};

static void read_apic(struct interrupt_registers *registers)
{
	uint32_t offset;
	size_t i;

	if (!(registers->apic_base & R0_APIC_BASE_ENABLE))
		return;
	for (i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		registers->apic[readable[i] / 0x10] = r0_apic_read(readable[i]);
	for (offset = R0_APIC_ISR; offset < R0_APIC_ESR; offset += 0x10)
		registers->apic[offset / 0x10] = r0_apic_read(offset);
}

static void read_registers(struct interrupt_registers *registers, uint64_t rflags)
{
	unsigned int input;

	fill_bytes(registers, 0, sizeof(*registers));
	registers->rflags = rflags;
	registers->apic_base = r0_rdmsr(R0_MSR_APIC_BASE);
	read_apic(registers);
	for (input = 0; input < R0_IOAPIC_INPUTS; input++)
		registers->redirections[input] = r0_ioapic_redirection(input);
	registers->pic_requests = r0_pic_requests();
	registers->pic_in_service = r0_pic_in_service();
	registers->pic_masks = r0_pic_masks();
}

/* A wait, between its pieces. */
struct wait {
	const char *file;
	int line, vector;
	unsigned int timeout_ms;
	uint64_t rflags; /* before it */
};

static void give_up(const struct wait *wait, const char *how)
{
	struct interrupt_registers registers;
	char text[3072];
	size_t length;

	read_registers(&registers, wait->rflags | R0_RFLAGS_IF);
	length = format_to(
		text, sizeof(text), "no interrupt %#x was handled in %u ms of waiting %s%s\n",
		(unsigned int)wait->vector, wait->timeout_ms, how,
		wait->rflags & R0_RFLAGS_IF ? "" : ", with RFLAGS.IF set for the time of it");
	if (!r0_guest.handlers[wait->vector])
		length += format_to(text + length, sizeof(text) - length,
				    "no handler is set for it: r0_set_handler()\n");
	length +=
		describe_interrupts(&registers, wait->vector, text + length, sizeof(text) - length);
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
		r0_fail(file, line,
			"r0_wait_for_irq() counts what the runtime handles, and the test has loaded an "
			"IDT whose gate for interrupt %#x is its own",
			(unsigned int)vector);
	*wait = (struct wait){
		.file = file,
		.line = line,
		.vector = vector,
		.timeout_ms = timeout_ms,
		.rflags = r0_read_rflags(),
	};
	r0_cli();
}

/*
 * Look until the clock is past the deadline. It is asked seldom, as that leaves the VM: each time
 * when about half of what is left should be over, going by how long looking took until now.
 */
static bool comes_busily(int vector, uint64_t limit)
{
	const volatile uint32_t *count = handled_interrupts(this_cpu(), (uint64_t)vector);
	uint64_t spins = 0, look = FIRST_SPINS, start = outside->wake(0), elapsed, more;

	r0_sti();
	while (!*count) {
		r0_pause();
		if (++spins < look)
			continue;
		elapsed = outside->clock() - start;
		if (elapsed >= limit)
			break;
		more = (limit - elapsed) / (2 * (elapsed / spins + 1)) + FIRST_SPINS;
		look += more < MOST_SPINS * spins ? more : MOST_SPINS * spins;
	}
	r0_cli();
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
			give_up(&wait, "by HLT");
		r0_write_rflags(wait.rflags);
		return take(vector);
	}
	while (!(count = take(vector))) {
		/* Each time anew: who waited in a handler meanwhile has set the alarm, too. */
		now = outside->wake(left);
		if (!deadline)
			deadline = now + left;
		else if (now >= deadline)
			give_up(&wait, "by HLT");
		left = deadline - now;
		r0_wait_halt();
	}
	r0_write_rflags(wait.rflags);
	return count;
}

unsigned int r0_wait_for_irq_busy_at(const char *file, int line, int vector,
				     unsigned int timeout_ms)
{
	struct wait wait;

	require_guest("r0_wait_for_irq_busy");
	begin(&wait, file, line, vector, timeout_ms);
	if (!comes_busily(vector, timeout_ms * NS_PER_MS))
		give_up(&wait, "with PAUSE");
	r0_write_rflags(wait.rflags);
	return take(vector);
}

void r0_apic_acknowledge(struct r0_frame *frame)
{
	(void)frame;
	r0_apic_eoi();
}

void r0_pic_acknowledge(struct r0_frame *frame)
{
	uint16_t in_service = r0_pic_in_service();
	uint8_t highest = (uint8_t)(in_service & -in_service);

	(void)frame;
	/* What was delivered is in service with the highest priority: at the slave, or before it. */
	if (highest == 1 << R0_PIC_CASCADE)
		r0_out8(R0_PIC_SLAVE, R0_PIC_OCW2_EOI);
	r0_out8(R0_PIC_MASTER, R0_PIC_OCW2_EOI);
}
