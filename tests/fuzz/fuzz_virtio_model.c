/* SPDX-License-Identifier: MIT */
/* The model. See the header. */
#include "tests/fuzz/fuzz_virtio_model.h"
#include <string.h>
#include "tests/fuzz/device_fuzz.h"

enum {
	MAY_WRITE = 1, /* the device may */
	RINGS = 2,     /* what the device goes by: if it may write that too, nothing is foreseen */
};

/* A queue as it was, and the chains that wait in it. */
struct waiting {
	bool is_live;
	uint16_t count, next_available, next_used, size;
	uint16_t heads[VIRTQUEUE_SIZE_MAX];
	uint64_t writable[VIRTQUEUE_SIZE_MAX];
	struct virtqueue queue;
};

static uint8_t before[FUZZ_RAM_SIZE], marks[FUZZ_RAM_SIZE];
static struct waiting queues[VIRTIO_QUEUES_MAX];
static struct virtio_registers registers;
static bool is_foreseen;

static bool inside(uint64_t address, uint64_t size)
{
	return address >= FUZZ_RAM_AT && size <= FUZZ_RAM_SIZE &&
	       address - FUZZ_RAM_AT <= FUZZ_RAM_SIZE - size;
}

static void mark(uint64_t address, uint64_t size, uint8_t as)
{
	uint64_t i;

	for (i = 0; i < size && inside(address + i, 1); i++) {
		uint8_t *at = &marks[address + i - FUZZ_RAM_AT];

		*at |= as;
		if (*at == (MAY_WRITE | RINGS))
			is_foreseen = false;
	}
}

static uint64_t load(uint64_t address, size_t size)
{
	return inside(address, size) ? dev_load(before + (address - FUZZ_RAM_AT), size) : 0;
}

/* Follow a chain as far as it is sound; returns its writable bytes. */
static uint64_t follow(const struct virtqueue *queue, uint16_t head)
{
	uint64_t table = queue->descriptors, entries = queue->size, at = head, writable = 0;
	bool indirect = false;
	unsigned int left = 2 * VIRTQUEUE_SIZE_MAX;

	while (left-- && at < entries && inside(table + at * 16, 16)) {
		uint64_t address = load(table + at * 16, 8), length = load(table + at * 16 + 8, 4);
		uint64_t flags = load(table + at * 16 + 12, 2);

		if (flags & 4) {
			if (indirect || !inside(address, length))
				break;
			indirect = true;
			table = address;
			entries = length / 16;
			at = 0;
			mark(table, length, RINGS);
			continue;
		}
		if (flags & 2) {
			mark(address, length, MAY_WRITE);
			writable += length;
		}
		if (!(flags & 1))
			break;
		at = load(table + at * 16 + 14, 2);
	}
	return writable;
}

static void look_at_queue(struct waiting *waiting, const struct virtqueue *queue)
{
	uint64_t size = queue->size, event = queue->event_index ? 2 : 0;
	uint16_t available, i;

	*waiting = (struct waiting){
		.is_live = queue->ready && size && size <= VIRTQUEUE_SIZE_MAX,
		.next_available = queue->next_available,
		.next_used = queue->next_used,
		.size = queue->size,
		.queue = *queue,
	};
	if (!waiting->is_live || !inside(queue->driver, 4 + 2 * size + event))
		return;
	mark(queue->descriptors, 16 * size, RINGS);
	mark(queue->driver, 4 + 2 * size + event, RINGS);
	mark(queue->device, 4 + 8 * size + event, MAY_WRITE);
	available = (uint16_t)(load(queue->driver + 2, 2) - queue->next_available);
	if (available > size)
		return;
	waiting->count = available;
	for (i = 0; i < available; i++) {
		uint16_t at = (uint16_t)(queue->next_available + i) % (uint16_t)size;

		waiting->heads[i] = (uint16_t)load(queue->driver + 4 + 2ull * at, 2);
		waiting->writable[i] = follow(queue, waiting->heads[i]);
	}
}

void model_before(const struct virtio *virtio)
{
	unsigned int q;

	registers = *virtio_registers(virtio);
	memcpy(before, fuzz_memory, sizeof(before));
	memset(marks, 0, sizeof(marks));
	is_foreseen = true;
	for (q = 0; q < VIRTIO_QUEUES_MAX; q++)
		look_at_queue(&queues[q], &registers.queues[q]);
	/* Two queues with one used ring are each other's surprise. */
	if (queues[0].is_live && queues[1].is_live &&
	    ranges_overlap(queues[0].queue.device, 8 * 257, queues[1].queue.device, 8 * 257))
		is_foreseen = false;
}

static void check_memory(const struct virtio *virtio)
{
	bool was_ready = registers.status & VIRTIO_DRIVER_OK ||
			 virtio_registers(virtio)->status & VIRTIO_DRIVER_OK;
	size_t i;

	if (!memcmp(before, fuzz_memory, sizeof(before)))
		return;
	fuzz_expect(was_ready, "memory was touched before DRIVER_OK");
	fuzz_expect(!(registers.status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED)),
		    "memory was touched by a device that is stopped");
	for (i = 0; i < FUZZ_RAM_SIZE; i++)
		if (before[i] != fuzz_memory[i] && !(marks[i] & MAY_WRITE))
			fuzz_fail("a byte was written that the driver has not given",
				  FUZZ_RAM_AT + i, 0);
}

/* Chains come back in the order in which they were given, each once. */
static void check_used(const struct waiting *waiting, const struct virtqueue *after, bool broke)
{
	uint16_t given = (uint16_t)(after->next_used - waiting->next_used), i;
	uint16_t taken = (uint16_t)(after->next_available - waiting->next_available);
	const uint8_t *used;

	if (!waiting->is_live || !after->ready || !given)
		return;
	fuzz_expect(given <= waiting->count, "more chains came back than were given");
	/* The one that broke the device stays with it. */
	fuzz_equal(taken, given + (broke && taken > given),
		   "chains that were taken and have not come back");
	used = fuzz_memory + (waiting->queue.device - FUZZ_RAM_AT);
	fuzz_equal(dev_load(used + 2, 2), after->next_used, "the used ring's index");
	for (i = 0; i < given; i++) {
		uint16_t at = (uint16_t)(waiting->next_used + i) % waiting->size;

		fuzz_equal(dev_load(used + 4 + 8ull * at, 4), waiting->heads[i],
			   "the chain that came back");
		fuzz_expect(dev_load(used + 8 + 8ull * at, 4) <= waiting->writable[i],
			    "more was written than the driver has given");
	}
}

/* Whether chains' buffers lie in used rings, which then hold anything. */
static bool buffers_overlap_used(void)
{
	unsigned int q;
	uint16_t i;

	for (q = 0; q < VIRTIO_QUEUES_MAX; q++) {
		const struct waiting *waiting = &queues[q];
		uint8_t saved[8 * VIRTQUEUE_SIZE_MAX + 8];
		uint64_t at = waiting->queue.device, size = 8 + 8ull * waiting->size, j;
		bool overlap = false;

		if (!waiting->is_live || !inside(at, size))
			continue;
		memcpy(saved, marks + (at - FUZZ_RAM_AT), size);
		memset(marks + (at - FUZZ_RAM_AT), 0, size);
		for (i = 0; i < queues[0].count; i++)
			follow(&queues[0].queue, queues[0].heads[i]);
		for (i = 0; i < queues[1].count; i++)
			follow(&queues[1].queue, queues[1].heads[i]);
		for (j = 0; j < size; j++)
			overlap |= marks[at - FUZZ_RAM_AT + j] & MAY_WRITE;
		memcpy(marks + (at - FUZZ_RAM_AT), saved, size);
		if (overlap)
			return true;
	}
	return false;
}

void model_after(const struct virtio *virtio)
{
	const struct virtio_registers *r = virtio_registers(virtio);
	unsigned int q;

	fuzz_equal(r->level, r->interrupt_status != 0, "the line is not what the status says");
	fuzz_expect(!(r->status & VIRTIO_NEEDS_RESET) == !r->fault, "a fault without its status");
	fuzz_expect(!(r->status & VIRTIO_DRIVER_OK) || r->status & VIRTIO_FEATURES_OK,
		    "DRIVER_OK without FEATURES_OK");
	fuzz_expect(!(r->status & VIRTIO_FEATURES_OK) || !(r->driver_features & ~virtio->features),
		    "features that were not offered");
	if (!is_foreseen)
		return;
	check_memory(virtio);
	if (buffers_overlap_used())
		return;
	for (q = 0; q < VIRTIO_QUEUES_MAX; q++)
		check_used(&queues[q], &r->queues[q], r->status & VIRTIO_NEEDS_RESET);
}
