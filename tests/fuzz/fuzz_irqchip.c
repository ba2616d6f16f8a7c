/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controllers and the timer that the monitor has itself. The PICs' output is what their
 * registers say; a message of the I/O APIC is one of its table, of an input that is not masked; by level, none
 * follows before its end. The timer's line rises at its deadline, and not before.
 */
#include "devices/pc/ioapic.h"
#include "devices/pc/pic.h"
#include "devices/pc/pit.h"
#include "tests/fuzz/device_fuzz.h"

#define ENTRY_LEVEL  0x8000u
#define ENTRY_IRR    0x4000u
#define ENTRY_MASKED 0x10000u

static struct pic pic;
static struct pit pit;
static struct ioapic ioapic;
static uint64_t now_ns, saved_ns;
static bool output, pit_line, saved_output, saved_pit_line;
static unsigned int pit_changes, messages;

static uint64_t read_clock(void *context)
{
	(void)context;
	return now_ns;
}

static void set_output(void *context, bool level)
{
	(void)context;
	fuzz_expect(output != level, "the PICs' output set to what it is");
	output = level;
}

static void set_pit_line(void *context, unsigned int number, bool level)
{
	(void)context;
	fuzz_expect(pit_line != level, "the PIT's line set to what it is");
	pit_line = level;
	pit_changes++;
	fuzz_note(level);
	pic_set_line(&pic, number, level);
	ioapic_set_line(&ioapic, 2, level);
}

static bool is_message_of(const struct interrupt_message *message, uint64_t entry)
{
	return (entry & 0x7ff) == (message->data & 0x7ff) &&
	       (entry >> 56) == (message->address >> 12 & 0xff) &&
	       !(entry & 0x800) == !(message->address & 4) &&
	       !(entry & ENTRY_LEVEL) == !(message->data & 0x8000);
}

static void send(void *context, const struct interrupt_message *message)
{
	const struct ioapic_registers *r = &ioapic.registers;
	bool found = false;
	unsigned int i;

	(void)context;
	for (i = 0; i < IOAPIC_INPUTS; i++)
		found = found || (is_message_of(message, r->entries[i]) &&
				  !(r->entries[i] & ENTRY_MASKED) && r->lines >> i & 1 &&
				  !(r->entries[i] & ENTRY_LEVEL) == !(r->entries[i] & ENTRY_IRR));
	fuzz_expect(found, "a message of no input");
	fuzz_expect((message->address & 0xfff00ffb) == 0xfee00000, "a message to elsewhere");
	fuzz_note(message->data);
	messages++;
}

static void irqchip_start(void)
{
	const struct pit_options pit_options = { .now = read_clock,
						 .irq = { .set = set_pit_line } };
	const struct ioapic_options ioapic_options = { .send = send };

	now_ns = fuzz_below(1ull << 60);
	output = pit_line = false;
	pit_init(&pit, &pit_options);
	pic_init(&pic, set_output, NULL);
	ioapic_init(&ioapic, &ioapic_options);
	fuzz_equal((uint64_t)pit_add(&pit, &fuzz_bus, NULL), 0, "pit_add()");
	fuzz_equal((uint64_t)pic_add(&pic, &fuzz_bus, NULL), 0, "pic_add()");
	fuzz_equal((uint64_t)bus_add(&fuzz_bus, BUS_MEMORY, IOAPIC_BASE, IOAPIC_SIZE, &ioapic.dev,
				     NULL),
		   0, "bus_add()");
}

static void out(uint64_t port, uint8_t value)
{
	fuzz_access(BUS_PORT, port, 1, true, value);
}

static void set_up_pics(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const uint64_t port = i ? PIC_SECOND_PORT : PIC_FIRST_PORT;

		out(port, 0x11);
		out(port + 1, (uint8_t)fuzz_below(256));
		out(port + 1, i ? 2 : 4);
		out(port + 1, fuzz_one_in(4) ? (uint8_t)fuzz_below(32) : 1);
		out(port + 1, fuzz_one_in(2) ? 0 : (uint8_t)fuzz_below(256));
	}
}

static void write_ioapic(uint8_t index, uint32_t value)
{
	fuzz_access(BUS_MEMORY, IOAPIC_BASE, 4, true, index);
	fuzz_access(BUS_MEMORY, IOAPIC_BASE + 0x10, 4, true, value);
}

static void route(void)
{
	uint8_t index = (uint8_t)(0x10 + 2 * fuzz_below(IOAPIC_INPUTS));

	write_ioapic(index + 1, (uint32_t)fuzz_random());
	write_ioapic(index, (uint32_t)(fuzz_below(256) | fuzz_below(2) << 15 |
				       (fuzz_one_in(4) ? fuzz_random() : 0)));
}

static void set_timer(void)
{
	unsigned int n = (unsigned int)fuzz_below(3);

	out(0x43, (uint8_t)(n << 6 | fuzz_below(4) << 4 | fuzz_below(8) << 1 | fuzz_one_in(5)));
	out(0x40 + n, (uint8_t)fuzz_value());
	out(0x40 + n, (uint8_t)fuzz_value());
}

static void wait_for_deadline(void)
{
	unsigned int before = pit_changes;
	uint64_t deadline;

	bus_expire(&fuzz_bus);
	deadline = bus_deadline(&fuzz_bus);
	fuzz_note(deadline == UINT64_MAX ? 0 : deadline - now_ns);
	if (deadline == UINT64_MAX)
		return;
	fuzz_expect(deadline > now_ns, "a deadline that is over");
	/* A tick is some 838 ns; what rises more often than every 100 us is not told each time. */
	if (deadline - now_ns > 101000) {
		before = pit_changes;
		now_ns = deadline - 1;
		bus_expire(&fuzz_bus);
		fuzz_equal(pit_changes, before, "the PIT's line changed before the deadline");
	}
	now_ns = deadline;
	before = pit_changes;
	bus_expire(&fuzz_bus);
	fuzz_expect(pit_changes != before && pit_line, "the PIT's line did not rise");
}

/* Another way than theirs: bit by bit from the most urgent one on. */
static bool asks(const struct pic_chip *chip, bool first)
{
	unsigned int i;

	for (i = 1; i <= 8; i++) {
		unsigned int input = (chip->lowest + i) % 8, bit = 1u << input;

		if (chip->isr & bit && !(chip->special_mask && chip->imr & bit) &&
		    !(first && chip->fully_nested && input == 2))
			return false;
		if (chip->irr & ~chip->imr & bit)
			return true;
	}
	return false;
}

static void check(void)
{
	const struct pic_chip *chips = pic.registers.chips;
	unsigned int i;

	fuzz_equal(output, asks(&chips[0], true), "the PICs' output");
	fuzz_equal(chips[0].lines >> 2 & 1, asks(&chips[1], false), "the cascade");
	for (i = 0; i < IOAPIC_INPUTS; i++) {
		uint64_t entry = ioapic.registers.entries[i];

		fuzz_expect(entry & ENTRY_LEVEL || !(entry & ENTRY_IRR), "remote IRR of an edge");
	}
	for (i = 0; i < PIT_CHANNELS; i++)
		fuzz_expect(pit.registers.channels[i].count <= 0x10000, "a PIT's count");
}

static void set_lines(void)
{
	unsigned int line = (unsigned int)fuzz_below(IOAPIC_INPUTS + 1);
	bool level = fuzz_one_in(2);

	/* The PIT's are its own. */
	if (line && line < PIC_INPUTS)
		pic_set_line(&pic, line, level);
	if (line != 2)
		ioapic_set_line(&ioapic, line, level);
}

static void acknowledge(void)
{
	const struct pic_chip *chips = pic.registers.chips;
	bool asked = output;
	uint8_t vector = pic_acknowledge(&pic);

	fuzz_note(vector);
	fuzz_expect((vector & 0xf8) == chips[0].vector || (vector & 0xf8) == chips[1].vector,
		    "a vector of neither PIC");
	fuzz_expect(asked || vector == chips[0].vector + 7, "an interrupt that nobody asked for");
}

static void irqchip_step(void)
{
	switch (fuzz_below(10)) {
	case 0:
		set_up_pics();
		break;
	case 1:
		route();
		break;
	case 2:
		set_timer();
		break;
	case 3:
		wait_for_deadline();
		break;
	case 4:
		now_ns += fuzz_below(fuzz_one_in(20) ? 1000000000000ull : 1000000);
		bus_expire(&fuzz_bus);
		break;
	case 5:
	case 6:
		set_lines();
		break;
	case 7:
		acknowledge();
		break;
	case 8:
		ioapic_end_of_interrupt(&ioapic, (uint8_t)fuzz_below(256));
		break;
	default:
		if (fuzz_one_in(30))
			bus_reset(&fuzz_bus);
		else
			fuzz_random_access();
		break;
	}
	check();
}

static void irqchip_save(void)
{
	saved_ns = now_ns;
	saved_output = output;
	saved_pit_line = pit_line;
}

static void before_restore(void)
{
	now_ns = saved_ns;
}

static void irqchip_restore(void)
{
	fuzz_equal(output, saved_output, "the PICs' output from a copy");
	fuzz_equal(pit_line, saved_pit_line, "the PIT's line from a copy");
	check();
}

const struct fuzz_target fuzz_irqchip = {
	.name = "irqchip",
	.start = irqchip_start,
	.step = irqchip_step,
	.save = irqchip_save,
	.before_restore = before_restore,
	.restore = irqchip_restore,
};
