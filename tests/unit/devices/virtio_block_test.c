/* SPDX-License-Identifier: MIT */
/* The virtio block device, on a file in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devices/virtio/virtio_block.h"
#include "tests/unit/devices/virtio_driver.h"

#define SECTORS	  64u
#define F_RO	  (1ull << 5)
#define F_FLUSH	  (1ull << 9)
#define WRITE	  VRING_DESC_F_WRITE
#define NEXT	  VRING_DESC_F_NEXT
#define NO_STATUS 0xee

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11 };
enum { OK, IOERR, UNSUPP };

#define HEADER_AT DATA_AT
#define STATUS_AT (DATA_AT + 0x100)
#define BUFFER_AT (DATA_AT + 0x1000)

static struct virtio_block block;
static int file = -1;

static int make_on(int fd, bool read_only)
{
	const struct virtio_options options = virtio_test_options();
	const struct virtio_block_options disk = { .fd = fd,
						   .read_only = read_only,
						   .id = "a disk" };

	guest_init();
	assert_int_equal(virtio_block_init(&block, &options, &disk, NULL), 0);
	return bus_add(&bus, BUS_MEMORY, WINDOW, VIRTIO_MMIO_SIZE, &block.virtio.dev, NULL);
}

/* Each sector is full of its number, and there is a part of one more. */
static int make(void **state)
{
	uint8_t sector[512];

	(void)state;
	file = memfd_create("disk", MFD_CLOEXEC);
	assert_true(file >= 0);
	for (unsigned int i = 0; i < SECTORS; i++) {
		memset(sector, (int)i, sizeof(sector));
		assert_int_equal(pwrite(file, sector, sizeof(sector), i * 512), 512);
	}
	assert_int_equal(ftruncate(file, SECTORS * 512 + 100), 0);
	return make_on(file, false);
}

static int check(void **state)
{
	(void)state;
	guest_check();
	close(file);
	return 0;
}

static void put_header(uint32_t type, uint64_t sector)
{
	const struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header = { type, 0, sector };

	memcpy(at(HEADER_AT), &header, sizeof(header));
	*(uint8_t *)at(STATUS_AT) = NO_STATUS;
}

/* Header, data and status in three buffers, as Linux lays them out. Returns the status. */
static uint8_t request(uint32_t type, uint64_t sector, uint64_t buffer, uint32_t length)
{
	uint16_t before = used(0)->idx;

	put_header(type, sector);
	describe(0, 0, HEADER_AT, 16, NEXT, 1);
	describe(0, 1, buffer, length, NEXT | (type == OUT ? 0 : WRITE), 2);
	describe(0, 2, STATUS_AT, 1, WRITE, 0);
	offer(0, 0);
	notify(0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x0f);
	assert_int_equal(used(0)->idx, (uint16_t)(before + 1));
	assert_int_equal(used(0)->ring[before % queue_size].id, 0);
	assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
	return *(uint8_t *)at(STATUS_AT);
}

static uint32_t last_length(void)
{
	return used(0)->ring[(uint16_t)(used(0)->idx - 1) % queue_size].len;
}

static void configuration(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 2);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), SECTORS);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 4), 0);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 12), VIRTQUEUE_SIZE_MAX - 2);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG + 20), 512);
	put(VIRTIO_MMIO_CONFIG, 1);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG), SECTORS);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES) & F_RO, 0);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES) & F_FLUSH, F_FLUSH);
}

static void reads(void **state)
{
	(void)state;
	driver_start(F_FLUSH, 1);
	assert_int_equal(request(IN, 5, BUFFER_AT, 1024), OK);
	assert_int_equal(last_length(), 1025);
	for (unsigned int i = 0; i < 1024; i++)
		assert_int_equal(((uint8_t *)at(BUFFER_AT))[i], 5 + i / 512);
	assert_int_equal(((uint8_t *)at(BUFFER_AT))[1024], 0);
	assert_int_equal(request(IN, 0, BUFFER_AT, SECTORS * 512), OK);
	assert_int_equal(request(IN, SECTORS - 1, BUFFER_AT, 512), OK);
	assert_int_equal(request(IN, SECTORS, BUFFER_AT, 0), OK);
}

static void writes(void **state)
{
	uint8_t bytes[1024];

	(void)state;
	driver_start(F_FLUSH, 1);
	memset(at(BUFFER_AT), 0xab, 1024);
	assert_int_equal(request(OUT, 7, BUFFER_AT, 1024), OK);
	assert_int_equal(last_length(), 1);
	assert_int_equal(pread(file, bytes, 1024, 7 * 512), 1024);
	assert_memory_equal(bytes, at(BUFFER_AT), 1024);
	assert_int_equal(pread(file, bytes, 1, 7 * 512 - 1), 1);
	assert_int_equal(bytes[0], 6);
	assert_int_equal(pread(file, bytes, 1, 9 * 512), 1);
	assert_int_equal(bytes[0], 9);
	assert_int_equal(request(FLUSH, 0, BUFFER_AT, 0), OK);
	/* Without FLUSH every write is through; asking for it is then a mistake. */
	driver_start(0, 1);
	assert_int_equal(request(OUT, 7, BUFFER_AT, 512), OK);
	assert_int_equal(request(FLUSH, 0, BUFFER_AT, 0), UNSUPP);
}

/* The device looks at the bytes, not at how they are spread (2.7.4). */
static void any_layout(void **state)
{
	uint8_t *data = at(BUFFER_AT);

	(void)state;
	queue_size = 256;
	driver_start(VIRTIO_F_INDIRECT_DESC, 1);
	put_header(IN, 9);
	/* The header by bytes, data in odd pieces, the status behind the last of them. */
	describe(0, 0, INDIRECT_AT(0), 19 * 16, VRING_DESC_F_INDIRECT, 0);
	for (unsigned int i = 0; i < 16; i++)
		describe_indirect(0, i, HEADER_AT + i, 1, NEXT, i + 1);
	describe_indirect(0, 16, BUFFER_AT, 100, NEXT | WRITE, 17);
	describe_indirect(0, 17, BUFFER_AT + 200, 411, NEXT | WRITE, 18);
	describe_indirect(0, 18, BUFFER_AT + 800, 2, WRITE, 0);
	memset(data, NO_STATUS, 1024);
	offer(0, 0);
	notify(0);
	assert_int_equal(last_length(), 513);
	for (unsigned int i = 0; i < 1024; i++) {
		bool is_data = i < 100 || (i >= 200 && i < 611) || i == 800;

		assert_int_equal(data[i], is_data ? 9 : i == 801 ? OK : NO_STATUS);
	}
	/* Header and data in one buffer. */
	memset(at(HEADER_AT + 16), 0x5a, 512);
	put_header(OUT, 3);
	memset(at(STATUS_AT + 0x1000), NO_STATUS, 1);
	memset(at(HEADER_AT + 16), 0x5a, 512);
	describe(0, 0, HEADER_AT, 16 + 512, NEXT, 1);
	describe(0, 1, STATUS_AT + 0x1000, 1, WRITE, 0);
	offer(0, 0);
	notify(0);
	assert_int_equal(*(uint8_t *)at(STATUS_AT + 0x1000), OK);
	assert_int_equal(pread(file, data, 512, 3 * 512), 512);
	assert_int_equal(data[511], 0x5a);
}

static void beyond_the_end(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t length;
	} places[] = {
		{ SECTORS, 512 },
		{ SECTORS - 1, 1024 },
		{ SECTORS + 1, 0 },
		{ 0, (SECTORS + 1) * 512 },
		{ UINT64_MAX, 512 },
		{ UINT64_MAX / 512, 512 },
		{ 1ull << 55, 512 },
		{ UINT64_MAX - 1, 1024 },
		{ 0, 511 },
		{ 0, 513 },
		{ 0, 1 },
	};

	(void)state;
	driver_start(F_FLUSH, 1);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		assert_int_equal(request(IN, places[i].sector, BUFFER_AT, places[i].length), IOERR);
		assert_int_equal(last_length(), places[i].length ? 0 : 1);
		assert_int_equal(request(OUT, places[i].sector, BUFFER_AT, places[i].length),
				 IOERR);
		assert_int_equal(last_length(), 1);
	}
	assert_int_equal(lseek(file, 0, SEEK_END), SECTORS * 512 + 100);
}

static void other_requests(void **state)
{
	(void)state;
	driver_start(F_FLUSH, 1);
	memset(at(BUFFER_AT), NO_STATUS, 40);
	assert_int_equal(request(GET_ID, 0, BUFFER_AT, 20), OK);
	assert_memory_equal(at(BUFFER_AT), "a disk\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xee", 21);
	assert_int_equal(last_length(), 21);
	assert_int_equal(request(GET_ID, 0, BUFFER_AT, 30), OK);
	assert_int_equal(last_length(), 20);
	assert_int_equal(request(GET_ID, 0, BUFFER_AT, 19), IOERR);
	assert_int_equal(request(DISCARD, 0, BUFFER_AT, 16), UNSUPP);
	assert_int_equal(request(UINT32_MAX, 0, BUFFER_AT, 16), UNSUPP);
}

static void read_only(void **state)
{
	char path[64];
	uint8_t byte;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	make_on(fd, true);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES) & F_RO, F_RO);
	driver_start(F_RO | F_FLUSH, 1);
	assert_int_equal(request(IN, 5, BUFFER_AT, 512), OK);
	assert_int_equal(request(OUT, 5, BUFFER_AT, 512), IOERR);
	assert_int_equal(request(FLUSH, 0, BUFFER_AT, 0), OK);
	close(fd);
	/* Whether the driver knows it or not, and whatever the descriptor could do. */
	make_on(file, true);
	driver_start(0, 1);
	memset(at(BUFFER_AT), 0xab, 512);
	assert_int_equal(request(OUT, 5, BUFFER_AT, 512), IOERR);
	assert_int_equal(pread(file, &byte, 1, 5 * 512), 1);
	assert_int_equal(byte, 5);
}

/* The file is cut short under the device: errors, and no write makes it longer again. */
static void file_that_shrinks(void **state)
{
	(void)state;
	driver_start(F_FLUSH, 1);
	assert_int_equal(ftruncate(file, 10 * 512 + 7), 0);
	assert_int_equal(request(IN, 9, BUFFER_AT, 512), OK);
	assert_int_equal(request(IN, 10, BUFFER_AT, 512), IOERR);
	assert_int_equal(request(IN, 9, BUFFER_AT, 1024), IOERR);
	assert_int_equal(last_length(), 0);
	assert_int_equal(request(IN, 30, BUFFER_AT, 512), IOERR);
	assert_int_equal(request(OUT, 9, BUFFER_AT, 512), OK);
	assert_int_equal(request(OUT, 9, BUFFER_AT, 1024), IOERR);
	assert_int_equal(request(OUT, 30, BUFFER_AT, 512), IOERR);
	assert_int_equal(lseek(file, 0, SEEK_END), 10 * 512 + 7);
}

/* A host that fails in every way: /dev/full takes nothing, a closed descriptor neither. */
static void host_errors(void **state)
{
	const struct virtio_options options = virtio_test_options();
	struct virtio_block_options disk = { .fd = -1 };
	struct error error = { 0 };
	int full = open("/dev/full", O_RDWR | O_CLOEXEC), pipes[2];

	(void)state;
	assert_int_equal(virtio_block_init(&block, &options, &disk, &error), -EBADF);
	assert_non_null(strstr(error.text, "failed"));
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	disk.fd = pipes[0];
	assert_int_equal(virtio_block_init(&block, &options, &disk, NULL), -ESPIPE);
	close(pipes[0]);
	close(pipes[1]);

	make_on(file, false);
	driver_start(F_FLUSH, 1);
	block.fd = full;
	assert_int_equal(request(OUT, 5, BUFFER_AT, 512), IOERR);
	assert_int_equal(request(FLUSH, 0, BUFFER_AT, 0), IOERR);
	block.fd = -1;
	assert_int_equal(request(IN, 5, BUFFER_AT, 512), IOERR);
	assert_int_equal(request(OUT, 5, BUFFER_AT, 512), IOERR);
	close(full);
	/* Memory that the host may not write to: EFAULT. */
	make_on(file, false);
	driver_start(F_FLUSH, 1);
	assert_int_equal(mprotect(at(GUEST_BASE + 0x40000), PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(request(IN, 5, GUEST_BASE + 0x40000, 512), IOERR);
	assert_int_equal(mprotect(at(GUEST_BASE + 0x40000), PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
}

/* A descriptor that is not open for what the guest may do. */
static void wrong_access(void **state)
{
	const struct virtio_options options = virtio_test_options();
	struct virtio_block_options disk;
	struct error error = { 0 };
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	disk = (struct virtio_block_options){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	assert_int_equal(virtio_block_init(&block, &options, &disk, &error), -EACCES);
	assert_non_null(strstr(error.text, "open for reading only"));
	close(disk.fd);
	disk = (struct virtio_block_options){ .fd = open(path, O_WRONLY | O_CLOEXEC),
					      .read_only = true };
	error.text[0] = '\0';
	assert_int_equal(virtio_block_init(&block, &options, &disk, &error), -EACCES);
	assert_non_null(strstr(error.text, "open for writing only"));
	close(disk.fd);
}

/* Requests that can't even be answered. */
static void no_header_no_status(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 3; kind++) {
		driver_start(F_FLUSH, 1);
		put_header(IN, 0);
		if (kind == 0)
			describe(0, 0, HEADER_AT, 15, NEXT, 1);
		else
			describe(0, 0, HEADER_AT, 16, kind == 1 ? 0 : NEXT, 1);
		describe(0, 1, STATUS_AT, kind == 2 ? 0 : 1, WRITE, 0);
		offer(0, 0);
		notify(0);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
		assert_int_equal(block.registers.common.fault, VIRTQUEUE_BAD_REQUEST);
		assert_int_equal(used(0)->idx, 0);
		assert_int_equal(*(uint8_t *)at(STATUS_AT), NO_STATUS);
		assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_CONFIG);
	}
}

/* All of memory as one buffer, its own rings among it: an answer of some kind, and no crash. */
static void huge(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(file, 64 << 20), 0);
	block.registers.config.capacity = (64 << 20) / VIRTIO_BLOCK_SECTOR;
	driver_start(F_FLUSH, 1);
	put_header(OUT, 0);
	describe(0, 0, HEADER_AT, 16, NEXT, 1);
	for (unsigned int i = 1; i < 7; i++)
		describe(0, i, GUEST_BASE, GUEST_SIZE, NEXT, i + 1);
	describe(0, 7, STATUS_AT, 1, WRITE, 0);
	offer(0, 0);
	notify(0);
	assert_int_equal(*(uint8_t *)at(STATUS_AT), OK);
	put_header(IN, 0);
	describe(0, 0, HEADER_AT, 16, NEXT, 1);
	for (unsigned int i = 1; i < 7; i++)
		describe(0, i, GUEST_BASE, GUEST_SIZE, NEXT | WRITE, i + 1);
	offer(0, 0);
	notify(0);
	guest_check();
}

static void snapshot(void **state)
{
	uint8_t saved[sizeof(block.registers)];
	static uint8_t memory[GUEST_SIZE];

	(void)state;
	driver_start(F_FLUSH | VIRTIO_F_EVENT_IDX, 1);
	*used_event(0) = 0;
	assert_int_equal(request(IN, 5, BUFFER_AT, 512), OK);
	bus_save(&bus, saved);
	memcpy(memory, guest.memory, sizeof(memory));
	put(VIRTIO_MMIO_STATUS, 0);
	for (int i = 0; i < 2; i++) {
		bus_restore(&bus, saved);
		memcpy(guest.memory, memory, sizeof(memory));
		*used_event(0) = 1;
		assert_int_equal(request(IN, 6, BUFFER_AT, 512), OK);
		assert_int_equal(used(0)->idx, 2);
		assert_int_equal(*(uint8_t *)at(BUFFER_AT), 6);
	}
	/* Whatever it holds: a capacity beyond all files is an error when it is used. */
	block.registers.config.capacity = UINT64_MAX;
	assert_int_equal(lseek(file, 0, SEEK_END), SECTORS * 512 + 100);
	*used_event(0) = 2;
	assert_int_equal(request(IN, UINT64_MAX - 1, BUFFER_AT, 512), IOERR);
	*used_event(0) = 3;
	assert_int_equal(request(IN, INT64_MAX / 512 - 1, BUFFER_AT, 512), IOERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(configuration, make, check),
		cmocka_unit_test_setup_teardown(reads, make, check),
		cmocka_unit_test_setup_teardown(writes, make, check),
		cmocka_unit_test_setup_teardown(any_layout, make, check),
		cmocka_unit_test_setup_teardown(beyond_the_end, make, check),
		cmocka_unit_test_setup_teardown(other_requests, make, check),
		cmocka_unit_test_setup_teardown(read_only, make, check),
		cmocka_unit_test_setup_teardown(file_that_shrinks, make, check),
		cmocka_unit_test_setup_teardown(host_errors, make, check),
		cmocka_unit_test_setup_teardown(wrong_access, make, check),
		cmocka_unit_test_setup_teardown(no_header_no_status, make, check),
		cmocka_unit_test_setup_teardown(huge, make, check),
		cmocka_unit_test_setup_teardown(snapshot, make, check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
