/* SPDX-License-Identifier: MIT */
/* Reset and A20. A device at each of the three ports, which share their registers. */
#include "devices/pc/i8042.h"
#include <stddef.h>
#include "base/container_of.h"

#define PORT_DATA    0x60
#define PORT_COMMAND 0x64
#define PORT_CONTROL 0x92

#define STATUS_ANSWER 0x01

#define COMMAND_READ_PORT  0xd0
#define COMMAND_WRITE_PORT 0xd1
#define COMMAND_A20_OFF	   0xdd
#define COMMAND_A20_ON	   0xdf
#define COMMAND_PULSE	   0xf0 /* the low bits that are 0 pull the output port's down */
#define PORT_NOT_RESET	   0x01
#define PORT_A20	   0x02
#define CONTROL_RESET	   0x01
#define CONTROL_A20	   0x02

static bool a20(const struct i8042 *i8042)
{
	return i8042->registers.output_port & PORT_A20;
}

static void i8042_reset(struct dev *dev)
{
	struct i8042 *i8042 = container_of(dev, struct i8042, data);

	i8042->registers = (struct i8042_registers){ .output_port = PORT_NOT_RESET | PORT_A20 };
}

static enum bus_result set_output_port(struct dev *dev, struct i8042_registers *r, uint8_t value)
{
	/* Reset is a pulse: nothing is left of it but its effect. */
	r->output_port = value | PORT_NOT_RESET;
	return value & PORT_NOT_RESET ? BUS_DONE : dev_shutdown(dev, BUS_END_INIT, 0);
}

static enum bus_result data_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct i8042_registers *r = &container_of(dev, struct i8042, data)->registers;

	(void)offset;
	(void)size;
	*(uint8_t *)data = r->answer_waits ? r->answer : 0;
	r->answer_waits = 0;
	return BUS_DONE;
}

static enum bus_result data_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct i8042_registers *r = &container_of(dev, struct i8042, data)->registers;

	(void)offset;
	(void)size;
	if (!r->expects_port)
		return BUS_DONE;
	r->expects_port = 0;
	return set_output_port(dev, r, *(const uint8_t *)data);
}

static struct i8042 *by_command(struct dev *dev)
{
	return (struct i8042 *)((char *)dev - offsetof(struct i8042, command));
}

static enum bus_result command_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)offset;
	(void)size;
	*(uint8_t *)data = by_command(dev)->registers.answer_waits ? STATUS_ANSWER : 0;
	return BUS_DONE;
}

static enum bus_result command_write(struct dev *dev, uint64_t offset, const void *data,
				     size_t size)
{
	struct i8042_registers *r = &by_command(dev)->registers;
	uint8_t command = *(const uint8_t *)data;

	(void)offset;
	(void)size;
	r->expects_port = command == COMMAND_WRITE_PORT;
	switch (command) {
	case COMMAND_READ_PORT:
		r->answer = r->output_port;
		r->answer_waits = 1;
		break;
	case COMMAND_A20_OFF:
		r->output_port &= (uint8_t)~PORT_A20;
		break;
	case COMMAND_A20_ON:
		r->output_port |= PORT_A20;
		break;
	default:
		if (command >= COMMAND_PULSE && !(command & PORT_NOT_RESET))
			return dev_shutdown(dev, BUS_END_INIT, 0);
		break;
	}
	return BUS_DONE;
}

static struct i8042 *by_control(struct dev *dev)
{
	return (struct i8042 *)((char *)dev - offsetof(struct i8042, control));
}

static enum bus_result control_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	const struct i8042 *i8042 = by_control(dev);

	(void)offset;
	(void)size;
	*(uint8_t *)data = i8042->registers.control_port | (a20(i8042) ? CONTROL_A20 : 0);
	return BUS_DONE;
}

static enum bus_result control_write(struct dev *dev, uint64_t offset, const void *data,
				     size_t size)
{
	struct i8042_registers *r = &by_control(dev)->registers;
	uint8_t value = *(const uint8_t *)data;

	(void)offset;
	(void)size;
	bool rises = value & ~r->control_port & CONTROL_RESET;

	r->control_port = value & (uint8_t)~CONTROL_A20;
	r->output_port &= (uint8_t)~PORT_A20;
	if (value & CONTROL_A20)
		r->output_port |= PORT_A20;
	return rises ? dev_shutdown(dev, BUS_END_INIT, 0) : BUS_DONE;
}

static const struct dev_ops data_ops = {
	.name = "i8042",
	.reset = i8042_reset,
	.read = data_read,
	.write = data_write,
};

/* Reset and registers are the data port's. */
static const struct dev_ops command_ops = {
	.name = "i8042 command",
	.read = command_read,
	.write = command_write,
};

static const struct dev_ops control_ops = {
	.name = "system control port A",
	.read = control_read,
	.write = control_write,
};

void i8042_init(struct i8042 *i8042)
{
	*i8042 = (struct i8042){
		.data = dev_of(&data_ops, &i8042->registers, sizeof(i8042->registers)),
		.command = { .ops = &command_ops },
		.control = { .ops = &control_ops },
	};
	i8042_reset(&i8042->data);
}

int i8042_add(struct i8042 *i8042, struct bus *bus, struct error *error)
{
	int err = bus_add(bus, BUS_PORT, PORT_DATA, 1, &i8042->data, error);

	if (!err)
		err = bus_add(bus, BUS_PORT, PORT_COMMAND, 1, &i8042->command, error);
	if (!err)
		err = bus_add(bus, BUS_PORT, PORT_CONTROL, 1, &i8042->control, error);
	return err;
}
