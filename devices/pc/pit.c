/* SPDX-License-Identifier: MIT */
/* The interval timer 8254. Names are the data sheet's (Intel 231164). */
#include "devices/pc/pit.h"
#include <stddef.h>
#include "base/container_of.h"

#define NS_PER_S 1000000000ull

/* How often a channel that rises all the time is looked at. */
#define LOOK_NS 100000ull

/* Port 0x61. */
#define CONTROL_GATE	0x01
#define CONTROL_SPEAKER 0x02
#define CONTROL_REFRESH 0x10
#define CONTROL_OUTPUT	0x20
#define REFRESH_NS	15085

/* The control word. */
#define WORD_CHANNEL_SHIFT  6
#define WORD_READ_BACK	    3
#define WORD_ACCESS_SHIFT   4
#define WORD_MODE_SHIFT	    1
#define READ_BACK_NO_COUNT  0x20
#define READ_BACK_NO_STATUS 0x10

#define STATUS_OUTPUT	  0x80
#define STATUS_NULL_COUNT 0x40

enum { TERMINAL_COUNT, ONE_SHOT, RATE, SQUARE_WAVE, SOFTWARE_STROBE, HARDWARE_STROBE };

static uint64_t now(const struct pit *pit)
{
	return pit->options.now(pit->options.now_context);
}

static uint64_t ticks_of(uint64_t ns)
{
	return ns / NS_PER_S * PIT_HZ + ns % NS_PER_S * PIT_HZ / NS_PER_S;
}

/* When that many are over. */
static uint64_t ns_of(uint64_t ticks)
{
	return ticks / PIT_HZ * NS_PER_S + (ticks % PIT_HZ * NS_PER_S + PIT_HZ - 1) / PIT_HZ;
}

/* In modes 1 and 5 the gate starts the channel by its rise, and does not hold it up. */
static bool is_triggered(const struct pit_channel *channel)
{
	return channel->mode == ONE_SHOT || channel->mode == HARDWARE_STROBE;
}

static bool counts(const struct pit_channel *channel)
{
	return channel->count && (channel->gate || is_triggered(channel));
}

/* How long it has counted, in ns. */
static uint64_t age_of(const struct pit *pit, unsigned int n)
{
	const struct pit_channel *channel = &pit->registers.channels[n];

	return counts(channel) ? now(pit) - pit->since[n] : channel->age;
}

static void begin(struct pit *pit, unsigned int n)
{
	pit->since[n] = now(pit);
	pit->registers.channels[n].age = 0;
	if (!n)
		pit->registers.rises = 0;
}

static uint32_t count_after(const struct pit_channel *channel, uint64_t ticks)
{
	const uint32_t whole = channel->bcd ? 10000 : 0x10000;

	if (!channel->count)
		return 0;
	switch (channel->mode) {
	case RATE:
		return channel->count - (uint32_t)(ticks % channel->count);
	case SQUARE_WAVE:
		/* By two, twice in a period. */
		return channel->count - (uint32_t)(2 * ticks % channel->count);
	default:
		return (uint32_t)((channel->count + (whole - ticks % whole)) % whole);
	}
}

static bool output_after(const struct pit_channel *channel, uint64_t ticks)
{
	switch (channel->mode) {
	case TERMINAL_COUNT:
		return channel->count && ticks >= channel->count;
	case ONE_SHOT:
		return !channel->count || ticks >= channel->count;
	case RATE:
		return !channel->count || ticks % channel->count != channel->count - 1;
	case SQUARE_WAVE:
		return !channel->count || ticks % channel->count < (channel->count + 1) / 2;
	default:
		return !channel->count || ticks != channel->count;
	}
}

/* How often its output has risen. */
static uint64_t rises_after(const struct pit_channel *channel, uint64_t ticks)
{
	if (!channel->count)
		return 0;
	switch (channel->mode) {
	case TERMINAL_COUNT:
	case ONE_SHOT:
		return ticks >= channel->count;
	case RATE:
	case SQUARE_WAVE:
		return ticks / channel->count;
	default:
		return ticks > channel->count;
	}
}

/* The tick of the next rise; UINT64_MAX if there is none any more. */
static uint64_t next_rise(const struct pit_channel *channel, uint64_t ticks)
{
	if (!channel->count)
		return UINT64_MAX;
	switch (channel->mode) {
	case TERMINAL_COUNT:
	case ONE_SHOT:
		return ticks < channel->count ? channel->count : UINT64_MAX;
	case RATE:
	case SQUARE_WAVE:
		return (ticks / channel->count + 1) * channel->count;
	default:
		return ticks <= channel->count ? channel->count + 1ull : UINT64_MAX;
	}
}

static void set_line(struct pit *pit, bool level)
{
	pit->registers.line = level;
	if (pit->high == level)
		return;
	pit->high = level;
	irq_line_set(&pit->options.irq, level);
}

/* Give the interrupt of the rises since the last look: its line is high from then until the next. */
static void look(struct pit *pit)
{
	struct pit_registers *r = &pit->registers;
	uint64_t rises = rises_after(&r->channels[0], ticks_of(age_of(pit, 0)));

	pit->looked = now(pit);
	if (rises == r->rises)
		return;
	r->rises = rises;
	set_line(pit, false);
	if (!pit->replaced)
		set_line(pit, true);
}

static uint64_t pit_deadline(struct dev *dev)
{
	struct pit *pit = container_of(dev, struct pit, dev);
	const struct pit_channel *channel = &pit->registers.channels[0];
	uint64_t rise, at;

	if (!counts(channel) || pit->replaced)
		return UINT64_MAX;
	rise = next_rise(channel, ticks_of(age_of(pit, 0)));
	if (rise == UINT64_MAX)
		return UINT64_MAX;
	at = pit->since[0] + ns_of(rise);
	return at < pit->looked + LOOK_NS &&
			       (channel->mode == RATE || channel->mode == SQUARE_WAVE) ?
		       pit->looked + LOOK_NS :
		       at;
}

static void pit_expire(struct dev *dev)
{
	look(container_of(dev, struct pit, dev));
}

static uint16_t to_bcd(uint32_t value)
{
	return (uint16_t)(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 |
			  value / 1000 % 10 << 12);
}

static uint32_t from_bcd(uint16_t value)
{
	return (value & 15u) + (value >> 4 & 15u) * 10 + (value >> 8 & 15u) * 100 +
	       (value >> 12 & 15u) * 1000;
}

static uint16_t shown_count(const struct pit *pit, unsigned int n)
{
	const struct pit_channel *channel = &pit->registers.channels[n];
	uint32_t count = count_after(channel, ticks_of(age_of(pit, n)));

	return channel->bcd ? to_bcd(count) : (uint16_t)count;
}

static void latch_count(struct pit *pit, unsigned int n)
{
	struct pit_channel *channel = &pit->registers.channels[n];

	/* What was latched and not read yet stays. */
	if (channel->has_latch)
		return;
	channel->latch = shown_count(pit, n);
	channel->has_latch = channel->access == 3 ? 2 : 1;
}

static bool output_of(const struct pit *pit, unsigned int n)
{
	return output_after(&pit->registers.channels[n], ticks_of(age_of(pit, n)));
}

static void latch_status(struct pit *pit, unsigned int n)
{
	struct pit_channel *channel = &pit->registers.channels[n];

	if (channel->has_status)
		return;
	channel->status = (uint8_t)((output_of(pit, n) ? STATUS_OUTPUT : 0) |
				    (channel->count ? 0 : STATUS_NULL_COUNT) |
				    channel->access << WORD_ACCESS_SHIFT |
				    channel->mode << WORD_MODE_SHIFT | channel->bcd);
	channel->has_status = 1;
}

static void read_back(struct pit *pit, uint8_t word)
{
	unsigned int n;

	for (n = 0; n < PIT_CHANNELS; n++) {
		if (!(word >> (n + 1) & 1))
			continue;
		if (!(word & READ_BACK_NO_COUNT))
			latch_count(pit, n);
		if (!(word & READ_BACK_NO_STATUS))
			latch_status(pit, n);
	}
}

static void write_control(struct pit *pit, uint8_t word)
{
	unsigned int n = word >> WORD_CHANNEL_SHIFT, mode = word >> WORD_MODE_SHIFT & 7;
	struct pit_channel *channel;

	if (n == WORD_READ_BACK) {
		read_back(pit, word);
		return;
	}
	if (!(word >> WORD_ACCESS_SHIFT & 3)) {
		latch_count(pit, n);
		return;
	}
	channel = &pit->registers.channels[n];
	*channel = (struct pit_channel){
		.access = word >> WORD_ACCESS_SHIFT & 3,
		/* 6 and 7 are 2 and 3. */
		.mode = (uint8_t)(mode < 6 ? mode : mode - 4),
		.bcd = word & 1,
		.gate = channel->gate,
	};
	begin(pit, n);
	if (!n)
		set_line(pit, false);
}

static void load(struct pit *pit, unsigned int n, uint16_t value)
{
	struct pit_channel *channel = &pit->registers.channels[n];
	uint32_t count = channel->bcd ? from_bcd(value) : value;
	bool goes_on = channel->count && (is_triggered(channel) || channel->mode == RATE ||
					  channel->mode == SQUARE_WAVE);
	uint64_t age = age_of(pit, n), period = channel->count ? ns_of(channel->count) : 0;

	channel->count = count ? count : channel->bcd ? 10000 : 0x10000;
	if (!goes_on || !counts(channel)) {
		/* Until the gate triggers it, a one-shot's output is as after its end. */
		begin(pit, n);
		if (is_triggered(channel))
			pit->since[n] -= ns_of(channel->count + 2ull);
		if (is_triggered(channel) && !n)
			pit->registers.rises = 1;
	} else if (!is_triggered(channel)) {
		/* The period that runs is counted to its end: what the new count changes begins with it anew. */
		begin(pit, n);
		if (age % period < ns_of(channel->count))
			pit->since[n] -= age % period;
	}
	if (!n && channel->mode == TERMINAL_COUNT)
		set_line(pit, false);
}

static void write_count(struct pit *pit, unsigned int n, uint8_t value)
{
	struct pit_channel *channel = &pit->registers.channels[n];

	if (channel->access == 2) {
		load(pit, n, (uint16_t)(value << 8));
	} else if (channel->access != 3) {
		load(pit, n, value);
	} else if (!channel->awaits_high) {
		channel->written = value;
		channel->awaits_high = 1;
	} else {
		channel->awaits_high = 0;
		load(pit, n, (uint16_t)(channel->written | value << 8));
	}
}

static uint8_t read_count(struct pit *pit, unsigned int n)
{
	struct pit_channel *channel = &pit->registers.channels[n];
	uint16_t value = channel->has_latch ? channel->latch : shown_count(pit, n);
	bool high = channel->access == 2 || (channel->access == 3 && channel->reads_high);

	if (channel->has_status) {
		channel->has_status = 0;
		return channel->status;
	}
	if (channel->access == 3)
		channel->reads_high = !channel->reads_high;
	if (channel->has_latch)
		channel->has_latch--;
	return (uint8_t)(high ? value >> 8 : value);
}

static enum bus_result pit_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct pit *pit = container_of(dev, struct pit, dev);

	(void)size;
	look(pit);
	/* The control word can't be read. */
	*(uint8_t *)data = offset < PIT_CHANNELS ? read_count(pit, (unsigned int)offset) : 0;
	return BUS_DONE;
}

static enum bus_result pit_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct pit *pit = container_of(dev, struct pit, dev);
	const uint8_t value = *(const uint8_t *)data;

	(void)size;
	look(pit);
	if (offset < PIT_CHANNELS)
		write_count(pit, (unsigned int)offset, value);
	else
		write_control(pit, value);
	dev_wake(dev);
	return BUS_DONE;
}

static struct pit *of_control(struct dev *dev)
{
	return (struct pit *)((char *)dev - offsetof(struct pit, control));
}

/* Channel 2's gate: where it is low the count stands; where it rises, modes 1, 2, 3 and 5 begin anew. */
static void set_gate(struct pit *pit, bool gate)
{
	struct pit_channel *channel = &pit->registers.channels[2];
	uint64_t age = age_of(pit, 2);

	if (channel->gate == gate)
		return;
	channel->gate = gate;
	if (!gate) {
		channel->age = age;
	} else if (is_triggered(channel) || channel->mode == RATE || channel->mode == SQUARE_WAVE) {
		begin(pit, 2);
	} else {
		pit->since[2] = now(pit) - age;
	}
}

static enum bus_result control_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	const struct pit *pit = of_control(dev);

	(void)offset;
	(void)size;
	*(uint8_t *)data = (uint8_t)(pit->registers.speaker |
				     (now(pit) / REFRESH_NS & 1 ? CONTROL_REFRESH : 0) |
				     (output_of(pit, 2) ? CONTROL_OUTPUT : 0));
	return BUS_DONE;
}

static enum bus_result control_write(struct dev *dev, uint64_t offset, const void *data,
				     size_t size)
{
	struct pit *pit = of_control(dev);

	(void)offset;
	(void)size;
	pit->registers.speaker = *(const uint8_t *)data & (CONTROL_GATE | CONTROL_SPEAKER);
	set_gate(pit, pit->registers.speaker & CONTROL_GATE);
	return BUS_DONE;
}

static void pit_reset(struct dev *dev)
{
	struct pit *pit = container_of(dev, struct pit, dev);
	unsigned int n;

	set_line(pit, false);
	pit->registers = (struct pit_registers){ 0 };
	for (n = 0; n < PIT_CHANNELS; n++) {
		pit->registers.channels[n].access = 3;
		pit->registers.channels[n].gate = n < 2;
		begin(pit, n);
	}
	dev_wake(dev);
}

static void pit_save(struct dev *dev)
{
	struct pit *pit = container_of(dev, struct pit, dev);
	unsigned int n;

	look(pit);
	for (n = 0; n < PIT_CHANNELS; n++)
		pit->registers.channels[n].age = age_of(pit, n);
}

static void pit_restored(struct dev *dev)
{
	struct pit *pit = container_of(dev, struct pit, dev);
	struct pit_registers *r = &pit->registers;
	unsigned int n;

	for (n = 0; n < PIT_CHANNELS; n++) {
		struct pit_channel *channel = &r->channels[n];

		channel->bcd &= 1;
		if (channel->count > 0x10000)
			channel->count = 0;
		channel->mode %= HARDWARE_STROBE + 1;
		channel->access = channel->access & 3 ? channel->access & 3 : 3;
		channel->gate = n < 2 || channel->gate;
		channel->has_latch %= 3;
		channel->age %= 1ull << 62;
		pit->since[n] = now(pit) - channel->age;
	}
	r->speaker &= CONTROL_GATE | CONTROL_SPEAKER;
	r->line = r->line != 0;
	r->rises = rises_after(&r->channels[0], ticks_of(age_of(pit, 0)));
	pit->looked = now(pit);
	set_line(pit, r->line);
	dev_wake(dev);
}

void pit_replace(struct pit *pit, bool on)
{
	look(pit);
	pit->replaced = on;
	if (on)
		set_line(pit, false);
	dev_wake(&pit->dev);
}

static const struct dev_ops pit_ops = {
	.name = "PIT",
	.reset = pit_reset,
	.read = pit_read,
	.write = pit_write,
	.save = pit_save,
	.restored = pit_restored,
	.deadline = pit_deadline,
	.expire = pit_expire,
};

static const struct dev_ops control_ops = {
	.name = "system control port B",
	.read = control_read,
	.write = control_write,
};

void pit_init(struct pit *pit, const struct pit_options *options)
{
	*pit = (struct pit){
		.dev = dev_of(&pit_ops, &pit->registers, sizeof(pit->registers)),
		.control = { .ops = &control_ops },
		.options = *options,
	};
	pit_reset(&pit->dev);
}

int pit_add(struct pit *pit, struct bus *bus, struct error *error)
{
	int err = bus_add(bus, BUS_PORT, PIT_PORT, PIT_PORTS, &pit->dev, error);

	return err ? err : bus_add(bus, BUS_PORT, PIT_CONTROL_PORT, 1, &pit->control, error);
}
