/* SPDX-License-Identifier: MIT */
/* Accesses to devices that KVM can't decode, on a genuine KVM of arm64: carried out, or refused by name. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <string.h>

/* X0: where results go. */
#define RESULTS DATA_IN(0)

#define VIRTIO_IN(number) ADDRESS(number, 0x0a00, 0)

static const struct r0_vm_options with_console = { .virtio_console = true, .irqchip = true };

static uint64_t read64(struct r0_vm *vm, uint64_t address)
{
	return read32(vm, address) | (uint64_t)read32(vm, address + 4) << 32;
}

/* Run it to its status 0. */
static struct r0_vm *complete(struct r0_vm *vm)
{
	const struct r0_vm_outcome outcome = run(vm);

	if (outcome.end != R0_VM_STATUS)
		fail_msg("\"%s\"", outcome.reason);
	assert_int_equal(outcome.status, 0);
	return vm;
}

/* That these are the writes that nothing answered, in this order. */
static void assert_written(struct r0_vm *vm, const struct r0_vm_access *wanted, size_t many)
{
	struct r0_vm_access took[16];
	size_t count = 0, i;

	assert_int_equal(r0_vm_unmapped(vm, took, 16, &count), many);
	assert_int_equal(count, many);
	for (i = 0; i < many; i++) {
		assert_true(took[i].write);
		assert_int_equal(took[i].address, wanted[i].address);
		assert_int_equal(took[i].width, wanted[i].width);
		assert_int_equal(took[i].value, wanted[i].value);
	}
}

GUEST(stores,
      RESULTS NOTHING_IN(
	      1) "mov x3, #3\n mov x4, #4\n mov x7, #-8\n fmov d5, #1.0\n fmov v5.d[1], x3\n"
		 "stp x3, x4, [x1]\n stp w4, wzr, [x1, #16]!\n strb w3, [x1], #16\n"
		 "str q5, [x1]\n str s5, [x1, x7]\n str d5, [x1, w4, sxtw #3]\n"
		 "str h5, [x1, #66]\n str x1, [x0]\n" EXIT(0));

static void stores_are_seen_one_by_one(void **state)
{
	static const struct r0_vm_access wanted[] = {
		{ .address = NOTHING, .width = 8, .value = 3 },
		{ .address = NOTHING + 8, .width = 8, .value = 4 },
		{ .address = NOTHING + 16, .width = 4, .value = 4 },
		{ .address = NOTHING + 20, .width = 4 },
		{ .address = NOTHING + 16, .width = 1, .value = 3 },
		{ .address = NOTHING + 32, .width = 8, .value = 0x3ff0000000000000 },
		{ .address = NOTHING + 40, .width = 8, .value = 3 },
		{ .address = NOTHING + 24, .width = 4 },
		{ .address = NOTHING + 64, .width = 8, .value = 0x3ff0000000000000 },
		{ .address = NOTHING + 98, .width = 2 },
	};
	struct r0_vm *vm = complete(BOOT(NULL, stores));

	(void)state;
	assert_written(vm, wanted, sizeof(wanted) / sizeof(wanted[0]));
	assert_int_equal(read64(vm, DATA), NOTHING + 32);
	r0_vm_destroy(vm);
}

/* MagicValue, Version and DeviceID; and ones, of which what is signed stays so. */
GUEST(loads,
      RESULTS VIRTIO_IN(1) NOTHING_IN(2) "ldp w3, w4, [x1], #8\n stp w3, w4, [x0]\n"
					 "str x1, [x0, #8]\n ldr w5, [x1, #-4]!\n"
					 "stp w5, w1, [x0, #16]\n ldp s0, s1, [x1, #-4]\n"
					 "stp q0, q1, [x0, #32]\n"
					 "mov x7, x2\n ldrsb w3, [x7], #1\n ldpsw x4, xzr, [x2]\n"
					 "stp x3, x4, [x0, #64]\n ldrh w3, [x2, #2]!\n"
					 "stp x3, x2, [x0, #80]\n" EXIT(0));

static void loads_are_extended_and_written_back(void **state)
{
	struct r0_vm *vm = complete(BOOT(&with_console, loads));

	(void)state;
	assert_int_equal(read64(vm, DATA), 0x274726976);
	assert_int_equal(read64(vm, DATA + 8), VIRTIO + 8);
	assert_int_equal(read64(vm, DATA + 16), (VIRTIO + 4) << 32 | 2);
	assert_int_equal(read64(vm, DATA + 32), 0x74726976);
	assert_int_equal(read64(vm, DATA + 40), 0);
	assert_int_equal(read64(vm, DATA + 48), 2);
	assert_int_equal(read64(vm, DATA + 56), 0);
	assert_int_equal(read64(vm, DATA + 64), 0xffffffff);
	assert_int_equal(read64(vm, DATA + 72), UINT64_MAX);
	assert_int_equal(read64(vm, DATA + 80), 0xffff);
	assert_int_equal(read64(vm, DATA + 88), NOTHING + 2);
	r0_vm_destroy(vm);
}

/* By SP_EL1, and then at EL0 without translation by SP_EL0; the base's 31 is SP, the register's XZR. */
GUEST(uses_stacks,
      RESULTS NOTHING_IN(
	      1) "mov x5, sp\n mov sp, x1\n stp xzr, x1, [sp], #16\n mov x3, sp\n str x3, [x0]\n"
		 "mov sp, x5\n mrs x3, sctlr_el1\n bic x3, x3, #1\n msr sctlr_el1, x3\n isb\n"
		 "msr sp_el0, x1\n mov x3, #0x3c0\n msr spsr_el1, x3\n adr x3, 1f\n"
		 "msr elr_el1, x3\n eret\n 1: str wzr, [sp, #4]!\n mov x3, sp\n"
		 "sub w1, w3, w1\n sub w1, w1, #4\n" EXIT_W1);

static void stack_pointers_are_bases(void **state)
{
	static const struct r0_vm_access wanted[] = {
		{ .address = NOTHING, .width = 8 },
		{ .address = NOTHING + 8, .width = 8, .value = NOTHING },
		{ .address = NOTHING + 4, .width = 4 },
	};
	struct r0_vm *vm = complete(BOOT(NULL, uses_stacks));

	(void)state;
	assert_written(vm, wanted, sizeof(wanted) / sizeof(wanted[0]));
	assert_int_equal(read64(vm, DATA), NOTHING + 16);
	r0_vm_destroy(vm);
}

GUEST(crosses, NOTHING_IN(1) "add x1, x1, #0x1000\n mov x3, #3\n stp x1, x3, [x1, #-8]\n" EXIT(0));

static void pair_may_be_in_two_pages(void **state)
{
	static const struct r0_vm_access wanted[] = {
		{ .address = NOTHING + 0xff8, .width = 8, .value = NOTHING + 0x1000 },
		{ .address = NOTHING + 0x1000, .width = 8, .value = 3 },
	};
	struct r0_vm *vm = complete(BOOT(NULL, crosses));

	(void)state;
	assert_written(vm, wanted, 2);
	r0_vm_destroy(vm);
}

GUEST(is_apart, "movz x1, #0xc000, lsl #16\n mov x3, #3\n stp x1, x3, [x1, #-8]\n" EXIT(0));

/* The tables are of blocks of 1 GiB: two more have the first one's address, and what is behind that is memory. */
static void halves_of_a_pair_may_be_apart(void **state)
{
	static const struct r0_vm_access wanted[] = {
		{ .address = R0_VM_MEMORY - 8, .width = 8, .value = 0xc0000000 },
		{ .address = 0, .width = 8, .value = 3 },
	};
	struct r0_vm *vm = BOOT(NULL, is_apart);
	unsigned int i;

	(void)state;
	for (i = 2; i < 4; i++) {
		write32(vm, TABLES + i * 8, read32(vm, TABLES));
		write32(vm, TABLES + i * 8 + 4, read32(vm, TABLES + 4));
	}
	complete(vm);
	assert_written(vm, wanted, 2);
	assert_int_equal(read32(vm, R0_VM_MEMORY), 0);
	r0_vm_destroy(vm);
}

/* The device's word is the last: what is behind it in the same pair is no more done. */
GUEST(ends, DEBUG_EXIT_IN(1) "mov w3, #9\n sub x4, x1, #8\n stp w3, w3, [x4, #8]!\n b .\n");

static void pair_may_end_the_machine(void **state)
{
	struct r0_vm *vm = BOOT(NULL, ends);
	const struct r0_vm_outcome outcome = run(vm);

	(void)state;
	assert_int_equal(outcome.end, R0_VM_STATUS);
	assert_int_equal(outcome.status, 9);
	assert_written(vm, NULL, 0);
	r0_vm_destroy(vm);
}

GUEST(load_exclusive, NOTHING_IN(1) "ldxr x2, [x1]\n b .\n");
GUEST(store_many, NOTHING_IN(1) "st1 {v0.16b}, [x1]\n b .\n");
/* LDR X1, [X1], #8, and LDP X2, X2, [X1]: an assembler refuses these. */
GUEST(base_loaded, NOTHING_IN(1) ".inst 0xf8408421\n b .\n");
GUEST(loaded_twice, NOTHING_IN(1) ".inst 0xa9400822\n b .\n");
GUEST(big_endian, NOTHING_IN(1) "mrs x3, sctlr_el1\n orr x3, x3, #1 << 25\n bic x3, x3, #1\n"
				"msr sctlr_el1, x3\n isb\n stp x2, x3, [x1]\n b .\n");
GUEST(ends_in_memory, "movz x1, #0x4000, lsl #16\n stp x1, x1, [x1, #-8]\n b .\n");
GUEST(gic, ADDRESS(1, 0x0800, 0) "ldp w2, w3, [x1]\n b .\n");

static void assert_refused(struct r0_vm *vm, const char *address, const char *name)
{
	const struct r0_vm_outcome outcome = run(vm);

	assert_int_equal(outcome.end, R0_VM_FATAL);
	assert_int_equal(outcome.exit_code, 1);
	if (!strstr(outcome.reason, address) || !strstr(outcome.reason, name))
		fail_msg("\"%s\"", outcome.reason);
	assert_written(vm, NULL, 0);
	r0_vm_destroy(vm);
}

static void others_are_refused_by_name(void **state)
{
	static const char at[] = "an access to 0xb000000 that KVM can't decode";

	(void)state;
	assert_refused(BOOT(NULL, load_exclusive), at,
		       "ring0 can't carry it out either: LDXR, an exclusive");
	assert_refused(BOOT(NULL, store_many), at, ": ST1 or the like");
	assert_refused(BOOT(NULL, base_loaded), at, ": a load or store with a register twice");
	assert_refused(BOOT(NULL, loaded_twice), at, ": a load or store with a register twice");
	assert_refused(BOOT(NULL, big_endian), at, ": a big-endian load or store");
	assert_refused(BOOT(NULL, ends_in_memory), "an access to 0x3ffffff8",
		       ": a load or store of which one half is no device's");
	assert_refused(BOOT(&with_console, gic), "an access to 0x8000000",
		       ": an access to the GIC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_are_seen_one_by_one),
		cmocka_unit_test(loads_are_extended_and_written_back),
		cmocka_unit_test(stack_pointers_are_bases),
		cmocka_unit_test(pair_may_be_in_two_pages),
		cmocka_unit_test(halves_of_a_pair_may_be_apart),
		cmocka_unit_test(pair_may_end_the_machine),
		cmocka_unit_test(others_are_refused_by_name),
	};

	return cmocka_run_group_tests_name("accesses on arm64", tests, NULL, NULL);
}
