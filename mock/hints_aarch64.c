/* SPDX-License-Identifier: MIT */
/* The GIC by its place, and mocks that an access leaves. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <ring0/arm64/gic.h>
#include <ring0/smp.h>
#include "mock/hints.h"

/* What a machine with .irqchip has; the last address is included. */
static const struct {
	uint64_t first, last;
	const char *name;
} devices[] = {
	{ R0_GICD_ADDRESS, R0_GICD_ADDRESS + 0xffff, "GIC's distributor" },
	{ R0_GICC_ADDRESS, R0_GICC_ADDRESS + R0_GICC_SIZE - 1, "GIC's CPU interface" },
	{ R0_GICR_ADDRESS, R0_GICR_ADDRESS + R0_CPU_LIMIT *R0_GICR_SIZE - 1,
	  "GIC's redistributor" },
};

static const char *find(enum bus_space space, uint64_t first, uint64_t last)
{
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (space == BUS_MEMORY && first <= devices[i].last && last >= devices[i].first)
			return devices[i].name;
	return NULL;
}

/* CPUs reach each other by the GIC, too. */
static bool has_gic(const struct r0_options *options)
{
	return options->irqchip || options->cpus > 1;
}

const char *hints_device(const struct r0_options *options, enum bus_space space, uint64_t first,
			 uint64_t last)
{
	return has_gic(options) ? find(space, first, last) : NULL;
}

void hints_of_access(const struct r0_options *options, const struct bus_access *access,
		     struct error *error)
{
	const char *device = find(access->space, access->address, access->address);
	size_t length = strlen(error->text), i;

	for (i = 0; i < options->mmio.count; i++) {
		const struct r0_mock *mock = &options->mmio.entries[i];

		/* One that holds all of it has been asked. */
		if (access->address < mock->first || access->address > mock->last ||
		    mock->last - access->address >= access->size - 1u)
			continue;
		snprintf(error->text + length, sizeof(error->text) - length,
			 ": it begins in the mock of %#" PRIx64 " to %#" PRIx64 " and ends outside",
			 mock->first, mock->last);
		return;
	}
	if (device && !has_gic(options))
		snprintf(error->text + length, sizeof(error->text) - length,
			 ": the %s is there with .irqchip = true", device);
}
