/* SPDX-License-Identifier: MIT */
/* The HPET. Section numbers are the IA-PC HPET Specification 1.0a's. */
#include "devices/pc/hpet.h"
#include "base/container_of.h"

#define NS_PER_TICK 10

/* Registers, 8 bytes each (2.3.1). */
#define CAPABILITIES 0x000
#define CONFIG	     0x010
#define STATUS	     0x020
#define COUNTER	     0x0f0
#define TIMERS	     0x100 /* each has TIMER_SIZE */
#define TIMER_SIZE   0x20
#define TIMER_CONFIG 0x00
#define TIMER_VALUE  0x08

/* General capabilities (2.3.4): above the block's identity, the period in fs. */
#define CAPABILITIES_VALUE (NS_PER_TICK * 1000000ull << 32 | HPET_BLOCK_ID)

/* General configuration (2.3.5). */
#define CONFIG_ENABLE 1u
#define CONFIG_LEGACY 2u

/* A timer's configuration and capabilities (2.3.8). */
#define TIMER_LEVEL	   (1u << 1)
#define TIMER_INTERRUPT	   (1u << 2)
#define TIMER_PERIODIC	   (1u << 3)
#define TIMER_CAN_PERIODIC (1u << 4)
#define TIMER_IS_64_BIT	   (1u << 5)
#define TIMER_SET_VALUE	   (1u << 6)
#define TIMER_32_BIT	   (1u << 8)
#define TIMER_ROUTE	   (31u << 9)
#define TIMER_ROUTE_SHIFT  9
#define TIMER_ROUTES_SHIFT 32
#define TIMER_WRITABLE                                                                     \
	(TIMER_LEVEL | TIMER_INTERRUPT | TIMER_PERIODIC | TIMER_SET_VALUE | TIMER_32_BIT | \
	 TIMER_ROUTE)

static uint64_t now(const struct hpet *hpet)
{
	return hpet->options.now(hpet->options.now_context);
}

static bool runs(const struct hpet_registers *r)
{
	return r->config & CONFIG_ENABLE;
}

static uint64_t counter(const struct hpet *hpet)
{
	const struct hpet_registers *r = &hpet->registers;

	return runs(r) ? r->counter + (now(hpet) - hpet->since) / NS_PER_TICK : r->counter;
}

static uint64_t width_of(const struct hpet_timer *timer)
{
	return timer->config & TIMER_32_BIT ? UINT32_MAX : UINT64_MAX;
}

/* A timer's interrupt line as a bit, 0 if it is connected to none. */
static uint32_t line_of(const struct hpet *hpet, unsigned int n)
{
	static const uint32_t legacy[] = { 1u << 0, 1u << 8 };
	const struct hpet_registers *r = &hpet->registers;

	if (r->config & CONFIG_LEGACY && n < sizeof(legacy) / sizeof(legacy[0]))
		return legacy[n];
	return 1u << ((r->timers[n].config & TIMER_ROUTE) >> TIMER_ROUTE_SHIFT) &
	       hpet->options.routes;
}

static bool interrupts(const struct hpet *hpet, unsigned int n)
{
	const struct hpet_registers *r = &hpet->registers;

	return runs(r) && r->timers[n].config & TIMER_INTERRUPT && line_of(hpet, n);
}

static void set_lines(struct hpet *hpet, uint32_t lines, bool level)
{
	struct irq_line line = hpet->options.irq;

	for (line.number = 0; line.number < 32; line.number++)
		if (lines >> line.number & 1)
			irq_line_set(&line, level);
}

/* Lines are high by their status bit, and timers may share one. */
static void update_lines(struct hpet *hpet)
{
	const struct hpet_registers *r = &hpet->registers;
	uint32_t high = 0, before = hpet->high;
	unsigned int n;

	for (n = 0; n < HPET_TIMERS; n++)
		if (r->status >> n & 1 && interrupts(hpet, n))
			high |= line_of(hpet, n);
	hpet->high = high;
	set_lines(hpet, before & ~high, false);
	set_lines(hpet, high & ~before, true);
}

/* Tell whether the timers have the PIT's and the real-time clock's lines. */
static void tell_replacement(struct hpet *hpet)
{
	bool on = hpet->registers.config & CONFIG_LEGACY;

	if (on == hpet->replaces)
		return;
	hpet->replaces = on;
	if (hpet->options.replaces)
		hpet->options.replaces(hpet->options.replaces_context, on);
}

static void fire(struct hpet *hpet, unsigned int n)
{
	struct hpet_registers *r = &hpet->registers;
	uint32_t line;

	/* 2.3.6: by level, the status bit is set whether there is an interrupt or not. */
	if (r->timers[n].config & TIMER_LEVEL) {
		r->status |= 1u << n;
		update_lines(hpet);
		return;
	}
	line = line_of(hpet, n) & ~hpet->high;
	if (!interrupts(hpet, n))
		return;
	set_lines(hpet, line, true);
	set_lines(hpet, line, false);
}

/* Ticks from the last look until the next match, less one: 0 to the counter's width. */
static uint64_t ticks_before_match(const struct hpet_registers *r, const struct hpet_timer *timer)
{
	return (timer->comparator - r->seen - 1) & width_of(timer);
}

/* Give the timer's interrupt if the counter matched in the `elapsed` ticks since the last look. */
static void look(struct hpet *hpet, unsigned int n, uint64_t elapsed)
{
	struct hpet_timer *timer = &hpet->registers.timers[n];
	uint64_t before = ticks_before_match(&hpet->registers, timer), since_match;

	if (before >= elapsed)
		return;
	since_match = elapsed - before - 1;
	if (timer->config & TIMER_PERIODIC && timer->period)
		timer->comparator += (since_match / timer->period + 1) * timer->period;
	timer->comparator &= width_of(timer);
	fire(hpet, n);
}

void hpet_expire(struct hpet *hpet)
{
	struct hpet_registers *r = &hpet->registers;
	uint64_t value = counter(hpet), elapsed = value - r->seen;
	unsigned int n;

	for (n = 0; n < HPET_TIMERS; n++)
		look(hpet, n, elapsed);
	r->seen = value;
}

uint64_t hpet_deadline(struct hpet *hpet)
{
	const struct hpet_registers *r = &hpet->registers;
	uint64_t least = UINT64_MAX, ticks;
	unsigned int n;

	hpet_expire(hpet);
	for (n = 0; n < HPET_TIMERS; n++)
		if (interrupts(hpet, n) && ticks_before_match(r, &r->timers[n]) < least)
			least = ticks_before_match(r, &r->timers[n]);
	ticks = r->seen - r->counter;
	if (least >= UINT64_MAX - ticks)
		return UINT64_MAX;
	ticks += least + 1;
	if (ticks > (UINT64_MAX - hpet->since) / NS_PER_TICK)
		return UINT64_MAX;
	return hpet->since + ticks * NS_PER_TICK;
}

static uint64_t read_register(const struct hpet *hpet, uint64_t offset)
{
	const struct hpet_registers *r = &hpet->registers;
	const struct hpet_timer *timer;

	switch (offset) {
	case CAPABILITIES:
		return CAPABILITIES_VALUE;
	case CONFIG:
		return r->config;
	case STATUS:
		return r->status;
	case COUNTER:
		/* As of hpet_expire(), so that no match is between the counter and the status. */
		return r->seen;
	default:
		break;
	}
	if (offset < TIMERS || offset >= TIMERS + HPET_TIMERS * TIMER_SIZE)
		return 0;
	timer = &r->timers[(offset - TIMERS) / TIMER_SIZE];
	switch (offset % TIMER_SIZE) {
	case TIMER_CONFIG:
		return timer->config | TIMER_CAN_PERIODIC | TIMER_IS_64_BIT |
		       (uint64_t)hpet->options.routes << TIMER_ROUTES_SHIFT;
	case TIMER_VALUE:
		return timer->comparator;
	default: /* no FSB interrupts */
		return 0;
	}
}

/* Count anew from the last look, without losing part of a tick. */
static void rebase(struct hpet *hpet)
{
	struct hpet_registers *r = &hpet->registers;

	hpet->since += (r->seen - r->counter) * NS_PER_TICK;
	r->counter = r->seen;
}

static void write_config(struct hpet *hpet, uint64_t value)
{
	struct hpet_registers *r = &hpet->registers;

	rebase(hpet);
	if (!runs(r))
		hpet->since = now(hpet);
	r->config = value & (CONFIG_ENABLE | CONFIG_LEGACY);
}

static void write_timer_config(struct hpet *hpet, unsigned int n, uint64_t value)
{
	struct hpet_registers *r = &hpet->registers;
	struct hpet_timer *timer = &r->timers[n];
	uint64_t route = value & TIMER_ROUTE;

	/* A route that is not there stays what it was, which the driver reads (2.3.8). */
	if (!(hpet->options.routes >> (route >> TIMER_ROUTE_SHIFT) & 1))
		route = timer->config & TIMER_ROUTE;
	timer->config = (value & TIMER_WRITABLE & ~(uint64_t)TIMER_ROUTE) | route;
	timer->comparator &= width_of(timer);
	timer->period &= width_of(timer);
	if (!(timer->config & TIMER_LEVEL))
		r->status &= ~(1ull << n);
}

/* Of a periodic timer it is the period; the comparator itself only after TIMER_SET_VALUE (2.3.9.2). */
static void write_timer_value(struct hpet_timer *timer, uint64_t value, uint64_t mask)
{
	mask &= width_of(timer);
	value &= mask;
	if (timer->config & TIMER_PERIODIC)
		timer->period = (timer->period & ~mask) | value;
	if (!(timer->config & TIMER_PERIODIC) || timer->config & TIMER_SET_VALUE)
		timer->comparator = (timer->comparator & ~mask) | value;
	timer->config &= ~(uint64_t)TIMER_SET_VALUE;
}

/* Write those bits of a register that `mask` has. */
static void write_register(struct hpet *hpet, uint64_t offset, uint64_t value, uint64_t mask)
{
	struct hpet_registers *r = &hpet->registers;
	uint64_t whole = (read_register(hpet, offset) & ~mask) | (value & mask);
	unsigned int n;

	switch (offset) {
	case CONFIG:
		write_config(hpet, whole);
		return;
	case STATUS:
		r->status &= ~(value & mask);
		return;
	case COUNTER:
		if (!runs(r))
			r->counter = r->seen = whole;
		return;
	default:
		break;
	}
	if (offset < TIMERS || offset >= TIMERS + HPET_TIMERS * TIMER_SIZE)
		return;
	n = (unsigned int)((offset - TIMERS) / TIMER_SIZE);
	if (offset % TIMER_SIZE == TIMER_CONFIG)
		write_timer_config(hpet, n, whole);
	else if (offset % TIMER_SIZE == TIMER_VALUE)
		write_timer_value(&r->timers[n], value, mask);
}

static enum bus_result hpet_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct hpet *hpet = container_of(dev, struct hpet, dev);

	hpet_expire(hpet);
	dev_store(data, size, read_register(hpet, offset & ~7ull) >> offset % 8 * 8);
	return BUS_DONE;
}

static enum bus_result hpet_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct hpet *hpet = container_of(dev, struct hpet, dev);
	unsigned int shift = offset % 8 * 8;
	uint64_t mask = size == 8 ? UINT64_MAX : (uint64_t)UINT32_MAX << shift;

	if ((size != 4 && size != 8) || offset % size)
		return BUS_DONE;
	hpet_expire(hpet);
	write_register(hpet, offset & ~7ull, dev_load(data, size) << shift, mask);
	update_lines(hpet);
	tell_replacement(hpet);
	dev_wake(dev);
	return BUS_DONE;
}

static void hpet_reset(struct dev *dev)
{
	struct hpet *hpet = container_of(dev, struct hpet, dev);

	hpet->registers = (struct hpet_registers){ 0 };
	update_lines(hpet);
	tell_replacement(hpet);
	dev_wake(dev);
}

/* The counter goes on from where it was when it was copied, whatever the clock did since. */
static void hpet_save(struct dev *dev)
{
	struct hpet *hpet = container_of(dev, struct hpet, dev);
	struct hpet_registers *r = &hpet->registers;

	hpet_expire(hpet);
	rebase(hpet);
	r->part = runs(r) ? (now(hpet) - hpet->since) % NS_PER_TICK : 0;
}

static void hpet_restored(struct dev *dev)
{
	struct hpet *hpet = container_of(dev, struct hpet, dev);
	struct hpet_registers *r = &hpet->registers;
	unsigned int n;

	hpet->since = now(hpet) - r->part % NS_PER_TICK;
	r->seen = r->counter;
	r->config &= CONFIG_ENABLE | CONFIG_LEGACY;
	for (n = 0; n < HPET_TIMERS; n++) {
		struct hpet_timer *timer = &r->timers[n];

		timer->config &= TIMER_WRITABLE;
		timer->comparator &= width_of(timer);
		timer->period &= width_of(timer);
	}
	update_lines(hpet);
	tell_replacement(hpet);
	dev_wake(dev);
}

static uint64_t deadline(struct dev *dev)
{
	return hpet_deadline(container_of(dev, struct hpet, dev));
}

static void expire(struct dev *dev)
{
	hpet_expire(container_of(dev, struct hpet, dev));
}

static const struct dev_ops hpet_ops = {
	.name = "HPET",
	.reset = hpet_reset,
	.read = hpet_read,
	.write = hpet_write,
	.save = hpet_save,
	.restored = hpet_restored,
	.deadline = deadline,
	.expire = expire,
};

void hpet_init(struct hpet *hpet, const struct hpet_options *options)
{
	*hpet = (struct hpet){
		.dev = dev_of(&hpet_ops, &hpet->registers, sizeof(hpet->registers)),
		.options = *options,
	};
	hpet_reset(&hpet->dev);
}
