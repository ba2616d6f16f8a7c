/* SPDX-License-Identifier: MIT */
/* The virtio network device, on a pair of sockets, and on a tap device where one can be made. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devices/virtio/virtio_net.h"
#include "tests/unit/devices/virtio_driver.h"

#define F_MAC	    (1ull << 5)
#define HEADER_SIZE 12
#define WRITE	    VRING_DESC_F_WRITE
#define NEXT	    VRING_DESC_F_NEXT

enum { RECEIVE, TRANSMIT };

static const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };
static struct virtio_net net;
static int sockets[2];

static int make_on(int fd)
{
	const struct virtio_options options = virtio_test_options();

	guest_init();
	assert_int_equal(virtio_net_init(&net, &options, fd, mac, NULL), 0);
	return bus_add(&bus, BUS_MEMORY, WINDOW, VIRTIO_MMIO_SIZE, &net.virtio.dev, NULL);
}

static int make(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(fcntl(sockets[1], F_SETFL, O_NONBLOCK), 0);
	return make_on(sockets[0]);
}

static int check(void **state)
{
	(void)state;
	guest_check();
	close(sockets[0]);
	close(sockets[1]);
	return 0;
}

static void give_buffer(unsigned int head, uint32_t size)
{
	describe(RECEIVE, head, DATA_AT + 0x1000 * head, size, WRITE, 0);
	offer(RECEIVE, head);
	notify(RECEIVE);
}

static void send_buffer(uint64_t address, uint32_t size)
{
	describe(TRANSMIT, 0, address, size, 0, 0);
	offer(TRANSMIT, 0);
	notify(TRANSMIT);
}

static void configuration(void **state)
{
	uint8_t data[6];

	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 1);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES) & F_MAC, F_MAC);
	bus_read(&bus, BUS_MEMORY, WINDOW + VIRTIO_MMIO_CONFIG, data, sizeof(data));
	assert_memory_equal(data, mac, sizeof(mac));
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4) >> 16, 1);
}

static void sends(void **state)
{
	char frame[100];

	(void)state;
	driver_start(F_MAC, 2);
	/* Whatever the header says: no offload is offered. */
	memset(at(DATA_AT), 0xff, HEADER_SIZE);
	memcpy(at(DATA_AT + HEADER_SIZE), "frame", 5);
	send_buffer(DATA_AT, HEADER_SIZE + 5);
	assert_int_equal(read(sockets[1], frame, sizeof(frame)), 5);
	assert_memory_equal(frame, "frame", 5);
	assert_int_equal(used(TRANSMIT)->ring[0].len, 0);
	assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
	/* Header and frame in pieces. */
	describe(TRANSMIT, 0, DATA_AT, 3, NEXT, 1);
	describe(TRANSMIT, 1, DATA_AT, 11, NEXT, 2);
	describe(TRANSMIT, 2, DATA_AT + HEADER_SIZE, 3, 0, 0);
	memcpy(at(DATA_AT), "123456789ab", 11);
	offer(TRANSMIT, 0);
	notify(TRANSMIT);
	assert_int_equal(read(sockets[1], frame, sizeof(frame)), 5);
	assert_memory_equal(frame, "abfra", 5);
	assert_int_equal(net.registers.dropped, 0);
}

static void frames_that_are_none(void **state)
{
	char frame[100];

	(void)state;
	driver_start(F_MAC, 2);
	send_buffer(DATA_AT, HEADER_SIZE);
	assert_int_equal(net.registers.dropped, 1);
	send_buffer(GUEST_BASE, GUEST_SIZE);
	assert_int_equal(net.registers.dropped, 2);
	assert_int_equal(used(TRANSMIT)->idx, 2);
	assert_int_equal(read(sockets[1], frame, sizeof(frame)), -1);
	send_buffer(DATA_AT, HEADER_SIZE - 1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	assert_int_equal(net.registers.common.fault, VIRTQUEUE_BAD_REQUEST);
}

/* The host's side is full, or gone: frames are lost, as on any wire, and nothing waits. */
static void nobody_reads(void **state)
{
	(void)state;
	driver_start(F_MAC, 2);
	for (unsigned int i = 0; i < 5000; i++)
		send_buffer(DATA_AT, HEADER_SIZE + 1000);
	assert_int_equal(used(TRANSMIT)->idx, 5000);
	assert_uint_in_range(net.registers.dropped, 1000, 4999);
	close(sockets[1]);
	send_buffer(DATA_AT, HEADER_SIZE + 1000);
	assert_int_equal(used(TRANSMIT)->idx, 5001);
}

/* A connection whose peer is gone: frames are lost, and nothing else happens. */
static void peer_gone(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	make_on(pair[0]);
	driver_start(F_MAC, 2);
	give_buffer(0, 100);
	close(pair[1]);
	send_buffer(DATA_AT, HEADER_SIZE + 1000);
	assert_int_equal(used(TRANSMIT)->idx, 1);
	assert_int_equal(net.registers.dropped, 1);
	virtio_net_receive(&net);
	assert_int_equal(used(RECEIVE)->idx, 0);
	close(pair[0]);
}

/* Of a connection that is gone nothing is waited for any more: poll() would never wait. */
static void connection_gone(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(make_on(pair[0]), 0);
	driver_start(F_MAC, 2);
	give_buffer(0, 1526);
	assert_int_equal(write(pair[1], "frame", 5), 5);
	close(pair[1]);
	/* What was sent before comes, and only then the end. */
	virtio_net_receive(&net);
	assert_int_equal(used(RECEIVE)->idx, 1);
	give_buffer(1, 1526);
	assert_true(virtio_net_has_room(&net));
	virtio_net_receive(&net);
	assert_int_equal(used(RECEIVE)->idx, 1);
	assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4) >> 16, 0);
	assert_false(virtio_net_has_room(&net));
	close(pair[0]);
}

static void receives(void **state)
{
	static const uint8_t header[HEADER_SIZE] = { [10] = 1 };

	(void)state;
	assert_false(virtio_net_has_room(&net));
	driver_start(F_MAC, 2);
	assert_false(virtio_net_has_room(&net));
	give_buffer(0, 1526);
	give_buffer(1, 1526);
	assert_true(virtio_net_has_room(&net));
	virtio_net_receive(&net);
	assert_int_equal(used(RECEIVE)->idx, 0);
	assert_int_equal(acknowledge(), 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(write(sockets[1], "frame", 5 - i), 5 - i);
	memset(at(DATA_AT), 0xff, 20);
	virtio_net_receive(&net);
	assert_int_equal(used(RECEIVE)->idx, 2);
	assert_int_equal(used(RECEIVE)->ring[0].len, HEADER_SIZE + 5);
	assert_int_equal(used(RECEIVE)->ring[1].len, HEADER_SIZE + 4);
	assert_memory_equal(at(DATA_AT), header, HEADER_SIZE);
	assert_memory_equal(at(DATA_AT + HEADER_SIZE), "frame\xff", 6);
	assert_memory_equal(at(DATA_AT + 0x1000 + HEADER_SIZE), "fram", 5);
	assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
	assert_false(virtio_net_has_room(&net));
	/* The third has waited for a buffer. */
	give_buffer(0, 1526);
	assert_true(virtio_net_has_room(&net));
	virtio_net_receive(&net);
	assert_int_equal(used(RECEIVE)->ring[2].len, HEADER_SIZE + 3);
	assert_int_equal(net.registers.dropped, 0);
}

/* A buffer in pieces, to the byte; one that is too small loses the frame and stays. */
static void tight_buffers(void **state)
{
	(void)state;
	driver_start(F_MAC, 2);
	describe(RECEIVE, 0, DATA_AT, 10, WRITE | NEXT, 1);
	describe(RECEIVE, 1, DATA_AT + 100, 7, WRITE, 0);
	offer(RECEIVE, 0);
	assert_int_equal(write(sockets[1], "larger", 6), 6);
	assert_int_equal(write(sockets[1], "frame", 5), 5);
	virtio_net_receive(&net);
	assert_int_equal(net.registers.dropped, 1);
	assert_int_equal(used(RECEIVE)->idx, 1);
	assert_int_equal(used(RECEIVE)->ring[0].len, 17);
	assert_memory_equal(at(DATA_AT + 100), "\1\0frame\0", 8);
}

static void wakes(void **state)
{
	uint64_t count;

	(void)state;
	bus.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	driver_start(F_MAC, 2);
	give_buffer(0, 100);
	assert_true(virtio_net_has_room(&net));
	give_buffer(1, 100);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	assert_int_equal(write(sockets[1], "ab", 2), 2);
	assert_int_equal(write(sockets[1], "ab", 2), 2);
	virtio_net_receive(&net);
	assert_false(virtio_net_has_room(&net));
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	give_buffer(0, 100);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), sizeof(count));
	close(bus.wake);
}

static void buffers_gone_wrong(void **state)
{
	(void)state;
	driver_start(F_MAC, 2);
	describe(RECEIVE, 0, GUEST_BASE + GUEST_SIZE - 100, 1526, WRITE, 0);
	offer(RECEIVE, 0);
	notify(RECEIVE);
	assert_int_equal(write(sockets[1], "frame", 5), 5);
	virtio_net_receive(&net);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	assert_false(virtio_net_has_room(&net));
	virtio_net_receive(&net);
	/* The frame is there still, for a driver that does better. */
	driver_start(F_MAC, 2);
	give_buffer(0, 100);
	virtio_net_receive(&net);
	assert_int_equal(used(RECEIVE)->ring[0].len, HEADER_SIZE + 5);
}

static void wrong_descriptors(void **state)
{
	const struct virtio_options options = virtio_test_options();
	struct error error = { 0 };
	int stream[2];

	(void)state;
	assert_int_equal(virtio_net_init(&net, &options, -1, mac, NULL), -EBADF);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	assert_int_equal(virtio_net_init(&net, &options, stream[0], mac, &error), -EINVAL);
	assert_non_null(strstr(error.text, "SOCK_DGRAM"));
	close(stream[0]);
	close(stream[1]);
	assert_int_equal(pipe2(stream, O_CLOEXEC), 0);
	error.text[0] = '\0';
	assert_int_equal(virtio_net_init(&net, &options, stream[0], mac, &error), -EINVAL);
	assert_non_null(strstr(error.text, "tap device"));
	close(stream[0]);
	close(stream[1]);
}

/* Both directions of a tap device, seen by a packet that the kernel sends when it comes up. */
static void tap(void **state)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 || control < 0) {
		print_message("no tap device can be made here\n");
		skip();
	}
	make_on(fd);
	driver_start(F_MAC, 2);
	request.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(control, SIOCSIFFLAGS, &request), 0);
	/* An Ethernet frame of 60 bytes: to a tap that is up it can be written, to one that isn't not. */
	memset(at(DATA_AT), 0, 100);
	memset(at(DATA_AT + HEADER_SIZE), 0xff, 6);
	send_buffer(DATA_AT, HEADER_SIZE + 60);
	assert_int_equal(net.registers.dropped, 0);
	request.ifr_flags = 0;
	assert_int_equal(ioctl(control, SIOCSIFFLAGS, &request), 0);
	send_buffer(DATA_AT, HEADER_SIZE + 60);
	assert_int_equal(net.registers.dropped, 1);
	close(control);
	close(fd);
}

static void snapshot(void **state)
{
	uint8_t saved[sizeof(net.registers)];
	static uint8_t memory[GUEST_SIZE];

	(void)state;
	driver_start(F_MAC, 2);
	give_buffer(0, 100);
	give_buffer(1, 100);
	assert_int_equal(write(sockets[1], "a", 1), 1);
	virtio_net_receive(&net);
	bus_save(&bus, saved);
	memcpy(memory, guest.memory, sizeof(memory));
	put(VIRTIO_MMIO_STATUS, 0);
	net.registers.config.status = 0;
	for (int i = 0; i < 2; i++) {
		bus_restore(&bus, saved);
		memcpy(guest.memory, memory, sizeof(memory));
		assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4) >> 16, 1);
		assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
		assert_int_equal(write(sockets[1], "bc", 2), 2);
		virtio_net_receive(&net);
		assert_int_equal(used(RECEIVE)->idx, 2);
		assert_int_equal(used(RECEIVE)->ring[1].len, HEADER_SIZE + 2);
		assert_memory_equal(at(DATA_AT + 0x1000 + HEADER_SIZE), "bc", 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(configuration, make, check),
		cmocka_unit_test_setup_teardown(sends, make, check),
		cmocka_unit_test_setup_teardown(frames_that_are_none, make, check),
		cmocka_unit_test_setup_teardown(nobody_reads, make, check),
		cmocka_unit_test_setup_teardown(peer_gone, make, check),
		cmocka_unit_test_setup_teardown(connection_gone, make, check),
		cmocka_unit_test_setup_teardown(receives, make, check),
		cmocka_unit_test_setup_teardown(tight_buffers, make, check),
		cmocka_unit_test_setup_teardown(wakes, make, check),
		cmocka_unit_test_setup_teardown(buffers_gone_wrong, make, check),
		cmocka_unit_test_setup_teardown(wrong_descriptors, make, check),
		cmocka_unit_test_setup_teardown(tap, make, check),
		cmocka_unit_test_setup_teardown(snapshot, make, check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
