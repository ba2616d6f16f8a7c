/* SPDX-License-Identifier: MIT */
/* Machines of arm64 on a genuine KVM: how they end, their devices in memory, CPUs by PSCI, the GIC and timer. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct r0_vm_access one_unmapped(struct r0_vm *vm)
{
	struct r0_vm_access access = { 0 };
	size_t count = 0;

	assert_int_equal(r0_vm_unmapped(vm, &access, 1, &count), 1);
	assert_int_equal(count, 1);
	assert_false(access.port);
	return access;
}

GUEST(reads_nothing, NOTHING_IN(1) DATA_IN(2) "ldr w3, [x1, #0x10]\n str w3, [x2]\n" EXIT(3));

static void unmapped_read_gives_ones(void **state)
{
	struct r0_vm *vm = BOOT(NULL, reads_nothing);
	const struct r0_vm_outcome outcome = run(vm);
	struct r0_vm_access access;

	(void)state;
	assert_int_equal(outcome.end, R0_VM_STATUS);
	assert_int_equal(outcome.status, 3);
	assert_int_equal(outcome.exit_code, 7);
	assert_int_equal(read32(vm, DATA), 0xffffffff);
	access = one_unmapped(vm);
	assert_int_equal(access.address, NOTHING + 0x10);
	assert_int_equal(access.width, 4);
	assert_false(access.write);
	r0_vm_destroy(vm);
}

GUEST(writes_nothing, NOTHING_IN(1) "mov w3, #0x1234\n strh w3, [x1, #2]\n" EXIT(0));

static void unmapped_write_is_dropped(void **state)
{
	struct r0_vm *vm = BOOT(NULL, writes_nothing);
	struct r0_vm_access access;

	(void)state;
	assert_int_equal(run(vm).end, R0_VM_STATUS);
	access = one_unmapped(vm);
	assert_int_equal(access.address, NOTHING + 2);
	assert_int_equal(access.width, 2);
	assert_int_equal(access.value, 0x1234);
	assert_true(access.write);
	r0_vm_destroy(vm);
}

/* LSR, by a byte and by a word; an offset beyond 255. */
GUEST(reads_serial,
      SERIAL_IN(1)
	      DATA_IN(2) "ldrb w3, [x1, #5]\n str w3, [x2]\n ldr w3, [x1, #4]\n str w3, [x2, #4]\n"
			 "mov w3, #0\n ldrb w3, [x1, #256]\n str w3, [x2, #8]\n" EXIT(0));

static void serial_reads_are_no_fill(void **state)
{
	struct r0_vm *vm = BOOT(NULL, reads_serial);

	(void)state;
	assert_int_equal(run(vm).end, R0_VM_STATUS);
	assert_int_equal(read32(vm, DATA), 0x60);
	/* MCR, in the first byte; what the device does not drive is as nothing is. */
	assert_int_equal(read32(vm, DATA + 4), 0xffffff08);
	assert_int_equal(read32(vm, DATA + 8), 0xff);
	assert_int_equal(one_unmapped(vm).address, SERIAL + 256);
	r0_vm_destroy(vm);
}

/* To each line; the second's is the first byte of a word; the PL011's by a halfword. */
GUEST(prints,
      SERIAL_IN(1) SERIAL_2_IN(2) PL011_IN(
	      3) "mov w4, #'a'\n strb w4, [x1]\n mov w4, #'b'\n movk w4, #'x', lsl #16\n str w4, [x2]\n"
		 "mov w4, #'c'\n strh w4, [x3]\n mov w4, #'d'\n strb w4, [x1]\n" EXIT(0));

static void assert_printed(struct r0_vm *vm, enum r0_vm_console console, const char *text)
{
	char *took = printed(vm, console);

	assert_string_equal(took, text);
	free(took);
}

static void what_is_printed_is_captured(void **state)
{
	struct r0_vm *vm = BOOT(NULL, prints);

	(void)state;
	assert_int_equal(run(vm).end, R0_VM_STATUS);
	assert_printed(vm, R0_VM_COM1, "ad");
	assert_printed(vm, R0_VM_COM2, "b");
	assert_printed(vm, R0_VM_PL011, "c");
	r0_vm_destroy(vm);
}

/* Four bytes from each line's input to its output, by LSR.DR and FR.RXFE. */
GUEST(echoes,
      SERIAL_IN(1)
	      PL011_IN(2) "mov w5, #4\n"
			  "1: ldrb w3, [x1, #5]\n tbz w3, #0, 1b\n ldrb w3, [x1]\n strb w3, [x1]\n"
			  "subs w5, w5, #1\n b.ne 1b\n mov w5, #4\n"
			  "2: ldr w3, [x2, #0x18]\n tbnz w3, #4, 2b\n ldr w3, [x2]\n str w3, [x2]\n"
			  "subs w5, w5, #1\n b.ne 2b\n" EXIT(0));

static void what_is_typed_is_read(void **state)
{
	struct r0_error error = { "" };
	struct r0_vm *vm = BOOT(NULL, echoes);

	(void)state;
	start(vm);
	assert_int_equal(r0_vm_console_type(vm, R0_VM_COM1, "this", 4, &error), 4);
	assert_int_equal(r0_vm_console_type(vm, R0_VM_PL011, "that", 4, &error), 4);
	assert_int_equal(wait_for_end(vm).end, R0_VM_STATUS);
	assert_printed(vm, R0_VM_COM1, "this");
	assert_printed(vm, R0_VM_PL011, "that");
	assert_fails(r0_vm_console_type(vm, R0_VM_VIRTIO_CONSOLE, "x", 1, &error), ENODEV, &error,
		     "no such console");
	r0_vm_destroy(vm);
}

GUEST(powers_off, PSCI_OFF "b .\n");
GUEST(resets, PSCI_RESET "b .\n");

static void psci_ends_the_machine(void **state)
{
	struct r0_vm *off = BOOT(NULL, powers_off), *reset = BOOT(NULL, resets);
	struct r0_vm_outcome outcome = run(off);
	struct r0_error error = { "" };
	struct r0_vm_entry entry;

	(void)state;
	assert_int_equal(outcome.end, R0_VM_POWER_OFF);
	assert_int_equal(outcome.exit_code, 0);
	assert_string_equal(outcome.reason, "the guest powered the machine off");
	outcome = run(reset);
	assert_int_equal(outcome.end, R0_VM_RESET);
	assert_int_equal(outcome.exit_code, 0);
	/* Again, from where a loader would have it start. */
	check(r0_vm_reset(reset, 0, &entry, &error), &error);
	assert_int_equal(entry.mode, R0_VM_MODE_RESET);
	enter(reset, 0, CODE);
	assert_int_equal(run(reset).end, R0_VM_RESET);
	r0_vm_destroy(off);
	r0_vm_destroy(reset);
}

/* The first CPU starts the second at `1:`, without translation; both wait there. X19: where the code is. */
#define STARTS_SECOND(text)                                                              \
	"adr x19, .\n mov x1, #1\n adr x2, 1f\n mov x3, #0x55\n" PSCI_CPU_ON "2: b 2b\n" \
	"1:\n" text

GUEST(starts_second,
      STARTS_SECOND("mrs x4, mpidr_el1\n and w1, w4, #0xff\n add w1, w1, w0\n" EXIT_W1));
GUEST(second_off, STARTS_SECOND(PSCI_OFF "b .\n"));

static void psci_starts_cpus(void **state)
{
	const struct r0_vm_options options = { .cpus = 3 };
	struct r0_vm *vm = BOOT(&options, starts_second);
	struct r0_vm_outcome outcome = run(vm);

	(void)state;
	assert_int_equal(outcome.end, R0_VM_STATUS);
	/* MPIDR_EL1's number and the context. */
	assert_int_equal(outcome.status, 0x56);
	assert_int_equal(outcome.cpu, 1);
	r0_vm_destroy(vm);
	vm = BOOT(&options, second_off);
	outcome = run(vm);
	assert_int_equal(outcome.end, R0_VM_POWER_OFF);
	assert_int_equal(outcome.cpu, 1);
	assert_int_equal(outcome.exit_code, 1);
	r0_vm_destroy(vm);
}

GUEST(loops, "msr daifset, #15\n b .\n");
GUEST(waits, "msr daifset, #15\n 1: wfi\n b 1b\n");

static void time_and_kill_end_what_does_not(void **state)
{
	const struct r0_vm_options options = { .time_limit_ms = 50 };
	struct r0_vm *vm = BOOT(&options, loops);
	struct r0_vm_outcome outcome = run(vm);

	(void)state;
	assert_int_equal(outcome.end, R0_VM_TIME_LIMIT);
	r0_vm_destroy(vm);
	vm = BOOT(NULL, waits);
	start(vm);
	r0_vm_kill(vm);
	outcome = wait_for_end(vm);
	assert_int_equal(outcome.end, R0_VM_KILLED);
	r0_vm_destroy(vm);
}

/* From 0b on, which is at CODE, to a multiple of 2 KiB: VBAR_EL1's (Arm ARM, D19.2.147). */
#define VECTORS ".skip 0x800 - (. - 0b)\n"

/* The virtual timer's PPI 27: an interrupt's number is the status. The vector for IRQs from EL1 with SP_EL1 is at 0x280. */
GUEST(takes_timer, "0: adr x1, 1f\n msr vbar_el1, x1\n" GIC_WITH_PPI(
			   27) "mov x3, #1\n msr cntv_tval_el0, xzr\n msr cntv_ctl_el0, x3\n isb\n"
			       "msr daifclr, #2\n 2: wfi\n b 2b\n" VECTORS
			       "1: .skip 0x280\n" GIC_ACKNOWLEDGE(1) EXIT_W1);

static void timer_interrupts(void **state)
{
	const struct r0_vm_options options = { .irqchip = true };
	struct r0_vm *vm = BOOT(&options, takes_timer);
	const struct r0_vm_outcome outcome = run(vm);

	(void)state;
	assert_int_equal(outcome.end, R0_VM_STATUS);
	assert_int_equal(outcome.status, 27);
	r0_vm_destroy(vm);
}

/* The PL011's SPI 3, INTID 35, for received data. */
GUEST(takes_input,
      "0: adr x1, 1f\n msr vbar_el1, x1\n mov w6, #0\n" GIC_WITH_SPI(3, 6)
	      PL011_IN(5) "mov w3, #0x10\n str w3, [x5, #0x38]\n isb\n"
			  "msr daifclr, #2\n 2: wfi\n b 2b\n" VECTORS
			  "1: .skip 0x280\n" GIC_ACKNOWLEDGE(
				  1) "ldr w3, [x5]\n add w1, w1, w3, lsl #8\n" EXIT_W1);

static void devices_interrupt(void **state)
{
	const struct r0_vm_options options = { .irqchip = true };
	struct r0_vm *vm = BOOT(&options, takes_input);
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;

	(void)state;
	start(vm);
	assert_int_equal(r0_vm_console_type(vm, R0_VM_PL011, "z", 1, &error), 1);
	outcome = wait_for_end(vm);
	assert_int_equal(outcome.end, R0_VM_STATUS);
	assert_int_equal(outcome.status, 'z' << 8 | 35);
	r0_vm_destroy(vm);
}

/* MagicValue, Version and DeviceID of the first window. */
GUEST(reads_virtio,
      ADDRESS(1, 0x0a00, 0) DATA_IN(
	      2) "ldp x3, x4, [x2]\n ldr w3, [x1]\n str w3, [x2]\n ldr w3, [x1, #4]\n str w3, [x2, #4]\n"
		 "ldr w3, [x1, #8]\n str w3, [x2, #8]\n" EXIT(0));

static void virtio_is_there(void **state)
{
	const struct r0_vm_options options = { .virtio_console = true, .irqchip = true };
	struct r0_vm *vm = BOOT(&options, reads_virtio);

	(void)state;
	assert_int_equal(run(vm).end, R0_VM_STATUS);
	assert_int_equal(read32(vm, DATA), 0x74726976);
	assert_int_equal(read32(vm, DATA + 4), 2);
	assert_int_equal(read32(vm, DATA + 8), 3);
	r0_vm_destroy(vm);
}

static void registers_are_shown(void **state)
{
	struct r0_vm *vm = BOOT(NULL, loops);
	struct r0_vm_registers registers;
	struct r0_error error = { "" };
	char text[R0_VM_REGISTERS_TEXT];
	uint64_t physical;

	(void)state;
	check(r0_vm_get_registers(vm, 0, &registers, &error), &error);
	assert_int_equal(registers.pc, CODE);
	assert_int_equal(registers.sp_el1, STACK);
	assert_int_equal(registers.ttbr0_el1, TABLES);
	assert_int_equal(registers.pstate, 0x3c5);
	registers.x[7] = 0x77;
	registers.ttbr1_el1 = 0x40002000;
	check(r0_vm_set_registers(vm, 0, &registers, &error), &error);
	registers.x[7] = 0;
	check(r0_vm_get_registers(vm, 0, &registers, &error), &error);
	assert_int_equal(registers.x[7], 0x77);
	check(r0_vm_registers_text(vm, 0, text, sizeof(text), &error), &error);
	assert_string_equal(text, "ip=0x0000000040010000 sp=0x0000000040018000 "
				  "ptroot=0x0000000040002000 uptroot=0x0000000040001000");
	check(r0_vm_registers_json(vm, 0, text, sizeof(text), &error), &error);
	if (!strstr(text, "{\"instruction_pointer\":1073807360,\"stack_pointer\":1073840128,"
			  "\"page_table_root\":1073750016,\"user_page_table_root\":1073745920,"
			  "\"tcr_el1\":"))
		fail_msg("%s", text);
	check(r0_vm_translate(vm, 0, DATA + 5, &physical, &error), &error);
	assert_int_equal(physical, DATA + 5);
	assert_fails(r0_vm_translate(vm, 0, 1ul << 39, &physical, &error), EFAULT, &error,
		     "do not map 0x8000000000");
	r0_vm_destroy(vm);
}

static void what_is_of_x86_is_refused(void **state)
{
	const struct r0_vm_options wrong[] = {
		{ .pc = true },	   { .irqchip = true, .pit = true },
		{ .iommu = true }, { .irqchip = true, .split_irqchip = true },
		{ .cpu = "max" },  { .watch_by_step = true },
	};
	/* What would be two consoles, of which a test's image takes either. */
	const struct r0_vm_options twice = { .test_devices = true, .virtio_console = true };
	struct r0_error error = { "" };
	struct r0_vm *vm;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fails(r0_vm_create(&vm, &wrong[i], &error), ENOTSUP, &error, "x86");
	assert_fails(r0_vm_create(&vm, &twice, &error), ENOTSUP, &error,
		     "test devices are a virtio");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unmapped_read_gives_ones),
		cmocka_unit_test(unmapped_write_is_dropped),
		cmocka_unit_test(serial_reads_are_no_fill),
		cmocka_unit_test(what_is_printed_is_captured),
		cmocka_unit_test(what_is_typed_is_read),
		cmocka_unit_test(psci_ends_the_machine),
		cmocka_unit_test(psci_starts_cpus),
		cmocka_unit_test(time_and_kill_end_what_does_not),
		cmocka_unit_test(timer_interrupts),
		cmocka_unit_test(devices_interrupt),
		cmocka_unit_test(virtio_is_there),
		cmocka_unit_test(registers_are_shown),
		cmocka_unit_test(what_is_of_x86_is_refused),
	};

	return cmocka_run_group_tests_name("monitor on arm64", tests, NULL, NULL);
}
