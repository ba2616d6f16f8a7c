/* SPDX-License-Identifier: MIT */
/*
 * The virtio devices, by drivers that are right, wrong, and mad: see fuzz_virtio_model.h for what the
 * devices may do in answer.
 */
#include <linux/virtio_mmio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "devices/virtio/virtio_block.h"
#include "devices/virtio/virtio_console.h"
#include "devices/virtio/virtio_mmio.h"
#include "devices/virtio/virtio_net.h"
#include "tests/fuzz/device_fuzz.h"
#include "tests/fuzz/fuzz_virtio_model.h"

#define WINDOW 0xc0000000ull

/* Each queue has 16 KiB: table, available and used ring, indirect table. Then come buffers. */
#define QUEUE_AT(q)    (FUZZ_RAM_AT + (q)*0x4000ull)
#define TABLE_AT(q)    QUEUE_AT(q)
#define DRIVER_AT(q)   (QUEUE_AT(q) + 0x1000)
#define DEVICE_AT(q)   (QUEUE_AT(q) + 0x2000)
#define INDIRECT_AT(q) (QUEUE_AT(q) + 0x3000)
#define BUFFERS_AT     (FUZZ_RAM_AT + 0x8000)
#define BUFFERS_SIZE   0x8000u

#define NEXT	 1u
#define WRITE	 2u
#define INDIRECT 4u

#define DISK_SIZE 0x4000

static struct virtio *device;
static void (*host_input)(void); /* of the device that is fuzzed */
static uint16_t queue_size, saved_queue_size;
static bool line;

static struct virtio_block block;
static struct virtio_console console;
static struct virtio_net net;
static int disk = -1, sockets[2] = { -1, -1 };
static uint8_t disk_content[2 * DISK_SIZE];
static off_t disk_size;

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	(void)number;
	line = level;
}

static const struct virtio_options options = { .ram = &fuzz_ram, .irq = { .set = set_line } };

static void store(uint64_t address, size_t size, uint64_t value)
{
	dev_store(fuzz_memory + (address - FUZZ_RAM_AT), size, value);
}

/* Every access of the driver is a step of the model. */
static void put(uint64_t offset, uint64_t value)
{
	model_before(device);
	fuzz_access(BUS_MEMORY, WINDOW + offset, 4, true, value);
	model_after(device);
}

static void start_driver(void)
{
	uint64_t features = device->features;
	unsigned int q;

	queue_size = (uint16_t)(1u << fuzz_below(fuzz_one_in(4) ? 9 : 5));
	if (fuzz_one_in(3))
		features &= fuzz_random() | VIRTIO_F_VERSION_1;
	put(VIRTIO_MMIO_STATUS, 0);
	memset(fuzz_memory, 0, BUFFERS_AT - FUZZ_RAM_AT);
	put(VIRTIO_MMIO_STATUS, 3);
	for (q = 0; q < 2; q++) {
		put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, q);
		put(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * q));
	}
	put(VIRTIO_MMIO_STATUS, 0xb);
	for (q = 0; q < device->ops->queues; q++) {
		put(VIRTIO_MMIO_QUEUE_SEL, q);
		put(VIRTIO_MMIO_QUEUE_NUM, queue_size);
		put(VIRTIO_MMIO_QUEUE_DESC_LOW, TABLE_AT(q));
		put(VIRTIO_MMIO_QUEUE_AVAIL_LOW, DRIVER_AT(q));
		put(VIRTIO_MMIO_QUEUE_USED_LOW, DEVICE_AT(q));
		put(VIRTIO_MMIO_QUEUE_READY, 1);
	}
	put(VIRTIO_MMIO_STATUS, 0xf);
}

static void describe(uint64_t table, uint64_t i, uint64_t address, uint64_t length,
		     unsigned int flags, uint64_t next)
{
	store(table + i * 16, 8, address);
	store(table + i * 16 + 8, 4, length);
	store(table + i * 16 + 12, 2, flags);
	store(table + i * 16 + 14, 2, next);
}

/* A buffer, mostly where buffers are. */
static void describe_buffer(uint64_t table, uint64_t i, unsigned int flags, uint64_t next)
{
	uint64_t length = fuzz_one_in(3) ? 512 * fuzz_below(4) : fuzz_below(0x800);
	uint64_t address = BUFFERS_AT + fuzz_below(BUFFERS_SIZE - 0x800);

	if (fuzz_one_in(60)) {
		address = fuzz_value();
		length = fuzz_value();
		flags = (unsigned int)fuzz_value() & 0xffff;
	} else if (fuzz_one_in(60)) {
		address = FUZZ_RAM_AT + fuzz_below(BUFFERS_AT - FUZZ_RAM_AT);
	} else if (fuzz_one_in(60)) {
		address = FUZZ_ROM_AT + fuzz_below(PAGE_SIZE);
	}
	describe(table, i, address, length, flags, next);
}

/* A header that a block device takes for one; to the others it is as good as anything. */
static uint64_t make_header(void)
{
	static const uint8_t types[] = { 0, 0, 0, 1, 1, 1, 4, 8, 8, 11 };
	uint64_t at = BUFFERS_AT + fuzz_below(BUFFERS_SIZE - 16);

	store(at, 4, fuzz_one_in(10) ? fuzz_value() : types[fuzz_below(sizeof(types))]);
	store(at + 8, 8, fuzz_one_in(10) ? fuzz_value() : fuzz_below(DISK_SIZE / 512 + 1));
	return at;
}

/* Header, readable, writable buffers and a place for the status, in a table from `first` on. */
static void make_chain(uint64_t table, uint64_t entries, uint64_t first)
{
	uint64_t readable = fuzz_below(3), writable = fuzz_below(3), at = first, i;

	if (fuzz_below(2))
		readable = 0;
	describe(table, at, make_header(), 16, NEXT, (at + 1) % entries);
	for (i = 0; i < readable; i++) {
		at = (at + 1) % entries;
		describe_buffer(table, at, NEXT, (at + 1) % entries);
	}
	for (i = 0; i < writable; i++) {
		at = (at + 1) % entries;
		describe_buffer(table, at, NEXT | WRITE, (at + 1) % entries);
	}
	at = (at + 1) % entries;
	describe(table, at, BUFFERS_AT + fuzz_below(BUFFERS_SIZE - 1), 1, WRITE, fuzz_value());
}

static void offer_chain(void)
{
	unsigned int q = (unsigned int)fuzz_below(device->ops->queues);
	uint64_t head = fuzz_below(queue_size), entries;
	uint16_t index = (uint16_t)dev_load(fuzz_memory + (DRIVER_AT(q) - FUZZ_RAM_AT) + 2, 2);

	if (device->ops->filled >> q & 1) {
		describe_buffer(TABLE_AT(q), head, WRITE, 0);
	} else if (fuzz_one_in(3)) {
		entries = 1 + fuzz_below(queue_size);
		describe(TABLE_AT(q), head, INDIRECT_AT(q), entries * 16, INDIRECT, 0);
		make_chain(INDIRECT_AT(q), entries, 0);
	} else {
		make_chain(TABLE_AT(q), queue_size, head);
	}
	store(DRIVER_AT(q) + 4 + 2ull * (index % queue_size), 2,
	      fuzz_one_in(100) ? fuzz_value() : head);
	store(DRIVER_AT(q) + 2, 2, fuzz_one_in(200) ? fuzz_value() : index + 1u);
	if (fuzz_below(2))
		put(VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

static void scribble(void)
{
	uint64_t at = QUEUE_AT(fuzz_below(2)) + 0x1000 * fuzz_below(4) + fuzz_below(64);

	store(at, 1 + fuzz_below(8), fuzz_value());
}

/* An access that no driver would make. It may change anything, as any may. */
static void poke(void)
{
	model_before(device);
	fuzz_random_access();
	model_after(device);
}

static void virtio_step(void)
{
	unsigned int kind = (unsigned int)fuzz_below(100);

	if (kind < 4) {
		start_driver();
	} else if (kind < 50) {
		offer_chain();
	} else if (kind < 65) {
		model_before(device);
		virtio_notify(device, (uint32_t)fuzz_below(3));
		model_after(device);
	} else if (kind < 80) {
		model_before(device);
		host_input();
		model_after(device);
	} else if (kind < 82) {
		scribble();
	} else if (kind < 90) {
		put(VIRTIO_MMIO_INTERRUPT_ACK, 3);
	} else if (kind == 90) {
		bus_reset(&fuzz_bus);
	} else {
		poke();
	}
	fuzz_equal(line, virtio_registers(device)->level, "the line is not what it believes");
}

static void virtio_start(struct virtio *virtio, void (*input)(void))
{
	device = virtio;
	host_input = input;
	line = false;
	queue_size = 8;
	fuzz_equal((uint64_t)bus_add(&fuzz_bus, BUS_MEMORY, WINDOW, VIRTIO_MMIO_SIZE, &virtio->dev,
				     NULL),
		   0, "bus_add()");
	start_driver();
}

static void virtio_save(void)
{
	saved_queue_size = queue_size;
}

static void virtio_restored(void)
{
	queue_size = saved_queue_size;
	fuzz_equal(line, virtio_registers(device)->interrupt_status != 0,
		   "restored, the line is not what the status says");
}

/* The disk: a file that changes its length now and then. */
static void block_input(void)
{
	uint64_t size = fuzz_one_in(3) ? fuzz_below(2 * DISK_SIZE) : DISK_SIZE;

	fuzz_equal((uint64_t)ftruncate(disk, (off_t)size), 0, "ftruncate()");
}

static void block_start(void)
{
	const struct virtio_block_options file = { .fd = -1,
						   .read_only = fuzz_one_in(4),
						   .id = "fuzzed" };
	struct virtio_block_options with_disk = file;

	if (disk < 0)
		disk = memfd_create("disk", MFD_CLOEXEC);
	fuzz_equal((uint64_t)ftruncate(disk, 0), 0, "ftruncate()");
	fuzz_equal((uint64_t)ftruncate(disk, DISK_SIZE), 0, "ftruncate()");
	with_disk.fd = disk;
	fuzz_equal((uint64_t)virtio_block_init(&block, &options, &with_disk, NULL), 0, "init");
	virtio_start(&block.virtio, block_input);
}

static void block_save(void)
{
	virtio_save();
	disk_size = lseek(disk, 0, SEEK_END);
	memset(disk_content, 0, sizeof(disk_content));
	fuzz_equal((uint64_t)pread(disk, disk_content, sizeof(disk_content), 0),
		   (uint64_t)disk_size, "pread()");
}

static void block_restore(void)
{
	fuzz_equal((uint64_t)ftruncate(disk, 0), 0, "ftruncate()");
	fuzz_equal((uint64_t)pwrite(disk, disk_content, (size_t)disk_size, 0), (uint64_t)disk_size,
		   "pwrite()");
	virtio_restored();
}

const struct fuzz_target fuzz_block = {
	.name = "block",
	.start = block_start,
	.step = virtio_step,
	.save = block_save,
	.restore = block_restore,
};

static void note_output(void *context, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;
	size_t i;

	(void)context;
	fuzz_note(size);
	for (i = 0; i < size; i += 64)
		fuzz_note(from[i]);
}

static void console_input(void)
{
	uint8_t bytes[600];
	size_t size = fuzz_below(sizeof(bytes));

	memset(bytes, (int)fuzz_below(256), sizeof(bytes));
	fuzz_note(virtio_console_receive(&console, bytes, size));
}

static void console_start(void)
{
	const struct output output = { .write = note_output };

	virtio_console_init(&console, &options, &output);
	virtio_start(&console.virtio, console_input);
}

const struct fuzz_target fuzz_console = {
	.name = "console",
	.start = console_start,
	.step = virtio_step,
	.save = virtio_save,
	.restore = virtio_restored,
};

/* What came out at the other end. */
static void drain(void)
{
	static uint8_t frame[VIRTIO_NET_FRAME_MAX];
	ssize_t size;

	while ((size = recv(sockets[1], frame, sizeof(frame), MSG_DONTWAIT)) >= 0)
		fuzz_note((uint64_t)size);
	while (recv(sockets[0], frame, sizeof(frame), MSG_DONTWAIT) >= 0)
		;
}

static void net_input(void)
{
	uint8_t frame[2000];
	uint64_t frames = fuzz_below(4), size;

	drain();
	memset(frame, (int)fuzz_below(256), sizeof(frame));
	while (frames--) {
		size = 1 + fuzz_below(fuzz_one_in(8) ? sizeof(frame) - 1 : 200);
		fuzz_equal((uint64_t)send(sockets[1], frame, size, MSG_DONTWAIT), size, "send()");
	}
	fuzz_note(virtio_net_has_room(&net));
	virtio_net_receive(&net);
	fuzz_note(virtio_net_has_room(&net));
	drain();
}

static void net_start(void)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };

	if (sockets[0] < 0 && socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets))
		abort();
	drain();
	fuzz_equal((uint64_t)virtio_net_init(&net, &options, sockets[0], mac, NULL), 0, "init");
	virtio_start(&net.virtio, net_input);
}

static void net_step(void)
{
	virtio_step();
	drain();
}

static void net_save(void)
{
	virtio_save();
	drain();
}

static void net_restored(void)
{
	virtio_restored();
	drain();
}

const struct fuzz_target fuzz_net = {
	.name = "net",
	.start = net_start,
	.step = net_step,
	.save = net_save,
	.restore = net_restored,
};
