/* SPDX-License-Identifier: MIT */
/* The real-time clock and its CMOS. Names and tables are the MC146818A data sheet's. */
#include "devices/pc/rtc.h"
#include <string.h>
#include "base/container_of.h"
#include "devices/pc/rtc_time.h"

#define NS_PER_S  1000000000
#define S_PER_DAY 86400
#define NMI_MASK  0x80 /* of the index */
#define UPDATE_NS 2228000
#define DIVIDER_NS \
	500000000 /* until the first update after the divider was held (table 4's text) */

/* Register A: update in progress, the divider's and the rate's bits. */
#define A_UIP	       0x80
#define A_DIVIDER_HELD 0x60 /* and 0x70 */
#define A_32_KHZ       0x20
#define A_RATE	       0x0f

/* Register B; the enables of interrupts have their flags' places in register C. */
#define B_SET	    0x80
#define B_PERIODIC  0x40
#define B_ALARM	    0x20
#define B_UPDATE    0x10
#define B_SQUARE    0x08
#define INTERRUPTS  (B_PERIODIC | B_ALARM | B_UPDATE)
#define C_INTERRUPT 0x80
#define D_VALID	    0x80

/* More than any date that four digits have. */
#define OFFSET_MAX (1ll << 40)

/* The time in ns since 1970, by the host's clock and the guest's phase. */
static int64_t base_time(const struct rtc *rtc)
{
	return (int64_t)rtc->options.now(rtc->options.now_context) + rtc->options.epoch_ns +
	       rtc->registers.phase_ns;
}

static int64_t second_of(int64_t ns)
{
	return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

static int64_t rest_of(int64_t ns)
{
	return ns - second_of(ns) * NS_PER_S;
}

static bool is_held(const uint8_t *bytes)
{
	return bytes[RTC_B] & B_SET || (bytes[RTC_A] & A_DIVIDER_HELD) == A_DIVIDER_HELD;
}

static uint32_t second_of_day(const struct rtc_registers *r, int64_t ns)
{
	int64_t second = (second_of(ns) + r->offset_s) % S_PER_DAY;

	return (uint32_t)(second < 0 ? second + S_PER_DAY : second);
}

/* The period in ticks of 32768 Hz, 0 for none (table 5): the two fastest ones are other ones. */
static uint32_t period_of(const uint8_t *bytes)
{
	uint8_t rate = bytes[RTC_A] & A_RATE;

	if (!rate)
		return 0;
	return rate < 3 ? 128u << (rate - 1) : 1u << (rate - 1);
}

static int64_t ticks_of(int64_t ns)
{
	return second_of(ns) * 32768 + rest_of(ns) * 32768 / NS_PER_S;
}

/* The first nanosecond of a tick. */
static int64_t ns_of_tick(int64_t tick)
{
	int64_t second = tick / 32768 - (tick % 32768 < 0), rest = tick - second * 32768;

	return second * NS_PER_S + (rest * NS_PER_S + 32767) / 32768;
}

static int64_t period_number(int64_t ns, uint32_t period)
{
	int64_t ticks = ticks_of(ns);

	return ticks / period - (ticks % period < 0);
}

static void update_line(struct rtc *rtc)
{
	struct rtc_registers *r = &rtc->registers;
	uint8_t level = (r->bytes[RTC_C] & r->bytes[RTC_B] & INTERRUPTS) != 0;

	if (level == r->level)
		return;
	r->level = level;
	irq_line_set(&rtc->options.irq, level);
}

static void expire(struct dev *dev)
{
	struct rtc *rtc = container_of(dev, struct rtc, dev);
	struct rtc_registers *r = &rtc->registers;
	int64_t now = base_time(rtc), seconds = second_of(now) - second_of(r->seen_ns);
	uint32_t period = period_of(r->bytes), alarm;

	if (period && period_number(now, period) != period_number(r->seen_ns, period))
		r->bytes[RTC_C] |= B_PERIODIC;
	if (seconds > 0 && !is_held(r->bytes)) {
		r->bytes[RTC_C] |= B_UPDATE;
		alarm = rtc_time_next_alarm(r->bytes, second_of_day(r, r->seen_ns));
		if (alarm && alarm <= seconds)
			r->bytes[RTC_C] |= B_ALARM;
	}
	r->seen_ns = now;
	update_line(rtc);
}

static void sooner(int64_t *first, int64_t ns)
{
	if (ns < *first)
		*first = ns;
}

uint64_t rtc_deadline(const struct rtc *rtc)
{
	const struct rtc_registers *r = &rtc->registers;
	const uint8_t *bytes = r->bytes;
	int64_t first = INT64_MAX;
	/* What more is due while the line is high is found when the flags are read. */
	uint8_t waits = r->level ? 0 : bytes[RTC_B] & INTERRUPTS;
	uint32_t period = period_of(bytes), alarm;

	if (waits & B_PERIODIC && period)
		sooner(&first, ns_of_tick((period_number(r->seen_ns, period) + 1) * period));
	if (waits & B_UPDATE && !is_held(bytes))
		sooner(&first, (second_of(r->seen_ns) + 1) * NS_PER_S);
	alarm = waits & B_ALARM && !is_held(bytes) ?
			rtc_time_next_alarm(bytes, second_of_day(r, r->seen_ns)) :
			0;
	if (alarm)
		sooner(&first, (second_of(r->seen_ns) + alarm) * NS_PER_S);
	if (first == INT64_MAX)
		return UINT64_MAX;
	first -= rtc->options.epoch_ns + r->phase_ns;
	return first > 0 ? (uint64_t)first : 0;
}

/* The time's bytes as they are now. */
static void show_time(const struct rtc *rtc, uint8_t *bytes)
{
	rtc_time_to_bytes(second_of(rtc->registers.seen_ns) + rtc->registers.offset_s, bytes,
			  RTC_CENTURY);
}

/* Have the time's bytes be the time from now on. */
static void take_time(struct rtc *rtc)
{
	struct rtc_registers *r = &rtc->registers;

	r->offset_s = rtc_time_from_bytes(r->bytes, RTC_CENTURY) - second_of(r->seen_ns);
}

/* The first update comes half a second after the divider is let go. */
static void start_divider(struct rtc *rtc)
{
	struct rtc_registers *r = &rtc->registers;

	r->phase_ns =
		(uint32_t)((r->phase_ns + NS_PER_S - rest_of(r->seen_ns) + DIVIDER_NS) % NS_PER_S);
	r->seen_ns = base_time(rtc);
}

/* The deadline may be another one, or the first. */
static void wake_if_waited(struct rtc *rtc)
{
	if (rtc->registers.bytes[RTC_B] & INTERRUPTS)
		dev_wake(&rtc->dev);
}

static void write_control(struct rtc *rtc, uint8_t index, uint8_t value)
{
	struct rtc_registers *r = &rtc->registers;
	bool was_held = is_held(r->bytes);
	bool divider_was = (r->bytes[RTC_A] & A_DIVIDER_HELD) == A_DIVIDER_HELD;

	if (!was_held)
		show_time(rtc, r->bytes);
	/* Setting the time turns the update's interrupt off ("SET"). */
	if (index == RTC_B && value & B_SET)
		value &= (uint8_t)~B_UPDATE;
	r->bytes[index] = value;
	if (divider_was && (r->bytes[RTC_A] & A_DIVIDER_HELD) != A_DIVIDER_HELD)
		start_divider(rtc);
	if (was_held && !is_held(r->bytes))
		take_time(rtc);
}

static void write_byte(struct rtc *rtc, uint8_t index, uint8_t value)
{
	struct rtc_registers *r = &rtc->registers;

	switch (index) {
	case RTC_A:
		write_control(rtc, index, value & (uint8_t)~A_UIP);
		break;
	case RTC_B:
		write_control(rtc, index, value);
		break;
	case RTC_C:
	case RTC_D:
		break;
	default:
		if (!rtc_time_is(index) && index != RTC_CENTURY) {
			r->bytes[index] = value;
		} else if (is_held(r->bytes)) {
			r->bytes[index] = value;
		} else {
			show_time(rtc, r->bytes);
			r->bytes[index] = value;
			take_time(rtc);
		}
		break;
	}
	update_line(rtc);
	wake_if_waited(rtc);
}

static uint8_t read_c(struct rtc *rtc)
{
	struct rtc_registers *r = &rtc->registers;
	uint8_t value = r->bytes[RTC_C] | (r->level ? C_INTERRUPT : 0);

	r->bytes[RTC_C] = 0;
	update_line(rtc);
	/* What was not waited for while its flag was set is now. */
	wake_if_waited(rtc);
	return value;
}

static uint8_t read_byte(struct rtc *rtc, uint8_t index)
{
	struct rtc_registers *r = &rtc->registers;
	uint8_t bytes[RTC_BYTES];

	switch (index) {
	case RTC_A:
		if (!is_held(r->bytes) && rest_of(r->seen_ns) >= NS_PER_S - UPDATE_NS)
			return r->bytes[RTC_A] | A_UIP;
		return r->bytes[RTC_A];
	case RTC_C:
		return read_c(rtc);
	case RTC_D:
		return D_VALID;
	default:
		break;
	}
	if ((!rtc_time_is(index) && index != RTC_CENTURY) || is_held(r->bytes))
		return r->bytes[index];
	memcpy(bytes, r->bytes, sizeof(bytes));
	show_time(rtc, bytes);
	return bytes[index];
}

static enum bus_result rtc_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct rtc *rtc = container_of(dev, struct rtc, dev);

	(void)size;
	/* The index can't be read back on a PC. */
	if (offset != 1)
		return BUS_DONE;
	expire(dev);
	*(uint8_t *)data = read_byte(rtc, rtc->registers.index);
	return BUS_DONE;
}

/* A word to 0x70 is the index and the byte. */
static enum bus_result rtc_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct rtc *rtc = container_of(dev, struct rtc, dev);
	const uint8_t *bytes = data;

	if (offset == 0)
		rtc->registers.index = *bytes++ & (uint8_t)~NMI_MASK;
	if (offset == 0 && size < 2)
		return BUS_DONE;
	expire(dev);
	write_byte(rtc, rtc->registers.index, *bytes);
	return BUS_DONE;
}

/* What the RESET pin does: the clock has a battery. */
static void rtc_reset(struct dev *dev)
{
	struct rtc *rtc = container_of(dev, struct rtc, dev);

	rtc->registers.bytes[RTC_B] &= (uint8_t) ~(INTERRUPTS | B_SQUARE);
	rtc->registers.bytes[RTC_C] = 0;
	update_line(rtc);
	dev_wake(dev);
}

/* The time goes on; nothing that was due in between is made up for. */
static void rtc_restored(struct dev *dev)
{
	struct rtc *rtc = container_of(dev, struct rtc, dev);
	struct rtc_registers *r = &rtc->registers;

	r->index &= (uint8_t)~NMI_MASK;
	r->bytes[RTC_A] &= (uint8_t)~A_UIP;
	r->bytes[RTC_C] &= INTERRUPTS;
	r->phase_ns %= NS_PER_S;
	if (r->offset_s > OFFSET_MAX || r->offset_s < -OFFSET_MAX)
		r->offset_s = 0;
	r->seen_ns = base_time(rtc);
	r->level = (r->bytes[RTC_C] & r->bytes[RTC_B] & INTERRUPTS) != 0;
	irq_line_set(&rtc->options.irq, r->level);
	dev_wake(dev);
}

static uint64_t deadline(struct dev *dev)
{
	return rtc_deadline(container_of(dev, struct rtc, dev));
}

static const struct dev_ops rtc_ops = {
	.name = "RTC",
	.reset = rtc_reset,
	.read = rtc_read,
	.write = rtc_write,
	.save = expire,
	.restored = rtc_restored,
	.deadline = deadline,
	.expire = expire,
};

void rtc_init(struct rtc *rtc, const struct rtc_options *options)
{
	*rtc = (struct rtc){
		.dev = dev_of(&rtc_ops, &rtc->registers, sizeof(rtc->registers)),
		.options = *options,
	};
	/* As firmware leaves it: 1024 Hz and off. */
	rtc->registers.bytes[RTC_A] = A_32_KHZ | 6;
	rtc->registers.bytes[RTC_B] = RTC_B_24_HOURS;
	rtc->registers.seen_ns = base_time(rtc);
}

void rtc_set_byte(struct rtc *rtc, uint8_t index, uint8_t value)
{
	rtc->registers.bytes[index % RTC_BYTES] = value;
}

uint8_t rtc_byte(const struct rtc *rtc, uint8_t index)
{
	return rtc->registers.bytes[index % RTC_BYTES];
}

static uint32_t at_most(uint64_t value, uint32_t limit)
{
	return value < limit ? (uint32_t)value : limit;
}

static void set_word(struct rtc *rtc, uint8_t index, uint32_t value)
{
	rtc_set_byte(rtc, index, (uint8_t)value);
	rtc_set_byte(rtc, index + 1, (uint8_t)(value >> 8));
}

void rtc_set_memory(struct rtc *rtc, uint64_t low, uint64_t high, unsigned int cpus)
{
	uint64_t above_1_mib = low > 1 << 20 ? low - (1 << 20) : 0;
	uint64_t above_16_mib = low > 16 << 20 ? low - (16 << 20) : 0;
	uint32_t blocks = at_most(high >> 16, 0xffffff);

	set_word(rtc, 0x15, at_most(low >> 10, 640));
	set_word(rtc, 0x17, at_most(above_1_mib >> 10, 0xffff));
	set_word(rtc, 0x30, at_most(above_1_mib >> 10, 0xffff));
	set_word(rtc, 0x34, at_most(above_16_mib >> 16, 0xffff));
	set_word(rtc, 0x5b, blocks & 0xffff);
	rtc_set_byte(rtc, 0x5d, (uint8_t)(blocks >> 16));
	rtc_set_byte(rtc, 0x5f, (uint8_t)(cpus ? cpus - 1 : 0));
}
