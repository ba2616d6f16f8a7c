/* SPDX-License-Identifier: MIT */
/*
 * The devices on a real KVM: their registers are reached by exits, notifications come by KVM's eventfds,
 * interrupts arrive at its interrupt controllers. The guest does, one after another, the accesses that
 * the test has written down for it.
 */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <poll.h>
#include <unistd.h>
#include "monitor/wiring/eventfd.h"

#define CONSOLE 0xc0000000ull
#define BLOCK	0xc0001000ull
#define NET	0xc0002000ull

#define IOAPIC 0xfec00000ull
#define LAPIC  0xfee00000ull

/* Queues, of 8 descriptors, and buffers. */
#define QUEUE_SIZE   8
#define QUEUE_AT(q)  (0x40000ull + (q)*0x1000)
#define DRIVER_AT(q) (QUEUE_AT(q) + 0x400)
#define DEVICE_AT(q) (QUEUE_AT(q) + 0x800)
#define BUFFERS_AT   0x50000ull

/* What the guest does: writes 32 bits, reads them, waits while they are so, and ends. */
enum { END, WRITE, READ, WAIT };

static struct access {
	uint32_t kind, value;
	uint64_t address;
} script[256];
static unsigned int script_size;

GUEST(accesses, "mov $" DATA_TEXT ", %ebx\n"
		"1: mov (%rbx), %eax\n"
		"mov 8(%rbx), %rdx\n"
		"cmp $1, %eax\n jb 5f\n je 2f\n"
		"cmp $3, %eax\n je 4f\n"
		"mov (%rdx), %ecx\n mov %ecx, 4(%rbx)\n jmp 3f\n"
		"2: mov 4(%rbx), %ecx\n mov %ecx, (%rdx)\n"
		"3: add $16, %rbx\n jmp 1b\n"
		"4: mov (%rdx), %ecx\n cmp 4(%rbx), %ecx\n je 4b\n jmp 3b\n"
		"5: xor %eax, %eax\n out %eax, $0xf4\n hlt\n");

static unsigned int add(uint32_t kind, uint64_t address, uint32_t value)
{
	assert_uint_in_range(script_size, 0, sizeof(script) / sizeof(*script) - 2);
	script[script_size] = (struct access){ kind, value, address };
	return script_size++;
}

/* Run the script from its start, and begin another one. */
static void run_script(struct r0_vm *vm)
{
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;

	script[script_size] = (struct access){ 0 };
	check(r0_vm_write(vm, DATA, script, sizeof(script), &error), &error);
	outcome = run(vm);
	if (outcome.end != R0_VM_STATUS)
		fail_msg("%s", outcome.reason);
	check(r0_vm_read(vm, DATA, script, sizeof(script), &error), &error);
	script_size = 0;
}

static void put(struct r0_vm *vm, uint64_t address, const void *data, size_t size)
{
	struct r0_error error = { "" };

	check(r0_vm_write(vm, address, data, size, &error), &error);
}

static void get(struct r0_vm *vm, uint64_t address, void *data, size_t size)
{
	struct r0_error error = { "" };

	check(r0_vm_read(vm, address, data, size, &error), &error);
}

static void describe(struct r0_vm *vm, unsigned int q, unsigned int i, uint64_t address,
		     uint32_t length, uint16_t flags)
{
	const struct vring_desc descriptor = { address, length, flags, (uint16_t)(i + 1) };

	put(vm, QUEUE_AT(q) + i * sizeof(descriptor), &descriptor, sizeof(descriptor));
}

/* One chain, which starts at descriptor 0. */
static void offer(struct r0_vm *vm, unsigned int q)
{
	write32(vm, DRIVER_AT(q), 1u << 16);
}

/* What a driver writes to start a device. */
static void start_device(uint64_t window, unsigned int queues)
{
	unsigned int q;

	add(WRITE, window + VIRTIO_MMIO_STATUS, 3);
	add(WRITE, window + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	add(WRITE, window + VIRTIO_MMIO_DRIVER_FEATURES, 1);
	add(WRITE, window + VIRTIO_MMIO_STATUS, 0xb);
	for (q = 0; q < queues; q++) {
		add(WRITE, window + VIRTIO_MMIO_QUEUE_SEL, q);
		add(WRITE, window + VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE);
		add(WRITE, window + VIRTIO_MMIO_QUEUE_DESC_LOW, QUEUE_AT(q));
		add(WRITE, window + VIRTIO_MMIO_QUEUE_AVAIL_LOW, DRIVER_AT(q));
		add(WRITE, window + VIRTIO_MMIO_QUEUE_USED_LOW, DEVICE_AT(q));
		add(WRITE, window + VIRTIO_MMIO_QUEUE_READY, 1);
	}
	add(WRITE, window + VIRTIO_MMIO_STATUS, 0xf);
}

/* Route an input of the I/O APIC, by level, to a vector of the first CPU, which takes none: IF is 0. */
static void route(uint32_t input, uint32_t vector)
{
	add(WRITE, LAPIC + 0xf0, 0x1ff);
	add(WRITE, IOAPIC, 0x10 + 2 * input + 1);
	add(WRITE, IOAPIC + 0x10, 0);
	add(WRITE, IOAPIC, 0x10 + 2 * input);
	add(WRITE, IOAPIC + 0x10, 1u << 15 | vector);
}

/* Notify, wait until the chain has come back, and look at the interrupt that tells of it. */
static unsigned int notify_and_wait(uint64_t window, unsigned int q, uint32_t vector)
{
	unsigned int at;

	add(WRITE, window + VIRTIO_MMIO_QUEUE_NOTIFY, q);
	add(WAIT, DEVICE_AT(q), 0);
	/* The interrupt comes after the ring; its request stays in IRR. */
	add(WAIT, LAPIC + 0x200 + 0x10 * (vector / 32), 0);
	at = add(READ, LAPIC + 0x200 + 0x10 * (vector / 32), 0);
	add(READ, window + VIRTIO_MMIO_INTERRUPT_STATUS, 0);
	add(WRITE, window + VIRTIO_MMIO_INTERRUPT_ACK, 1);
	add(READ, window + VIRTIO_MMIO_INTERRUPT_STATUS, 1);
	return at;
}

static void assert_interrupt(unsigned int at, uint32_t vector)
{
	assert_int_equal(script[at].value, 1u << vector % 32);
	assert_int_equal(script[at + 1].value, VIRTIO_MMIO_INT_VRING);
	assert_int_equal(script[at + 3].value, 0);
}

static void console_prints(void **state)
{
	const struct r0_vm_options options = { .virtio_console = true, .irqchip = true };
	struct r0_vm *vm = BOOT(&options, accesses);
	unsigned int id, interrupt;
	char *text;

	(void)state;
	put(vm, BUFFERS_AT, "hello, world\n", 13);
	describe(vm, 1, 0, BUFFERS_AT, 6, VRING_DESC_F_NEXT);
	describe(vm, 1, 1, BUFFERS_AT + 6, 7, 0);
	offer(vm, 1);
	id = add(READ, CONSOLE + VIRTIO_MMIO_DEVICE_ID, 0);
	route(5, 0x45);
	start_device(CONSOLE, 2);
	interrupt = notify_and_wait(CONSOLE, 1, 0x45);
	run_script(vm);
	assert_int_equal(script[id].value, 3);
	assert_interrupt(interrupt, 0x45);
	text = printed(vm, R0_VM_VIRTIO_CONSOLE);
	assert_string_equal(text, "hello, world\n");
	free(text);
	r0_vm_destroy(vm);
}

static void console_takes_input(void **state)
{
	const struct r0_vm_options options = { .virtio_console = true };
	struct r0_vm *vm = BOOT(&options, accesses);
	struct r0_error error = { "" };
	char text[6] = "";

	(void)state;
	/* It waits for the driver to come and give a buffer. */
	assert_int_equal(r0_vm_console_type(vm, R0_VM_VIRTIO_CONSOLE, "input", 5, &error), 5);
	describe(vm, 0, 0, BUFFERS_AT, 100, VRING_DESC_F_WRITE);
	offer(vm, 0);
	start_device(CONSOLE, 2);
	add(WRITE, CONSOLE + VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	add(WAIT, DEVICE_AT(0), 0);
	run_script(vm);
	assert_int_equal(read32(vm, DEVICE_AT(0) + 8), 5);
	get(vm, BUFFERS_AT, text, 5);
	assert_string_equal(text, "input");
	r0_vm_destroy(vm);
}

/* Header at the start of the buffers, data a page further, the status between them. */
static void offer_request(struct r0_vm *vm, uint32_t type, uint32_t sector)
{
	const uint32_t header[4] = { type, 0, sector, 0 };
	uint16_t flags = VRING_DESC_F_NEXT | (type ? 0 : VRING_DESC_F_WRITE);

	put(vm, BUFFERS_AT, header, sizeof(header));
	write32(vm, BUFFERS_AT + 0x100, 0xee);
	describe(vm, 0, 0, BUFFERS_AT, 16, VRING_DESC_F_NEXT);
	describe(vm, 0, 1, BUFFERS_AT + 0x1000, 1024, flags);
	describe(vm, 0, 2, BUFFERS_AT + 0x100, 1, VRING_DESC_F_WRITE);
	offer(vm, 0);
}

static void block_on(int fd, uint32_t type, uint8_t *data)
{
	const struct r0_vm_options options = { .block = &(struct r0_vm_block){ .fd = fd },
					       .irqchip = true };
	struct r0_vm *vm = BOOT(&options, accesses);
	unsigned int capacity, interrupt;

	put(vm, BUFFERS_AT + 0x1000, data, 1024);
	offer_request(vm, type, 3);
	capacity = add(READ, BLOCK + VIRTIO_MMIO_CONFIG, 0);
	route(6, 0x66);
	start_device(BLOCK, 1);
	interrupt = notify_and_wait(BLOCK, 0, 0x66);
	run_script(vm);
	assert_int_equal(script[capacity].value, 8);
	assert_interrupt(interrupt, 0x66);
	assert_int_equal(read32(vm, BUFFERS_AT + 0x100), 0);
	get(vm, BUFFERS_AT + 0x1000, data, 1024);
	r0_vm_destroy(vm);
}

static void block_reads_and_writes(void **state)
{
	uint8_t disk[8 * 512], data[1024];
	int fd = memfd_create("disk", MFD_CLOEXEC);

	(void)state;
	for (unsigned int i = 0; i < sizeof(disk); i++)
		disk[i] = (uint8_t)(i / 512 + 1);
	assert_int_equal(pwrite(fd, disk, sizeof(disk), 0), sizeof(disk));
	memset(data, 0, sizeof(data));
	block_on(fd, 0, data);
	assert_memory_equal(data, disk + 3 * 512, sizeof(data));
	memset(data, 0xab, sizeof(data));
	block_on(fd, 1, data);
	memcpy(disk + 3 * 512, data, sizeof(data));
	memset(data, 0, sizeof(data));
	block_on(fd, 0, data);
	assert_memory_equal(data, disk + 3 * 512, sizeof(data));
	assert_int_equal(data[0], 0xab);
	close(fd);
}

/* How many sectors: as many as an index of the available ring has values. */
#define SECTORS 0x10000u

/*
 * A request that reads, over the header and the available ring, the next such request: without end. A
 * freeze does not wait for it for ever, and the VM can be ended.
 */
static void request_without_end(void **state)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);
	const struct r0_vm_options options = { .block = &(struct r0_vm_block){ .fd = fd },
					       .park_limit_ms = 200 };
	struct {
		uint16_t flags, index, ring[QUEUE_SIZE];
		uint32_t gap[59];
		uint32_t header[4];
		uint32_t rest[60];
	} *disk = calloc(SECTORS, sizeof(*disk));
	struct r0_error error = { "" };
	struct r0_vm *vm;
	uint32_t i;

	(void)state;
	assert_int_equal(sizeof(*disk), 512);
	for (i = 0; i < SECTORS; i++) {
		disk[i].index = (uint16_t)(i + 2);
		disk[i].header[2] = (i + 1) % SECTORS;
	}
	assert_int_equal(write(fd, disk, SECTORS * sizeof(*disk)), SECTORS * sizeof(*disk));
	vm = BOOT(&options, accesses);
	describe(vm, 0, 0, DRIVER_AT(0) + offsetof(__typeof__(*disk), header), 16,
		 VRING_DESC_F_NEXT);
	describe(vm, 0, 1, DRIVER_AT(0), 512, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE);
	describe(vm, 0, 2, BUFFERS_AT, 1, VRING_DESC_F_WRITE);
	offer(vm, 0);
	start_device(BLOCK, 1);
	add(WRITE, BLOCK + VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	add(WAIT, BUFFERS_AT + 0x1000, 0);
	put(vm, DATA, script, sizeof(script));
	script_size = 0;
	start(vm);
	wait_for_change(vm, DEVICE_AT(0), 0);
	assert_fails(r0_vm_freeze(vm, &error), ETIMEDOUT, &error, "the device worker");
	/* Still at it. */
	wait_for_change(vm, DEVICE_AT(0), read32(vm, DEVICE_AT(0)));
	r0_vm_destroy(vm);
	free(disk);
	close(fd);
}

static void net_sends_and_receives(void **state)
{
	int sockets[2];
	struct r0_vm_net link = { .address = { 0x52, 0x54, 0, 1, 2, 3 } };
	const struct r0_vm_options options = { .net = &link, .irqchip = true };
	unsigned int interrupt;
	struct r0_vm *vm;
	char frame[32];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets), 0);
	link.fd = sockets[0];
	vm = BOOT(&options, accesses);
	assert_int_equal(write(sockets[1], "to the guest", 12), 12);
	describe(vm, 0, 0, BUFFERS_AT, 100, VRING_DESC_F_WRITE);
	put(vm, BUFFERS_AT + 0x1000 + 12, "to the host", 11);
	describe(vm, 1, 0, BUFFERS_AT + 0x1000, 12 + 11, 0);
	offer(vm, 0);
	offer(vm, 1);
	route(7, 0x87);
	start_device(NET, 2);
	add(WAIT, DEVICE_AT(0), 0);
	interrupt = notify_and_wait(NET, 1, 0x87);
	run_script(vm);
	assert_interrupt(interrupt, 0x87);
	assert_int_equal(read(sockets[1], frame, sizeof(frame)), 11);
	assert_memory_equal(frame, "to the host", 11);
	assert_int_equal(read32(vm, DEVICE_AT(0) + 8), 12 + 12);
	get(vm, BUFFERS_AT + 12, frame, 12);
	assert_memory_equal(frame, "to the guest", 12);
	r0_vm_destroy(vm);
	close(sockets[0]);
	close(sockets[1]);
}

/* A driver whose queue is nowhere: the device wants a reset, and the VM goes on. */
static void a_queue_outside_of_memory(void **state)
{
	const struct r0_vm_options options = { .virtio_console = true };
	struct r0_vm *vm = BOOT(&options, accesses);
	unsigned int status;

	(void)state;
	start_device(CONSOLE, 0);
	add(WRITE, CONSOLE + VIRTIO_MMIO_QUEUE_SEL, 1);
	add(WRITE, CONSOLE + VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE);
	add(WRITE, CONSOLE + VIRTIO_MMIO_QUEUE_DESC_HIGH, 0x7fffffff);
	add(WRITE, CONSOLE + VIRTIO_MMIO_QUEUE_READY, 1);
	add(WRITE, CONSOLE + VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	add(WAIT, CONSOLE + VIRTIO_MMIO_STATUS, 0xf);
	status = add(READ, CONSOLE + VIRTIO_MMIO_STATUS, 0);
	run_script(vm);
	assert_int_equal(script[status].value, 0x4f);
	r0_vm_destroy(vm);
}

/* A VM of the monitor's insides, for what no device uses. Skips without KVM. */
static struct vm make_vm(struct kvm **kvm, const struct vm_options *options)
{
	struct error error = { "" };
	struct vm vm;
	int err = kvm_create(kvm, &error);

	if (err < 0) {
		print_message("# %s\n", error.text);
		skip();
	}
	assert_int_equal(vm_init(&vm, *kvm, options, &error), 0);
	return vm;
}

static void eventfds_of_writes(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct eventfd_io io = eventfd_virtio_notify(CONSOLE, 1, fd);
	struct error error = { "" };
	struct kvm *kvm;
	struct vm vm = make_vm(&kvm, NULL);

	(void)state;
	assert_int_equal(io.address, CONSOLE + 0x50);
	assert_int_equal(eventfd_add_io(&vm, &io, NULL), 0);
	assert_int_equal(eventfd_add_io(&vm, &io, &error), -EEXIST);
	assert_non_null(strstr(error.text, "KVM_IOEVENTFD"));
	io.value = 2;
	assert_int_equal(eventfd_add_io(&vm, &io, NULL), 0);
	io.space = BUS_PORT;
	assert_int_equal(eventfd_add_io(&vm, &io, NULL), 0);
	io.size = 3;
	assert_int_equal(eventfd_add_io(&vm, &io, NULL), -EINVAL);
	vm_finish(&vm);
	kvm_destroy(kvm);
	close(fd);
}

static int begin(void **state)
{
	(void)state;
	script_size = 0;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(console_prints, begin),
		cmocka_unit_test_setup(console_takes_input, begin),
		cmocka_unit_test_setup(block_reads_and_writes, begin),
		cmocka_unit_test_setup(request_without_end, begin),
		cmocka_unit_test_setup(net_sends_and_receives, begin),
		cmocka_unit_test_setup(a_queue_outside_of_memory, begin),
		cmocka_unit_test(eventfds_of_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
