/* SPDX-License-Identifier: MIT */
/* Ports for power-off. A device at each, which share nothing but their reads. */
#include "devices/pc/power_off.h"
#include <stddef.h>
#include <string.h>

#define PORT_QEMU	      0x604
#define PORT_CLOUD_HYPERVISOR 0x600
#define PORT_VIRTUALBOX	      0x4004
#define PORT_BOCHS	      0x8900

/* SLP_EN with SLP_TYP 0 and 5, of PM1 control and of the sleep control register (ACPI 6.5, 4.8.3). */
#define QEMU_S5		    0x2000
#define VIRTUALBOX_S5	    0x3400
#define CLOUD_HYPERVISOR_S5 0x34

static const char word[] = "Shutdown";
#define LETTERS (sizeof(word) - 1)

static enum bus_result read_nothing(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)dev;
	(void)offset;
	memset(data, 0, size);
	return BUS_DONE;
}

static enum bus_result end_if(struct dev *dev, bool meant)
{
	return meant ? dev_shutdown(dev, BUS_END_POWER_OFF, 0) : BUS_DONE;
}

static enum bus_result write_qemu(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	return end_if(dev, !offset && size >= 2 && dev_load(data, 2) == QEMU_S5);
}

static enum bus_result write_virtualbox(struct dev *dev, uint64_t offset, const void *data,
					size_t size)
{
	return end_if(dev, !offset && size >= 2 && dev_load(data, 2) == VIRTUALBOX_S5);
}

static enum bus_result write_cloud_hypervisor(struct dev *dev, uint64_t offset, const void *data,
					      size_t size)
{
	(void)offset;
	(void)size;
	return end_if(dev, *(const uint8_t *)data == CLOUD_HYPERVISOR_S5);
}

static enum bus_result write_bochs(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct power_off *power_off =
		(struct power_off *)((char *)dev - offsetof(struct power_off, bochs));
	char letter = *(const char *)data;

	(void)offset;
	(void)size;
	if (letter != word[power_off->letters])
		power_off->letters = letter == word[0];
	else
		power_off->letters++;
	if (power_off->letters < LETTERS)
		return BUS_DONE;
	power_off->letters = 0;
	return end_if(dev, true);
}

static void reset_bochs(struct dev *dev)
{
	((struct power_off *)((char *)dev - offsetof(struct power_off, bochs)))->letters = 0;
}

static void bochs_restored(struct dev *dev)
{
	struct power_off *power_off =
		(struct power_off *)((char *)dev - offsetof(struct power_off, bochs));

	power_off->letters %= LETTERS;
}

static const struct dev_ops qemu_ops = {
	.name = "power-off, QEMU's",
	.read = read_nothing,
	.write = write_qemu,
};

static const struct dev_ops cloud_hypervisor_ops = {
	.name = "power-off, Cloud Hypervisor's",
	.read = read_nothing,
	.write = write_cloud_hypervisor,
};

static const struct dev_ops virtualbox_ops = {
	.name = "power-off, VirtualBox's",
	.read = read_nothing,
	.write = write_virtualbox,
};

static const struct dev_ops bochs_ops = {
	.name = "power-off, Bochs's",
	.reset = reset_bochs,
	.read = read_nothing,
	.write = write_bochs,
	.restored = bochs_restored,
};

void power_off_init(struct power_off *power_off)
{
	*power_off = (struct power_off){
		.qemu = { .ops = &qemu_ops },
		.cloud_hypervisor = { .ops = &cloud_hypervisor_ops },
		.virtualbox = { .ops = &virtualbox_ops },
		.bochs = dev_of(&bochs_ops, &power_off->letters, sizeof(power_off->letters)),
	};
}

int power_off_add(struct power_off *power_off, struct bus *bus, struct error *error)
{
	int err = bus_add(bus, BUS_PORT, PORT_QEMU, 2, &power_off->qemu, error);

	if (!err)
		err = bus_add(bus, BUS_PORT, PORT_CLOUD_HYPERVISOR, 1, &power_off->cloud_hypervisor,
			      error);
	if (!err)
		err = bus_add(bus, BUS_PORT, PORT_VIRTUALBOX, 2, &power_off->virtualbox, error);
	if (!err)
		err = bus_add(bus, BUS_PORT, PORT_BOCHS, 1, &power_off->bochs, error);
	return err;
}
