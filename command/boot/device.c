/* SPDX-License-Identifier: MIT */
/* The devices, in the order of --help. */
#include "command/boot/device.h"

const struct boot_device *const boot_devices[BOOT_DEVICES] = { &boot_disk, &boot_network };
