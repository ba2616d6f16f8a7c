/* SPDX-License-Identifier: MIT */
/* Freezing machines of arm64 on a genuine KVM. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>

#define ROUNDS 100

/* Each CPU counts in a variable of its own. */
GUEST(count,
      DATA_IN(1) "add x1, x1, x0, lsl #3\n 1: ldr w2, [x1]\n add w2, w2, #1\n str w2, [x1]\n b 1b\n");

static void frozen_cpus_stand_still(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, count);
	uint32_t before[2];
	int round, i;

	(void)state;
	enter(vm, 1, CODE);
	start(vm);
	for (round = 0; round < ROUNDS; round++) {
		freeze(vm);
		for (i = 0; i < 2; i++)
			before[i] = read32(vm, DATA + 8 * (uint64_t)i);
		for (i = 0; i < 2; i++)
			assert_int_equal(read32(vm, DATA + 8 * (uint64_t)i), before[i]);
		thaw(vm);
		for (i = 0; i < 2; i++)
			wait_for_change(vm, DATA + 8 * (uint64_t)i, before[i]);
	}
	r0_vm_destroy(vm);
}

/* What it writes to the line's scratch register it reads back, without end; X5 counts. */
GUEST(accesses,
      SERIAL_IN(1) DATA_IN(
	      2) "mov w5, #0\n 1: and w3, w5, #0xff\n strb w3, [x1, #7]\n"
		 "ldrb w4, [x1, #7]\n cmp w3, w4\n b.ne 2f\n add w5, w5, #1\n str w5, [x2]\n b 1b\n 2:" EXIT(
			 1));

/* KVM would complete an access after the registers were set: PC would be four bytes further, a value another. */
static void an_access_under_way_is_finished(void **state)
{
	struct r0_vm *vm = BOOT(NULL, accesses);
	struct r0_vm_registers registers;
	struct r0_error error = { "" };
	char text[R0_VM_REGISTERS_TEXT], ip[32];
	int round;

	(void)state;
	start(vm);
	for (round = 0; round < ROUNDS; round++) {
		freeze(vm);
		check(r0_vm_get_registers(vm, 0, &registers, &error), &error);
		check(r0_vm_registers_text(vm, 0, text, sizeof(text), &error), &error);
		snprintf(ip, sizeof(ip), "ip=0x%016lx sp=", (unsigned long)registers.pc);
		if (strncmp(text, ip, strlen(ip)) != 0)
			fail_msg("%s, and PC is %s", text, ip);
		check(r0_vm_set_registers(vm, 0, &registers, &error), &error);
		thaw(vm);
		wait_for_change(vm, DATA, (uint32_t)registers.x[5]);
	}
	r0_vm_kill(vm);
	assert_int_equal(wait_for_end(vm).end, R0_VM_KILLED);
	r0_vm_destroy(vm);
}

static void states_are_checked(void **state)
{
	struct r0_vm *vm = BOOT(NULL, count);
	struct r0_vm_registers registers;
	struct r0_error error = { "" };

	(void)state;
	assert_fails(r0_vm_freeze(vm, &error), EINVAL, &error, "not started");
	start(vm);
	assert_fails(r0_vm_get_registers(vm, 0, &registers, &error), EBUSY, &error, "freeze it");
	freeze(vm);
	assert_fails(r0_vm_freeze(vm, &error), EALREADY, &error, "frozen already");
	r0_vm_kill(vm);
	assert_int_equal(wait_for_end(vm).end, R0_VM_KILLED);
	assert_fails(r0_vm_freeze(vm, &error), EALREADY, &error, "frozen already");
	r0_vm_destroy(vm);
}

/* CPU 1 is off: its thread waits in KVM. */
static void a_cpu_that_is_off_parks(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, count);
	struct r0_vm_registers registers;
	struct r0_error error = { "" };

	(void)state;
	start(vm);
	wait_for_change(vm, DATA, 0);
	freeze(vm);
	check(r0_vm_get_registers(vm, 1, &registers, &error), &error);
	assert_int_equal(registers.pc, 0);
	thaw(vm);
	r0_vm_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen_cpus_stand_still),
		cmocka_unit_test(an_access_under_way_is_finished),
		cmocka_unit_test(states_are_checked),
		cmocka_unit_test(a_cpu_that_is_off_parks),
	};

	return cmocka_run_group_tests_name("freezing on arm64", tests, NULL, NULL);
}
