/* SPDX-License-Identifier: MIT */
/* A PC on a real KVM: a guest that asks for a reset, for sleep or for power-off gets it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/vm/pc_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_off),
		cmocka_unit_test(reset_of_the_machine),
		cmocka_unit_test(reset_of_the_cpus),
		cmocka_unit_test(sleep_and_wake),
		cmocka_unit_test(wake_by_the_waking_vector),
		cmocka_unit_test(sleep_without_end),
		cmocka_unit_test(what_can_not_be_reset),
		WITH_SPLIT(reset_of_the_machine),
		WITH_SPLIT(reset_of_the_cpus),
		WITH_SPLIT(sleep_and_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
