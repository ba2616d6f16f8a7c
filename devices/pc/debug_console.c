/* SPDX-License-Identifier: MIT */
/* The port that prints. */
#include "devices/pc/debug_console.h"
#include "base/container_of.h"

static enum bus_result debug_console_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)dev;
	(void)offset;
	(void)size;
	*(uint8_t *)data = DEBUG_CONSOLE_PORT;
	return BUS_DONE;
}

static enum bus_result debug_console_write(struct dev *dev, uint64_t offset, const void *data,
					   size_t size)
{
	(void)offset;
	(void)size;
	output_write(&container_of(dev, struct debug_console, dev)->output, data, 1);
	return BUS_DONE;
}

static const struct dev_ops debug_console_ops = {
	.name = "debug console",
	.read = debug_console_read,
	.write = debug_console_write,
};

void debug_console_init(struct debug_console *console, const struct output *output)
{
	*console = (struct debug_console){ .dev.ops = &debug_console_ops, .output = *output };
}
