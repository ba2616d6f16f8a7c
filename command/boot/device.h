/* SPDX-License-Identifier: MIT */
/*
 * Devices that the command line of `ring0 boot` names: each tells its option and its lines of --help, and
 * opens what it has outside. One a file; device.c lists them. Depends on <ring0/vm.h>.
 */
#ifndef COMMAND_BOOT_DEVICE_H
#define COMMAND_BOOT_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <ring0/vm.h>

struct boot_device {
	const char *option; /* "disk": it takes a value */
	const char *help;

	/*
	 * Open what the value names, and have the machine be made with it. Returns 0 or a status, having said
	 * why; close() in any case, which does nothing for a machine without it.
	 */
	int (*open)(const char *value, struct r0_vm_options *options);
	void (*close)(struct r0_vm_options *options);

	/* Whether the machine of a snapshot has it. */
	bool (*is_in)(const struct r0_vm_snapshot *snapshot);
};

#define BOOT_DEVICES 2

extern const struct boot_device *const boot_devices[BOOT_DEVICES];

extern const struct boot_device boot_disk, boot_network;

#endif /* COMMAND_BOOT_DEVICE_H */
