/* SPDX-License-Identifier: MIT */
/*
 * The rest of a PC on a real KVM: interrupts arrive at its interrupt controllers, firmware finds its tables, and snapshots
 * have it all. PCI is in pc_pci_test.c, resets are in pc_reset_test.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "base/host.h"
#include "monitor/debug/debug.h"
#include "monitor/state.h"
#include "tests/vm/pc_fixture.h"

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

/* Where the guest below has its interrupt's gate and handler. */
#define IDT	 0x30000
#define IDT_TEXT "0x30000"
#define HANDLER	 0x31000

/* Take the interrupt 0x45, and end it later: which others wait before that, twice, and after it. */
extern const char guest_ends_later_before[];
GUEST(ends_later, "movw $0x45f, (" DATA_TEXT ")\n"
		  "movq $" IDT_TEXT ", (" DATA_TEXT " + 2)\n"
		  "lidt (" DATA_TEXT ")\n"
		  "sti\n"
		  "nop\n"
		  "cli\n"
		  "mov $0xfee00000, %ebx\n"
		  "guest_ends_later_before:\n"
		  "mov 0x220(%rbx), %ecx\n"
		  "movl $0, 0xb0(%rbx)\n"
		  "mov 0x220(%rbx), %eax\n"
		  "lea (%eax, %ecx, 2), %eax\n"
		  "out %eax, $0xf4\n");

/* Its handler, and the gate to that (SDM vol. 3A, 6.14.1). */
GUEST(returns, "iretq\n");

static void write_gate(struct r0_vm *vm)
{
	const uint32_t gate[4] = { 0x10u << 16 | (HANDLER & 0xffff),
				   (HANDLER & ~0xffffu) | 0x8e00 };
	struct r0_error error = { "" };

	check(r0_vm_write(vm, IDT + 0x45 * sizeof(gate), gate, sizeof(gate), &error), &error);
	check(r0_vm_write(vm, HANDLER, guest_returns, (size_t)(guest_returns_end - guest_returns),
			  &error),
	      &error);
}

/* Go on until the debugger's stop, and be frozen there. */
static void run_to_a_stop(struct r0_vm *vm, enum monitor_action action)
{
	struct pollfd stops = { .fd = monitor_debug_fd(vm), .events = POLLIN };
	struct monitor_stop stop;

	monitor_debug_resume(vm, 0, action, 0, 0);
	r0_vm_hold(vm, false);
	thaw(vm);
	assert_int_equal(poll(&stops, 1, 30000), 1);
	freeze(vm);
	assert_true(monitor_debug_take(vm, &stop));
}

/* A software KVM has none in service, so that it takes for ended what has just begun. */
static void require_service(struct r0_vm *vm)
{
	struct kvm_lapic_state apic = { 0 };

	assert_int_equal(ioctl(vm->cpus[0].vcpu.fd, KVM_GET_LAPIC, &apic), 0);
	/* SDM vol. 3A, table 10-1. */
	if (apic.regs[0x100 + 0x45 / 32 * 0x10 + 0x45 % 32 / 8] >> (0x45 % 8) & 1)
		return;
	assert_false(host_virtualizes());
	monitor_debug_end(vm);
	r0_vm_destroy(vm);
	print_message("# this KVM keeps no interrupt in service\n");
	skip();
}

/* An input's interrupt is in service, its line still high, and the guest about to look, and then to end it. */
static struct r0_vm *stop_before_the_end(void)
{
	struct r0_vm *vm = boot_pc(true);
	const uint64_t at = CODE + (uint64_t)(guest_ends_later_before - guest_ends_later);
	struct r0_vm_snapshot *raised;
	struct r0_error error = { "" };

	route(11, 0x45, true);
	add(OUT4, 0x200b, 1);
	run_to_the_end(vm);
	check(r0_vm_write(vm, CODE, guest_ends_later,
			  (size_t)(guest_ends_later_end - guest_ends_later), &error),
	      &error);
	write_gate(vm);
	enter(vm, 0, CODE);
	/* One that has ended starts again if it is put back. */
	raised = take(vm);
	restore(raised, vm);
	r0_vm_snapshot_destroy(raised);
	check(monitor_debug_begin(vm, false, monitor_error(&error)), &error);
	check(monitor_debug_insert(vm, 0, MONITOR_POINT_CODE, at, 1, monitor_error(&error)),
	      &error);
	start(vm);
	freeze(vm);
	run_to_a_stop(vm, MONITOR_RUN);
	require_service(vm);
	check(monitor_debug_remove(vm, MONITOR_POINT_CODE, at, 1, monitor_error(&error)), &error);
	return vm;
}

/* The guest has just ended it, and done nothing since: that is part of the one snapshot, and none of the other. */
static void snapshots_around_an_end(void **state)
{
	struct r0_vm *vm = stop_before_the_end(), *other = boot_pc(true);
	struct r0_vm_snapshot *before = take(vm), *after;

	(void)state;
	run_to_a_stop(vm, MONITOR_STEP);
	run_to_a_stop(vm, MONITOR_STEP);
	after = take(vm);
	restore(after, other);
	assert_int_equal(run(other).status, 1u << (0x45 % 32));
	monitor_debug_end(vm);
	restore(before, vm);
	r0_vm_hold(vm, false);
	thaw(vm);
	assert_int_equal(wait_for_end(vm).status, 1u << (0x45 % 32));
	r0_vm_snapshot_destroy(before);
	r0_vm_snapshot_destroy(after);
	r0_vm_destroy(vm);
	r0_vm_destroy(other);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_interrupt),
		cmocka_unit_test(legacy_replacement),
		cmocka_unit_test(firmware_configuration),
		cmocka_unit_test(files_need_a_pc),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(a_pc_says_that_it_is_a_vm),
		cmocka_unit_test(tables_need_a_pc),
		cmocka_unit_test(snapshot),
		cmocka_unit_test(snapshot_of_an_interrupt),
		cmocka_unit_test(snapshots_around_an_end),
		cmocka_unit_test(split_needs_an_irqchip),
		WITH_SPLIT(clocks_interrupt),
		WITH_SPLIT(legacy_replacement),
		WITH_SPLIT(test_devices),
		WITH_SPLIT(snapshot),
		WITH_SPLIT(snapshot_of_an_interrupt),
		WITH_SPLIT(snapshots_around_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
