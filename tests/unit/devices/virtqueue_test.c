/* SPDX-License-Identifier: MIT */
/* Split virtqueues: chains of every kind, and everything that a driver can get wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/devices/virtio_driver.h"

#define NEXT	 VRING_DESC_F_NEXT
#define WRITE	 VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

static struct virtqueue queue;
static struct virtqueue_chain chain;

static int make(void **state)
{
	(void)state;
	guest_init();
	queue = (struct virtqueue){
		.descriptors = TABLE_AT(0),
		.driver = DRIVER_AT(0),
		.device = DEVICE_AT(0),
		.size = queue_size,
		.ready = 1,
		.indirect = 1,
	};
	return 0;
}

static int check(void **state)
{
	(void)state;
	guest_check();
	return 0;
}

static int pop(void)
{
	return virtqueue_pop(&queue, &ram, &chain);
}

static void assert_segment(unsigned int i, uint64_t address, size_t length)
{
	assert_ptr_equal(chain.segments[i].iov_base, at(address));
	assert_int_equal(chain.segments[i].iov_len, length);
}

static void empty(void **state)
{
	(void)state;
	assert_int_equal(pop(), 0);
	assert_int_equal(virtqueue_rearm(&queue, &ram), 0);
	assert_int_equal(virtqueue_wants_interrupt(&queue, &ram), 0);
}

static void a_chain(void **state)
{
	(void)state;
	describe(0, 3, DATA_AT, 16, NEXT, 5);
	describe(0, 5, DATA_AT + 100, 20, NEXT, 0);
	describe(0, 0, DATA_AT + 200, 30, NEXT | WRITE, 7);
	describe(0, 7, DATA_AT + 300, 40, WRITE, 99);
	offer(0, 3);
	assert_int_equal(pop(), 1);
	assert_int_equal(chain.head, 3);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.writable, 2);
	assert_int_equal(chain.readable_size, 36);
	assert_int_equal(chain.writable_size, 70);
	assert_segment(0, DATA_AT, 16);
	assert_segment(1, DATA_AT + 100, 20);
	assert_segment(2, DATA_AT + 200, 30);
	assert_segment(3, DATA_AT + 300, 40);
	assert_int_equal(used(0)->idx, 0);
	assert_int_equal(virtqueue_push(&queue, &ram, chain.head, 70), 0);
	assert_int_equal(used(0)->idx, 1);
	assert_int_equal(used(0)->ring[0].id, 3);
	assert_int_equal(used(0)->ring[0].len, 70);
	assert_int_equal(pop(), 0);
}

static void many_times_around(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 0x20010; i++) {
		unsigned int head = i % queue_size;

		describe(0, head, DATA_AT + head, 1, WRITE, 0);
		offer(0, head);
		assert_int_equal(pop(), 1);
		assert_int_equal(chain.head, head);
		assert_int_equal(virtqueue_push(&queue, &ram, chain.head, i), 0);
		assert_int_equal(used(0)->idx, (uint16_t)(i + 1));
		assert_int_equal(used(0)->ring[i % queue_size].id, head);
		assert_int_equal(used(0)->ring[i % queue_size].len, i);
	}
}

static void unpopped(void **state)
{
	(void)state;
	describe(0, 1, DATA_AT, 1, WRITE, 0);
	offer(0, 1);
	assert_int_equal(pop(), 1);
	virtqueue_unpop(&queue);
	assert_int_equal(pop(), 1);
	assert_int_equal(chain.head, 1);
	assert_int_equal(pop(), 0);
}

static void longest_chain(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < queue_size; i++)
		describe(0, i, DATA_AT + i, 1, i + 1 < queue_size ? NEXT : 0, i + 1);
	offer(0, 0);
	assert_int_equal(pop(), 1);
	assert_int_equal(chain.readable, queue_size);
	/* One of as many, the last of which goes on: that can only be a loop. */
	describe(0, queue_size - 1u, DATA_AT, 1, NEXT, 0);
	offer(0, 0);
	assert_int_equal(pop(), -VIRTQUEUE_LOOP);
	describe(0, 2, DATA_AT, 0, NEXT, 2);
	offer(0, 2);
	assert_int_equal(pop(), -VIRTQUEUE_LOOP);
}

static void largest_queue(void **state)
{
	(void)state;
	queue.size = queue_size = VIRTQUEUE_SIZE_MAX;
	for (unsigned int i = 0; i < queue_size; i++)
		describe(0, i, DATA_AT + i, 1, (i + 1 < queue_size ? NEXT : 0) | WRITE, i + 1);
	offer(0, 0);
	assert_int_equal(pop(), 1);
	assert_int_equal(chain.writable, VIRTQUEUE_SIZE_MAX);
	describe(0, 0, INDIRECT_AT(0), 16 * queue_size, INDIRECT, 0);
	for (unsigned int i = 0; i < queue_size; i++)
		describe_indirect(0, i, DATA_AT + i, 1, i + 1 < queue_size ? NEXT : 0, i + 1);
	offer(0, 0);
	assert_int_equal(pop(), 1);
	assert_int_equal(chain.readable, VIRTQUEUE_SIZE_MAX);
}

/* Direct descriptors, and an indirect one after them. Its WRITE flag says nothing (2.7.5.3.2). */
static void indirect(void **state)
{
	(void)state;
	describe(0, 0, DATA_AT, 8, NEXT, 1);
	describe(0, 1, INDIRECT_AT(0), 3 * 16, INDIRECT | WRITE, 0);
	describe_indirect(0, 0, DATA_AT + 8, 8, NEXT, 2);
	describe_indirect(0, 2, DATA_AT + 16, 8, WRITE, 0);
	offer(0, 0);
	assert_int_equal(pop(), 1);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.writable, 1);
	assert_segment(1, DATA_AT + 8, 8);
	assert_segment(2, DATA_AT + 16, 8);
}

static void indirect_gone_wrong(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t length;
		unsigned int flags;
	} tables[] = {
		{ INDIRECT_AT(0), 0, INDIRECT },
		{ INDIRECT_AT(0), 15, INDIRECT },
		{ INDIRECT_AT(0), 17, INDIRECT },
		{ INDIRECT_AT(0), 9 * 16, INDIRECT },
		{ INDIRECT_AT(0), UINT32_MAX, INDIRECT },
		{ INDIRECT_AT(0), 0xfffffff0, INDIRECT },
		{ INDIRECT_AT(0), 16, INDIRECT | NEXT },
		{ GUEST_BASE + GUEST_SIZE - 8, 16, INDIRECT },
		{ GUEST_BASE - 16, 16, INDIRECT },
		{ UINT64_MAX - 7, 16, INDIRECT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		make(NULL);
		describe(0, 0, tables[i].address, tables[i].length, tables[i].flags, 0);
		describe_indirect(0, 0, DATA_AT, 1, 0, 0);
		offer(0, 0);
		assert_int_equal(pop(), -VIRTQUEUE_BAD_INDIRECT);
	}
	describe(0, 0, INDIRECT_AT(0), 2 * 16, INDIRECT, 0);
	describe_indirect(0, 0, INDIRECT_AT(0), 16, INDIRECT, 0);
	assert_int_equal(pop(), -VIRTQUEUE_NESTED_INDIRECT);
	describe_indirect(0, 0, DATA_AT, 1, NEXT, 2);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_NEXT);
	describe_indirect(0, 0, DATA_AT, 1, NEXT, 1);
	describe_indirect(0, 1, DATA_AT, 1, NEXT, 0);
	assert_int_equal(pop(), -VIRTQUEUE_LOOP);
	describe_indirect(0, 0, DATA_AT, 1, 0, 0);
	assert_int_equal(pop(), 1);
	/* Not negotiated. */
	queue.indirect = 0;
	offer(0, 0);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_INDIRECT);
}

static void rings_elsewhere(void **state)
{
	static const uint64_t places[] = {
		0,
		GUEST_BASE - 16,
		GUEST_BASE + GUEST_SIZE - 16,
		GUEST_BASE + GUEST_SIZE,
		UINT64_MAX - 15,
		1ull << 63,
	};

	(void)state;
	describe(0, 0, DATA_AT, 1, 0, 0);
	offer(0, 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct virtqueue good = queue;

		queue.descriptors = places[i];
		assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
		queue = good;
		queue.driver = places[i];
		assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
		assert_int_equal(virtqueue_wants_interrupt(&queue, &ram), -VIRTQUEUE_BAD_RINGS);
		queue = good;
		queue.device = places[i];
		assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
		assert_int_equal(virtqueue_push(&queue, &ram, 0, 0), -VIRTQUEUE_BAD_RINGS);
		assert_int_equal(virtqueue_rearm(&queue, &ram), -VIRTQUEUE_BAD_RINGS);
		queue = good;
	}
	/* The last place for each, to the byte; the event index needs two more. */
	queue.driver = GUEST_BASE + GUEST_SIZE - (4 + 2 * 8);
	assert_int_equal(pop(), 0);
	queue.event_index = 1;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
	queue.driver -= 2;
	assert_int_equal(pop(), 0);
	queue.device = GUEST_BASE + GUEST_SIZE - (4 + 8 * 8);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
	queue.device -= 4;
	assert_int_equal(pop(), 0);
}

static void misaligned_rings(void **state)
{
	(void)state;
	queue.descriptors += 8;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
	queue.descriptors -= 8;
	queue.driver += 1;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
	queue.driver -= 1;
	queue.device += 2;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
	queue.device -= 2;
	assert_int_equal(pop(), 0);
}

static void sizes(void **state)
{
	static const uint16_t bad[] = { 0, 3, 7, 255, 257, 512, 0x8000, 0xffff };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		queue.size = bad[i];
		assert_int_equal(pop(), -VIRTQUEUE_BAD_SIZE);
		assert_false(virtqueue_size_is_valid(bad[i]));
	}
	for (queue.size = 1; queue.size <= VIRTQUEUE_SIZE_MAX; queue.size *= 2)
		assert_int_equal(pop(), 0);
	assert_false(virtqueue_size_is_valid(0x10000));
}

static void read_only_memory(void **state)
{
	ram.regions[0].read_only = true;
	(void)state;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_RINGS);
}

static void indices(void **state)
{
	(void)state;
	available(0)->idx = (uint16_t)(queue_size + 1);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_INDEX);
	available(0)->idx = 0xffff;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_INDEX);
	available(0)->idx = 1;
	available(0)->ring[0] = queue_size;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_HEAD);
	available(0)->ring[0] = 0xffff;
	assert_int_equal(pop(), -VIRTQUEUE_BAD_HEAD);
	available(0)->ring[0] = 0;
	describe(0, 0, DATA_AT, 1, NEXT, queue_size);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_NEXT);
	describe(0, 0, DATA_AT, 1, NEXT, 0xffff);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_NEXT);
}

static void buffers_elsewhere(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t length;
	} buffers[] = {
		{ 0, 1 },
		{ GUEST_BASE - 1, 1 },
		{ GUEST_BASE - 1, 2 },
		{ GUEST_BASE, GUEST_SIZE + 1 },
		{ GUEST_BASE, UINT32_MAX },
		{ GUEST_BASE + GUEST_SIZE - 1, 2 },
		{ GUEST_BASE + GUEST_SIZE, 1 },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, UINT32_MAX },
		{ UINT64_MAX - 100, 200 },
	};

	(void)state;
	offer(0, 0);
	for (size_t i = 0; i < sizeof(buffers) / sizeof(*buffers); i++) {
		describe(0, 0, buffers[i].address, buffers[i].length, 0, 0);
		assert_int_equal(pop(), -VIRTQUEUE_BAD_BUFFER);
		describe(0, 0, buffers[i].address, buffers[i].length, WRITE, 0);
		assert_int_equal(pop(), -VIRTQUEUE_BAD_BUFFER);
	}
	describe(0, 0, GUEST_BASE, GUEST_SIZE, WRITE, 0);
	assert_int_equal(pop(), 1);
}

static void order_and_length(void **state)
{
	(void)state;
	describe(0, 0, DATA_AT, 1, WRITE | NEXT, 1);
	describe(0, 1, DATA_AT, 1, 0, 0);
	offer(0, 0);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_ORDER);
	/* Empty buffers are left out, wherever they would be. */
	describe(0, 0, 0, 0, NEXT, 1);
	describe(0, 1, DATA_AT, 5, NEXT, 2);
	describe(0, 2, UINT64_MAX, 0, WRITE, 0);
	assert_int_equal(pop(), 1);
	assert_int_equal(chain.readable, 1);
	assert_int_equal(chain.writable, 0);
	assert_segment(0, DATA_AT, 5);
}

/* More than 4 GiB in a chain, by one large piece of memory again and again. */
static void too_long(void **state)
{
	struct ram_region region = { .address = gpa(1ull << 32),
				     .size = 1u << 31,
				     .host = (uint8_t *)(uintptr_t)(1ull << 40) };

	(void)state;
	/* Nothing looks into it: it need not be there. */
	assert_int_equal(ram_add(&ram, &region, NULL), 0);
	describe(0, 0, 1ull << 32, 1u << 31, NEXT, 1);
	describe(0, 1, 1ull << 32, 1u << 31, 0, 0);
	offer(0, 0);
	assert_int_equal(pop(), 1);
	describe(0, 1, 1ull << 32, 1u << 31, NEXT, 2);
	describe(0, 2, 1ull << 32, 1, 0, 0);
	offer(0, 0);
	assert_int_equal(pop(), -VIRTQUEUE_BAD_LENGTH);
}

static void interrupts_by_flag(void **state)
{
	(void)state;
	assert_int_equal(virtqueue_wants_interrupt(&queue, &ram), 0);
	virtqueue_push(&queue, &ram, 0, 0);
	assert_int_equal(virtqueue_wants_interrupt(&queue, &ram), 1);
	assert_int_equal(virtqueue_wants_interrupt(&queue, &ram), 0);
	available(0)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	virtqueue_push(&queue, &ram, 0, 0);
	assert_int_equal(virtqueue_wants_interrupt(&queue, &ram), 0);
}

/* As vring_need_event() of Linux's headers has it, for every place of the event. */
static void interrupts_by_event_index(void **state)
{
	(void)state;
	queue.event_index = 1;
	/* The flag no longer counts (2.7.7.2). */
	available(0)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	for (unsigned int start = 0xfff8; start < 0x10008; start++) {
		for (unsigned int pushed = 0; pushed < 4; pushed++) {
			for (int event = -5; event < 8; event++) {
				queue.next_used = queue.told_used = (uint16_t)start;
				*used_event(0) = (uint16_t)((int)start + event);
				for (unsigned int i = 0; i < pushed; i++)
					virtqueue_push(&queue, &ram, 0, 0);
				assert_int_equal(virtqueue_wants_interrupt(&queue, &ram),
						 vring_need_event(*used_event(0),
								  (uint16_t)(start + pushed),
								  (uint16_t)start));
				assert_int_equal(queue.told_used, (uint16_t)(start + pushed));
			}
		}
	}
}

static void rearming(void **state)
{
	(void)state;
	describe(0, 0, DATA_AT, 1, 0, 0);
	offer(0, 0);
	assert_int_equal(virtqueue_rearm(&queue, &ram), 1);
	assert_int_equal(*available_event(0), 0);
	assert_int_equal(pop(), 1);
	assert_int_equal(virtqueue_rearm(&queue, &ram), 0);
	assert_int_equal(*available_event(0), 0);
	queue.event_index = 1;
	assert_int_equal(virtqueue_rearm(&queue, &ram), 0);
	assert_int_equal(*available_event(0), 1);
	/* With chains left, it is the next one to come that is told. */
	offer(0, 0);
	assert_int_equal(virtqueue_rearm(&queue, &ram), 1);
	assert_int_equal(*available_event(0), 2);
	assert_int_equal(used(0)->flags, 0);
}

static void copies(void **state)
{
	struct iovec slice[VIRTQUEUE_SIZE_MAX];
	uint8_t bytes[40];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		describe(0, i, DATA_AT + i * 100, 10, NEXT, i + 1);
		memset(at(DATA_AT + i * 100), 'a' + (int)i, 10);
	}
	describe(0, 3, DATA_AT + 300, 5, NEXT | WRITE, 4);
	describe(0, 4, DATA_AT + 400, 5, WRITE, 0);
	offer(0, 0);
	assert_int_equal(pop(), 1);
	memset(bytes, '.', sizeof(bytes));
	assert_int_equal(virtqueue_load(&chain, 8, bytes, 14), 14);
	assert_memory_equal(bytes, "aabbbbbbbbbbcc.", 15);
	assert_int_equal(virtqueue_load(&chain, 25, bytes, 40), 5);
	assert_int_equal(virtqueue_load(&chain, 30, bytes, 40), 0);
	assert_int_equal(virtqueue_load(&chain, UINT64_MAX, bytes, 40), 0);
	assert_int_equal(virtqueue_store(&chain, 3, "12345678901234", 14), 7);
	assert_memory_equal(at(DATA_AT + 300),
			    "\0\0\0"
			    "12\0",
			    6);
	assert_memory_equal(at(DATA_AT + 400), "34567\0", 6);
	assert_int_equal(virtqueue_store(&chain, 10, "x", 1), 0);
	assert_int_equal(virtqueue_slice(&chain, false, 5, 10, slice), 2);
	assert_ptr_equal(slice[0].iov_base, at(DATA_AT + 5));
	assert_int_equal(slice[0].iov_len, 5);
	assert_ptr_equal(slice[1].iov_base, at(DATA_AT + 100));
	assert_int_equal(slice[1].iov_len, 5);
	assert_int_equal(virtqueue_slice(&chain, true, 0, UINT64_MAX, slice), 2);
	assert_int_equal(virtqueue_slice(&chain, true, 0, 0, slice), 0);
}

static void texts(void **state)
{
	(void)state;
	for (int i = 0; i < VIRTQUEUE_FAULTS; i++)
		assert_non_null(virtqueue_fault_text((enum virtqueue_fault)i));
	assert_string_equal(virtqueue_fault_text((enum virtqueue_fault)255), "an unknown fault");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty, make, check),
		cmocka_unit_test_setup_teardown(a_chain, make, check),
		cmocka_unit_test_setup_teardown(many_times_around, make, check),
		cmocka_unit_test_setup_teardown(unpopped, make, check),
		cmocka_unit_test_setup_teardown(longest_chain, make, check),
		cmocka_unit_test_setup_teardown(largest_queue, make, check),
		cmocka_unit_test_setup_teardown(indirect, make, check),
		cmocka_unit_test_setup_teardown(indirect_gone_wrong, make, check),
		cmocka_unit_test_setup_teardown(rings_elsewhere, make, check),
		cmocka_unit_test_setup_teardown(misaligned_rings, make, check),
		cmocka_unit_test_setup_teardown(sizes, make, check),
		cmocka_unit_test_setup_teardown(read_only_memory, make, check),
		cmocka_unit_test_setup_teardown(indices, make, check),
		cmocka_unit_test_setup_teardown(buffers_elsewhere, make, check),
		cmocka_unit_test_setup_teardown(order_and_length, make, check),
		cmocka_unit_test_setup_teardown(too_long, make, check),
		cmocka_unit_test_setup_teardown(interrupts_by_flag, make, check),
		cmocka_unit_test_setup_teardown(interrupts_by_event_index, make, check),
		cmocka_unit_test_setup_teardown(rearming, make, check),
		cmocka_unit_test_setup_teardown(copies, make, check),
		cmocka_unit_test_setup_teardown(texts, make, check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
