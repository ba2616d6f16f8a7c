/* SPDX-License-Identifier: MIT */
/* ACPI's fixed hardware. Section numbers are the ACPI Specification's, 6.5. */
#include "devices/pc/acpi_pm.h"
#include <string.h>
#include "base/container_of.h"

#define NS_PER_S 1000000000u

/* PM1 status and enable (4.8.3.1, tables 4.12 and 4.13). */
#define TIMER_BIT   0x0001
#define BUSMASTER   0x0010
#define GLOBAL	    0x0020
#define RTC_BIT	    0x0400
#define WAKE	    0x8000
#define STATUS_BITS (TIMER_BIT | BUSMASTER | GLOBAL | 0x0300 | RTC_BIT | WAKE)
#define ENABLE_BITS (TIMER_BIT | GLOBAL | 0x0300 | RTC_BIT)

/* PM1 control (4.8.3.2, table 4.14). */
#define SCI_ENABLE   0x0001
#define CONTROL_BITS 0x1c02 /* BM_RLD, SLP_TYP */
#define TYPE_SHIFT   10
#define SLEEP	     0x2000 /* write only */

/* TMR_STS comes when the timer's top bit changes. */
#define HALF_SHIFT 31

static uint64_t now(const struct acpi_pm *pm)
{
	return pm->options.now(pm->options.now_context);
}

/* The timer as if it had no end. */
static uint64_t timer(const struct acpi_pm *pm)
{
	uint64_t ns = now(pm) - pm->since;

	return ns / NS_PER_S * ACPI_PM_TIMER_HZ + ns % NS_PER_S * ACPI_PM_TIMER_HZ / NS_PER_S;
}

static void update_line(struct acpi_pm *pm)
{
	struct acpi_pm_registers *r = &pm->registers;
	uint8_t level = (r->status & r->enable & ENABLE_BITS) != 0;

	if (level == r->level)
		return;
	r->level = level;
	irq_line_set(&pm->options.irq, level);
}

static void expire(struct dev *dev)
{
	struct acpi_pm *pm = container_of(dev, struct acpi_pm, dev);
	struct acpi_pm_registers *r = &pm->registers;
	uint64_t value = timer(pm);

	if (value >> HALF_SHIFT != r->seen >> HALF_SHIFT)
		r->status |= TIMER_BIT;
	r->seen = value;
	update_line(pm);
}

static uint64_t deadline(struct dev *dev)
{
	const struct acpi_pm *pm = container_of(dev, struct acpi_pm, dev);
	const struct acpi_pm_registers *r = &pm->registers;
	uint64_t next = ((r->seen >> HALF_SHIFT) + 1) << HALF_SHIFT;

	if (!(r->enable & TIMER_BIT) || r->level)
		return UINT64_MAX;
	return pm->since + next / ACPI_PM_TIMER_HZ * NS_PER_S +
	       (next % ACPI_PM_TIMER_HZ * NS_PER_S + ACPI_PM_TIMER_HZ - 1) / ACPI_PM_TIMER_HZ;
}

static enum bus_result acpi_pm_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct acpi_pm *pm = container_of(dev, struct acpi_pm, dev);
	const struct acpi_pm_registers *r = &pm->registers;
	uint8_t bytes[ACPI_PM_PORTS] = { 0 };

	expire(dev);
	dev_store(bytes + ACPI_PM_EVENT, 2, r->status);
	dev_store(bytes + ACPI_PM_EVENT + 2, 2, r->enable);
	dev_store(bytes + ACPI_PM_CONTROL, 2, r->control | SCI_ENABLE);
	dev_store(bytes + ACPI_PM_TIMER, 4, r->seen);
	memcpy(data, bytes + offset, size < sizeof(bytes) - offset ? size : sizeof(bytes) - offset);
	return BUS_DONE;
}

static enum bus_result sleep_now(struct acpi_pm *pm)
{
	switch (pm->registers.control >> TYPE_SHIFT) {
	case ACPI_PM_TYPE_S5:
		return dev_shutdown(&pm->dev, BUS_END_POWER_OFF, 0);
	case ACPI_PM_TYPE_S3:
		pm->registers.asleep = 1;
		return dev_shutdown(&pm->dev, BUS_END_SLEEP, 0);
	default: /* no such state */
		return BUS_DONE;
	}
}

/* A byte of a register; `shift` is its place in it. */
static uint16_t with_byte(uint16_t old, uint8_t value, unsigned int shift, uint16_t mask)
{
	mask &= (uint16_t)(0xff << shift);
	return (uint16_t)((old & ~mask) | (value << shift & mask));
}

static enum bus_result acpi_pm_write(struct dev *dev, uint64_t offset, const void *data,
				     size_t size)
{
	struct acpi_pm *pm = container_of(dev, struct acpi_pm, dev);
	struct acpi_pm_registers *r = &pm->registers;
	const uint8_t *bytes = data;
	bool sleeps = false;
	uint64_t i;

	expire(dev);
	for (i = offset; i < ACPI_PM_PORTS && i - offset < size; i++) {
		uint8_t value = bytes[i - offset];
		unsigned int shift = i % 2 * 8;

		switch (i & ~1ull) {
		case ACPI_PM_EVENT:
			r->status &= (uint16_t) ~(value << shift & STATUS_BITS);
			break;
		case ACPI_PM_EVENT + 2:
			r->enable = with_byte(r->enable, value, shift, ENABLE_BITS);
			break;
		case ACPI_PM_CONTROL:
			r->control = with_byte(r->control, value, shift, CONTROL_BITS);
			sleeps |= value << shift & SLEEP;
			break;
		default: /* the timer is read only */
			break;
		}
	}
	update_line(pm);
	if (r->enable & TIMER_BIT)
		dev_wake(dev);
	return sleeps ? sleep_now(pm) : BUS_DONE;
}

static void acpi_pm_reset(struct dev *dev)
{
	struct acpi_pm *pm = container_of(dev, struct acpi_pm, dev);
	struct acpi_pm_registers *r = &pm->registers;

	if (r->asleep) {
		r->status |= WAKE;
		r->asleep = 0;
	} else {
		r->status = 0;
		r->enable = 0;
	}
	r->control = 0;
	update_line(pm);
	dev_wake(dev);
}

/* The timer goes on from where it was when it was copied. */
static void acpi_pm_save(struct dev *dev)
{
	struct acpi_pm *pm = container_of(dev, struct acpi_pm, dev);

	expire(dev);
	pm->registers.elapsed_ns = now(pm) - pm->since;
}

static void acpi_pm_restored(struct dev *dev)
{
	struct acpi_pm *pm = container_of(dev, struct acpi_pm, dev);
	struct acpi_pm_registers *r = &pm->registers;

	/* A century and a half. */
	r->elapsed_ns &= (1ull << 62) - 1;
	pm->since = now(pm) - r->elapsed_ns;
	r->seen = timer(pm);
	r->status &= STATUS_BITS;
	r->enable &= ENABLE_BITS;
	r->control &= CONTROL_BITS;
	r->level = (r->status & r->enable & ENABLE_BITS) != 0;
	irq_line_set(&pm->options.irq, r->level);
	dev_wake(dev);
}

static const struct dev_ops acpi_pm_ops = {
	.name = "ACPI PM",
	.reset = acpi_pm_reset,
	.read = acpi_pm_read,
	.write = acpi_pm_write,
	.save = acpi_pm_save,
	.restored = acpi_pm_restored,
	.deadline = deadline,
	.expire = expire,
};

void acpi_pm_init(struct acpi_pm *pm, const struct acpi_pm_options *options)
{
	*pm = (struct acpi_pm){
		.dev = dev_of(&acpi_pm_ops, &pm->registers, sizeof(pm->registers)),
		.options = *options,
		.since = options->now(options->now_context),
	};
}

void acpi_pm_alarm(struct acpi_pm *pm)
{
	pm->registers.status |= RTC_BIT;
	update_line(pm);
}

bool acpi_pm_wakes(const struct acpi_pm *pm)
{
	return pm->registers.status & pm->registers.enable & ENABLE_BITS & ~TIMER_BIT;
}

bool acpi_pm_heeds_alarm(const struct acpi_pm *pm)
{
	return pm->registers.enable & RTC_BIT;
}
