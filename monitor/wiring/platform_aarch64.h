/* SPDX-License-Identifier: MIT */
/*
 * Where arm64's machine has its devices, for what tells the guest: the first serial line and the GIC are where QEMU's
 * "virt" has them. Interrupts are SPIs, counted from 0.
 */
#ifndef MONITOR_WIRING_PLATFORM_AARCH64_H
#define MONITOR_WIRING_PLATFORM_AARCH64_H

#define PLATFORM_SERIAL_IRQ 1 /* and the next; the lines' addresses are serial_base()'s */
#define PLATFORM_PL011	    0x09002000
#define PLATFORM_PL011_IRQ  3
#define PLATFORM_DEBUG_EXIT 0x09003000
#define PLATFORM_VIRTIO	    0x0a000000
#define PLATFORM_VIRTIO_IRQ 16

/* Behind the virtio devices, and in the device tree one of them. */
#define PLATFORM_TEST_CONSOLE	  0x0a003000
#define PLATFORM_TEST_CONSOLE_IRQ 19

#endif /* MONITOR_WIRING_PLATFORM_AARCH64_H */
