/* SPDX-License-Identifier: MIT */
/*
 * Virtio by memory (VIRTIO 1.2, 4.2), version 2: the registers of a device's window.
 *
 * Control registers answer to aligned accesses of 4 bytes; any other is dropped, and reads 0. So do
 * registers that are write-only, or that there are none of; writes to read-only ones are dropped.
 * The configuration space takes any access; beyond its end it reads 0.
 */
#ifndef DEVICES_VIRTIO_VIRTIO_MMIO_H
#define DEVICES_VIRTIO_VIRTIO_MMIO_H

#include "devices/bus.h"

/* A window in memory. */
#define VIRTIO_MMIO_SIZE 0x1000

#define VIRTIO_MMIO_QUEUE_NOTIFY 0x050 /* where an ioeventfd is put */

/* A device's dev_ops, but for their name: the device is a struct virtio. */
void virtio_mmio_reset(struct dev *dev);
enum bus_result virtio_mmio_read(struct dev *dev, uint64_t offset, void *data, size_t size);
enum bus_result virtio_mmio_write(struct dev *dev, uint64_t offset, const void *data, size_t size);
void virtio_mmio_restored(struct dev *dev);

#endif /* DEVICES_VIRTIO_VIRTIO_MMIO_H */
