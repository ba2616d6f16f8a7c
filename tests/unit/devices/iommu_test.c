/* SPDX-License-Identifier: MIT */
/* The IOMMU: Intel's Virtualization Technology for Directed I/O, revision 3.3. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pci/iommu.h"

#define RAM_AT	   0x100000ull
#define ROOT	   RAM_AT
#define CONTEXTS   (RAM_AT + 0x1000)
#define TABLE	   (RAM_AT + 0x2000) /* three, one a page */
#define INTERRUPTS (RAM_AT + 0x5000)
#define QUEUE	   (RAM_AT + 0x6000)
#define DATA	   (RAM_AT + 0x7000)
#define SOURCE	   0x0110 /* bus 1, device 2 */

#define GCMD  0x18
#define GSTS  0x1c
#define FSTS  0x34
#define FECTL 0x38
#define IQH   0x80
#define IQT   0x88
#define ICS   0x9c
#define IECTL 0xa0
#define FRCD  0x220

#define TE    0x80000000u
#define SRTP  0x40000000u
#define QIE   0x04000000u
#define IRE   0x02000000u
#define SIRTP 0x01000000u
#define CFI   0x00800000u

static _Alignas(4096) uint8_t memory[0x8000];
static struct ram ram;
static struct bus bus;
static struct iommu iommu;
static struct interrupt_message last;
static unsigned int messages, changes;

static void take_message(void *context, const struct interrupt_message *message)
{
	(void)context;
	last = *message;
	messages++;
}

static void take_change(void *context)
{
	(void)context;
	changes++;
}

static int make(void **state)
{
	const struct ram_region region = { gpa(RAM_AT), sizeof(memory), memory, false, NULL };
	const struct iommu_options options = {
		.ram = &ram,
		.send = take_message,
		.changed = take_change,
	};

	(void)state;
	memset(memory, 0, sizeof(memory));
	messages = changes = 0;
	ram = (struct ram){ .count = 0 };
	bus_init(&bus);
	iommu_init(&iommu, &options);
	return ram_add(&ram, &region, NULL) ||
	       bus_add(&bus, BUS_MEMORY, IOMMU_BASE, IOMMU_SIZE, &iommu.dev, NULL);
}

static uint64_t read(uint64_t offset, size_t size)
{
	uint64_t value = 0;

	bus_read(&bus, BUS_MEMORY, IOMMU_BASE + offset, &value, size);
	return value;
}

static void write(uint64_t offset, uint64_t value, size_t size)
{
	bus_write(&bus, BUS_MEMORY, IOMMU_BASE + offset, &value, size);
}

static void put(uint64_t address, uint64_t value)
{
	dev_store(memory + (address - RAM_AT), 8, value);
}

/* Switches on, besides those that are. */
static void command(uint32_t bits)
{
	write(GCMD, (read(GSTS, 4) & (TE | QIE | IRE | CFI)) | bits, 4);
}

/* Pages of 4 KiB, 2 MiB and 1 GiB. */
static void make_tables(void)
{
	put(ROOT + 16, CONTEXTS | 1);
	put(CONTEXTS + 0x10 * 16, TABLE | 1);
	put(CONTEXTS + 0x10 * 16 + 8, 1 | 7 << 8);
	put(TABLE, (TABLE + 0x1000) | 3);
	put(TABLE + 8, 0x40000000 | 0x80 | 3);
	put(TABLE + 0x1000, (TABLE + 0x2000) | 3);
	put(TABLE + 0x1000 + 8, 0x600000 | 0x80 | 1);
	put(TABLE + 0x2000 + 8, DATA | 3);
	put(TABLE + 0x2000 + 16, DATA | 2);
	write(0x20, ROOT, 8);
	command(SRTP);
	command(TE);
	assert_int_equal(read(GSTS, 4), SRTP | TE);
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(read(0, 4), 0x10);
	/* 39 bits (SAGAW), pages of 2 MiB and 1 GiB, one record; a queue, interrupts. */
	assert_int_equal(read(8, 8) >> 8 & 0x1f, 2);
	assert_int_equal(read(8, 8) >> 34 & 0xf, 3);
	assert_int_equal(read(8, 8) >> 40 & 0xff, 0);
	assert_int_equal((read(8, 8) >> 24 & 0x3ff) * 16, FRCD);
	assert_int_equal(read(0x10, 8) & 0xa, 0xa);
	assert_int_equal((read(0x10, 8) >> 8 & 0x3ff) * 16, 0xf0);
	assert_int_equal(read(FECTL, 4), 0x80000000);
	/* What can't be written, and in which widths nothing is. */
	write(0, 7, 4);
	write(GSTS, ~0u, 4);
	write(8, 0, 8);
	assert_int_equal(read(0, 4), 0x10);
	assert_int_equal(read(GSTS, 4), 0);
	write(0x20, 0x123456789abcdef, 8);
	assert_int_equal(read(0x20, 8), 0x123456789abc000);
	assert_int_equal(read(0x24, 4), 0x1234567);
	assert_int_equal(read(0x20, 2), 0);
	assert_int_equal(read(0x24, 8), 0);
	write(0x20, 0, 1);
	assert_int_equal(read(0x20, 8), 0x123456789abc000);
	assert_int_equal(read(0xffc, 4), 0);
	/* The table in use is that of when it was told. */
	command(SRTP);
	assert_int_equal(iommu.registers.root, 0x123456789abc000);
	write(0x20, 0, 8);
	assert_int_equal(iommu.registers.root, 0x123456789abc000);
	/* Invalidations by registers are done at once, with what was asked for (10.4.7, 10.4.8). */
	write(0x28, 0x8000000000000000 | 2ull << 61, 8);
	assert_int_equal(read(0x28, 8) >> 59, 2 << 2 | 2);
	write(0xf8, 0x8000000000000000 | 3ull << 60, 8);
	assert_int_equal(read(0xf8, 8) >> 57, 3 << 3 | 3);
}

static bool goes(uint16_t source, bool to, uint64_t address, uint64_t *physical)
{
	return iommu_translate(&iommu, source, to, address, physical);
}

static void addresses(void **state)
{
	uint64_t physical;

	(void)state;
	assert_true(goes(SOURCE, true, 0x123456789, &physical));
	assert_int_equal(physical, 0x123456789);
	make_tables();
	assert_true(goes(SOURCE, true, 0x1234, &physical));
	assert_int_equal(physical, DATA + 0x234);
	assert_true(goes(SOURCE, false, 0x3fffff, &physical));
	assert_int_equal(physical, 0x7fffff);
	assert_true(goes(SOURCE, true, 0x7fffffff, &physical));
	assert_int_equal(physical, 0x7fffffff);
	/* Pass-through. */
	put(CONTEXTS + 0x10 * 16, TABLE | 1 | 2 << 2);
	assert_true(goes(SOURCE, true, 0x5000, &physical));
	assert_int_equal(physical, 0x5000);
}

static void assert_fault(uint64_t what, uint16_t source, unsigned int reason, bool is_read)
{
	assert_int_equal(read(FSTS, 4), 2);
	assert_int_equal(read(FRCD, 8), what);
	assert_int_equal(read(FRCD + 8, 8),
			 (uint64_t)(0x80000000u | (is_read ? 0x40000000u : 0) | reason) << 32 |
				 source);
	write(FRCD + 12, 0x80000000, 4);
	assert_int_equal(read(FSTS, 4), 0);
}

static void refused_addresses(void **state)
{
	uint64_t physical;

	(void)state;
	make_tables();
	assert_false(goes(0x0210, true, 0x1000, &physical));
	assert_fault(0x1000, 0x0210, 1, false);
	assert_false(goes(0x0118, false, 0x1fff, &physical));
	assert_fault(0x1000, 0x0118, 2, true);
	assert_false(goes(SOURCE, true, 1ull << 39, &physical));
	assert_fault(1ull << 39, SOURCE, 4, false);
	assert_false(goes(SOURCE, true, 0x200000, &physical));
	assert_fault(0x200000, SOURCE, 5, false);
	assert_false(goes(SOURCE, false, 0x2000, &physical));
	assert_fault(0x2000, SOURCE, 6, true);
	put(TABLE + 16, 0xdead000 | 3);
	assert_false(goes(SOURCE, true, 0x80000000, &physical));
	assert_fault(0x80000000, SOURCE, 7, false);
	/* Four levels, which there are not; a device TLB, likewise. */
	put(CONTEXTS + 0x10 * 16 + 8, 2);
	assert_false(goes(SOURCE, true, 0x1000, &physical));
	assert_fault(0x1000, SOURCE, 3, false);
	put(CONTEXTS + 0x10 * 16 + 8, 1);
	put(CONTEXTS + 0x10 * 16, TABLE | 1 | 1 << 2);
	assert_false(goes(SOURCE, true, 0x1000, &physical));
	assert_fault(0x1000, SOURCE, 3, false);
	put(ROOT + 16, 0xdead000 | 1);
	assert_false(goes(SOURCE, true, 0x1000, &physical));
	assert_fault(0x1000, SOURCE, 9, false);
	write(0x20, 0xdead000, 8);
	command(SRTP);
	assert_false(goes(SOURCE, true, 0x1000, &physical));
	assert_fault(0x1000, SOURCE, 8, false);
}

/* 7.1 and 7.3. */
static void faults_are_told(void **state)
{
	uint64_t physical;

	(void)state;
	make_tables();
	write(FECTL + 4, 0x45, 4);
	write(FECTL + 8, 0xfee01000, 4);
	assert_false(goes(0x0118, true, 0x1000, &physical));
	assert_int_equal(messages, 0);
	assert_int_equal(read(FECTL, 4), 0xc0000000);
	write(FECTL, 0, 4);
	assert_int_equal(messages, 1);
	assert_int_equal(last.address, 0xfee01000);
	assert_int_equal(last.data, 0x45);
	assert_int_equal(read(FECTL, 4), 0);
	/* The record keeps the first; more is told by a bit, and interrupts no more. */
	assert_false(goes(0x0118, true, 0x2000, &physical));
	assert_int_equal(read(FSTS, 4), 3);
	assert_int_equal(read(FRCD, 8), 0x1000);
	assert_int_equal(messages, 1);
	write(FRCD + 12, 0x80000000, 4);
	assert_int_equal(read(FSTS, 4), 1);
	write(FSTS, 1, 4);
	assert_int_equal(read(FSTS, 4), 0);
	assert_false(goes(0x0118, true, 0x2000, &physical));
	assert_int_equal(messages, 2);
	write(FRCD + 12, 0x80000000, 4);
	/* The context's entry says that it is not to be told. */
	put(CONTEXTS + 0x10 * 16, TABLE | 3);
	assert_false(goes(SOURCE, false, 0x2000, &physical));
	assert_int_equal(read(FSTS, 4), 0);
	assert_int_equal(messages, 2);
}

static const struct interrupt_message compatible = { 0xfee01000, 0x4045 };

static struct interrupt_message message_of(uint32_t index)
{
	return (struct interrupt_message){ 0xfee00010 | (index & 0x7fff) << 5 | (index >> 15) << 2,
					   0 };
}

static void interrupts(void **state)
{
	struct interrupt_message message, remapped;

	(void)state;
	assert_true(iommu_remap(&iommu, SOURCE, &compatible, &remapped));
	assert_int_equal(remapped.address, compatible.address);
	/* A table of 256. Entry 3: vector 0x66, lowest priority, logical, redirected, by level, to 0x12. */
	write(0xb8, INTERRUPTS | 7, 8);
	command(SIRTP);
	command(IRE);
	assert_int_equal(changes, 2);
	put(INTERRUPTS + 3 * 16, 1 | 4 | 8 | 0x10 | 1 << 5 | 0x66 << 16 | 0x12ull << 40);
	put(INTERRUPTS + 3 * 16 + 8, 0);
	message = message_of(3);
	assert_true(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_int_equal(remapped.address, 0xfee1200c);
	assert_int_equal(remapped.data, 0xc166);
	assert_true(iommu_would_remap(&iommu, IOMMU_NO_SOURCE, &message, &remapped));
	/* A subhandle counts if the address says so. */
	message = message_of(1);
	message.data = 2;
	assert_false(iommu_would_remap(&iommu, SOURCE, &message, &remapped));
	message.address |= 8;
	assert_true(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_int_equal(read(FSTS, 4), 0);
}

static void refused_interrupts(void **state)
{
	struct interrupt_message message, remapped;

	(void)state;
	write(0xb8, INTERRUPTS | 7, 8);
	command(SIRTP);
	command(IRE);
	/* 5.1.4: those of old form only where that is allowed. */
	assert_false(iommu_remap(&iommu, SOURCE, &compatible, &remapped));
	assert_fault(0, SOURCE, 0x25, false);
	command(CFI);
	assert_true(iommu_remap(&iommu, SOURCE, &compatible, &remapped));
	message = message_of(256);
	assert_false(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_fault(256ull << 48, SOURCE, 0x21, false);
	message = message_of(0x8003);
	assert_false(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_fault(0x8003ull << 48, SOURCE, 0x21, false);
	message = message_of(5);
	assert_false(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_fault(5ull << 48, SOURCE, 0x22, false);
	/* Not to be told. */
	put(INTERRUPTS + 5 * 16, 2);
	assert_false(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_int_equal(read(FSTS, 4), 0);
	/* A posted one. */
	put(INTERRUPTS + 5 * 16, 1 | 1 << 15);
	assert_false(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_fault(5ull << 48, SOURCE, 0x24, false);
	assert_false(iommu_would_remap(&iommu, SOURCE, &message, &remapped));
	assert_int_equal(read(FSTS, 4), 0);
	write(0xb8, 0xdead000 | 7, 8);
	command(SIRTP);
	assert_false(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_fault(5ull << 48, SOURCE, 0x23, false);
}

/* 9.10, SVT and SQ. */
static void sources_are_verified(void **state)
{
	static const struct {
		uint64_t entry;
		uint16_t good, bad;
	} rows[] = {
		{ 1 << 18 | 0x0110, 0x0110, 0x0111 },
		{ 1 << 18 | 1 << 16 | 0x0110, 0x0114, 0x0112 },
		{ 1 << 18 | 2 << 16 | 0x0110, 0x0116, 0x0111 },
		{ 1 << 18 | 3 << 16 | 0x0110, 0x0117, 0x0118 },
		{ 2 << 18 | 0x0204, 0x04ff, 0x0500 },
		{ 2 << 18 | 0x0204, 0x0200, 0x01ff },
	};
	struct interrupt_message message = message_of(0), remapped;
	unsigned int i;

	(void)state;
	write(0xb8, INTERRUPTS, 8);
	command(SIRTP);
	command(IRE);
	put(INTERRUPTS, 1 | 0x45 << 16);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(INTERRUPTS + 8, rows[i].entry);
		assert_true(iommu_remap(&iommu, rows[i].good, &message, &remapped));
		assert_false(iommu_remap(&iommu, rows[i].bad, &message, &remapped));
		assert_fault(0, rows[i].bad, 0x26, false);
		/* An I/O APIC's has none. */
		assert_true(iommu_remap(&iommu, IOMMU_NO_SOURCE, &message, &remapped));
	}
	put(INTERRUPTS + 8, 3 << 18);
	assert_false(iommu_remap(&iommu, SOURCE, &message, &remapped));
	assert_fault(0, SOURCE, 0x24, false);
}

static void queue(void **state)
{
	unsigned int i, before;

	(void)state;
	write(0x90, QUEUE, 8);
	/* What is written before the queue is on waits for that. */
	put(QUEUE, 1);
	put(QUEUE + 0x10, 2);
	put(QUEUE + 0x20, 4);
	put(QUEUE + 0x30, 5 | 0x20 | 0x1234ull << 32);
	put(QUEUE + 0x38, DATA | 3);
	write(IQT, 0x40, 4);
	assert_int_equal(read(IQH, 4), 0);
	before = changes;
	command(QIE);
	assert_int_equal(read(IQH, 4), 0x40);
	assert_int_equal(changes, before + 1);
	assert_int_equal(dev_load(memory + (DATA - RAM_AT), 8), 0x1234);
	/* With an interrupt, which comes once until it is acknowledged (6.5.2.8). */
	write(IECTL + 4, 0x46, 4);
	write(IECTL + 8, 0xfee00000, 4);
	write(IECTL, 0, 4);
	put(QUEUE + 0x40, 5 | 0x10);
	put(QUEUE + 0x50, 5 | 0x10);
	write(IQT, 0x60, 4);
	assert_int_equal(messages, 1);
	assert_int_equal(last.data, 0x46);
	assert_int_equal(read(ICS, 4), 1);
	write(ICS, 1, 4);
	assert_int_equal(read(ICS, 4), 0);
	/* All around. */
	for (i = 0x60; i < 0x1000; i += 0x10)
		put(QUEUE + i, 1);
	write(IQT, 0x10, 4);
	assert_int_equal(read(IQH, 4), 0x10);
	/* One that is none: it stops there, and goes on when that is cleared. */
	put(QUEUE + 0x10, 0xe);
	put(QUEUE + 0x20, 1);
	write(IQT, 0x30, 4);
	assert_int_equal(read(IQH, 4), 0x10);
	assert_int_equal(read(FSTS, 4), 0x10);
	put(QUEUE + 0x10, 1);
	write(FSTS, 0x10, 4);
	assert_int_equal(read(IQH, 4), 0x30);
	assert_int_equal(read(FSTS, 4), 0);
	/* A tail beyond the queue; a wait that writes to nowhere; no memory. */
	write(IQT, 0x1000, 4);
	assert_int_equal(read(FSTS, 4), 0x10);
	put(QUEUE + 0x30, 5 | 0x20);
	put(QUEUE + 0x38, 0xdead000);
	write(IQT, 0x40, 4);
	write(FSTS, 0x10, 4);
	assert_int_equal(read(FSTS, 4), 0x10);
	assert_int_equal(read(IQH, 4), 0x30);
	write(0x90, 0xdead000, 8);
	write(FSTS, 0x10, 4);
	assert_int_equal(read(FSTS, 4), 0x10);
}

static void snapshot(void **state)
{
	static uint8_t saved[sizeof(struct iommu_registers)];
	uint64_t physical;
	unsigned int before;

	(void)state;
	make_tables();
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	bus_save(&bus, saved);
	bus_reset(&bus);
	assert_int_equal(read(GSTS, 4), 0);
	assert_true(goes(0, true, 0x1000, &physical));
	before = changes;
	bus_restore(&bus, saved);
	assert_int_equal(changes, before + 1);
	assert_true(goes(SOURCE, true, 0x1000, &physical));
	assert_int_equal(physical, DATA);
	/* Anything: no more than what the guest could do, and it ends. */
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	assert_int_equal(read(0, 4), 0x10);
	assert_int_equal(read(GSTS, 4), TE | SRTP | QIE | IRE | SIRTP | CFI);
	assert_false(goes(SOURCE, true, 0x1000, &physical));
	write(FSTS, ~0u, 4);
	memset(saved, 0x01, sizeof(saved));
	bus_restore(&bus, saved);
	write(IQT, 0x40, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, make),
		cmocka_unit_test_setup(addresses, make),
		cmocka_unit_test_setup(refused_addresses, make),
		cmocka_unit_test_setup(faults_are_told, make),
		cmocka_unit_test_setup(interrupts, make),
		cmocka_unit_test_setup(refused_interrupts, make),
		cmocka_unit_test_setup(sources_are_verified, make),
		cmocka_unit_test_setup(queue, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
