/* SPDX-License-Identifier: MIT */
/* Freezing and thawing machines on a real KVM. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 300

#define EXIT(code) "mov $" #code ", %eax\n out %eax, $0xf4\n hlt\n"

/* Each CPU counts in a variable of its own. */
GUEST(count, "1: addl $1, " DATA_TEXT "(,%rdi,8)\n jmp 1b\n");

static struct r0_vm *boot_counting(const struct r0_vm_options *options)
{
	struct r0_vm *vm = BOOT(options, count);
	unsigned int i;

	for (i = 1; i < options->cpus; i++)
		enter(vm, i, CODE);
	return vm;
}

static void frozen_cpus_stand_still(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = boot_counting(&options);
	uint32_t before[2], after[2];
	int round, i;

	(void)state;
	start(vm);
	for (i = 0; i < 2; i++)
		wait_for_change(vm, DATA + 8 * (uint64_t)i, 0);
	for (round = 0; round < ROUNDS; round++) {
		freeze(vm);
		for (i = 0; i < 2; i++)
			before[i] = read32(vm, DATA + 8 * (uint64_t)i);
		if (round % 10 == 0)
			poll(NULL, 0, 2);
		for (i = 0; i < 2; i++) {
			after[i] = read32(vm, DATA + 8 * (uint64_t)i);
			assert_int_equal(before[i], after[i]);
		}
		thaw(vm);
		if (round % 10 == 0)
			for (i = 0; i < 2; i++)
				wait_for_change(vm, DATA + 8 * (uint64_t)i, after[i]);
	}
	r0_vm_destroy(vm);
}

static void registers_are_shown(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = boot_counting(&options);
	char text[R0_VM_REGISTERS_TEXT], expected[R0_VM_REGISTERS_TEXT];
	struct r0_vm_registers registers;
	struct r0_error error = { "" };
	unsigned int i;

	(void)state;
	start(vm);
	wait_for_change(vm, DATA + 8, 0);
	freeze(vm);
	for (i = 0; i < 2; i++) {
		check(r0_vm_get_registers(vm, i, &registers, &error), &error);
		assert_int_equal(registers.rdi, i);
		assert_uint_in_range(registers.rip, CODE, CODE + 16);
		check(r0_vm_registers_text(vm, i, text, sizeof(text), &error), &error);
		snprintf(expected, sizeof(expected), "ip=0x%016lx sp=0x%016lx ptroot=0x%016lx",
			 registers.rip, registers.rsp, registers.cr3);
		assert_string_equal(text, expected);
		check(r0_vm_registers_json(vm, i, text, sizeof(text), &error), &error);
		snprintf(expected, sizeof(expected),
			 "{\"instruction_pointer\":%lu,\"stack_pointer\":%lu,"
			 "\"page_table_root\":%lu}",
			 registers.rip, registers.rsp, registers.cr3);
		assert_string_equal(text, expected);
	}
	/* What is set is shown. */
	registers.rsp = 0x7000;
	check(r0_vm_set_registers(vm, 1, &registers, &error), &error);
	check(r0_vm_registers_text(vm, 1, text, sizeof(text), &error), &error);
	assert_non_null(strstr(text, "sp=0x0000000000007000"));
	r0_vm_destroy(vm);
}

static void states_are_checked(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = boot_counting(&options);
	struct r0_error error = { "" };

	(void)state;
	assert_fails(r0_vm_freeze(vm, &error), EINVAL, &error, "not started");
	assert_fails(r0_vm_thaw(vm, &error), EALREADY, &error, "not frozen");
	start(vm);
	assert_fails(r0_vm_thaw(vm, &error), EALREADY, &error, "not frozen");
	freeze(vm);
	assert_fails(r0_vm_freeze(vm, &error), EALREADY, &error, "frozen already");
	thaw(vm);
	assert_fails(r0_vm_thaw(vm, &error), EALREADY, &error, "not frozen");
	r0_vm_kill(vm);
	wait_for_end(vm);
	assert_fails(r0_vm_freeze(vm, &error), ESHUTDOWN, &error, "has ended");
	r0_vm_destroy(vm);
}

static void kill_wins_over_a_freeze(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = boot_counting(&options);

	(void)state;
	start(vm);
	freeze(vm);
	r0_vm_kill(vm);
	assert_int_equal(wait_for_end(vm).end, R0_VM_KILLED);
	thaw(vm);
	r0_vm_destroy(vm);
}

static void time_limit_ends_a_frozen_machine(void **state)
{
	/* It is frozen by then on a loaded host, too. */
	const struct r0_vm_options options = { .cpus = 2, .time_limit_ms = 2000 };
	struct r0_vm *vm = boot_counting(&options);

	(void)state;
	start(vm);
	freeze(vm);
	assert_int_equal(wait_for_end(vm).end, R0_VM_TIME_LIMIT);
	r0_vm_destroy(vm);
}

/*
 * All that a CPU can be in the middle of: string output, MMIO reads by REP MOVS, an MMIO access that
 * crosses into another page, IN. Prints what tells whether each came out right, in a fixed order.
 */
GUEST(busy, "	cld\n"
	    "	xor %r9d, %r9d\n"
	    "1:	lea text(%rip), %rsi\n"
	    "	mov $62, %ecx\n"
	    "	mov $0x3f8, %dx\n"
	    "	rep outsb\n"
	    "	mov $0xc0000000, %esi\n"
	    "	mov $" DATA_TEXT " + 0x100, %edi\n"
	    "	mov $4, %ecx\n"
	    "	rep movsl\n"
	    "	mov $" DATA_TEXT " + 0x100, %esi\n"
	    "	mov $16, %ecx\n"
	    "	rep outsb\n"
	    "	mov $0xd0000ffc, %ebx\n"
	    "	mov (%rbx), %rax\n"
	    "	cmp $-1, %rax\n"
	    "	jne bad\n"
	    "	mov %rax, (%rbx)\n"
	    "	mov $0x5a, %al\n"
	    "	mov $0x3ff, %dx\n"
	    "	out %al, %dx\n"
	    "	xor %eax, %eax\n"
	    "	in %dx, %al\n"
	    "	cmp $0x5a, %eax\n"
	    "	jne bad\n"
	    "	addl $1, " DATA_TEXT "\n"
	    "	add $1, %r9d\n"
	    "	cmp %r9d, " DATA_TEXT "\n"
	    "	jne bad\n"
	    "	cmpl $0, " DATA_TEXT " + 4\n"
	    "	je 1b\n" EXIT(1) "bad:" EXIT(
		    2) "text: .ascii "
		       "\"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\"\n");

/* Magic, version 2, device 3 (console), vendor: VIRTIO 1.2, 4.2.2. */
static void check_stream(const char *text, size_t size, uint64_t position)
{
	static const char line[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "virt\2\0\0\0\3\0\0\0";
	const size_t period = sizeof(line) - 1 + 4;
	size_t i;

	for (i = 0; i < size; i++) {
		size_t at = (position + i) % period;

		if (at < sizeof(line) - 1 && text[i] != line[at])
			fail_msg("byte %zu of %zu is %#x, not %#x", i, size, text[i], line[at]);
	}
}

static void nothing_is_lost_by_a_freeze(void **state)
{
	const struct r0_vm_options options = { .virtio_console = true };
	struct r0_vm *vm = BOOT(&options, busy);
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;
	uint64_t position = 0;
	size_t size;
	char *text;
	int round;

	(void)state;
	start(vm);
	wait_for_change(vm, DATA, 0);
	for (round = 0; round < ROUNDS; round++) {
		freeze(vm);
		check(r0_vm_console_take(vm, R0_VM_COM1, &text, &size, NULL, &error), &error);
		check_stream(text, size, position);
		position += size;
		free(text);
		thaw(vm);
		if (round % 16 == 0)
			poll(NULL, 0, 1);
	}
	write32(vm, DATA + 4, 1);
	outcome = wait_for_end(vm);
	assert_string_equal(outcome.reason, "the guest ended with status 1");
	check(r0_vm_console_take(vm, R0_VM_COM1, &text, &size, NULL, &error), &error);
	check_stream(text, size, position);
	position += size;
	free(text);
	/* Not less, nor more. */
	assert_int_equal(position, (uint64_t)read32(vm, DATA) * 78);
	r0_vm_destroy(vm);
}

/* A guest that ends by itself, at any moment of the freeze. */
GUEST(short_lived, "	mov %rdi, %rcx\n"
		   "1:	dec %rcx\n"
		   "	jns 1b\n" EXIT(5));

static void freeze_during_shutdown(void **state)
{
	struct r0_error error = { "" };
	int round, frozen = 0, ended = 0, err;

	(void)state;
	for (round = 0; round < 100; round++) {
		const struct r0_vm_options options = { .cpus = 2 };
		struct r0_vm *vm = BOOT(&options, short_lived);

		/* Its argument, and with it how long it lasts, is 0 and then more. */
		const struct r0_vm_entry entry = {
			.mode = R0_VM_MODE_LONG,
			.ip = CODE,
			.tables = TABLES,
			.argument = (uint64_t)round * 4,
		};
		check(r0_vm_enter(vm, 0, &entry, &error), &error);
		check(r0_vm_enter(vm, 1, &entry, &error), &error);
		start(vm);
		err = r0_vm_freeze(vm, &error);
		if (err == 0) {
			frozen++;
			thaw(vm);
		} else {
			ended++;
			assert_fails(err, ESHUTDOWN, &error, "has ended");
		}
		assert_int_equal(wait_for_end(vm).status, 5);
		r0_vm_destroy(vm);
	}
	print_message("# frozen %d times, ended before %d times\n", frozen, ended);
}

/* The host's own function keeps CPU 0 for as long as the test says. */
struct stuck {
	pthread_mutex_t lock;
	atomic_bool entered;
};

static void get_stuck(void *context, enum r0_vm_console console, const void *data, size_t size)
{
	struct stuck *stuck = context;

	(void)console;
	(void)data;
	(void)size;
	stuck->entered = true;
	pthread_mutex_lock(&stuck->lock);
	pthread_mutex_unlock(&stuck->lock);
}

/* CPU 0 prints, CPU 1 counts. */
GUEST(print, "	test %edi, %edi\n"
	     "	jnz 1f\n"
	     "	mov $0x3f8, %dx\n"
	     "	out %al, %dx\n"
	     "1:	addl $1, " DATA_TEXT "(,%rdi,8)\n"
	     "	jmp 1b\n");

static void cpu_that_does_not_park_is_named(void **state)
{
	struct stuck stuck = { .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct r0_vm_options options = {
		.cpus = 2, .park_limit_ms = 1000, .output = get_stuck, .context = &stuck
	};
	struct r0_vm *vm = BOOT(&options, print);
	struct r0_error error = { "" };

	(void)state;
	enter(vm, 1, CODE);
	pthread_mutex_lock(&stuck.lock);
	start(vm);
	while (!stuck.entered)
		poll(NULL, 0, 1);
	assert_fails(r0_vm_freeze(vm, &error), ETIMEDOUT, &error,
		     "CPU 0 did not come to rest within 1000 ms");
	pthread_mutex_unlock(&stuck.lock);
	/* The VM went on, and can still be frozen. */
	wait_for_change(vm, DATA + 8, read32(vm, DATA + 8));
	wait_for_change(vm, DATA, 0);
	freeze(vm);
	thaw(vm);
	r0_vm_destroy(vm);
}

/* Both get their turns, and find the machine frozen by the other at times. */
static void *freeze_and_thaw(void *context)
{
	struct r0_vm *vm = context;
	struct r0_error error = { "" };
	int times = 0, err;

	while (times < 50) {
		err = r0_vm_freeze(vm, &error);
		if (err == 0 && ++times && r0_vm_thaw(vm, &error) != 0)
			return (void *)"it can't be thawed";
		if (err && err != -EALREADY)
			return (void *)"it can't be frozen";
	}
	return NULL;
}

static void freezes_from_several_threads(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = boot_counting(&options);
	pthread_t threads[2];
	void *complaint;
	int i;

	(void)state;
	start(vm);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, freeze_and_thaw, vm), 0);
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], &complaint);
		assert_null(complaint);
	}
	wait_for_change(vm, DATA, read32(vm, DATA));
	r0_vm_destroy(vm);
}

/* CPU 1 halts, and CPU 0 counts. */
GUEST(halt_second, "	test %edi, %edi\n"
		   "	jnz 2f\n"
		   "1:	addl $1, " DATA_TEXT "\n"
		   "	jmp 1b\n"
		   "2:	movl $1, " DATA_TEXT " + 8\n"
		   "	hlt\n"
		   "	movl $2, " DATA_TEXT " + 8\n"
		   "	hlt\n");

static void halted_cpus_park(void **state)
{
	struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm;
	int with_irqchip, round;

	(void)state;
	for (with_irqchip = 0; with_irqchip < 2; with_irqchip++) {
		options.irqchip = with_irqchip;
		vm = BOOT(&options, halt_second);
		enter(vm, 1, CODE);
		start(vm);
		wait_for_change(vm, DATA + 8, 0);
		for (round = 0; round < 20; round++) {
			freeze(vm);
			thaw(vm);
		}
		/* Coming to rest and going on does not end a HLT. */
		assert_int_equal(read32(vm, DATA + 8), 1);
		wait_for_change(vm, DATA, read32(vm, DATA));
		r0_vm_destroy(vm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen_cpus_stand_still),
		cmocka_unit_test(registers_are_shown),
		cmocka_unit_test(states_are_checked),
		cmocka_unit_test(kill_wins_over_a_freeze),
		cmocka_unit_test(time_limit_ends_a_frozen_machine),
		cmocka_unit_test(nothing_is_lost_by_a_freeze),
		cmocka_unit_test(freeze_during_shutdown),
		cmocka_unit_test(cpu_that_does_not_park_is_named),
		cmocka_unit_test(freezes_from_several_threads),
		cmocka_unit_test(halted_cpus_park),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
