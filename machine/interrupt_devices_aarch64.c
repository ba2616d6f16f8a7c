/* SPDX-License-Identifier: MIT */
/* Machines on arm64 have no interrupt controllers: vm_init() refuses them, and there is nothing to put back. */
#include "machine/interrupt_devices.h"
#include <errno.h>

int interrupt_devices_create(struct interrupt_devices **devices, struct vm *vm, struct bus *bus,
			     struct error *error)
{
	(void)devices;
	(void)vm;
	(void)bus;
	return error_set(error, ENOTSUP, "interrupt controllers: ring0 has none on arm64");
}

void interrupt_devices_destroy(struct interrupt_devices *devices)
{
	(void)devices;
}

int interrupt_devices_reset(struct interrupt_devices *devices, struct error *error)
{
	(void)devices;
	(void)error;
	return 0;
}

int interrupt_devices_differ(struct interrupt_devices *devices, char *what, size_t size,
			     struct error *error)
{
	(void)devices;
	(void)what;
	(void)size;
	(void)error;
	return 0;
}

int interrupt_devices_set_line(struct interrupt_devices *devices, unsigned int line, bool level,
			       uint64_t after_ns, struct error *error)
{
	(void)devices;
	(void)line;
	(void)level;
	(void)after_ns;
	return error_set(error, ENOTSUP, "interrupt controllers: ring0 has none on arm64");
}

uint64_t interrupt_devices_deadline(struct interrupt_devices *devices)
{
	(void)devices;
	return UINT64_MAX;
}

void interrupt_devices_expire(struct interrupt_devices *devices)
{
	(void)devices;
}
