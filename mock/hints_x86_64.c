/* SPDX-License-Identifier: MIT */
/* A PC's interrupt controllers and timers by their places, and mocks that an access leaves. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <ring0/x86/apic.h>
#include <ring0/x86/hpet.h>
#include <ring0/x86/ioapic.h>
#include "mock/hints.h"

/* What a machine with .irqchip has; the last address is included. */
static const struct device {
	enum bus_space space;
	uint64_t first, last;
	const char *name;
	bool several_cpus; /* there with .cpus, too */
} devices[] = {
	{ BUS_PORT, 0x20, 0x21, "PIC" },
	{ BUS_PORT, 0xa0, 0xa1, "PIC" },
	{ BUS_PORT, 0x4d0, 0x4d1, "PIC" },
	{ BUS_PORT, 0x40, 0x43, "PIT" },
	{ BUS_PORT, 0x61, 0x61, "PIT" },
	{ BUS_MEMORY, R0_IOAPIC_ADDRESS, R0_IOAPIC_ADDRESS + 0xfff, "IOAPIC" },
	{ BUS_MEMORY, R0_HPET_ADDRESS, R0_HPET_ADDRESS + 0xfff, "HPET" },
	{ BUS_MEMORY, R0_APIC_ADDRESS, R0_APIC_ADDRESS + 0xfff, "local APIC", true },
};

static const struct device *find(enum bus_space space, uint64_t first, uint64_t last)
{
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (devices[i].space == space && first <= devices[i].last &&
		    last >= devices[i].first)
			return &devices[i];
	return NULL;
}

static bool has(const struct r0_options *options, const struct device *device)
{
	return options->irqchip || (options->cpus > 1 && device->several_cpus);
}

const char *hints_device(const struct r0_options *options, enum bus_space space, uint64_t first,
			 uint64_t last)
{
	const struct device *device = find(space, first, last);

	return device && has(options, device) ? device->name : NULL;
}

static const struct r0_mock *begins_in(const struct r0_mocks *mocks, uint64_t address)
{
	size_t i;

	for (i = 0; i < mocks->count; i++)
		if (address >= mocks->entries[i].first && address <= mocks->entries[i].last)
			return &mocks->entries[i];
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void add(struct error *error, const char *format, ...)
{
	size_t length = strlen(error->text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text + length, sizeof(error->text) - length, format, arguments);
	va_end(arguments);
}

void hints_of_access(const struct r0_options *options, const struct bus_access *access,
		     struct error *error)
{
	const struct r0_mocks *mocks = access->space == BUS_PORT ? &options->io : &options->mmio;
	const struct r0_mock *mock = begins_in(mocks, access->address);
	const struct device *device = find(access->space, access->address, access->address);

	/* One that holds all of it has been asked. */
	if (mock && mock->last - access->address < access->size - 1u)
		add(error,
		    ": it begins in the mock of %#" PRIx64 " to %#" PRIx64 " and ends outside",
		    mock->first, mock->last);
	else if (!mock && device && !has(options, device))
		add(error, ": the %s is there with .irqchip = true", device->name);
}
