/* SPDX-License-Identifier: MIT */
/* Machines of the monitor on a real KVM: what their devices do, how they end. How they start: entry_test.c. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "monitor/state.h"

#define RESET	   "mov $0xfe, %al\n out %al, $0x64\n hlt\n"
#define EXIT(code) "mov $" #code ", %eax\n out %eax, $0xf4\n hlt\n"

GUEST(hello, "	lea text(%rip), %rsi\n"
	     "	mov $6, %ecx\n"
	     "	mov $0x3f8, %dx\n"
	     "	cld\n"
	     "	rep outsb\n"
	     "	mov $0x2f8, %dx\n"
	     "	mov $'2', %al\n"
	     "	out %al, %dx\n"
	     "	mov $'d', %al\n"
	     "	out %al, $0xe9\n"
	     /* Not a reset. */
	     "	xor %al, %al\n"
	     "	out %al, $0x64\n" RESET "text: .ascii \"hello\\n\"\n");

static void serial_lines_are_captured(void **state)
{
	struct r0_vm *vm = BOOT(NULL, hello);
	struct r0_vm_outcome outcome = run(vm);
	char *text;

	(void)state;
	assert_int_equal(outcome.end, R0_VM_RESET);
	text = printed(vm, R0_VM_COM1);
	assert_string_equal(text, "hello\n");
	free(text);
	text = printed(vm, R0_VM_COM2);
	assert_string_equal(text, "2");
	free(text);
	text = printed(vm, R0_VM_DEBUG_CONSOLE);
	assert_string_equal(text, "d");
	free(text);
	/* All of it was taken. */
	text = printed(vm, R0_VM_COM1);
	assert_string_equal(text, "");
	free(text);
	r0_vm_destroy(vm);
}

static void i8042_reset_is_an_end(void **state)
{
	struct r0_vm *vm = BOOT(NULL, hello);
	struct r0_vm_outcome outcome = run(vm);

	(void)state;
	assert_int_equal(outcome.end, R0_VM_RESET);
	assert_int_equal(outcome.cpu, 0);
	assert_int_equal(outcome.exit_code, 0);
	assert_string_equal(outcome.reason, "the guest asked for a reset of the CPUs");
	r0_vm_destroy(vm);
}

GUEST(status, EXIT(42));

static void debug_exit_has_a_status(void **state)
{
	struct r0_vm *vm = BOOT(NULL, status);
	struct r0_vm_outcome outcome = run(vm), again;

	(void)state;
	assert_int_equal(outcome.end, R0_VM_STATUS);
	assert_int_equal(outcome.status, 42);
	assert_int_equal(outcome.exit_code, 85);
	assert_string_equal(outcome.reason, "the guest ended with status 42");
	again = wait_for_end(vm);
	assert_memory_equal(&outcome, &again, sizeof(outcome));
	r0_vm_destroy(vm);
}

GUEST(triple_fault, "1: cmp %edi, " DATA_TEXT "\n"
		    "	jne 1b\n"
		    "	lidt zero(%rip)\n"
		    "	ud2\n"
		    "zero: .quad 0, 0\n");

static void triple_fault_is_shutdown_but_no_success(void **state)
{
	struct r0_vm *vm = BOOT(NULL, triple_fault);
	struct r0_vm_outcome outcome = run(vm);

	(void)state;
	assert_int_equal(outcome.end, R0_VM_TRIPLE_FAULT);
	assert_int_equal(outcome.exit_code, 1);
	r0_vm_destroy(vm);
}

static void shutdown_by_another_cpu_is_no_success(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, triple_fault);
	struct r0_vm_outcome outcome;

	(void)state;
	enter(vm, 1, CODE);
	/* CPU 1 is the one whose number is there; CPU 0 waits for ever. */
	write32(vm, DATA, 1);
	outcome = run(vm);
	assert_int_equal(outcome.end, R0_VM_TRIPLE_FAULT);
	assert_int_equal(outcome.cpu, 1);
	assert_int_equal(outcome.exit_code, 1);
	r0_vm_destroy(vm);
}

/* CPU 1 halts, CPU 0 waits until it has, and halts too or ends with a status. */
GUEST(halt, "	test %edi, %edi\n"
	    "	jz 1f\n"
	    "	movl $1, " DATA_TEXT "\n"
	    "	hlt\n"
	    "	movl $2, " DATA_TEXT "\n"
	    "1:	cmpl $1, " DATA_TEXT "\n"
	    "	jne 1b\n"
	    "	cmpl $0, " DATA_TEXT " + 4\n"
	    "	jne 2f\n"
	    "	hlt\n"
	    "2:" EXIT(7));

static void all_halted_is_an_end(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, halt);
	struct r0_vm_outcome outcome;

	(void)state;
	enter(vm, 1, CODE);
	outcome = run(vm);
	assert_int_equal(outcome.end, R0_VM_HALTED);
	assert_int_equal(outcome.exit_code, 1);
	r0_vm_destroy(vm);
}

static void one_halted_waits(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, halt);
	struct r0_vm_outcome outcome;

	(void)state;
	enter(vm, 1, CODE);
	write32(vm, DATA + 4, 1);
	outcome = run(vm);
	assert_int_equal(outcome.end, R0_VM_STATUS);
	assert_int_equal(outcome.cpu, 0);
	/* It did not go on behind its HLT. */
	assert_int_equal(read32(vm, DATA), 1);
	r0_vm_destroy(vm);
}

GUEST(unmapped, "	xor %eax, %eax\n"
		"	mov $0x99, %dx\n"
		"	in %dx, %al\n"
		"	mov %eax, " DATA_TEXT "\n"
		"	in $0x64, %al\n"
		"	mov %eax, " DATA_TEXT " + 4\n"
		"	in $0x60, %al\n"
		"	mov %eax, " DATA_TEXT " + 8\n"
		"	mov $0xd0000000, %ebx\n"
		"	mov (%rbx), %eax\n"
		"	mov %eax, " DATA_TEXT " + 12\n"
		"	mov $0x12345678, %eax\n"
		"	mov %eax, 8(%rbx)\n"
		"	mov $0x98, %dx\n"
		"	out %ax, %dx\n" EXIT(0));

static void unmapped_accesses_are_told(void **state)
{
	struct r0_vm *vm = BOOT(NULL, unmapped);
	struct r0_vm_access accesses[8], last;
	size_t count;

	(void)state;
	assert_int_equal(run(vm).end, R0_VM_STATUS);
	assert_int_equal(read32(vm, DATA), 0xff);
	assert_int_equal(read32(vm, DATA + 4) & 0xff, 0);
	assert_int_equal(read32(vm, DATA + 8) & 0xff, 0);
	assert_int_equal(read32(vm, DATA + 12), 0xffffffff);
	assert_int_equal(r0_vm_unmapped(vm, accesses, 8, &count), 4);
	assert_int_equal(count, 4);
	assert_true(accesses[0].port && !accesses[0].write);
	assert_int_equal(accesses[0].address, 0x99);
	assert_int_equal(accesses[0].value, 0xff);
	assert_true(!accesses[1].port && !accesses[1].write);
	assert_int_equal(accesses[1].address, 0xd0000000);
	assert_int_equal(accesses[1].value, 0xffffffff);
	assert_true(!accesses[2].port && accesses[2].write);
	assert_int_equal(accesses[2].address, 0xd0000008);
	assert_int_equal(accesses[2].width, 4);
	assert_int_equal(accesses[2].value, 0x12345678);
	/* Of fewer, the last. */
	assert_int_equal(r0_vm_unmapped(vm, &last, 1, &count), 4);
	assert_int_equal(count, 1);
	assert_int_equal(last.address, 0x98);
	assert_int_equal(last.value, 0x5678);
	r0_vm_destroy(vm);
}

GUEST(spin, "1: addl $1, " DATA_TEXT "\n jmp 1b\n");

static void kill_ends_it(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, spin);
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;

	(void)state;
	enter(vm, 1, CODE);
	/* Not yet. */
	r0_vm_kill(vm);
	assert_fails(r0_vm_wait(vm, 0, NULL, &error), EINVAL, &error, "not started");
	start(vm);
	wait_for_change(vm, DATA, 0);
	assert_fails(r0_vm_wait(vm, 20, NULL, &error), ETIMEDOUT, &error, "still runs");
	r0_vm_kill(vm);
	outcome = wait_for_end(vm);
	assert_int_equal(outcome.end, R0_VM_KILLED);
	assert_int_equal(outcome.cpu, R0_VM_NO_CPU);
	assert_int_equal(outcome.exit_code, 1);
	r0_vm_kill(vm);
	r0_vm_destroy(vm);
}

static void kill_by_eventfd(void **state)
{
	struct r0_vm *vm = BOOT(NULL, spin);
	struct pollfd fd = { .fd = r0_vm_kill_fd(vm), .events = POLLIN };
	const uint64_t one = 1;

	(void)state;
	start(vm);
	wait_for_change(vm, DATA, 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(write(fd.fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(wait_for_end(vm).end, R0_VM_KILLED);
	assert_int_equal(poll(&fd, 1, 0), 1);
	r0_vm_destroy(vm);
}

static void destroy_ends_it(void **state)
{
	struct r0_vm *vm = BOOT(NULL, spin);

	(void)state;
	start(vm);
	wait_for_change(vm, DATA, 0);
	r0_vm_destroy(vm);
	r0_vm_destroy(NULL);
}

static void time_limit_ends_it(void **state)
{
	const struct r0_vm_options options = { .cpus = 2, .time_limit_ms = 50 };
	struct r0_vm *vm = BOOT(&options, spin);
	struct r0_vm_outcome outcome;

	(void)state;
	enter(vm, 1, CODE);
	outcome = run(vm);
	assert_int_equal(outcome.end, R0_VM_TIME_LIMIT);
	assert_int_equal(outcome.exit_code, 1);
	assert_string_equal(outcome.reason, "the time limit of 50 ms is over");
	r0_vm_destroy(vm);
}

/* Nothing is there to be executed. */
GUEST(lost, "mov $0xd0000000, %eax\n jmp *%rax\n");

static void what_kvm_gives_up_is_fatal(void **state)
{
	const struct r0_vm_options options = { .time_limit_ms = 20000 };
	struct r0_vm *vm = BOOT(&options, lost);
	struct r0_vm_outcome outcome = run(vm);

	(void)state;
	assert_int_equal(outcome.end, R0_VM_FATAL);
	assert_int_equal(outcome.cpu, 0);
	assert_int_equal(outcome.exit_code, 1);
	assert_non_null(strstr(outcome.reason, "KVM gave up"));
	r0_vm_destroy(vm);
}

/* Echoes what comes to COM1 until a full stop. */
GUEST(echo, "	mov $0x3fd, %dx\n"
	    "1:	in %dx, %al\n"
	    "	test $1, %al\n"
	    "	jz 1b\n"
	    "	mov $0x3f8, %dx\n"
	    "	in %dx, %al\n"
	    "	out %al, %dx\n"
	    "	mov $0x3fd, %dx\n"
	    "	cmp $'.', %al\n"
	    "	jne 1b\n" EXIT(1));

static void serial_line_takes_input(void **state)
{
	static const char text[] = "more than sixteen bytes, which are all that a FIFO holds.";
	struct r0_vm *vm = BOOT(NULL, echo);
	struct r0_error error = { "" };
	char *output;

	(void)state;
	assert_int_equal(r0_vm_console_type(vm, R0_VM_COM1, text, 20, &error), 20);
	start(vm);
	assert_int_equal(r0_vm_console_type(vm, R0_VM_COM1, text + 20, sizeof(text) - 1 - 20,
					    &error),
			 sizeof(text) - 1 - 20);
	assert_int_equal(wait_for_end(vm).end, R0_VM_STATUS);
	output = printed(vm, R0_VM_COM1);
	assert_string_equal(output, text);
	free(output);
	assert_fails(r0_vm_console_type(vm, R0_VM_DEBUG_CONSOLE, "", 0, &error), ENODEV, &error,
		     "no such console");
	assert_fails(r0_vm_console_type(vm, R0_VM_VIRTIO_CONSOLE, "", 0, &error), ENODEV, &error,
		     "no such console");
	r0_vm_destroy(vm);
}

struct seen {
	char text[64];
	size_t size;
};

static void see(void *context, enum r0_vm_console console, const void *data, size_t size)
{
	struct seen *seen = context;

	if (console != R0_VM_COM1)
		return;
	assert_true(seen->size + size < sizeof(seen->text));
	memcpy(seen->text + seen->size, data, size);
	seen->size += size;
}

static void output_is_handed_on(void **state)
{
	struct seen seen = { "", 0 };
	const struct r0_vm_options options = { .output = see, .context = &seen };
	struct r0_vm *vm = BOOT(&options, hello);

	(void)state;
	run(vm);
	assert_string_equal(seen.text, "hello\n");
	r0_vm_destroy(vm);
}

static void bad_options_are_refused(void **state)
{
	struct r0_vm_options options = { .cpus = R0_VM_CPUS_MAX + 1 };
	struct r0_error error = { "" };
	struct r0_vm *vm = BOOT(NULL, spin);

	(void)state;
	r0_vm_destroy(vm);
	assert_fails(r0_vm_create(&vm, &options, &error), EINVAL, &error, "65 CPUs");
	options = (struct r0_vm_options){ .memory = 4097 };
	assert_fails(r0_vm_create(&vm, &options, &error), EINVAL, &error, "multiple of 4096");
	options = (struct r0_vm_options){ .pit = true };
	assert_int_equal(r0_vm_create(&vm, &options, &error), -EINVAL);
	error.text[0] = '\0';
	options = (struct r0_vm_options){ .block = &(struct r0_vm_block){ .fd = -1 } };
	assert_int_equal(r0_vm_create(&vm, &options, &error), -EBADF);
	assert_true(error.text[0]);
}

static void bad_calls_are_refused(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm_entry entry = { .mode = R0_VM_MODE_REAL, .ip = 0x100000 };
	struct r0_vm *vm = BOOT(&options, spin);
	struct r0_vm_registers registers;
	struct r0_error error = { "" };
	char text[16];

	(void)state;
	assert_fails(r0_vm_start(vm, &error), EINVAL, &error, "nothing starts CPU 1");
	assert_fails(r0_vm_enter(vm, 2, &entry, &error), EINVAL, &error, "no CPU 2");
	assert_fails(r0_vm_enter(vm, 0, &entry, &error), EINVAL, &error, "no entry");
	entry = (struct r0_vm_entry){ .mode = R0_VM_MODE_LONG, .tables = 0x1001 };
	assert_fails(r0_vm_enter(vm, 0, &entry, &error), EINVAL, &error, "0x1001");
	entry.tables = (16 << 20) - 0x6000;
	assert_fails(r0_vm_enter(vm, 0, &entry, &error), EFAULT, &error, "no memory");
	assert_fails(r0_vm_registers_text(vm, 0, text, sizeof(text), &error), ENOSPC, &error,
		     "too few");
	assert_fails(r0_vm_read(vm, UINT64_MAX, text, 1, &error), EFAULT, &error, "not all memory");
	assert_fails(r0_vm_read(vm, 8, text, SIZE_MAX, &error), EFAULT, &error, "not all memory");
	check(r0_vm_read(vm, UINT64_MAX, text, 0, &error), &error);
	enter(vm, 1, CODE);
	start(vm);
	assert_fails(r0_vm_start(vm, &error), EALREADY, &error, "started already");
	entry.tables = TABLES;
	assert_fails(r0_vm_enter(vm, 0, &entry, &error), EBUSY, &error, "freeze it");
	assert_fails(r0_vm_get_registers(vm, 0, &registers, &error), EBUSY, &error, "freeze it");
	assert_fails(r0_vm_set_registers(vm, 0, &registers, &error), EBUSY, &error, "freeze it");
	assert_fails(r0_vm_registers_json(vm, 0, text, sizeof(text), &error), EBUSY, &error,
		     "freeze it");
	r0_vm_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serial_lines_are_captured),
		cmocka_unit_test(i8042_reset_is_an_end),
		cmocka_unit_test(debug_exit_has_a_status),
		cmocka_unit_test(triple_fault_is_shutdown_but_no_success),
		cmocka_unit_test(shutdown_by_another_cpu_is_no_success),
		cmocka_unit_test(all_halted_is_an_end),
		cmocka_unit_test(one_halted_waits),
		cmocka_unit_test(unmapped_accesses_are_told),
		cmocka_unit_test(kill_ends_it),
		cmocka_unit_test(kill_by_eventfd),
		cmocka_unit_test(destroy_ends_it),
		cmocka_unit_test(time_limit_ends_it),
		cmocka_unit_test(what_kvm_gives_up_is_fatal),
		cmocka_unit_test(serial_line_takes_input),
		cmocka_unit_test(output_is_handed_on),
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(bad_calls_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
