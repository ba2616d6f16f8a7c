/* SPDX-License-Identifier: MIT */
/*
 * The virtio block device (VIRTIO 1.2, 5.2) on a file or block device of the host. Requests are done
 * before the notification returns. What the host's file can't do is an I/O error to the guest, a
 * file that was cut short among it.
 */
#ifndef DEVICES_VIRTIO_VIRTIO_BLOCK_H
#define DEVICES_VIRTIO_VIRTIO_BLOCK_H

#include <stdbool.h>
#include "devices/virtio/virtio.h"

#define VIRTIO_BLOCK_SECTOR  512
#define VIRTIO_BLOCK_ID_SIZE 20

/* Configuration space (5.2.4), as far as features that are offered have fields there. */
struct virtio_block_config {
	uint64_t capacity; /* in sectors */
	uint32_t size_max; /* not offered: 0 */
	uint32_t seg_max;  /* data buffers of a request */
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
	uint32_t blk_size; /* in bytes */
};

struct virtio_block_registers {
	struct virtio_registers common;
	struct virtio_block_config config;
};

struct virtio_block {
	struct virtio virtio;
	struct virtio_block_registers registers;
	int fd;
	bool read_only;
	char id[VIRTIO_BLOCK_ID_SIZE]; /* not terminated if all of it is used */
};

struct virtio_block_options {
	int fd; /* open for reading, and for writing unless read_only; stays the caller's */
	bool read_only;
	const char *id; /* the serial number that the guest sees, 20 bytes at most; NULL for none */
};

/*
 * A device after reset, as large as the file is now, rounded down to sectors. The descriptor's position
 * is moved. Returns 0; -EACCES if the descriptor is not open for what the guest may do; or what the host
 * says of the file, -errno.
 */
int virtio_block_init(struct virtio_block *block, const struct virtio_options *options,
		      const struct virtio_block_options *file, struct error *error);

#endif /* DEVICES_VIRTIO_VIRTIO_BLOCK_H */
