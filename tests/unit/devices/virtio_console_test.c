/* SPDX-License-Identifier: MIT */
/* The virtio console, as a driver and as the host see it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/virtio/virtio_console.h"
#include "tests/unit/devices/virtio_driver.h"

enum { RECEIVE, TRANSMIT };

static struct virtio_console console;
static struct capture capture;
static uint8_t kept[256];

static int make(void **state)
{
	const struct virtio_options options = virtio_test_options();
	struct output output;

	(void)state;
	guest_init();
	capture_init(&capture, kept, sizeof(kept));
	output = capture_output(&capture);
	virtio_console_init(&console, &options, &output);
	return bus_add(&bus, BUS_MEMORY, WINDOW, VIRTIO_MMIO_SIZE, &console.virtio.dev, NULL);
}

static int check(void **state)
{
	(void)state;
	guest_check();
	return 0;
}

static void assert_sent(const char *text)
{
	uint8_t sent[sizeof(kept)];

	assert_int_equal(capture_read(&capture, 0, sent, sizeof(sent)), strlen(text));
	assert_memory_equal(sent, text, strlen(text));
}

static void give_buffer(unsigned int head, uint32_t size)
{
	describe(RECEIVE, head, DATA_AT + 0x1000 * head, size, VRING_DESC_F_WRITE, 0);
	offer(RECEIVE, head);
	notify(RECEIVE);
}

static void sends(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 3);
	driver_start(0, 2);
	memcpy(at(DATA_AT), "hello, ", 7);
	memcpy(at(DATA_AT + 100), "world", 5);
	describe(TRANSMIT, 0, DATA_AT, 7, VRING_DESC_F_NEXT, 1);
	describe(TRANSMIT, 1, DATA_AT + 100, 5, 0, 0);
	offer(TRANSMIT, 0);
	notify(TRANSMIT);
	assert_sent("hello, world");
	assert_int_equal(used(TRANSMIT)->idx, 1);
	assert_int_equal(used(TRANSMIT)->ring[0].len, 0);
	assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
	/* A huge one: all of memory. */
	describe(TRANSMIT, 0, GUEST_BASE, GUEST_SIZE, 0, 0);
	offer(TRANSMIT, 0);
	notify(TRANSMIT);
	assert_int_equal(capture.total, 12 + GUEST_SIZE);
}

static void receives(void **state)
{
	(void)state;
	assert_int_equal(virtio_console_receive(&console, "x", 1), 0);
	driver_start(0, 2);
	assert_int_equal(virtio_console_receive(&console, "x", 1), 0);
	give_buffer(0, 4);
	give_buffer(1, 4);
	assert_int_equal(virtio_console_receive(&console, "abcdefghij", 10), 8);
	assert_int_equal(console.registers.refused, 1);
	assert_memory_equal(at(DATA_AT), "abcd", 5);
	assert_memory_equal(at(DATA_AT + 0x1000), "efgh", 5);
	assert_int_equal(used(RECEIVE)->idx, 2);
	assert_int_equal(used(RECEIVE)->ring[1].id, 1);
	assert_int_equal(used(RECEIVE)->ring[1].len, 4);
	assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
	give_buffer(0, 4);
	assert_int_equal(virtio_console_receive(&console, "ij", 2), 2);
	assert_memory_equal(at(DATA_AT), "ijcd", 5);
	assert_int_equal(used(RECEIVE)->ring[2].len, 2);
	assert_int_equal(virtio_console_receive(&console, NULL, 0), 0);
	assert_int_equal(console.registers.refused, 0);
}

static void wakes(void **state)
{
	uint64_t count;

	(void)state;
	bus.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	driver_start(0, 2);
	give_buffer(0, 4);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	assert_int_equal(virtio_console_receive(&console, "abcde", 5), 4);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	give_buffer(0, 4);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), sizeof(count));
	close(bus.wake);
}

/* What can't be written to breaks the device, not the host. */
static void buffers_gone_wrong(void **state)
{
	(void)state;
	driver_start(0, 2);
	describe(RECEIVE, 0, DATA_AT, 4, 0, 0);
	offer(RECEIVE, 0);
	notify(RECEIVE);
	assert_int_equal(virtio_console_receive(&console, "a", 1), 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	assert_int_equal(virtio_console_receive(&console, "a", 1), 0);
	driver_start(0, 2);
	describe(TRANSMIT, 0, GUEST_BASE + GUEST_SIZE - 1, 2, 0, 0);
	offer(TRANSMIT, 0);
	notify(TRANSMIT);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	assert_sent("");
	/* A buffer that the device would have to read is not the console's to write. */
	driver_start(0, 2);
	memset(at(DATA_AT), 0x77, 8);
	describe(TRANSMIT, 0, DATA_AT, 8, VRING_DESC_F_WRITE, 0);
	offer(TRANSMIT, 0);
	notify(TRANSMIT);
	assert_int_equal(*(uint8_t *)at(DATA_AT), 0x77);
	assert_int_equal(used(TRANSMIT)->ring[0].len, 0);
	assert_sent("");
}

static void size_and_emergency_write(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), 25 << 16 | 80);
	put(VIRTIO_MMIO_CONFIG + 8, '!');
	assert_sent("!");
	put(VIRTIO_MMIO_CONFIG + 4, '?');
	put(VIRTIO_MMIO_CONFIG, 0);
	assert_sent("!");
}

static void snapshot(void **state)
{
	uint8_t saved[sizeof(console.registers)];
	static uint8_t memory[GUEST_SIZE];

	(void)state;
	driver_start(VIRTIO_F_EVENT_IDX, 2);
	give_buffer(0, 1);
	give_buffer(1, 16);
	assert_int_equal(virtio_console_receive(&console, "a", 1), 1);
	bus_save(&bus, saved);
	memcpy(memory, guest.memory, sizeof(memory));
	put(VIRTIO_MMIO_STATUS, 0);
	console.registers.config.columns = 1;
	for (int i = 0; i < 2; i++) {
		bus_restore(&bus, saved);
		memcpy(guest.memory, memory, sizeof(memory));
		assert_int_equal(get(VIRTIO_MMIO_CONFIG), 25 << 16 | 80);
		assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
		assert_int_equal(virtio_console_receive(&console, "bcd", 3), 3);
		assert_memory_equal(at(DATA_AT + 0x1000), "bcd", 4);
		assert_int_equal(used(RECEIVE)->idx, 2);
		assert_int_equal(virtio_console_receive(&console, "e", 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sends, make, check),
		cmocka_unit_test_setup_teardown(receives, make, check),
		cmocka_unit_test_setup_teardown(wakes, make, check),
		cmocka_unit_test_setup_teardown(buffers_gone_wrong, make, check),
		cmocka_unit_test_setup_teardown(size_and_emergency_write, make, check),
		cmocka_unit_test_setup_teardown(snapshot, make, check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
