/* SPDX-License-Identifier: MIT */
/*
 * The rest of a PC on a real KVM: interrupts arrive at its interrupt controllers, and a guest that asks for
 * a reset, for sleep or for power-off gets it. The guest does, one after another, the accesses that the
 * test has written down for it.
 */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IOAPIC 0xfec00000ull
#define HPET   0xfed00000ull
#define LAPIC  0xfee00000ull

#define RTC    0x70
#define PM     0xb000
#define FW_CFG 0x510

/* What the guest does: by ports with that many bytes, by memory with four; waits while it reads that. */
enum { END, OUT1, OUT2, OUT4, IN1, IN2, IN4, WRITE, READ, WAIT };

static struct access {
	uint32_t kind, value;
	uint64_t address;
} script[128];
static unsigned int script_size;

GUEST(accesses, "mov $" DATA_TEXT ", %ebx\n"
		"1: mov (%rbx), %ecx\n"
		"mov 4(%rbx), %eax\n"
		"mov 8(%rbx), %rdx\n"
		"test %ecx, %ecx\n jz 9f\n"
		"dec %ecx\n jz 11f\n dec %ecx\n jz 12f\n dec %ecx\n jz 13f\n"
		"dec %ecx\n jz 14f\n dec %ecx\n jz 15f\n dec %ecx\n jz 16f\n"
		"dec %ecx\n jz 17f\n dec %ecx\n jz 18f\n"
		"19: cmp %eax, (%rdx)\n je 19b\n"
		"2: add $16, %rbx\n jmp 1b\n"
		"11: out %al, %dx\n jmp 2b\n"
		"12: out %ax, %dx\n jmp 2b\n"
		"13: out %eax, %dx\n jmp 2b\n"
		"14: xor %eax, %eax\n in %dx, %al\n jmp 3f\n"
		"15: xor %eax, %eax\n in %dx, %ax\n jmp 3f\n"
		"16: in %dx, %eax\n jmp 3f\n"
		"17: mov %eax, (%rdx)\n jmp 2b\n"
		"18: mov (%rdx), %eax\n"
		"3: mov %eax, 4(%rbx)\n jmp 2b\n"
		"9: xor %eax, %eax\n out %eax, $0xf4\n hlt\n");

static unsigned int add(uint32_t kind, uint64_t address, uint32_t value)
{
	assert_uint_in_range(script_size, 0, sizeof(script) / sizeof(*script) - 2);
	script[script_size] = (struct access){ kind, value, address };
	return script_size++;
}

/* A byte of the CMOS. */
static void cmos(uint8_t index, uint8_t value)
{
	add(OUT2, RTC, (uint32_t)(index | value << 8));
}

static unsigned int read_cmos(uint8_t index)
{
	add(OUT1, RTC, index);
	return add(IN1, RTC + 1, 0);
}

/* Run the script, and begin another one. Returns how it ended. */
static struct r0_vm_outcome run_script(struct r0_vm *vm)
{
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;

	script[script_size] = (struct access){ 0 };
	check(r0_vm_write(vm, DATA, script, sizeof(script), &error), &error);
	outcome = run(vm);
	check(r0_vm_read(vm, DATA, script, sizeof(script), &error), &error);
	script_size = 0;
	return outcome;
}

static void run_to_the_end(struct r0_vm *vm)
{
	struct r0_vm_outcome outcome = run_script(vm);

	if (outcome.end != R0_VM_STATUS)
		fail_msg("%s", outcome.reason);
}

/* Whose the interrupt controllers are. */
static bool split;

static int with_split(void **state)
{
	(void)state;
	split = true;
	return 0;
}

static int without_split(void **state)
{
	(void)state;
	split = false;
	return 0;
}

static struct r0_vm *boot_pc(bool test_devices)
{
	const struct r0_vm_options options = {
		.cpus = 2,
		.irqchip = true,
		.pit = true,
		.split_irqchip = split,
		.pc = true,
		.test_devices = test_devices,
	};

	script_size = 0;
	return BOOT(&options, accesses);
}

/* Route an input of the I/O APIC to a vector of the first CPU, which takes none: IF is 0. */
static void route(uint32_t input, uint32_t vector, bool by_level)
{
	add(WRITE, LAPIC + 0xf0, 0x1ff);
	add(WRITE, IOAPIC, 0x10 + 2 * input + 1);
	add(WRITE, IOAPIC + 0x10, 0);
	add(WRITE, IOAPIC, 0x10 + 2 * input);
	add(WRITE, IOAPIC + 0x10, (uint32_t)by_level << 15 | vector);
}

/* Where the local APIC says that a vector waits, and as which bit. */
static uint64_t irr(uint32_t vector)
{
	return LAPIC + 0x200 + (uint64_t)(vector / 32) * 0x10;
}

static void clocks_interrupt(void **state)
{
	struct r0_vm *vm = boot_pc(false);
	unsigned int c, alone;

	(void)state;
	/* The real-time clock, 1024 times a second, by edge. */
	route(8, 0x45, false);
	cmos(10, 0x26);
	cmos(11, 0x42);
	add(WAIT, irr(0x45), 0);
	c = read_cmos(12);
	/* The HPET's timer 2, in 100000 ticks, at input 16 by level. */
	route(16, 0x66, true);
	add(WRITE, HPET + 0x140, 16 << 9 | 1 << 2 | 1 << 1);
	add(WRITE, HPET + 0x144, 0);
	add(WRITE, HPET + 0x148, 100000);
	add(WRITE, HPET + 0x14c, 0);
	add(WRITE, HPET + 0x10, 1);
	add(WAIT, irr(0x66), 0);
	alone = add(READ, irr(0x66), 0);
	run_to_the_end(vm);
	assert_int_equal(script[c].value & 0xc0, 0xc0);
	assert_int_equal(script[alone].value, 1u << (0x66 % 32));
	r0_vm_destroy(vm);
}

/* With it the HPET's timer 0 has the PIT's place, at input 2, and the real-time clock has none. */
static void legacy_replacement(void **state)
{
	struct r0_vm *vm = boot_pc(false);
	unsigned int waits;

	(void)state;
	route(2, 0x45, false);
	route(8, 0x66, false);
	add(WRITE, HPET + 0x10, 3);
	cmos(10, 0x26);
	cmos(11, 0x42);
	/* One interrupt, 1 ms from now, for which the PIT is not needed. */
	add(WRITE, HPET + 0x108, 0xfffffff);
	add(WRITE, HPET + 0x10c, 0);
	add(WRITE, HPET + 0x100, 1 << 2);
	add(WRITE, HPET + 0x10, 2);
	add(WRITE, HPET + 0xf0, 0xfffffff - 100000);
	add(WRITE, HPET + 0xf4, 0);
	add(WRITE, HPET + 0x10, 3);
	add(WAIT, irr(0x45), 0);
	waits = add(READ, irr(0x66), 0);
	run_to_the_end(vm);
	assert_int_equal(script[waits].value, 0);
	r0_vm_destroy(vm);
}

static void firmware_configuration(void **state)
{
	static const char text[] = "what the guest asks for";
	const struct r0_vm_file file = { "opt/text", text, sizeof(text) };
	const struct r0_vm_options options = {
		.cpus = 2,
		.irqchip = true,
		.pc = true,
		.memory = 20 << 20,
		.files = &file,
		.file_count = 1,
	};
	struct r0_vm *vm = BOOT(&options, accesses);
	unsigned int cpus, size, first, map, above_16_mib;

	(void)state;
	script_size = 0;
	add(OUT2, FW_CFG, 5);
	cpus = add(IN1, FW_CFG + 1, 0);
	add(OUT2, FW_CFG, 3);
	for (size = add(IN1, FW_CFG + 1, 0); script_size < size + 4;)
		add(IN1, FW_CFG + 1, 0);
	add(OUT2, FW_CFG, 0x20);
	first = add(IN1, FW_CFG + 1, 0);
	add(IN1, FW_CFG + 1, 0);
	above_16_mib = read_cmos(0x34);
	/* etc/e820, behind it: 20 MiB of memory from 0 on. */
	add(OUT2, FW_CFG, 0x21);
	for (map = add(IN1, FW_CFG + 1, 0); script_size < map + 20;)
		add(IN1, FW_CFG + 1, 0);
	run_to_the_end(vm);
	assert_int_equal(script[map].value, 0);
	assert_int_equal(script[map + 10].value | script[map + 11].value << 8, (20 << 20) >> 16);
	assert_int_equal(script[map + 16].value, 1);
	assert_int_equal(script[cpus].value, 2);
	assert_int_equal(script[size + 2].value | script[size + 3].value << 8, (20 << 20) >> 16);
	assert_int_equal(script[first].value, 'w');
	assert_int_equal(script[first + 1].value, 'h');
	assert_int_equal(script[above_16_mib].value, (4 << 20) >> 16);
	r0_vm_destroy(vm);
}

static void files_need_a_pc(void **state)
{
	const struct r0_vm_file file = { "opt/text", "", 0 };
	const struct r0_vm_options options = { .files = &file, .file_count = 1 };
	struct r0_error error = { "" };
	struct r0_vm *vm;

	(void)state;
	/* Does not return without a KVM. */
	r0_vm_destroy(BOOT(NULL, accesses));
	assert_fails(r0_vm_create(&vm, &options, &error), EINVAL, &error, ".pc");
}

static void test_devices(void **state)
{
	struct r0_vm *vm = boot_pc(true);
	unsigned int waits, vendor, width, after, memory, quiet;

	(void)state;
	route(11, 0x45, true);
	quiet = add(READ, irr(0x45), 0);
	add(OUT4, 0x200b, 1);
	waits = add(READ, irr(0x45), 0);
	add(OUT4, 0x200b, 0);
	/* A page that is written before and after its translation is made anew. */
	add(WRITE, 0x300000, 0x12345678);
	add(OUT4, 0xe4, 0x300000);
	after = add(READ, 0x300000, 0);
	add(WRITE, 0x300004, 0x9abcdef0);
	add(OUT4, 0xe4, 0x300000);
	/* Where there is no memory, nothing happens. */
	add(OUT4, 0xe4, 0xfffff000);
	memory = add(READ, 0xff000ffc, 0);
	add(WRITE, 0xff000ffc, 7);
	add(READ, 0xff000ffc, 0);
	add(OUT4, 0xcf8, 0x80000800);
	vendor = add(IN4, 0xcfc, 0);
	add(OUT1, 0xc000, 0);
	width = add(IN1, 0xc001, 0);
	run_to_the_end(vm);
	assert_int_equal(script[quiet].value, 0);
	assert_int_equal(script[waits].value, 1u << (0x45 % 32));
	assert_int_equal(script[after].value, 0x12345678);
	assert_int_equal(read32(vm, 0x300004), 0x9abcdef0);
	assert_int_equal(script[memory].value, 0);
	assert_int_equal(script[memory + 2].value, 7);
	assert_int_equal(script[vendor].value, 0x00051b36);
	assert_int_equal(script[width].value, 1);
	r0_vm_destroy(vm);
}

/* The PCI device for education, at device 2. */
#define EDU 0xe0100000ull

static void pci_config(uint32_t offset, uint32_t value)
{
	add(OUT4, 0xcf8, 0x80001000 | offset);
	add(OUT4, 0xcfc, value);
}

static void copy_by_edu(uint32_t from, uint32_t to, uint32_t command)
{
	add(WRITE, EDU + 0x80, from);
	add(WRITE, EDU + 0x88, to);
	add(WRITE, EDU + 0x90, 4);
	add(WRITE, EDU + 0x98, command);
}

/* Its line, which is that of all of PCI; messages; its accesses to memory. */
static void pci_interrupts(void **state)
{
	struct r0_vm *vm = boot_pc(true);
	unsigned int quiet, identity, copied;

	(void)state;
	pci_config(4, 6);
	identity = add(READ, EDU, 0);
	route(10, 0x45, true);
	quiet = add(READ, irr(0x45), 0);
	add(WRITE, EDU + 0x60, 1);
	add(WAIT, irr(0x45), 0);
	add(WRITE, EDU + 0x64, 1);
	pci_config(0x44, 0xfee00000);
	pci_config(0x4c, 0x4071);
	pci_config(0x40, 0x00010000);
	add(WRITE, EDU + 0x60, 2);
	add(WAIT, irr(0x71), 0);
	add(WRITE, 0x300000, 0x12345678);
	copy_by_edu(0x300000, 0x40010, 1);
	copy_by_edu(0x40010, 0x300100, 3);
	copied = add(READ, 0x300100, 0);
	run_to_the_end(vm);
	assert_int_equal(script[identity].value, 0x010000ed);
	assert_int_equal(script[quiet].value, 0);
	assert_int_equal(script[copied].value, 0x12345678);
	r0_vm_destroy(vm);
}

#define IOMMU	     0xfed90000ull
#define IOMMU_TABLES 0x310000ull /* root, contexts, three levels, interrupts: a page each */

static void put(struct r0_vm *vm, uint64_t address, uint64_t value)
{
	struct r0_error error = { "" };

	check(r0_vm_write(vm, address, &value, sizeof(value), &error), &error);
}

/* Page 0 of what the device sees is at 0x300000; interrupt 1 is vector 0x81, 2 is 0xa1 and the device's alone. */
static void make_iommu_tables(struct r0_vm *vm)
{
	put(vm, IOMMU_TABLES, (IOMMU_TABLES + 0x1000) | 1);
	put(vm, IOMMU_TABLES + 0x1000 + 0x10 * 16, (IOMMU_TABLES + 0x2000) | 1);
	put(vm, IOMMU_TABLES + 0x1000 + 0x10 * 16 + 8, 1);
	put(vm, IOMMU_TABLES + 0x2000, (IOMMU_TABLES + 0x3000) | 3);
	put(vm, IOMMU_TABLES + 0x3000, (IOMMU_TABLES + 0x4000) | 3);
	put(vm, IOMMU_TABLES + 0x4000, 0x300000 | 3);
	put(vm, IOMMU_TABLES + 0x5000 + 16, 0x81 << 16 | 0x10 | 1);
	put(vm, IOMMU_TABLES + 0x5000 + 32, 0xa1 << 16 | 1);
	put(vm, IOMMU_TABLES + 0x5000 + 40, 1 << 18 | 0x10);
}

static void iommu(void **state)
{
	const struct r0_vm_options options = {
		.irqchip = true,
		.split_irqchip = true,
		.pc = true,
		.iommu = true,
		.test_devices = true,
	};
	struct r0_vm *vm;
	unsigned int copied, refused, why;

	(void)state;
	script_size = 0;
	vm = BOOT(&options, accesses);
	make_iommu_tables(vm);
	pci_config(4, 6);
	add(WRITE, IOMMU + 0x20, (uint32_t)IOMMU_TABLES);
	add(WRITE, IOMMU + 0x18, 0x40000000);
	add(WRITE, IOMMU + 0xb8, (uint32_t)IOMMU_TABLES + 0x5000 + 1);
	add(WRITE, IOMMU + 0x18, 0x01000000);
	add(WRITE, IOMMU + 0x18, 0x82000000);
	add(WRITE, 0x300000, 0x12345678);
	copy_by_edu(0, 0x40010, 1);
	copy_by_edu(0x40010, 0x100, 3);
	copied = add(READ, 0x300100, 0);
	/* The I/O APIC's input 10, by level, in the form that is remapped. */
	add(WRITE, LAPIC + 0xf0, 0x1ff);
	add(WRITE, IOAPIC, 0x10 + 2 * 10 + 1);
	add(WRITE, IOAPIC + 0x10, 1 << 17 | 1 << 16);
	add(WRITE, IOAPIC, 0x10 + 2 * 10);
	add(WRITE, IOAPIC + 0x10, 0x8081);
	add(WRITE, EDU + 0x60, 1);
	add(WAIT, irr(0x81), 0);
	add(WRITE, EDU + 0x64, 1);
	/* A message; and what is not in the tables, which is told. */
	pci_config(0x44, 0xfee00010 | 2 << 5);
	pci_config(0x40, 0x00010000);
	add(WRITE, EDU + 0x60, 2);
	add(WAIT, irr(0xa1), 0);
	add(WRITE, EDU + 0x64, 2);
	copy_by_edu(0x40010, 0x5000, 3);
	refused = add(READ, IOMMU + 0x34, 0);
	why = add(READ, IOMMU + 0x22c, 0);
	run_to_the_end(vm);
	assert_int_equal(script[copied].value, 0x12345678);
	assert_int_equal(script[refused].value, 2);
	assert_int_equal(script[why].value, 0x80000005);
	r0_vm_destroy(vm);
}

static void iommu_needs_split(void **state)
{
	const struct r0_vm_options options = { .irqchip = true, .pc = true, .iommu = true };
	struct r0_error error = { "" };
	struct r0_vm *vm;

	(void)state;
	r0_vm_destroy(BOOT(NULL, accesses));
	assert_fails(r0_vm_create(&vm, &options, &error), EINVAL, &error, "split_irqchip");
}

static void power_off(void **state)
{
	static const struct {
		uint32_t kind, value;
		uint64_t port;
	} ways[] = {
		{ OUT2, 0x2000, PM + 4 },
		{ OUT2, 0x2000, 0x604 },
		{ OUT1, 0x34, 0x600 },
		{ OUT2, 0x3400, 0x4004 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct r0_vm *vm = boot_pc(false);
		struct r0_vm_outcome outcome;

		add(ways[i].kind, ways[i].port, ways[i].value);
		outcome = run_script(vm);
		assert_int_equal(outcome.end, R0_VM_POWER_OFF);
		assert_int_equal(outcome.exit_code, 0);
		assert_string_equal(outcome.reason, "the guest powered the machine off");
		r0_vm_destroy(vm);
	}
}

static struct r0_vm_entry reset(struct r0_vm *vm)
{
	struct r0_error error = { "" };
	struct r0_vm_entry entry;

	check(r0_vm_reset(vm, 0, &entry, &error), &error);
	return entry;
}

/* Where a machine is reset, memory and CMOS stay, and nothing else. */
static void reset_of_the_machine(void **state)
{
	struct r0_vm *vm = boot_pc(true);
	unsigned int enable, kept, port, redirection, times;

	(void)state;
	for (times = 0; times < 3; times++) {
		add(OUT2, PM + 2, 0x400);
		add(OUT4, 0xe0, 0x12345678);
		add(WRITE, 0x300000, 0x1111 * times);
		cmos(0x40, 0x99);
		route(11, 0x45, true);
		add(OUT4, 0x200b, 1);
		add(OUT1, 0xcf9, 2);
		add(OUT1, 0xcf9, 6);
		assert_int_equal(run_script(vm).end, R0_VM_RESET);
		assert_int_equal(reset(vm).mode, R0_VM_MODE_RESET);
		enter(vm, 0, CODE);
		enable = add(IN2, PM + 2, 0);
		port = add(IN4, 0xe0, 0);
		kept = read_cmos(0x40);
		add(WRITE, IOAPIC, 0x10 + 2 * 11);
		redirection = add(READ, IOAPIC + 0x10, 0);
		run_to_the_end(vm);
		assert_int_equal(script[enable].value, 0);
		assert_int_equal(script[port].value, 0);
		assert_int_equal(script[kept].value, 0x99);
		assert_int_equal(script[redirection].value, 0x10000);
		assert_int_equal(read32(vm, 0x300000), 0x1111 * times);
		/* One that ended otherwise can be reset as well. */
		reset(vm);
		enter(vm, 0, CODE);
	}
	r0_vm_destroy(vm);
}

/* One of the CPUs alone leaves devices as they are, and goes on where the CMOS says. */
static void reset_of_the_cpus(void **state)
{
	static const uint8_t code[] = {
		0xb8, 0x2a, 0x00, /* mov $42, %ax */
		0xe7, 0xf4,	  /* out %ax, $0xf4 */
		0xf4,		  /* hlt */
	};
	struct r0_vm *vm = boot_pc(true);
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;
	struct r0_vm_entry entry;
	unsigned int i;

	(void)state;
	check(r0_vm_write(vm, 0x8010, code, sizeof(code), &error), &error);
	for (i = 0; i < 2; i++) {
		add(OUT4, 0xe0, 0x12345678);
		add(WRITE, 0x467 - 3, 0x10000000);
		add(WRITE, 0x467 + 1, i ? 0x00080000 : 0x00000080);
		cmos(0x0f, i ? 0x0a : 0x05);
		/* CS:IP is 0:0x8010 one way, and 0x800:0x10 the other. */
		if (i)
			add(OUT1, 0x92, 3);
		else
			add(OUT1, 0x64, 0xfe);
		outcome = run_script(vm);
		assert_int_equal(outcome.end, R0_VM_RESET);
		entry = reset(vm);
		assert_int_equal(entry.mode, R0_VM_MODE_REAL);
		assert_int_equal(entry.cs, i ? 0x800 : 0);
		assert_int_equal(entry.ip, 0x8010);
		check(r0_vm_enter(vm, 0, &entry, &error), &error);
		outcome = run(vm);
		if (outcome.end != R0_VM_STATUS)
			fail_msg("%s", outcome.reason);
		assert_int_equal(outcome.status, 42);
		cmos(0x0f, 0);
		reset(vm);
		enter(vm, 0, CODE);
	}
	r0_vm_destroy(vm);
}

static void sleep_and_wake(void **state)
{
	struct r0_vm *vm = boot_pc(false);
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;
	struct r0_vm_entry entry;
	unsigned int woken, status;

	(void)state;
	/* An alarm at each second, which is to wake it. */
	add(OUT2, PM + 2, 0x400);
	read_cmos(12);
	cmos(1, 0xc0);
	cmos(3, 0xc0);
	cmos(5, 0xc0);
	cmos(11, 0x22);
	add(OUT2, PM, 0x400);
	add(OUT2, PM + 4, 0x2400);
	outcome = run_script(vm);
	assert_int_equal(outcome.end, R0_VM_SLEEP);
	check(r0_vm_reset(vm, -1, &entry, &error), &error);
	/* There are no tables with a waking vector. */
	assert_int_equal(entry.mode, R0_VM_MODE_RESET);
	enter(vm, 0, CODE);
	woken = add(IN2, PM, 0);
	status = read_cmos(0x0f);
	run_to_the_end(vm);
	assert_int_equal(script[woken].value, 0x8400);
	assert_int_equal(script[status].value, 0xfe);
	r0_vm_destroy(vm);
}

/* At the address that the guest has put into the FACS. */
static void wake_by_the_waking_vector(void **state)
{
	static const uint8_t code[] = {
		0x8c, 0xc8, /* mov %cs, %ax */
		0xe7, 0xf4, /* out %ax, $0xf4 */
		0xf4,	    /* hlt */
	};
	struct r0_vm *vm = boot_pc(false);
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;
	struct r0_vm_entry entry;
	uint64_t rsdp, facs;

	(void)state;
	check(r0_vm_acpi(vm, &rsdp, &error), &error);
	assert_int_equal(read32(vm, rsdp), 0x20445352); /* "RSD " */
	for (facs = 0xe0000; read32(vm, facs) != 0x53434146; facs += 64)
		assert_true(facs < 0x100000);
	check(r0_vm_write(vm, 0x9010, code, sizeof(code), &error), &error);
	add(WRITE, facs + 12, 0x9010);
	add(OUT2, PM + 2, 0x400);
	read_cmos(12);
	cmos(1, 0xc0);
	cmos(3, 0xc0);
	cmos(5, 0xc0);
	cmos(11, 0x22);
	add(OUT2, PM, 0x400);
	add(OUT2, PM + 4, 0x2400);
	assert_int_equal(run_script(vm).end, R0_VM_SLEEP);
	check(r0_vm_reset(vm, -1, &entry, &error), &error);
	assert_int_equal(entry.mode, R0_VM_MODE_REAL);
	check(r0_vm_enter(vm, 0, &entry, &error), &error);
	outcome = run(vm);
	if (outcome.end != R0_VM_STATUS)
		fail_msg("%s", outcome.reason);
	/* ACPI 6.5, 5.2.10: CS is the vector without its lower four bits. */
	assert_int_equal(outcome.status, 0x901);
	r0_vm_destroy(vm);
}

/* CPUID.1:ECX bit 31 as the status. */
GUEST(in_a_vm, "mov $1, %eax\n"
	       "cpuid\n"
	       "shr $31, %ecx\n"
	       "mov %ecx, %eax\n"
	       "out %eax, $0xf4\n");

static void a_pc_says_that_it_is_a_vm(void **state)
{
	const struct r0_vm_options pc = { .irqchip = true, .pc = true };
	struct r0_vm *vm = BOOT(&pc, in_a_vm);

	(void)state;
	assert_int_equal(run(vm).status, 1);
	r0_vm_destroy(vm);
	vm = BOOT(NULL, in_a_vm);
	assert_int_equal(run(vm).status, 0);
	r0_vm_destroy(vm);
}

static void tables_need_a_pc(void **state)
{
	struct r0_vm *vm = BOOT(NULL, accesses);
	const struct r0_vm_options small = { .pc = true, .memory = 512 << 10 };
	struct r0_error error = { "" };

	(void)state;
	assert_fails(r0_vm_acpi(vm, NULL, &error), ENOTSUP, &error, ".pc");
	r0_vm_destroy(vm);
	vm = BOOT(&small, accesses);
	assert_fails(r0_vm_acpi(vm, NULL, &error), EINVAL, &error, "1 MiB");
	r0_vm_destroy(vm);
}

static void sleep_without_end(void **state)
{
	struct r0_vm *vm = boot_pc(false);
	struct r0_error error = { "" };
	struct r0_vm_entry entry;

	(void)state;
	add(OUT2, PM + 4, 0x2400);
	assert_int_equal(run_script(vm).end, R0_VM_SLEEP);
	assert_fails(r0_vm_reset(vm, -1, &entry, &error), EDEADLK, &error, "nothing");
	r0_vm_destroy(vm);
	/* An alarm that is a day away: at the last second of the one that begins now. */
	vm = boot_pc(false);
	add(OUT2, PM + 2, 0x400);
	cmos(11, 0x86);
	cmos(4, 0);
	cmos(2, 0);
	cmos(0, 0);
	cmos(5, 23);
	cmos(3, 59);
	cmos(1, 59);
	cmos(11, 0x26);
	read_cmos(12);
	add(OUT2, PM, 0x400);
	add(OUT2, PM + 4, 0x2400);
	assert_int_equal(run_script(vm).end, R0_VM_SLEEP);
	assert_fails(r0_vm_reset(vm, 5, &entry, &error), ETIMEDOUT, &error, "still sleeps");
	assert_fails(r0_vm_reset(vm, 0, &entry, &error), ETIMEDOUT, &error, "still sleeps");
	r0_vm_destroy(vm);
}

static void what_can_not_be_reset(void **state)
{
	struct r0_vm *vm = BOOT(NULL, accesses);
	struct r0_error error = { "" };
	struct r0_vm_entry entry;

	(void)state;
	/* One without a PC's devices can be, as well. */
	script_size = 0;
	run_to_the_end(vm);
	assert_int_equal(reset(vm).mode, R0_VM_MODE_RESET);
	enter(vm, 0, CODE);
	run_to_the_end(vm);
	r0_vm_destroy(vm);
	vm = boot_pc(false);
	add(WAIT, 0x300000, 0);
	script[script_size] = (struct access){ 0 };
	check(r0_vm_write(vm, DATA, script, sizeof(script), &error), &error);
	start(vm);
	assert_fails(r0_vm_reset(vm, 0, &entry, &error), EBUSY, &error, "freeze");
	freeze(vm);
	assert_fails(r0_vm_reset(vm, 0, &entry, &error), EBUSY, &error, "end it");
	thaw(vm);
	r0_vm_kill(vm);
	wait_for_end(vm);
	reset(vm);
	enter(vm, 0, CODE);
	script_size = 0;
	run_to_the_end(vm);
	r0_vm_destroy(vm);
}

/* The clocks of the one that is put back go on from then. */
static void snapshot(void **state)
{
	struct r0_vm *vm = boot_pc(true);
	struct r0_vm_snapshot *saved;
	struct r0_error error = { "" };
	unsigned int timer[2], port, i;

	(void)state;
	add(OUT4, 0xe0, 0x12345678);
	timer[0] = add(IN4, PM + 8, 0);
	run_to_the_end(vm);
	timer[0] = script[timer[0]].value;
	enter(vm, 0, CODE);
	saved = take(vm);
	for (i = 0; i < 2; i++) {
		restore(saved, vm);
		port = add(IN4, 0xe0, 0);
		timer[1] = add(IN4, PM + 8, 0);
		add(OUT4, 0xe0, 0);
		script[script_size] = (struct access){ 0 };
		check(r0_vm_write(vm, DATA, script, sizeof(script), &error), &error);
		run_to_the_end(vm);
		assert_int_equal(script[port].value, 0x12345678);
		assert_true(script[timer[1]].value >= timer[0]);
	}
	r0_vm_snapshot_destroy(saved);
	r0_vm_destroy(vm);
}

/* One that is with the local APIC, and not ended: the I/O APIC knows. */
static void snapshot_of_an_interrupt(void **state)
{
	struct r0_vm *vm = boot_pc(true);
	struct r0_vm_snapshot *saved;
	unsigned int waits, entry, i;

	(void)state;
	route(11, 0x45, true);
	add(OUT4, 0x200b, 1);
	run_to_the_end(vm);
	enter(vm, 0, CODE);
	saved = take(vm);
	for (i = 0; i < 2; i++) {
		restore(saved, vm);
		waits = add(READ, irr(0x45), 0);
		entry = add(READ, IOAPIC + 0x10, 0);
		/* Another state for the next turn to leave. */
		add(WRITE, IOAPIC + 0x10, 0x10000);
		add(OUT4, 0x200b, 0);
		run_to_the_end(vm);
		assert_int_equal(script[waits].value, 1u << (0x45 % 32));
		assert_int_equal(script[entry].value, 0xc045);
	}
	r0_vm_snapshot_destroy(saved);
	r0_vm_destroy(vm);
}

static void split_needs_an_irqchip(void **state)
{
	const struct r0_vm_options options = { .split_irqchip = true };
	struct r0_error error = { "" };
	struct r0_vm *vm;

	(void)state;
	/* Does not return without a KVM. */
	r0_vm_destroy(BOOT(NULL, accesses));
	assert_fails(r0_vm_create(&vm, &options, &error), EINVAL, &error, "irqchip");
}

#define WITH_SPLIT(test)                                              \
	{                                                             \
#test "_split", test, with_split, without_split, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_interrupt),
		cmocka_unit_test(legacy_replacement),
		cmocka_unit_test(firmware_configuration),
		cmocka_unit_test(files_need_a_pc),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(pci_interrupts),
		cmocka_unit_test(iommu),
		cmocka_unit_test(iommu_needs_split),
		cmocka_unit_test(power_off),
		cmocka_unit_test(reset_of_the_machine),
		cmocka_unit_test(reset_of_the_cpus),
		cmocka_unit_test(sleep_and_wake),
		cmocka_unit_test(wake_by_the_waking_vector),
		cmocka_unit_test(a_pc_says_that_it_is_a_vm),
		cmocka_unit_test(tables_need_a_pc),
		cmocka_unit_test(sleep_without_end),
		cmocka_unit_test(what_can_not_be_reset),
		cmocka_unit_test(snapshot),
		cmocka_unit_test(snapshot_of_an_interrupt),
		cmocka_unit_test(split_needs_an_irqchip),
		WITH_SPLIT(clocks_interrupt),
		WITH_SPLIT(legacy_replacement),
		WITH_SPLIT(test_devices),
		WITH_SPLIT(pci_interrupts),
		WITH_SPLIT(reset_of_the_machine),
		WITH_SPLIT(reset_of_the_cpus),
		WITH_SPLIT(sleep_and_wake),
		WITH_SPLIT(snapshot),
		WITH_SPLIT(snapshot_of_an_interrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
