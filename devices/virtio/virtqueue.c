/* SPDX-License-Identifier: MIT */
/* Split virtqueues. Section numbers are VIRTIO 1.2's. Depends on guest memory alone. */
#include "devices/virtio/virtqueue.h"
#include <string.h>

/* A descriptor (2.7.5). */
struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};
#define DESCRIPTOR_NEXT	    1
#define DESCRIPTOR_WRITE    2
#define DESCRIPTOR_INDIRECT 4

/* The available ring (2.7.6). The used_event follows the ring. */
struct available {
	uint16_t flags;
	uint16_t index;
	uint16_t ring[];
};
#define AVAILABLE_NO_INTERRUPT 1

/* The used ring (2.7.8). The avail_event follows the ring. */
struct used_element {
	uint32_t id;
	uint32_t length;
};
struct used {
	uint16_t flags;
	uint16_t index;
	struct used_element ring[];
};

/* More than that in one chain the driver may not give (2.7.5.2). */
#define CHAIN_BYTES_MAX (1ull << 32)

struct rings {
	const uint8_t *descriptors;
	struct available *available;
	uint16_t *used_event; /* the driver's */
	struct used *used;
	uint16_t *available_event; /* ours */
};

const char *virtqueue_fault_text(enum virtqueue_fault fault)
{
	static const char *const texts[VIRTQUEUE_FAULTS] = {
		[VIRTQUEUE_SOUND] = "nothing is wrong",
		[VIRTQUEUE_BAD_SIZE] = "a queue whose size is no power of two, or too large",
		[VIRTQUEUE_BAD_RINGS] = "a queue outside of guest memory, or misaligned",
		[VIRTQUEUE_BAD_INDEX] = "more available chains than the queue has descriptors",
		[VIRTQUEUE_BAD_HEAD] = "an available chain that starts beyond the queue",
		[VIRTQUEUE_BAD_NEXT] = "a descriptor that goes on beyond the table",
		[VIRTQUEUE_LOOP] = "a chain of descriptors that is longer than the queue",
		[VIRTQUEUE_BAD_BUFFER] = "a buffer outside of guest memory, or in read-only memory",
		[VIRTQUEUE_BAD_ORDER] = "a buffer to read after one to write",
		[VIRTQUEUE_BAD_LENGTH] = "a chain of more than 4 GiB",
		[VIRTQUEUE_BAD_INDIRECT] = ("an indirect table that is not allowed, not in guest "
					    "memory, empty, or longer than the queue"),
		[VIRTQUEUE_NESTED_INDIRECT] = "an indirect descriptor in an indirect table",
		[VIRTQUEUE_BAD_REQUEST] = "a request without header or without room for the answer",
	};

	return (unsigned int)fault < VIRTQUEUE_FAULTS ? texts[fault] : "an unknown fault";
}

bool virtqueue_size_is_valid(uint32_t size)
{
	return size && size <= VIRTQUEUE_SIZE_MAX && !(size & (size - 1));
}

/* The rings in host memory. Guest memory is mapped by whole pages, so alignment carries over. */
static int find_rings(const struct virtqueue *queue, const struct ram *ram, struct rings *rings)
{
	uint64_t size = queue->size;
	uint64_t available_size = sizeof(struct available) + size * sizeof(uint16_t);
	uint64_t used_size = sizeof(struct used) + size * sizeof(struct used_element);
	/* Only with the feature there is a place for it (2.7.6, 2.7.8). */
	uint64_t event_size = queue->event_index ? sizeof(uint16_t) : 0;
	uint8_t *available, *used;

	if (!virtqueue_size_is_valid(queue->size))
		return -VIRTQUEUE_BAD_SIZE;
	/* 2.7: the table, the available and the used ring are aligned to 16, 2 and 4. */
	if (queue->descriptors % 16 || queue->driver % 2 || queue->device % 4)
		return -VIRTQUEUE_BAD_RINGS;
	rings->descriptors =
		ram_at(ram, gpa(queue->descriptors), size * sizeof(struct descriptor), false);
	available = ram_at(ram, gpa(queue->driver), available_size + event_size, false);
	used = ram_at(ram, gpa(queue->device), used_size + event_size, true);
	if (!rings->descriptors || !available || !used)
		return -VIRTQUEUE_BAD_RINGS;
	rings->available = (struct available *)(void *)available;
	rings->used_event = (uint16_t *)(void *)(available + available_size);
	rings->used = (struct used *)(void *)used;
	rings->available_event = (uint16_t *)(void *)(used + used_size);
	return 0;
}

static uint16_t load16(const uint16_t *from)
{
	return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}

/* A walk along a chain, and over to an indirect table at its end. */
struct walk {
	const struct virtqueue *queue;
	const struct ram *ram;
	const uint8_t *table;
	uint32_t table_size; /* descriptors in it */
	bool indirect;
};

static int enter_indirect(struct walk *walk, const struct descriptor *descriptor)
{
	uint32_t size = descriptor->length / sizeof(struct descriptor);

	if (walk->indirect)
		return -VIRTQUEUE_NESTED_INDIRECT;
	/* 2.7.5.3.1: negotiated, no NEXT, and not longer than the queue. */
	if (!walk->queue->indirect || descriptor->flags & DESCRIPTOR_NEXT || !size ||
	    descriptor->length % sizeof(struct descriptor) || size > walk->queue->size)
		return -VIRTQUEUE_BAD_INDIRECT;
	walk->table = ram_at(walk->ram, gpa(descriptor->address), descriptor->length, false);
	if (!walk->table)
		return -VIRTQUEUE_BAD_INDIRECT;
	walk->table_size = size;
	walk->indirect = true;
	return 0;
}

static int add_buffer(const struct ram *ram, struct virtqueue_chain *chain,
		      const struct descriptor *descriptor)
{
	bool write = descriptor->flags & DESCRIPTOR_WRITE;
	struct iovec *segment = &chain->segments[chain->readable + chain->writable];

	if (!write && chain->writable)
		return -VIRTQUEUE_BAD_ORDER;
	/* An empty buffer is nowhere. */
	if (!descriptor->length)
		return 0;
	segment->iov_base = ram_at(ram, gpa(descriptor->address), descriptor->length, write);
	segment->iov_len = descriptor->length;
	if (!segment->iov_base)
		return -VIRTQUEUE_BAD_BUFFER;
	if (write) {
		chain->writable++;
		chain->writable_size += descriptor->length;
	} else {
		chain->readable++;
		chain->readable_size += descriptor->length;
	}
	if (chain->readable_size + chain->writable_size > CHAIN_BYTES_MAX)
		return -VIRTQUEUE_BAD_LENGTH;
	return 0;
}

static int walk_chain(struct walk *walk, struct virtqueue_chain *chain)
{
	uint32_t at = chain->head, buffers = 0;
	struct descriptor descriptor;
	int err;

	for (;;) {
		/* Once: the guest may change it while we look. */
		memcpy(&descriptor, walk->table + at * sizeof(descriptor), sizeof(descriptor));
		if (descriptor.flags & DESCRIPTOR_INDIRECT) {
			err = enter_indirect(walk, &descriptor);
			if (err)
				return err;
			at = 0;
			continue;
		}
		if (buffers++ == walk->queue->size)
			return -VIRTQUEUE_LOOP;
		err = add_buffer(walk->ram, chain, &descriptor);
		if (err || !(descriptor.flags & DESCRIPTOR_NEXT))
			return err;
		at = descriptor.next;
		if (at >= walk->table_size)
			return -VIRTQUEUE_BAD_NEXT;
	}
}

int virtqueue_pop(struct virtqueue *queue, const struct ram *ram, struct virtqueue_chain *chain)
{
	struct rings rings;
	struct walk walk;
	uint16_t waiting;
	int err = find_rings(queue, ram, &rings);

	if (err)
		return err;
	waiting = (uint16_t)(load16(&rings.available->index) - queue->next_available);
	if (!waiting)
		return 0;
	if (waiting > queue->size)
		return -VIRTQUEUE_BAD_INDEX;
	chain->head = load16(&rings.available->ring[queue->next_available % queue->size]);
	chain->readable = chain->writable = 0;
	chain->readable_size = chain->writable_size = 0;
	if (chain->head >= queue->size)
		return -VIRTQUEUE_BAD_HEAD;
	walk = (struct walk){ queue, ram, rings.descriptors, queue->size, false };
	err = walk_chain(&walk, chain);
	if (err)
		return err;
	queue->next_available++;
	return 1;
}

void virtqueue_unpop(struct virtqueue *queue)
{
	queue->next_available--;
}

int virtqueue_push(struct virtqueue *queue, const struct ram *ram, uint16_t head, uint32_t written)
{
	struct rings rings;
	int err = find_rings(queue, ram, &rings);

	if (err)
		return err;
	rings.used->ring[queue->next_used % queue->size] = (struct used_element){ head, written };
	queue->next_used++;
	/* The element before the index (2.7.8.2). */
	__atomic_store_n(&rings.used->index, queue->next_used, __ATOMIC_RELEASE);
	return 0;
}

int virtqueue_rearm(struct virtqueue *queue, const struct ram *ram)
{
	struct rings rings;
	int err = find_rings(queue, ram, &rings);

	if (err)
		return err;
	/* Without event index the driver notifies always: used->flags stays 0 (2.7.10). */
	if (queue->event_index)
		__atomic_store_n(rings.available_event, load16(&rings.available->index),
				 __ATOMIC_RELAXED);
	/* Either the driver sees this, or we see what it added. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load16(&rings.available->index) != queue->next_available;
}

int virtqueue_wants_interrupt(struct virtqueue *queue, const struct ram *ram)
{
	uint16_t before = queue->told_used, after = queue->next_used, event;
	struct rings rings;
	int err = find_rings(queue, ram, &rings);

	if (err)
		return err;
	/* Either the driver sees the used ring's index, or we see that it wants an interrupt. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	queue->told_used = after;
	if (!queue->event_index)
		return before != after &&
		       !(load16(&rings.available->flags) & AVAILABLE_NO_INTERRUPT);
	/* Whether the index has passed the event (2.7.7.2). */
	event = load16(rings.used_event);
	return (uint16_t)(after - event - 1) < (uint16_t)(after - before);
}

int virtqueue_slice(const struct virtqueue_chain *chain, bool writable, uint64_t offset,
		    uint64_t length, struct iovec *slice)
{
	const struct iovec *segment = chain->segments + (writable ? chain->readable : 0);
	const struct iovec *end = segment + (writable ? chain->writable : chain->readable);
	int count = 0;

	for (; segment < end && length; segment++) {
		uint64_t part = segment->iov_len;

		if (offset >= part) {
			offset -= part;
			continue;
		}
		part -= offset;
		if (part > length)
			part = length;
		slice[count++] = (struct iovec){ (uint8_t *)segment->iov_base + offset, part };
		length -= part;
		offset = 0;
	}
	return count;
}

static size_t copy(const struct virtqueue_chain *chain, bool writable, uint64_t offset,
		   uint8_t *bytes, size_t size)
{
	struct iovec slice[VIRTQUEUE_SIZE_MAX];
	int count = virtqueue_slice(chain, writable, offset, size, slice), i;
	size_t done = 0;

	for (i = 0; i < count; i++) {
		if (writable)
			memcpy(slice[i].iov_base, bytes + done, slice[i].iov_len);
		else
			memcpy(bytes + done, slice[i].iov_base, slice[i].iov_len);
		done += slice[i].iov_len;
	}
	return done;
}

size_t virtqueue_load(const struct virtqueue_chain *chain, uint64_t offset, void *to, size_t size)
{
	return copy(chain, false, offset, to, size);
}

size_t virtqueue_store(const struct virtqueue_chain *chain, uint64_t offset, const void *from,
		       size_t size)
{
	return copy(chain, true, offset, (void *)(uintptr_t)from, size);
}
