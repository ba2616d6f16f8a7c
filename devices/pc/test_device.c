/* SPDX-License-Identifier: MIT */
/* The test device. A device at each of its ranges, which share their registers. */
#include "devices/pc/test_device.h"
#include <stddef.h>
#include <string.h>
#include "base/container_of.h"

#define PORTS_AT     0xe0
#define PORTS	     4
#define PAGE_AT	     0xe4
#define BYTE_PORT_AT 0xe8
#define LINES_AT     0x2000

static struct test_device_registers *registers(struct dev *dev)
{
	return &container_of(dev, struct test_device, ports)->registers;
}

/* What of an access lies within that many bytes. */
static size_t within(uint64_t offset, size_t size, uint64_t bytes)
{
	return size < bytes - offset ? size : bytes - offset;
}

static enum bus_result ports_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	memcpy(data, registers(dev)->ports + offset, within(offset, size, PORTS));
	return BUS_DONE;
}

static enum bus_result ports_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	memcpy(registers(dev)->ports + offset, data, within(offset, size, PORTS));
	return BUS_DONE;
}

static enum bus_result page_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)dev;
	(void)offset;
	memset(data, 0, size);
	return BUS_DONE;
}

static enum bus_result page_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	const struct test_device *device =
		(const struct test_device *)((char *)dev - offsetof(struct test_device, page));

	if (!offset && device->options.flush)
		device->options.flush(device->options.flush_context,
				      dev_load(data, size < 4 ? size : 4));
	return BUS_DONE;
}

static void set_line(const struct test_device *device, unsigned int number, bool level)
{
	struct irq_line line = device->options.irq;

	line.number = number;
	irq_line_set(&line, level);
}

static void set_lines(struct test_device *device, uint32_t levels)
{
	uint32_t changed = levels ^ device->high;
	unsigned int i;

	device->registers.lines = device->high = levels;
	for (i = 0; i < TEST_DEVICE_LINES; i++)
		if (changed >> i & 1)
			set_line(device, i, levels >> i & 1);
}

static struct test_device *by_lines(struct dev *dev)
{
	return (struct test_device *)((char *)dev - offsetof(struct test_device, lines));
}

static enum bus_result lines_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	memset(data, 0, size);
	*(uint8_t *)data = by_lines(dev)->registers.lines >> offset & 1;
	return BUS_DONE;
}

static enum bus_result lines_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct test_device *device = by_lines(dev);
	uint32_t bit = 1u << offset, levels = device->registers.lines;

	set_lines(device, dev_load(data, size) ? levels | bit : levels & ~bit);
	return BUS_DONE;
}

static struct test_device_registers *by_memory(struct dev *dev)
{
	return &((struct test_device *)((char *)dev - offsetof(struct test_device, memory)))
			->registers;
}

static enum bus_result memory_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	memcpy(data, by_memory(dev)->memory + offset,
	       within(offset, size, TEST_DEVICE_MEMORY_SIZE));
	return BUS_DONE;
}

static enum bus_result memory_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	memcpy(by_memory(dev)->memory + offset, data,
	       within(offset, size, TEST_DEVICE_MEMORY_SIZE));
	return BUS_DONE;
}

static void test_device_reset(struct dev *dev)
{
	struct test_device *device = container_of(dev, struct test_device, ports);

	set_lines(device, 0);
	device->registers = (struct test_device_registers){ 0 };
}

static void test_device_restored(struct dev *dev)
{
	struct test_device *device = container_of(dev, struct test_device, ports);

	set_lines(device, device->registers.lines & ((1u << TEST_DEVICE_LINES) - 1));
}

static const struct dev_ops ports_ops = {
	.name = "test device",
	.reset = test_device_reset,
	.read = ports_read,
	.write = ports_write,
	.restored = test_device_restored,
};

/* Reset and registers are the ports'. */
static const struct dev_ops page_ops = {
	.name = "test device's page",
	.read = page_read,
	.write = page_write,
};

static const struct dev_ops lines_ops = {
	.name = "test device's lines",
	.read = lines_read,
	.write = lines_write,
};

static const struct dev_ops memory_ops = {
	.name = "test device's memory",
	.read = memory_read,
	.write = memory_write,
};

void test_device_init(struct test_device *device, const struct test_device_options *options)
{
	*device = (struct test_device){
		.ports = dev_of(&ports_ops, &device->registers, sizeof(device->registers)),
		.page = { .ops = &page_ops },
		.lines = { .ops = &lines_ops },
		.memory = { .ops = &memory_ops },
		.options = *options,
	};
}

int test_device_add(struct test_device *device, struct bus *bus, struct error *error)
{
	int err = bus_add(bus, BUS_PORT, PORTS_AT, PORTS, &device->ports, error);

	if (!err)
		err = bus_add(bus, BUS_PORT, BYTE_PORT_AT, 1, &device->ports, error);
	if (!err)
		err = bus_add(bus, BUS_PORT, PAGE_AT, PORTS, &device->page, error);
	if (!err)
		err = bus_add(bus, BUS_PORT, LINES_AT, TEST_DEVICE_LINES, &device->lines, error);
	if (!err)
		err = bus_add(bus, BUS_MEMORY, TEST_DEVICE_MEMORY_AT, TEST_DEVICE_MEMORY_SIZE,
			      &device->memory, error);
	return err;
}
