/* SPDX-License-Identifier: MIT */
/*
 * A PC whose guest does, one after another, the accesses that the test has written down for it; with KVM's interrupt
 * controllers or with split ones.
 */
#ifndef TESTS_VM_PC_FIXTURE_H
#define TESTS_VM_PC_FIXTURE_H

#include "tests/vm/vm_fixture.h"
#include <stdbool.h>

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

static inline unsigned int add(uint32_t kind, uint64_t address, uint32_t value)
{
	assert_uint_in_range(script_size, 0, sizeof(script) / sizeof(*script) - 2);
	script[script_size] = (struct access){ kind, value, address };
	return script_size++;
}

/* A byte of the CMOS. */
static inline void cmos(uint8_t index, uint8_t value)
{
	add(OUT2, RTC, (uint32_t)(index | value << 8));
}

static inline unsigned int read_cmos(uint8_t index)
{
	add(OUT1, RTC, index);
	return add(IN1, RTC + 1, 0);
}

/* Run the script, and begin another one. Returns how it ended. */
static inline struct r0_vm_outcome run_script(struct r0_vm *vm)
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

static inline void run_to_the_end(struct r0_vm *vm)
{
	struct r0_vm_outcome outcome = run_script(vm);

	if (outcome.end != R0_VM_STATUS)
		fail_msg("%s", outcome.reason);
}

/* Whose the interrupt controllers are. */
static bool split;

static inline int with_split(void **state)
{
	(void)state;
	split = true;
	return 0;
}

static inline int without_split(void **state)
{
	(void)state;
	split = false;
	return 0;
}

static inline struct r0_vm *boot_pc(bool test_devices)
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
static inline void route(uint32_t input, uint32_t vector, bool by_level)
{
	add(WRITE, LAPIC + 0xf0, 0x1ff);
	add(WRITE, IOAPIC, 0x10 + 2 * input + 1);
	add(WRITE, IOAPIC + 0x10, 0);
	add(WRITE, IOAPIC, 0x10 + 2 * input);
	add(WRITE, IOAPIC + 0x10, (uint32_t)by_level << 15 | vector);
}

/* Where the local APIC says that a vector waits, and as which bit. */
static inline uint64_t irr(uint32_t vector)
{
	return LAPIC + 0x200 + (uint64_t)(vector / 32) * 0x10;
}

/* The same test with split interrupt controllers. */
#define WITH_SPLIT(test)                                              \
	{                                                             \
#test "_split", test, with_split, without_split, NULL \
	}

#endif /* TESTS_VM_PC_FIXTURE_H */
