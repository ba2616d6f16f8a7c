/* SPDX-License-Identifier: MIT */
/* Port 0xcf9. */
#include "devices/pc/reset_control.h"
#include "base/container_of.h"

#define SYSTEM_RESET 0x02
#define RESET_CPU    0x04
#define FULL_RESET   0x08
#define BITS	     (SYSTEM_RESET | RESET_CPU | FULL_RESET)

static enum bus_result reset_control_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)offset;
	(void)size;
	*(uint8_t *)data = container_of(dev, struct reset_control, dev)->value;
	return BUS_DONE;
}

static enum bus_result reset_control_write(struct dev *dev, uint64_t offset, const void *data,
					   size_t size)
{
	struct reset_control *control = container_of(dev, struct reset_control, dev);
	uint8_t value = *(const uint8_t *)data & BITS;
	bool rises = value & ~control->value & RESET_CPU;

	(void)offset;
	(void)size;
	control->value = value;
	if (!rises)
		return BUS_DONE;
	return dev_shutdown(dev, value & (SYSTEM_RESET | FULL_RESET) ? BUS_END_RESET : BUS_END_INIT,
			    0);
}

static void reset_control_reset(struct dev *dev)
{
	container_of(dev, struct reset_control, dev)->value = 0;
}

static void reset_control_restored(struct dev *dev)
{
	container_of(dev, struct reset_control, dev)->value &= BITS;
}

static const struct dev_ops reset_control_ops = {
	.name = "reset control",
	.reset = reset_control_reset,
	.read = reset_control_read,
	.write = reset_control_write,
	.restored = reset_control_restored,
};

void reset_control_init(struct reset_control *control)
{
	*control = (struct reset_control){
		.dev = dev_of(&reset_control_ops, &control->value, sizeof(control->value)),
	};
}
