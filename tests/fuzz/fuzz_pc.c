/* SPDX-License-Identifier: MIT */
/*
 * What a PC has besides: fw_cfg, PCI with its test device, reset and power-off, and kvm-unit-tests'
 * device. A file reads as it is, memory that no transfer was to is untouched, base addresses answer where they
 * say and nowhere else, lines are what was written.
 */
#include <string.h>
#include "devices/pc/fw_cfg.h"
#include "devices/pci/pci_testdev.h"
#include "devices/pc/power_off.h"
#include "devices/pc/reset_control.h"
#include "devices/pc/test_device.h"
#include "tests/fuzz/device_fuzz.h"

#define TESTDEV 0x80000800u

static const char file[] = "The quick brown fox jumps over the lazy dog.";

static struct fw_cfg fw_cfg;
static struct pci pci;
static struct pci_testdev testdev;
static struct reset_control reset_control;
static struct power_off power_off;
static struct test_device test_device;
static uint32_t lines, saved_lines;

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	fuzz_expect(number < TEST_DEVICE_LINES, "a line that there is none of");
	fuzz_expect((lines >> number & 1) != level, "a line set to what it is");
	lines ^= 1u << number;
}

static void flush(void *context, uint64_t address)
{
	(void)context;
	fuzz_note(address);
}

static void good(int result)
{
	fuzz_equal((uint64_t)result, 0, "adding a device");
}

static void pc_start(void)
{
	const struct test_device_options options = {
		.irq = { .set = set_line },
		.flush = flush,
	};

	lines = 0;
	fw_cfg_init(&fw_cfg, &fuzz_ram);
	good(fw_cfg_add_file(&fw_cfg, "opt/file", file, sizeof(file), NULL));
	good(bus_add(&fuzz_bus, BUS_PORT, FW_CFG_PORT, FW_CFG_PORTS, &fw_cfg.dev, NULL));
	pci_init(&pci);
	good(pci_add(&pci, &fuzz_bus, NULL));
	pci_testdev_init(&testdev);
	good(pci_testdev_add(&testdev, &pci, NULL));
	reset_control_init(&reset_control);
	good(bus_add(&fuzz_bus, BUS_PORT, RESET_CONTROL_PORT, 1, &reset_control.dev, NULL));
	power_off_init(&power_off);
	good(power_off_add(&power_off, &fuzz_bus, NULL));
	test_device_init(&test_device, &options);
	good(test_device_add(&test_device, &fuzz_bus, NULL));
}

static void read_file(void)
{
	unsigned int i, length = (unsigned int)fuzz_below(sizeof(file) + 8);

	fuzz_access(BUS_PORT, FW_CFG_PORT, 2, true, FW_CFG_FILES);
	for (i = 0; i < length; i++)
		fuzz_equal(fuzz_access(BUS_PORT, FW_CFG_PORT + 1, 1, false, 0),
			   i < sizeof(file) ? (uint8_t)file[i] : 0, "a byte of the file");
}

static void store_big(uint8_t *to, unsigned int size, uint64_t value)
{
	while (size--) {
		to[size] = (uint8_t)value;
		value >>= 8;
	}
}

/* A transfer of the file, to memory or elsewhere; what lies around stays as it was. */
static void transfer_file(void)
{
	static uint8_t before[FUZZ_RAM_SIZE];
	uint64_t at = fuzz_below(FUZZ_RAM_SIZE - 16), to = fuzz_value(), offset, i;
	uint32_t length = (uint32_t)(fuzz_one_in(8) ? fuzz_value() : fuzz_below(2 * sizeof(file)));
	uint8_t address[8];
	bool error, fits;

	store_big(fuzz_memory + at, 4, FW_CFG_FILES << 16 | 0x0a);
	store_big(fuzz_memory + at + 4, 4, length);
	store_big(fuzz_memory + at + 8, 8, to);
	store_big(address, 8, FUZZ_RAM_AT + at);
	memcpy(before, fuzz_memory, sizeof(before));
	fuzz_access(BUS_PORT, FW_CFG_PORT + 4, 4, true, dev_load(address, 4));
	fuzz_access(BUS_PORT, FW_CFG_PORT + 8, 4, true, dev_load(address + 4, 4));

	fits = range_holds(FUZZ_RAM_AT, FUZZ_RAM_SIZE, to, length);
	offset = to - FUZZ_RAM_AT;
	error = fuzz_memory[at + 3] & 1;
	fuzz_equal(error, !fits, "whether the transfer went wrong");
	for (i = 0; i < FUZZ_RAM_SIZE; i++) {
		uint8_t expected = before[i];

		if (fits && i - offset < length)
			expected = i - offset < sizeof(file) ? (uint8_t)file[i - offset] : 0;
		/* The control is written last. */
		if (i - at < 4)
			expected = i - at == 3 && !fits;
		fuzz_equal(fuzz_memory[i], expected, "memory after a transfer");
	}
}

static uint32_t config(uint32_t address)
{
	fuzz_access(BUS_PORT, PCI_PORT_ADDRESS, 4, true, address);
	return (uint32_t)fuzz_access(BUS_PORT, PCI_PORT_DATA, 4, false, 0);
}

static void set_config(uint32_t address, uint32_t value)
{
	fuzz_access(BUS_PORT, PCI_PORT_ADDRESS, 4, true, address);
	fuzz_access(BUS_PORT, PCI_PORT_DATA, 4, true, value);
}

/* The test device's memory answers where the registers say. */
static void move_bar(void)
{
	uint32_t to = PCI_MEMORY_FIRST + (uint32_t)fuzz_below(PCI_MEMORY_SIZE), bar, at;
	bool on = fuzz_below(2), inside;

	set_config(TESTDEV + 0x10, to);
	set_config(TESTDEV + 4, on ? 2 : 1);
	bar = config(TESTDEV + 0x10);
	fuzz_equal(bar, to & ~0xfffu, "a base address");
	fuzz_equal(config(TESTDEV), 0x00051b36, "the identity");
	at = fuzz_below(2) ? bar + (uint32_t)fuzz_below(0x1000) :
			     PCI_MEMORY_FIRST + (uint32_t)fuzz_below(PCI_MEMORY_SIZE);
	inside = on && at - bar < 0x1000;
	/* Beyond its header it reads as 0. */
	if (!inside || at - bar > 0x40)
		fuzz_equal(fuzz_access(BUS_MEMORY, at, 1, false, 0), inside ? 0 : 0xff,
			   "what answers");
}

static void count_writes(void)
{
	uint64_t offset, count, data;

	set_config(TESTDEV + 0x14, PCI_PORTS_FIRST);
	set_config(TESTDEV + 4, 1);
	fuzz_access(BUS_PORT, PCI_PORTS_FIRST, 1, true, fuzz_below(3));
	offset = fuzz_access(BUS_PORT, PCI_PORTS_FIRST + 4, 4, false, 0);
	data = fuzz_access(BUS_PORT, PCI_PORTS_FIRST + 8, 4, false, 0);
	fuzz_expect(offset >= 0x80 && offset < 0x100, "the place of a test's writes");
	for (count = fuzz_below(5); count; count--) {
		uint64_t before = fuzz_access(BUS_PORT, PCI_PORTS_FIRST + 12, 4, false, 0);

		fuzz_access(BUS_PORT, PCI_PORTS_FIRST + offset, 1, true, data);
		fuzz_equal(fuzz_access(BUS_PORT, PCI_PORTS_FIRST + 12, 4, false, 0), before + 1,
			   "writes counted");
	}
}

static void use_test_device(void)
{
	uint64_t at = TEST_DEVICE_MEMORY_AT + fuzz_below(TEST_DEVICE_MEMORY_SIZE - 7);
	uint64_t value = fuzz_random(), line = fuzz_below(TEST_DEVICE_LINES);
	bool level = fuzz_below(2);

	fuzz_access(BUS_MEMORY, at, 8, true, value);
	fuzz_expect(fuzz_access(BUS_MEMORY, at, 8, false, 0) == value, "memory of the test device");
	fuzz_access(BUS_PORT, 0xe0, 4, true, value);
	fuzz_equal(fuzz_access(BUS_PORT, 0xe8, 4, false, 0), (uint32_t)value, "its ports");
	fuzz_access(BUS_PORT, 0x2000 + line, 4, true, level);
	fuzz_equal(lines >> line & 1, level, "a line");
}

static void pc_step(void)
{
	switch (fuzz_below(9)) {
	case 0:
		read_file();
		break;
	case 1:
		if (fuzz_one_in(6))
			transfer_file();
		break;
	case 2:
		move_bar();
		break;
	case 3:
		count_writes();
		break;
	case 4:
		use_test_device();
		break;
	case 5:
		if (fuzz_one_in(20))
			bus_reset(&fuzz_bus);
		break;
	default:
		fuzz_random_access();
		break;
	}
	fuzz_equal(test_device.high, lines, "lines are not what it believes");
}

static void pc_save(void)
{
	saved_lines = lines;
}

static void pc_restore(void)
{
	fuzz_equal(lines, saved_lines, "lines after the copy was put back");
}

const struct fuzz_target fuzz_pc = {
	.name = "pc",
	.start = pc_start,
	.step = pc_step,
	.save = pc_save,
	.restore = pc_restore,
};
