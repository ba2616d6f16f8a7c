/* SPDX-License-Identifier: MIT */
/* What ends the machine. */
#include "devices/debug_exit.h"
#include <string.h>

static enum bus_result debug_exit_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)dev;
	(void)offset;
	memset(data, 0, size);
	return BUS_DONE;
}

static enum bus_result debug_exit_write(struct dev *dev, uint64_t offset, const void *data,
					size_t size)
{
	(void)offset;
	/* Of a longer access the device would see four bytes. */
	return dev_shutdown(dev, BUS_END_STATUS, dev_load(data, size < 4 ? size : 4) << 1 | 1);
}

static const struct dev_ops debug_exit_ops = {
	.name = "debug exit",
	.read = debug_exit_read,
	.write = debug_exit_write,
};

void debug_exit_init(struct debug_exit *debug_exit)
{
	*debug_exit = (struct debug_exit){ .dev.ops = &debug_exit_ops };
}
