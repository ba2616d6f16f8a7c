/* SPDX-License-Identifier: MIT */
/*
 * The device's side of a split virtqueue (VIRTIO 1.2, 2.7), with indirect descriptors (2.7.5.3) and
 * event index (2.7.10). The driver is not trusted: the rings are looked up in guest memory at each
 * use, and what can't be is a fault, after which the caller stops using the queue.
 *
 * Knows no device and no transport. Both sides are little-endian: so is the host.
 */
#ifndef DEVICES_VIRTIO_VIRTQUEUE_H
#define DEVICES_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include "devices/ram.h"

#define VIRTQUEUE_SIZE_MAX 256

/* Plain data: part of a device's registers. */
struct virtqueue {
	uint64_t descriptors; /* guest-physical: the descriptor table, 16 bytes each */
	uint64_t driver;      /* the available ring */
	uint64_t device;      /* the used ring */
	uint16_t size;	      /* descriptors: a power of two, VIRTQUEUE_SIZE_MAX at most */
	uint16_t next_available;
	uint16_t next_used;
	uint16_t told_used; /* next_used when the driver was last asked about */
	uint8_t ready;
	uint8_t indirect;    /* VIRTIO_F_INDIRECT_DESC is negotiated */
	uint8_t event_index; /* VIRTIO_F_EVENT_IDX is */
	uint8_t reserved[5];
};

/* What a driver can get wrong. */
enum virtqueue_fault {
	VIRTQUEUE_SOUND,
	VIRTQUEUE_BAD_SIZE,
	VIRTQUEUE_BAD_RINGS,
	VIRTQUEUE_BAD_INDEX,
	VIRTQUEUE_BAD_HEAD,
	VIRTQUEUE_BAD_NEXT,
	VIRTQUEUE_LOOP,
	VIRTQUEUE_BAD_BUFFER,
	VIRTQUEUE_BAD_ORDER,
	VIRTQUEUE_BAD_LENGTH,
	VIRTQUEUE_BAD_INDIRECT,
	VIRTQUEUE_NESTED_INDIRECT,
	VIRTQUEUE_BAD_REQUEST, /* said by the device: a request without room for its answer */
	VIRTQUEUE_FAULTS,
};

/* What is wrong, as text: "a chain of descriptors that is longer than the queue". */
const char *virtqueue_fault_text(enum virtqueue_fault fault);

/*
 * Buffers that the driver gave, as host memory: first those that the device reads, then those that
 * it writes. Valid as long as guest memory is mapped. The guest may change what is in them.
 */
struct virtqueue_chain {
	uint16_t head;
	uint16_t readable, writable;	       /* segments */
	uint64_t readable_size, writable_size; /* bytes */
	struct iovec segments[VIRTQUEUE_SIZE_MAX];
};

/* Whether a queue may have that many descriptors. */
bool virtqueue_size_is_valid(uint32_t size);

/*
 * Take the next chain. Returns 1; 0 if there is none; or a negated enum virtqueue_fault. Each chain
 * is given back by virtqueue_push(), or, as if it had not been taken, by virtqueue_unpop().
 */
int virtqueue_pop(struct virtqueue *queue, const struct ram *ram, struct virtqueue_chain *chain);
void virtqueue_unpop(struct virtqueue *queue);

/*
 * Give a chain back to the driver, whose first `written` writable bytes were written. Returns 0 or a
 * negated enum virtqueue_fault.
 */
int virtqueue_push(struct virtqueue *queue, const struct ram *ram, uint16_t head, uint32_t written);

/*
 * Ask to be notified of the next chain that the driver adds. Returns 1 if there is one by now, so that
 * the caller looks again; 0; or a fault, negated.
 */
int virtqueue_rearm(struct virtqueue *queue, const struct ram *ram);

/*
 * Whether the driver wants an interrupt for what was given back since the last call: 1, 0 or a
 * fault, negated.
 */
int virtqueue_wants_interrupt(struct virtqueue *queue, const struct ram *ram);

/* Copy from the readable bytes at `offset`. Returns how many there were. */
size_t virtqueue_load(const struct virtqueue_chain *chain, uint64_t offset, void *to, size_t size);

/* Copy to the writable bytes at `offset`. Returns how many there was room for. */
size_t virtqueue_store(const struct virtqueue_chain *chain, uint64_t offset, const void *from,
		       size_t size);

/*
 * The readable or writable bytes [offset, offset + length), as far as they exist, for readv() and
 * the like. `slice` has room for VIRTQUEUE_SIZE_MAX. Returns how many are used.
 */
int virtqueue_slice(const struct virtqueue_chain *chain, bool writable, uint64_t offset,
		    uint64_t length, struct iovec *slice);

#endif /* DEVICES_VIRTIO_VIRTQUEUE_H */
