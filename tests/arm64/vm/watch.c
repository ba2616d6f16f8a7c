/* SPDX-License-Identifier: MIT */
/* Watched variables of arm64's machines, by the CPU's watchpoints. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <poll.h>

static int watch(struct r0_vm *vm, uint64_t address, unsigned int length, const char *tag)
{
	struct r0_error error = { "" };
	int number = r0_vm_watch(vm, address, length, tag, &error);

	check(number, &error);
	return number;
}

/* Writes 1 to 20 to the word at DATA + 16, and to its neighbours. */
GUEST(writer, DATA_IN(1) "mov w3, #0\n 1: add w3, w3, #1\n str w3, [x1, #12]\n str w3, [x1, #20]\n"
			 "str w3, [x1, #16]\n writer_after: cmp w3, #20\n b.ne 1b\n" EXIT(1));
extern __attribute__((visibility("hidden"))) const char writer_after[];

static void each_write_is_told(void **state)
{
	struct r0_vm *vm = BOOT(NULL, writer);
	struct pollfd fd = { .fd = r0_vm_hit_fd(vm), .events = POLLIN };
	struct r0_vm_hit hits[32];
	size_t count, i;
	int number;

	(void)state;
	assert_string_equal(r0_vm_watch_method(vm), "nothing yet");
	write32(vm, DATA + 16, 100);
	number = watch(vm, DATA + 16, 4, "the variable");
	assert_string_equal(r0_vm_watch_method(vm), "hardware watchpoints");
	assert_int_equal(run(vm).status, 1);
	assert_int_equal(poll(&fd, 1, 0), 1);
	count = r0_vm_hits(vm, hits, 32);
	assert_int_equal(count, 20);
	assert_int_equal(poll(&fd, 1, 0), 0);
	for (i = 0; i < count; i++) {
		assert_int_equal(hits[i].watch, number);
		assert_int_equal(hits[i].cpu, 0);
		assert_int_equal(hits[i].address, DATA + 16);
		assert_int_equal(hits[i].old_value, i ? i : 100);
		assert_int_equal(hits[i].new_value, i + 1);
		assert_int_equal(hits[i].ip, CODE + (uint64_t)(writer_after - guest_writer));
		assert_string_equal(hits[i].tag, "the variable");
	}
	r0_vm_destroy(vm);
}

/* More than a debugger would step through. */
#define NOPS ".rept 100\n nop\n .endr\n"

/*
 * Stores of every kind that reach it: a pair from below, SIMD, an atomic, DC ZVA, an exclusive in its loop, and in that of
 * a weak compare-and-swap as compilers make it, whose branch is far behind; one without a status, which is tried once; a
 * byte.
 */
GUEST(stores,
      DATA_IN(1) "mov x3, #1\n mov x4, #2\n stp x3, x4, [x1, #8]\n"
		 "movi v0.4s, #3\n str q0, [x1, #16]\n"
		 "mov w5, #5\n ldr w6, [x1, #16]\n add x7, x1, #16\n stadd w5, [x7]\n"
		 "dc zva, x1\n"
		 "1: ldxr w6, [x7]\n add w6, w6, #9\n stxr w8, w6, [x7]\n cbnz w8, 1b\n"
		 "2: mov w2, #9\n mov w3, #10\n"
		 "3: ldxr w5, [x7]\n cmp w5, w2\n b.ne 4f\n stxr w8, w3, [x7]\n cmp w8, #0\n"
		 "4: mov w9, w5\n" NOPS "b.ne 2b\n"
		 "ldxr w5, [x7]\n mov w3, #11\n stxr wzr, w3, [x7]\n"
		 "mov w6, #0x10\n strb w6, [x1, #17]\n" EXIT(1));

static void stores_of_every_kind_are_told(void **state)
{
	static const uint32_t values[] = { 2, 3, 8, 0, 9, 10, 0x100a };
	struct r0_vm *vm = BOOT(NULL, stores);
	struct r0_vm_hit hits[16];
	size_t count, i;

	(void)state;
	watch(vm, DATA + 16, 4, NULL);
	assert_int_equal(run(vm).status, 1);
	count = r0_vm_hits(vm, hits, 16);
	assert_int_equal(count, sizeof(values) / sizeof(values[0]));
	for (i = 0; i < count; i++) {
		assert_int_equal(hits[i].old_value, i ? values[i - 1] : 0);
		assert_int_equal(hits[i].new_value, values[i]);
	}
	r0_vm_destroy(vm);
}

/* Adds to a variable by exclusives, or, if DATA says so, writes it five times. */
GUEST(adds,
      DATA_IN(1) "add x7, x1, #16\n ldr w3, [x1]\n cbnz w3, adds_plainly\n"
		 "1: ldxr w6, [x7]\n add w6, w6, #1\n adds_at: stxr w8, w6, [x7]\n b 1b\n" NOPS
		 "adds_plainly: mov w3, #5\n 2: str w3, [x7]\n subs w3, w3, #1\n b.ne 2b\n" EXIT(1));
extern __attribute__((visibility("hidden"))) const char adds_at[], adds_plainly[];

/* Frozen where it is to be stepped over the exclusive, which is where it mostly is. */
static struct r0_vm_registers freeze_at_exclusive(struct r0_vm *vm)
{
	const uint64_t at = CODE + (uint64_t)(adds_at - guest_adds);
	struct r0_error error = { "" };
	struct r0_vm_registers registers;

	for (;;) {
		freeze(vm);
		check(r0_vm_get_registers(vm, 0, &registers, &error), &error);
		if (registers.pc == at)
			return registers;
		thaw(vm);
	}
}

static void assert_writes_are_told(struct r0_vm *vm)
{
	struct r0_vm_hit hits[16];

	while (r0_vm_hits(vm, hits, 16))
		;
	thaw(vm);
	assert_int_equal(wait_for_end(vm).status, 1);
	assert_int_equal(r0_vm_hits(vm, hits, 16), 5);
}

/* It goes on from elsewhere, and all of it is watched again. */
static void half_of_a_store_is_forgotten(void **state)
{
	struct r0_vm *vm = BOOT(NULL, adds);
	struct r0_vm_snapshot *snapshot = take(vm);
	struct r0_error error = { "" };
	struct r0_vm_registers registers;

	(void)state;
	watch(vm, DATA + 16, 4, NULL);
	start(vm);
	freeze_at_exclusive(vm);
	restore(snapshot, vm);
	write32(vm, DATA, 1);
	assert_writes_are_told(vm);
	restore(snapshot, vm);
	start(vm);
	registers = freeze_at_exclusive(vm);
	registers.pc = CODE + (uint64_t)(adds_plainly - guest_adds);
	check(r0_vm_set_registers(vm, 0, &registers, &error), &error);
	assert_writes_are_told(vm);
	r0_vm_destroy(vm);
	r0_vm_snapshot_destroy(snapshot);
}

static void gate_lets_hits_through(void **state)
{
	struct r0_error error = { "" };
	struct r0_vm_hit hits[32];
	uint32_t gate;
	struct r0_vm *vm;

	(void)state;
	for (gate = 1023; gate <= 1024; gate++) {
		vm = BOOT(NULL, writer);
		check(r0_vm_watch_gated(vm, DATA + 16, 4, "gated", &gate, 1024, &error), &error);
		assert_int_equal(run(vm).status, 1);
		assert_int_equal(r0_vm_hits(vm, hits, 32), gate == 1024 ? 20 : 0);
		if (gate == 1024) {
			assert_int_equal(hits[19].old_value, 19);
			assert_int_equal(hits[19].new_value, 20);
		}
		r0_vm_destroy(vm);
	}
}

/* BRK to its vector at 0x200, which takes the immediate from ESR_EL1 and goes on behind it. */
GUEST(breaks,
      "0: adr x1, 1f\n msr vbar_el1, x1\n mov w4, #0\n brk #7\n brk #8\n" DATA_IN(
	      1) "str w4, [x1]\n mov w1, w4\n" EXIT_W1 ".skip 0x800 - (. - 0b)\n"
		 "1: .skip 0x200\n mrs x5, esr_el1\n and w6, w5, #0xffff\n add w4, w4, w6\n"
		 "lsr w5, w5, #26\n cmp w5, #0x3c\n b.ne 2f\n mrs x5, elr_el1\n add x5, x5, #4\n"
		 "msr elr_el1, x5\n eret\n 2:" EXIT(99));

static void brk_is_the_guests(void **state)
{
	struct r0_vm *vm = BOOT(NULL, breaks);
	struct r0_vm_hit hit;

	(void)state;
	watch(vm, DATA, 4, NULL);
	assert_int_equal(run(vm).status, 15);
	assert_int_equal(r0_vm_hits(vm, &hit, 1), 1);
	assert_int_equal(hit.new_value, 15);
	r0_vm_destroy(vm);
}

static void wrong_watches_are_refused(void **state)
{
	struct r0_vm *vm = BOOT(NULL, writer);
	struct r0_error error = { "" };
	unsigned int i;

	(void)state;
	assert_fails(r0_vm_watch(vm, DATA + 2, 4, NULL, &error), EINVAL, &error, "multiple");
	assert_fails(r0_vm_watch(vm, 1ul << 40, 4, NULL, &error), EFAULT, &error, "map");
	for (i = 1; i < R0_VM_WATCHES; i++)
		watch(vm, DATA + 8 * i, 4, NULL);
	assert_fails(r0_vm_watch(vm, DATA, 4, NULL, &error), ENOSPC, &error, "3 watches");
	check(r0_vm_unwatch(vm, 1, &error), &error);
	assert_fails(r0_vm_unwatch(vm, 1, &error), ENOENT, &error, "no watch 1");
	watch(vm, DATA, 4, NULL);
	r0_vm_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_write_is_told),
		cmocka_unit_test(stores_of_every_kind_are_told),
		cmocka_unit_test(half_of_a_store_is_forgotten),
		cmocka_unit_test(gate_lets_hits_through),
		cmocka_unit_test(brk_is_the_guests),
		cmocka_unit_test(wrong_watches_are_refused),
	};

	return cmocka_run_group_tests_name("watched variables on arm64", tests, NULL, NULL);
}
