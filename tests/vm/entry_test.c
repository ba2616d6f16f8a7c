/* SPDX-License-Identifier: MIT */
/* Machines of the monitor on a real KVM: how their CPUs start. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <sys/ioctl.h>
#include "monitor/state.h"

#define EXIT(code) "mov $" #code ", %eax\n out %eax, $0xf4\n hlt\n"

GUEST(real, ".code16\n"
	    "	mov %ax, %bx\n"
	    "	push %bx\n"
	    "	pop %ax\n"
	    "	out %ax, $0xf4\n"
	    "	hlt\n");

static void starts_in_real_mode(void **state)
{
	const struct r0_vm_entry entry = {
		.mode = R0_VM_MODE_REAL, .ip = CODE, .sp = 0x8000, .argument = 0x1234
	};
	struct r0_vm *vm = BOOT(NULL, real);
	struct r0_error error = { "" };

	(void)state;
	check(r0_vm_enter(vm, 0, &entry, &error), &error);
	assert_int_equal(run(vm).status, 0x1234);
	r0_vm_destroy(vm);
}

GUEST(protected, ".code32\n"
		 "	push %eax\n"
		 "	pop %ebx\n"
		 "	mov %ebx, 0x100000\n"
		 "	mov 0x100000, %eax\n"
		 "	out %eax, $0xf4\n"
		 "	hlt\n");

static void starts_in_protected_mode(void **state)
{
	const struct r0_vm_entry entry = {
		.mode = R0_VM_MODE_PROTECTED,
		.ip = CODE,
		.sp = STACK,
		.tables = TABLES,
		.argument = 0x345678,
	};
	struct r0_vm *vm = BOOT(NULL, protected);
	struct r0_error error = { "" };

	(void)state;
	check(r0_vm_enter(vm, 0, &entry, &error), &error);
	assert_int_equal(run(vm).status, 0x345678);
	r0_vm_destroy(vm);
}

GUEST(long, "	push %rdi\n"
	    "	pop %rax\n"
	    "	out %eax, $0xf4\n"
	    "	hlt\n");

static void starts_in_long_mode(void **state)
{
	const struct r0_vm_entry entry = {
		.mode = R0_VM_MODE_LONG,
		.ip = CODE,
		.sp = STACK,
		.tables = TABLES,
		.argument = 0x456789,
	};
	struct r0_vm *vm = BOOT(NULL, long);
	struct r0_vm_registers registers;
	struct r0_error error = { "" };

	(void)state;
	check(r0_vm_enter(vm, 0, &entry, &error), &error);
	check(r0_vm_get_registers(vm, 0, &registers, &error), &error);
	assert_int_equal(registers.rip, CODE);
	assert_int_equal(registers.rsp, STACK);
	assert_int_equal(registers.rdi, 0x456789);
	registers.rdi = 0x112233;
	check(r0_vm_set_registers(vm, 0, &registers, &error), &error);
	assert_int_equal(run(vm).status, 0x112233);
	r0_vm_destroy(vm);
}

/* Memory above the hole for devices is where the guest expects it. */
GUEST(high, "	mov %rdi, %rax\n"
	    "	mov (%rax), %eax\n"
	    "	out %eax, $0xf4\n"
	    "	hlt\n");

static void memory_goes_on_above_4_gib(void **state)
{
	const struct r0_vm_options options = { .memory = (3ul << 30) + (64 << 20) };
	struct r0_vm *vm = BOOT(&options, high);
	const uint64_t top = (4ul << 30) + (64 << 20), large = 0x100000000ul | 0x83;
	const struct r0_vm_entry entry = {
		.mode = R0_VM_MODE_LONG,
		.ip = CODE,
		.tables = TABLES,
		.argument = (32ul << 20) + 0x1234,
	};
	struct r0_error error = { "" };
	uint64_t physical;
	uint32_t word = 0;

	(void)state;
	write32(vm, 0x100000000ul + 0x1234, 0xabcdef);
	assert_int_equal(read32(vm, 0x100000000ul + 0x1234), 0xabcdef);
	assert_fails(r0_vm_write(vm, top - 2, &word, 4, &error), EFAULT, &error, "not all memory");
	assert_fails(r0_vm_write(vm, 0xbffffffe, &word, 4, &error), EFAULT, &error,
		     "not all memory");
	check(r0_vm_read(vm, top - 4, &word, 4, &error), &error);
	/* 2 MiB of it are mapped in the place of those at 32 MiB. */
	check(r0_vm_enter(vm, 0, &entry, &error), &error);
	check(r0_vm_write(vm, TABLES + 0x3000 + 16 * 8, &large, 8, &error), &error);
	check(r0_vm_translate(vm, 0, entry.argument, &physical, &error), &error);
	assert_int_equal(physical, 0x100000000ul + 0x1234);
	assert_fails(r0_vm_translate(vm, 0, 5ul << 30, &physical, &error), EFAULT, &error,
		     "do not map");
	/* Not canonical: there is no such address, whatever its lower bits say. */
	assert_fails(r0_vm_translate(vm, 0, 1ul << 48 | CODE, &physical, &error), EFAULT, &error,
		     "do not map");
	assert_fails(r0_vm_translate(vm, 0, 0xffful << 52 | CODE, &physical, &error), EFAULT,
		     &error, "do not map");
	assert_int_equal(run(vm).status, 0xabcdef);
	r0_vm_destroy(vm);
}

/* CPU 0 has its local APIC send INIT and SIPI; CPU 1 starts in real mode at 0x8000. */
GUEST(start_second, "	mov $0xfee00000, %ebx\n"
		    "	movl $0x1ff, 0xf0(%rbx)\n"
		    "	movl $0x01000000, 0x310(%rbx)\n"
		    "	movl $0x4500, 0x300(%rbx)\n"
		    "	movl $0x01000000, 0x310(%rbx)\n"
		    "	movl $0x4608, 0x300(%rbx)\n"
		    "1:	cmpl $1, 0x9000\n"
		    "	jne 1b\n" EXIT(3));
GUEST(second, ".code16\n"
	      "	xor %ax, %ax\n"
	      "	mov %ax, %ds\n"
	      "	movl $1, 0x9000\n"
	      "1:	hlt\n"
	      "	jmp 1b\n");

static void second_cpu_waits_for_its_start(void **state)
{
	const struct r0_vm_options options = {
		.cpus = 2, .irqchip = true, .pit = true, .time_limit_ms = 20000
	};
	struct r0_vm *vm = BOOT(&options, start_second);
	struct r0_error error = { "" };

	(void)state;
	check(r0_vm_write(vm, 0x8000, guest_second, (size_t)(guest_second_end - guest_second),
			  &error),
	      &error);
	assert_int_equal(run(vm).status, 3);
	r0_vm_destroy(vm);
}

GUEST(status, EXIT(42));

/* What was pending for the code before is not delivered to the new one, which has no handlers. */
static void entry_forgets_pending_events(void **state)
{
	const struct r0_vm_options options = { .irqchip = true };
	struct r0_vm *vm = BOOT(&options, status);

	(void)state;
	assert_true(ioctl(vm->cpus[0].vcpu.fd, KVM_NMI) >= 0);
	enter(vm, 0, CODE);
	assert_int_equal(run(vm).end, R0_VM_STATUS);
	r0_vm_destroy(vm);
}

GUEST(bad_msr, "	mov $0x12345, %ecx\n"
	       "	rdmsr\n" EXIT(1));

static void unknown_msr_faults(void **state)
{
	struct r0_vm *vm = BOOT(NULL, bad_msr);

	(void)state;
	/* #GP without an IDT. */
	assert_int_equal(run(vm).end, R0_VM_TRIPLE_FAULT);
	r0_vm_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_in_real_mode),
		cmocka_unit_test(starts_in_protected_mode),
		cmocka_unit_test(starts_in_long_mode),
		cmocka_unit_test(memory_goes_on_above_4_gib),
		cmocka_unit_test(second_cpu_waits_for_its_start),
		cmocka_unit_test(entry_forgets_pending_events),
		cmocka_unit_test(unknown_msr_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
