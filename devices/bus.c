/* SPDX-License-Identifier: MIT */
/* Finding the device of an access, and what happens without one. Depends on libc alone. */
#include "devices/bus.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/address.h"

/* x86 has 64 Ki ports (SDM vol. 1, 19.3). */
#define PORTS 0x10000

void bus_init(struct bus *bus)
{
	*bus = (struct bus){ .wake = -1 };
}

static const char *name_of(enum bus_space space)
{
	return space == BUS_PORT ? "port" : "guest-physical";
}

int bus_add_device(struct bus *bus, struct dev *dev, struct error *error)
{
	size_t i;

	for (i = 0; i < bus->device_count && bus->devices[i] != dev; i++)
		;
	if (i == BUS_RANGES_MAX)
		return error_set(error, ENOSPC, "%s: a bus has room for %d devices", dev->ops->name,
				 BUS_RANGES_MAX);
	if (i == bus->device_count)
		bus->devices[bus->device_count++] = dev;
	dev->bus = bus;
	return 0;
}

int bus_add(struct bus *bus, enum bus_space space, uint64_t first, uint64_t size, struct dev *dev,
	    struct error *error)
{
	size_t i;
	int err;

	if (!size || size - 1 > UINT64_MAX - first ||
	    (space == BUS_PORT && !range_holds(0, PORTS, first, size)))
		return error_set(error, EINVAL,
				 "%s can't be at %s %#" PRIx64 ", size %#" PRIx64
				 ": there is no such range",
				 dev->ops->name, name_of(space), first, size);
	for (i = 0; i < bus->range_count; i++) {
		const struct bus_range *other = &bus->ranges[i];

		if (other->space == space && ranges_overlap(first, size, other->first, other->size))
			return error_set(error, EEXIST,
					 "%s at %s %#" PRIx64 ", size %#" PRIx64
					 ", overlaps %s at %#" PRIx64 ", size %#" PRIx64,
					 dev->ops->name, name_of(space), first, size,
					 other->dev->ops->name, other->first, other->size);
	}
	if (bus->range_count == BUS_RANGES_MAX)
		return error_set(error, ENOSPC, "%s: a bus has room for %d ranges", dev->ops->name,
				 BUS_RANGES_MAX);
	err = bus_add_device(bus, dev, error);
	if (!err)
		bus->ranges[bus->range_count++] = (struct bus_range){ space, first, size, dev };
	return err;
}

static const struct bus_range *find(const struct bus *bus, enum bus_space space, uint64_t address)
{
	size_t i;

	for (i = 0; i < bus->range_count; i++) {
		const struct bus_range *range = &bus->ranges[i];

		if (range->space == space && range_holds(range->first, range->size, address, 1))
			return range;
	}
	return NULL;
}

/* Who is asked, with *offset in what it has; or NULL. */
static struct dev *asked(const struct bus *bus, enum bus_space space, uint64_t address,
			 uint64_t *offset)
{
	const struct bus_range *range = find(bus, space, address);

	*offset = range ? address - range->first : address;
	return range ? range->dev : bus->elsewhere[space];
}

static enum bus_result unhandled(struct bus *bus, const struct bus_access *access)
{
	bus->unhandled[bus->unhandled_count++ % BUS_UNHANDLED_KEPT] = *access;
	return bus->strict ? BUS_REFUSED : BUS_UNMAPPED;
}

static uint8_t short_size(size_t size)
{
	return size < UINT8_MAX ? (uint8_t)size : UINT8_MAX;
}

enum bus_result bus_read(struct bus *bus, enum bus_space space, uint64_t address, void *data,
			 size_t size)
{
	uint64_t offset;
	struct dev *dev = asked(bus, space, address, &offset);
	enum bus_result result = BUS_UNMAPPED;

	if (!size)
		return BUS_DONE;
	if (space == BUS_MEMORY)
		memset(data, 0xff, size);
	if (dev)
		result = dev->ops->read(dev, offset, data, size);
	if (result != BUS_UNMAPPED)
		return result;
	return unhandled(bus, &(struct bus_access){ space, false, short_size(size), address,
						    dev_load(data, size) });
}

enum bus_result bus_write(struct bus *bus, enum bus_space space, uint64_t address, const void *data,
			  size_t size)
{
	uint64_t offset;
	struct dev *dev = asked(bus, space, address, &offset);
	enum bus_result result = BUS_UNMAPPED;

	if (!size)
		return BUS_DONE;
	if (dev)
		result = dev->ops->write(dev, offset, data, size);
	if (result != BUS_UNMAPPED)
		return result;
	return unhandled(bus, &(struct bus_access){ space, true, short_size(size), address,
						    dev_load(data, size) });
}

void bus_reset(struct bus *bus)
{
	size_t i;

	for (i = 0; i < bus->device_count; i++)
		if (bus->devices[i]->ops->reset)
			bus->devices[i]->ops->reset(bus->devices[i]);
	bus->shutdown = NULL;
	bus->end = BUS_END_RESET;
	bus->status = 0;
	bus->unhandled_count = 0;
}

size_t bus_state_size(const struct bus *bus)
{
	size_t size = 0, i;

	for (i = 0; i < bus->device_count; i++)
		size += bus->devices[i]->registers_size;
	return size;
}

void bus_save(struct bus *bus, void *state)
{
	uint8_t *to = state;
	size_t i;

	for (i = 0; i < bus->device_count; i++) {
		struct dev *dev = bus->devices[i];

		if (dev->ops->save)
			dev->ops->save(dev);
		if (dev->registers_size)
			memcpy(to, dev->registers, dev->registers_size);
		to += dev->registers_size;
	}
}

void bus_restore(struct bus *bus, const void *state)
{
	const uint8_t *from = state;
	size_t i;

	for (i = 0; i < bus->device_count; i++) {
		struct dev *dev = bus->devices[i];

		if (dev->registers_size)
			memcpy(dev->registers, from, dev->registers_size);
		from += dev->registers_size;
		if (dev->ops->restored)
			dev->ops->restored(dev);
	}
}

uint64_t bus_deadline(struct bus *bus)
{
	uint64_t first = UINT64_MAX, deadline;
	size_t i;

	for (i = 0; i < bus->device_count; i++) {
		struct dev *dev = bus->devices[i];

		deadline = dev->ops->deadline ? dev->ops->deadline(dev) : UINT64_MAX;
		if (deadline < first)
			first = deadline;
	}
	return first;
}

void bus_expire(struct bus *bus)
{
	size_t i;

	for (i = 0; i < bus->device_count; i++)
		if (bus->devices[i]->ops->expire)
			bus->devices[i]->ops->expire(bus->devices[i]);
}

void bus_access_text(const struct bus_access *access, char *text, size_t size)
{
	const char *plural = access->size == 1 ? "" : "s";

	if (access->write)
		snprintf(text, size, "write of %#" PRIx64 " (%u byte%s) to %s %#" PRIx64,
			 access->value, access->size, plural, name_of(access->space),
			 access->address);
	else
		snprintf(text, size, "read of %u byte%s from %s %#" PRIx64, access->size, plural,
			 name_of(access->space), access->address);
}

enum bus_result dev_shutdown(struct dev *dev, enum bus_end end, uint64_t status)
{
	if (dev->bus) {
		dev->bus->shutdown = dev;
		dev->bus->end = end;
		dev->bus->status = status;
	}
	return BUS_SHUTDOWN;
}

void dev_wake(struct dev *dev)
{
	static const uint64_t one = 1;

	if (dev->bus)
		dev->bus->changed = true;
	/* A counter that is full has woken its reader already. */
	if (dev->bus && dev->bus->wake >= 0 && write(dev->bus->wake, &one, sizeof(one)) < 0)
		return;
}

uint64_t dev_load(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size && i < sizeof(value); i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

void dev_store(void *data, size_t size, uint64_t value)
{
	uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = i < sizeof(value) ? (uint8_t)(value >> 8 * i) : 0;
}
