/* SPDX-License-Identifier: MIT */
/*
 * Virtio devices of machines on a real KVM, by small drivers in C. What runs in the guest is copied
 * there: it may use no variable and call no function of the program, nor any vector register.
 */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONSOLE 0xc0000000ul
#define BLOCK	0xc0001000ul
#define NET	0xc0002000ul

/* Registers: VIRTIO 1.2, 4.2.2, table 4.1. */
#define MAGIC		    0x000
#define DEVICE_ID	    0x008
#define DEVICE_FEATURES	    0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES	    0x020
#define DRIVER_FEATURES_SEL 0x024
#define QUEUE_SEL	    0x030
#define QUEUE_NUM	    0x038
#define QUEUE_READY	    0x044
#define QUEUE_NOTIFY	    0x050
#define STATUS		    0x070
#define QUEUE_DESC	    0x080
#define QUEUE_DRIVER	    0x090
#define QUEUE_DEVICE	    0x0a0

/* Queue n has its parts at QUEUES + n * 0x4000. */
#define QUEUES	   0x30000ul
#define DESC(n)	   (QUEUES + (n)*0x4000ul)
#define AVAIL(n)   (DESC(n) + 0x1000)
#define USED(n)	   (DESC(n) + 0x2000)
#define BUFFER(n)  (DESC(n) + 0x3000)
#define QUEUE_SIZE 8

/* VIRTIO_BLK_F_FLUSH: 5.2.3. */
#define FLUSH (1u << 9)

#define DESC_NEXT  1
#define DESC_WRITE 2

#define IN_GUEST                                                                           \
	__attribute__((section("guest_text"), noinline, used, target("general-regs-only"), \
		       no_sanitize("address", "undefined")))
#define GUEST_INLINE                                                             \
	static inline __attribute__((always_inline, target("general-regs-only"), \
				     no_sanitize("address", "undefined")))

extern const char __start_guest_text[], __stop_guest_text[];

GUEST_INLINE uint32_t in32(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

GUEST_INLINE void out32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

GUEST_INLINE void leave(uint32_t status)
{
	__asm__ volatile("out %0, $0xf4\n1: hlt\n jmp 1b" : : "a"(status));
	__builtin_unreachable();
}

/* Find the device; VIRTIO_F_VERSION_1 is understood, and of its own features these. */
GUEST_INLINE void begin(uint64_t device, uint32_t id, uint32_t features)
{
	if (in32(device + MAGIC) != 0x74726976 || in32(device + DEVICE_ID) != id)
		leave(100);
	out32(device + STATUS, 0);
	out32(device + STATUS, 1);
	out32(device + STATUS, 3);
	out32(device + DRIVER_FEATURES_SEL, 0);
	out32(device + DRIVER_FEATURES, features);
	out32(device + DRIVER_FEATURES_SEL, 1);
	out32(device + DRIVER_FEATURES, 1);
	out32(device + STATUS, 11);
	if (in32(device + STATUS) != 11)
		leave(101);
}

GUEST_INLINE void set_up_queue(uint64_t device, uint32_t queue)
{
	out32(device + QUEUE_SEL, queue);
	out32(device + QUEUE_NUM, QUEUE_SIZE);
	out32(device + QUEUE_DESC, (uint32_t)DESC(queue));
	out32(device + QUEUE_DESC + 4, 0);
	out32(device + QUEUE_DRIVER, (uint32_t)AVAIL(queue));
	out32(device + QUEUE_DRIVER + 4, 0);
	out32(device + QUEUE_DEVICE, (uint32_t)USED(queue));
	out32(device + QUEUE_DEVICE + 4, 0);
	out32(device + QUEUE_READY, 1);
}

GUEST_INLINE void describe(uint32_t queue, uint32_t index, uint64_t address, uint32_t length,
			   uint16_t flags)
{
	volatile uint64_t *desc = (uint64_t *)(DESC(queue) + index * 16);

	desc[0] = address;
	desc[1] = length | (uint64_t)flags << 32 | (uint64_t)(index + 1) << 48;
}

/* Give the chain that starts at descriptor 0 to the device. */
GUEST_INLINE void give(uint64_t device, uint32_t queue)
{
	volatile uint16_t *avail = (uint16_t *)AVAIL(queue);

	avail[2 + avail[1] % QUEUE_SIZE] = 0;
	__asm__ volatile("" : : : "memory");
	avail[1]++;
	__asm__ volatile("lock orl $0, (%%rsp)" : : : "memory");
	out32(device + QUEUE_NOTIFY, queue);
	/* For the host: this much was asked for. */
	out32(DATA + 16, avail[1]);
}

/* Wait until all that was given is used; returns how many bytes the last took. */
GUEST_INLINE uint32_t wait_for_device(uint32_t queue)
{
	volatile uint16_t *avail = (uint16_t *)AVAIL(queue), *used = (uint16_t *)USED(queue);

	while (used[1] != avail[1])
		__asm__ volatile("pause" : : : "memory");
	return *(volatile uint32_t *)(USED(queue) + 4 + (used[1] - 1u) % QUEUE_SIZE * 8ul + 4);
}

/* A request of one sector: its status. VIRTIO 1.2, 5.2.6. */
GUEST_INLINE uint8_t transfer(uint32_t type, uint64_t sector)
{
	volatile uint64_t *header = (uint64_t *)BUFFER(0);
	volatile uint8_t *status = (uint8_t *)(BUFFER(0) + 0x20);

	header[0] = type;
	header[1] = sector;
	*status = 0xff;
	describe(0, 0, BUFFER(0), 16, DESC_NEXT);
	if (type == 4) {
		describe(0, 1, BUFFER(0) + 0x20, 1, DESC_WRITE);
	} else {
		describe(0, 1, BUFFER(0) + 0x200, 512, DESC_NEXT | (type ? 0 : DESC_WRITE));
		describe(0, 2, BUFFER(0) + 0x20, 1, DESC_WRITE);
	}
	give(BLOCK, 0);
	wait_for_device(0);
	return *status;
}

/* Reads sector 3, adds one to each byte, writes it to sector 5 and has it flushed. */
static IN_GUEST void copy_sector(void)
{
	volatile uint8_t *data = (uint8_t *)(BUFFER(0) + 0x200);
	int i;

	begin(BLOCK, 2, FLUSH);
	set_up_queue(BLOCK, 0);
	out32(BLOCK + STATUS, 15);
	if (transfer(0, 3))
		leave(1);
	for (i = 0; i < 512; i++)
		data[i]++;
	if (transfer(1, 5))
		leave(2);
	if (transfer(4, 0))
		leave(3);
	/* Beyond the end: an I/O error. */
	if (transfer(0, 8) != 1)
		leave(4);
	leave(0);
}

/* Has the block device read a header outside of guest memory, twice, and then once after a reset. */
static IN_GUEST void break_queue(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		*(volatile uint32_t *)AVAIL(0) = 0;
		*(volatile uint32_t *)USED(0) = 0;
		begin(BLOCK, 2, FLUSH);
		set_up_queue(BLOCK, 0);
		out32(BLOCK + STATUS, 15);
		describe(0, 0, 0x7000000000, 16, 0);
		give(BLOCK, 0);
		give(BLOCK, 0);
		/* 2.1.2: DEVICE_NEEDS_RESET. */
		while (!(in32(BLOCK + STATUS) & 0x40))
			__asm__ volatile("pause" : : : "memory");
		give(BLOCK, 0);
	}
	leave(0);
}

/* Writes an ever higher count to sector 0, and says at DATA how far it is. */
static IN_GUEST void count_in_sector(void)
{
	volatile uint32_t *data = (uint32_t *)(BUFFER(0) + 0x200);

	begin(BLOCK, 2, FLUSH);
	set_up_queue(BLOCK, 0);
	out32(BLOCK + STATUS, 15);
	for (;;) {
		data[0]++;
		if (transfer(1, 0))
			leave(2);
		*(volatile uint32_t *)DATA = data[0];
	}
}

/* Echoes what is typed, in capitals, until a full stop. */
static IN_GUEST void echo(void)
{
	volatile char *from = (char *)BUFFER(0), *to = (char *)BUFFER(1);
	uint32_t size, i;

	begin(CONSOLE, 3, 0);
	set_up_queue(CONSOLE, 0);
	set_up_queue(CONSOLE, 1);
	out32(CONSOLE + STATUS, 15);
	describe(0, 0, BUFFER(0), 16, DESC_WRITE);
	for (;;) {
		give(CONSOLE, 0);
		size = wait_for_device(0);
		for (i = 0; i < size; i++)
			to[i] = from[i] >= 'a' && from[i] <= 'z' ? (char)(from[i] - 32) : from[i];
		describe(1, 0, BUFFER(1), size, 0);
		give(CONSOLE, 1);
		wait_for_device(1);
		if (size && from[size - 1] == '.')
			leave(0);
	}
}

/* Prints FLOODS times FLOOD bytes. */
#define FLOODS 20
#define FLOOD  0x10000
#define TEXT   0x100000

static IN_GUEST void flood(void)
{
	int i;

	begin(CONSOLE, 3, 0);
	set_up_queue(CONSOLE, 1);
	out32(CONSOLE + STATUS, 15);
	describe(1, 0, TEXT, FLOOD, 0);
	for (i = 0; i < FLOODS; i++) {
		give(CONSOLE, 1);
		wait_for_device(1);
	}
	leave(0);
}

/* Sends each frame that comes back, its first byte changed, until one begins with a full stop. */
static IN_GUEST void reflect(void)
{
	volatile uint8_t *from = (uint8_t *)BUFFER(0), *to = (uint8_t *)BUFFER(1);
	uint32_t size, i;

	begin(NET, 1, 0);
	set_up_queue(NET, 0);
	set_up_queue(NET, 1);
	out32(NET + STATUS, 15);
	describe(0, 0, BUFFER(0), 2048, DESC_WRITE);
	for (;;) {
		give(NET, 0);
		size = wait_for_device(0);
		/* A header of 12 bytes goes before the frame (5.1.6). */
		for (i = 0; i < size; i++)
			to[i] = i < 12 ? 0 : from[i];
		to[12] ^= 0x20;
		describe(1, 0, BUFFER(1), size, 0);
		give(NET, 1);
		wait_for_device(1);
		if (from[12] == '.')
			leave(0);
	}
}

static struct r0_vm *boot_driver(const struct r0_vm_options *options, void (*driver)(void))
{
	struct r0_vm *vm = boot(options, __start_guest_text, __stop_guest_text);

	enter(vm, 0, CODE + ((uintptr_t)driver - (uintptr_t)__start_guest_text));
	return vm;
}

/* Eight sectors, of which each byte is the sector's number. */
static int make_disk(void)
{
	int fd = memfd_create("disk", MFD_CLOEXEC), i;
	uint8_t sector[512];

	assert_true(fd >= 0);
	for (i = 0; i < 8; i++) {
		memset(sector, i, sizeof(sector));
		assert_int_equal(write(fd, sector, sizeof(sector)), sizeof(sector));
	}
	return fd;
}

static void block_device_reads_and_writes(void **state)
{
	const struct r0_vm_block block = { .fd = make_disk() };
	const struct r0_vm_options options = { .block = &block, .time_limit_ms = 20000 };
	struct r0_vm *vm = boot_driver(&options, copy_sector);
	uint8_t sectors[8 * 512];
	int i;

	(void)state;
	assert_string_equal(run(vm).reason, "the guest ended with status 0");
	assert_int_equal(pread(block.fd, sectors, sizeof(sectors), 0), sizeof(sectors));
	for (i = 0; i < 8 * 512; i++)
		assert_int_equal(sectors[i], i / 512 == 5 ? 4 : i / 512);
	r0_vm_destroy(vm);
	close(block.fd);
}

static void read_only_disk_is_not_written(void **state)
{
	const struct r0_vm_block block = { .fd = make_disk(), .read_only = true };
	const struct r0_vm_options options = { .block = &block, .time_limit_ms = 20000 };
	struct r0_vm *vm = boot_driver(&options, copy_sector);
	uint8_t byte;

	(void)state;
	assert_int_equal(run(vm).status, 2);
	assert_int_equal(pread(block.fd, &byte, 1, 5 * 512), 1);
	assert_int_equal(byte, 5);
	r0_vm_destroy(vm);
	close(block.fd);
}

static uint32_t count_on(int fd)
{
	uint32_t count;

	assert_int_equal(pread(fd, &count, sizeof(count), 0), sizeof(count));
	return count;
}

/* What was asked for by the time of a freeze is done then, and nothing after that. */
static void freeze_settles_requests(void **state)
{
	const struct r0_vm_block block = { .fd = make_disk() };
	const struct r0_vm_options options = { .block = &block };
	struct r0_vm *vm = boot_driver(&options, count_in_sector);
	struct r0_vm_snapshot *snapshot;
	uint32_t count = 0, used;
	uint16_t left;
	int round;

	(void)state;
	start(vm);
	for (round = 0; round < 100; round++) {
		count = wait_for_change(vm, DATA, count);
		freeze(vm);
		/* At least those that were asked for are used. */
		left = (uint16_t)((read32(vm, USED(0)) >> 16) - read32(vm, DATA + 16));
		assert_uint_in_range(left, 0, 1);
		used = count_on(block.fd);
		assert_uint_in_range(used, count, UINT32_MAX);
		if (round % 10 == 0)
			poll(NULL, 0, 5);
		assert_int_equal(count_on(block.fd), used);
		if (round % 7 == 0) {
			snapshot = take(vm);
			thaw(vm);
			wait_for_change(vm, DATA, read32(vm, DATA));
			freeze(vm);
			restore(snapshot, vm);
			r0_vm_snapshot_destroy(snapshot);
		}
		count = read32(vm, DATA);
		thaw(vm);
	}
	r0_vm_destroy(vm);
	close(block.fd);
}

static void console_echoes(void **state)
{
	static const char text[] = "a line that does not fit into one buffer of the driver's.";
	const struct r0_vm_options options = { .virtio_console = true, .time_limit_ms = 20000 };
	struct r0_vm *vm = boot_driver(&options, echo);
	struct r0_error error = { "" };
	char *output;

	(void)state;
	assert_int_equal(r0_vm_console_type(vm, R0_VM_VIRTIO_CONSOLE, text, 10, &error), 10);
	start(vm);
	assert_int_equal(r0_vm_console_type(vm, R0_VM_VIRTIO_CONSOLE, text + 10,
					    sizeof(text) - 1 - 10, &error),
			 sizeof(text) - 1 - 10);
	assert_string_equal(wait_for_end(vm).reason, "the guest ended with status 0");
	output = printed(vm, R0_VM_VIRTIO_CONSOLE);
	assert_string_equal(output, "A LINE THAT DOES NOT FIT INTO ONE BUFFER OF THE DRIVER'S.");
	free(output);
	r0_vm_destroy(vm);
}

static void flood_keeps_the_last_bytes(void **state)
{
	const struct r0_vm_options options = { .virtio_console = true, .time_limit_ms = 20000 };
	struct r0_vm *vm = boot_driver(&options, flood);
	struct r0_error error = { "" };
	uint64_t dropped;
	size_t size;
	char *text;

	(void)state;
	check(r0_vm_write(vm, TEXT, "first", 5, &error), &error);
	check(r0_vm_write(vm, TEXT + FLOOD - 4, "last", 4, &error), &error);
	assert_string_equal(run(vm).reason, "the guest ended with status 0");
	check(r0_vm_console_take(vm, R0_VM_VIRTIO_CONSOLE, &text, &size, &dropped, &error), &error);
	assert_int_equal(size, R0_VM_CONSOLE_MAX);
	assert_int_equal(dropped, FLOODS * FLOOD - R0_VM_CONSOLE_MAX);
	assert_memory_equal(text, "first", 5);
	assert_string_equal(text + size - 4, "last");
	free(text);
	r0_vm_destroy(vm);
}

static void net_reflects_frames(void **state)
{
	struct r0_vm_net net = { .address = { 2, 0, 0, 0, 0, 1 } };
	const struct r0_vm_options options = { .net = &net, .time_limit_ms = 20000 };
	char frame[64], back[64];
	struct r0_vm *vm;
	int fds[2], i;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	net.fd = fds[0];
	vm = boot_driver(&options, reflect);
	start(vm);
	for (i = 0; i < 20; i++) {
		memset(frame, 'a' + i, sizeof(frame));
		if (i == 19)
			frame[0] = '.';
		assert_int_equal(write(fds[1], frame, sizeof(frame)), sizeof(frame));
		assert_int_equal(read(fds[1], back, sizeof(back)), sizeof(back));
		frame[0] ^= 0x20;
		assert_memory_equal(frame, back, sizeof(frame));
	}
	assert_string_equal(wait_for_end(vm).reason, "the guest ended with status 0");
	r0_vm_destroy(vm);
	close(fds[0]);
	close(fds[1]);
}

struct log {
	char text[1024];
	unsigned int lines;
};

static void keep_line(void *context, const char *line)
{
	struct log *log = context;

	snprintf(log->text, sizeof(log->text), "%s", line);
	log->lines++;
}

/* Why a device stopped is in the log, once until its reset. */
static void a_stopped_device_says_why(void **state)
{
	const struct r0_vm_block block = { .fd = make_disk() };
	struct log log = { 0 };
	const struct r0_vm_options options = {
		.block = &block, .time_limit_ms = 20000, .log = keep_line, .context = &log
	};
	struct r0_vm *vm = boot_driver(&options, break_queue);

	(void)state;
	assert_string_equal(run(vm).reason, "the guest ended with status 0");
	r0_vm_destroy(vm);
	close(block.fd);
	assert_string_equal(log.text, "virtio block stopped with DEVICE_NEEDS_RESET: queue 0 has a "
				      "buffer outside of guest memory, or in read-only memory");
	assert_int_equal(log.lines, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_device_reads_and_writes),
		cmocka_unit_test(read_only_disk_is_not_written),
		cmocka_unit_test(freeze_settles_requests),
		cmocka_unit_test(console_echoes),
		cmocka_unit_test(flood_keeps_the_last_bytes),
		cmocka_unit_test(net_reflects_frames),
		cmocka_unit_test(a_stopped_device_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
