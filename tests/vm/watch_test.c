/* SPDX-License-Identifier: MIT */
/*
 * Watched variables of machines on a real KVM: by single steps, by whatever this host's KVM can do best,
 * and by watchpoints that work, which this program makes out of single steps where KVM's do not.
 */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "monitor/virtual.h"

#define EXIT(code) "mov $" #code ", %eax\n out %eax, $0xf4\n hlt\n"

#define STEP	 (void *)1
#define HARDWARE (void *)2

/* A machine whose KVM_SET_GUEST_DEBUG and KVM_RUN are those below, and what its vCPUs have armed. */
static struct r0_vm *emulated;
static struct kvm_guest_debug armed[2];
static pthread_mutex_t emulation = PTHREAD_MUTEX_INITIALIZER;

static long kvm(int fd, unsigned long request, void *argument)
{
	return syscall(SYS_ioctl, fd, request, argument);
}

/* The value at DRi, of the length that DR7 says (SDM vol. 3B, 17.2.4); 0 if it is not enabled. */
static uint64_t value_at(struct monitor_cpu *cpu, unsigned int i)
{
	static const size_t lengths[] = { 1, 2, 8, 4 };
	const __u64 *dr = armed[cpu->number].arch.debugreg;
	uint64_t value = 0;

	if (dr[7] >> 2 * i & 3)
		monitor_read_virtual(cpu, dr[i], &value, lengths[dr[7] >> (18 + 4 * i) & 3]);
	return value;
}

/* Run until a watched value changes or something else happens. DR6's upper bits are set, too. */
static long run_watched(struct monitor_cpu *cpu)
{
	struct kvm_guest_debug step = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };
	struct kvm_run *state = cpu->vcpu.run;
	uint64_t before[4], hits = 0;
	unsigned int i;
	long result;

	do {
		pthread_mutex_lock(&emulation);
		for (i = 0; i < 4; i++)
			before[i] = value_at(cpu, i);
		kvm(cpu->vcpu.fd, KVM_SET_GUEST_DEBUG, &step);
		result = kvm(cpu->vcpu.fd, KVM_RUN, NULL);
		for (i = 0; i < 4; i++)
			hits |= (uint64_t)(value_at(cpu, i) != before[i]) << i;
		pthread_mutex_unlock(&emulation);
	} while (!hits && result == 0 && state->exit_reason == KVM_EXIT_DEBUG);
	if (result == 0 && state->exit_reason == KVM_EXIT_DEBUG)
		state->debug.arch.dr6 = 0xffffffff00000ff0 | hits;
	return result;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct monitor_cpu *cpu = NULL;
	va_list arguments;
	void *argument;
	unsigned int i;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	for (i = 0; emulated && i < emulated->options.cpus; i++)
		if (emulated->cpus[i].vcpu.fd == fd)
			cpu = &emulated->cpus[i];
	if (cpu && request == KVM_SET_GUEST_DEBUG) {
		armed[cpu->number] = *(const struct kvm_guest_debug *)argument;
		if (armed[cpu->number].control & KVM_GUESTDBG_USE_HW_BP)
			return 0;
	}
	if (cpu && request == KVM_RUN && armed[cpu->number].control & KVM_GUESTDBG_USE_HW_BP)
		return (int)run_watched(cpu);
	return (int)kvm(fd, request, argument);
}

static struct r0_vm_options options_of(void **state, unsigned int cpus)
{
	return (struct r0_vm_options){ .cpus = cpus, .watch_by_step = *state == STEP };
}

static int by_step(void **state)
{
	*state = STEP;
	return 0;
}

static int by_hardware(void **state)
{
	*state = HARDWARE;
	return 0;
}

static int end_emulation(void **state)
{
	(void)state;
	emulated = NULL;
	return 0;
}

/* The machine of a test, which has one at a time, with the watchpoints that it is to have. */
static struct r0_vm *watched_by(void **state, struct r0_vm *vm)
{
	if (*state != HARDWARE)
		return vm;
	memset(armed, 0, sizeof(armed));
	emulated = vm;
	/* As if they had been tried. */
	vm->has_watch = true;
	vm->watch.method = WATCH_HARDWARE;
	snprintf(vm->watch_method, sizeof(vm->watch_method), "hardware watchpoints");
	return vm;
}

static int watch(struct r0_vm *vm, uint64_t address, unsigned int length, const char *tag)
{
	struct r0_error error = { "" };
	int number = r0_vm_watch(vm, address, length, tag, &error);

	check(number, &error);
	return number;
}

/* Writes 1 to 20 to its variable, with other work in between, and to its neighbours. */
GUEST(writer, "	xor %ecx, %ecx\n"
	      "1:	inc %ecx\n"
	      /* Flags without TF, as a guest loads them that knows nothing of steps. */
	      "	push $2\n"
	      "	popf\n"
	      "	mov %ecx, " DATA_TEXT " + 12\n"
	      "	mov %ecx, " DATA_TEXT " + 20\n"
	      "	mov %ecx, " DATA_TEXT " + 16\n"
	      "writer_after:\n"
	      "	cmp " DATA_TEXT " + 16, %ecx\n"
	      "	jne 2f\n"
	      "	cmp $20, %ecx\n"
	      "	jne 1b\n" EXIT(1) "2:" EXIT(2));
extern const char writer_after[];

static void each_write_is_told(void **state)
{
	const struct r0_vm_options options = options_of(state, 1);
	struct r0_vm *vm = watched_by(state, BOOT(&options, writer));
	struct pollfd fd = { .fd = r0_vm_hit_fd(vm), .events = POLLIN };
	struct r0_vm_hit hits[32];
	size_t count, i;
	int number;

	if (*state != HARDWARE)
		assert_string_equal(r0_vm_watch_method(vm), "nothing yet");
	write32(vm, DATA + 16, 100);
	number = watch(vm, DATA + 16, 4, "the variable");
	print_message("# by %s\n", r0_vm_watch_method(vm));
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(run(vm).status, 1);
	assert_int_equal(poll(&fd, 1, 0), 1);
	/* Some, and then the rest. */
	count = r0_vm_hits(vm, hits, 3);
	assert_int_equal(count, 3);
	assert_int_equal(poll(&fd, 1, 0), 1);
	count += r0_vm_hits(vm, hits + 3, 29);
	assert_int_equal(count, 20);
	assert_int_equal(poll(&fd, 1, 0), 0);
	for (i = 0; i < count; i++) {
		assert_int_equal(hits[i].watch, number);
		assert_int_equal(hits[i].cpu, 0);
		assert_int_equal(hits[i].address, DATA + 16);
		assert_int_equal(hits[i].old_value, i ? i : 100);
		assert_int_equal(hits[i].new_value, i + 1);
		assert_int_equal(hits[i].ip, CODE + (writer_after - guest_writer));
		assert_string_equal(hits[i].tag, "the variable");
	}
	assert_int_equal(r0_vm_hits_lost(vm), 0);
	r0_vm_destroy(vm);
}

/* Each CPU writes to its own variable, CPU 0 to both. */
GUEST(pair, "	mov $50, %ecx\n"
	    "	mov %edi, %eax\n"
	    "	shl $8, %eax\n"
	    "1:	inc %eax\n"
	    "	mov %eax, " DATA_TEXT "(,%rdi,8)\n"
	    "	dec %ecx\n"
	    "	jnz 1b\n"
	    "	lock addl $1, " DATA_TEXT " + 16\n"
	    "2:	cmpl $2, " DATA_TEXT " + 16\n"
	    "	jne 2b\n" EXIT(1));

static void writes_are_put_down_to_their_cpu(void **state)
{
	const struct r0_vm_options options = options_of(state, 2);
	struct r0_vm *vm = watched_by(state, BOOT(&options, pair));
	unsigned int seen[2] = { 0, 0 };
	struct r0_vm_hit hit;
	int numbers[2];

	enter(vm, 1, CODE);
	numbers[0] = watch(vm, DATA, 8, "first");
	numbers[1] = watch(vm, DATA + 8, 2, "second");
	assert_int_not_equal(numbers[0], numbers[1]);
	assert_int_equal(run(vm).status, 1);
	while (r0_vm_hits(vm, &hit, 1)) {
		assert_true(hit.cpu < 2);
		assert_int_equal(hit.watch, numbers[hit.cpu]);
		assert_string_equal(hit.tag, hit.cpu ? "second" : "first");
		seen[hit.cpu]++;
		assert_int_equal(hit.new_value, hit.cpu * 0x100 + seen[hit.cpu]);
	}
	assert_int_equal(seen[0], 50);
	assert_int_equal(seen[1], 50);
	r0_vm_destroy(vm);
}

static void gate_lets_hits_through(void **state)
{
	const struct r0_vm_options options = options_of(state, 1);
	struct r0_vm *vm = watched_by(state, BOOT(&options, writer));
	struct r0_error error = { "" };
	struct r0_vm_hit hits[32];
	uint32_t gate = 1023;
	int number;

	assert_fails(r0_vm_watch_gated(vm, DATA + 16, 4, NULL, NULL, 1024, &error), EINVAL, &error,
		     "without a gate");
	number = r0_vm_watch_gated(vm, DATA + 16, 4, NULL, &gate, 1024, &error);
	check(number, &error);
	assert_fails(r0_vm_watch_gated(vm, DATA + 12, 4, NULL, &gate, 1, &error), EBUSY, &error,
		     "in use");
	assert_int_equal(run(vm).status, 1);
	assert_int_equal(r0_vm_hits(vm, hits, 32), 0);
	r0_vm_destroy(vm);
	emulated = NULL;

	vm = watched_by(state, BOOT(&options, writer));
	gate = 1024;
	check(r0_vm_watch_gated(vm, DATA + 16, 4, NULL, &gate, 1024, &error), &error);
	assert_int_equal(run(vm).status, 1);
	assert_int_equal(r0_vm_hits(vm, hits, 32), 20);
	assert_string_equal(hits[0].tag, "");
	r0_vm_destroy(vm);
}

static void bad_watches_are_refused(void **state)
{
	const struct r0_vm_options options = options_of(state, 1);
	struct r0_vm *vm = watched_by(state, BOOT(&options, writer));
	struct r0_error error = { "" };
	int i;

	assert_int_equal(r0_vm_watch(vm, DATA + 1, 4, NULL, &error), -EINVAL);
	assert_true(error.text[0]);
	error.text[0] = '\0';
	assert_int_equal(r0_vm_watch(vm, DATA, 3, NULL, &error), -EINVAL);
	error.text[0] = '\0';
	assert_int_equal(r0_vm_watch(vm, DATA, 0, NULL, &error), -EINVAL);
	error.text[0] = '\0';
	/* Not mapped; mapped to nothing. */
	assert_fails(r0_vm_watch(vm, 1ul << 40, 4, NULL, &error), EFAULT, &error, "0x10000000000");
	assert_fails(r0_vm_watch(vm, 0xd0000000, 4, NULL, &error), EFAULT, &error, "0xd0000000");
	assert_fails(r0_vm_unwatch(vm, 1, &error), ENOENT, &error, "no watch 1");
	assert_fails(r0_vm_unwatch(vm, -1, &error), ENOENT, &error, "no watch");
	assert_fails(r0_vm_unwatch(vm, 99, &error), ENOENT, &error, "no watch");
	for (i = 0; i < R0_VM_WATCHES - 1; i++)
		watch(vm, DATA + 4 * (uint64_t)i, 4, "");
	assert_fails(r0_vm_watch(vm, DATA + 16, 4, NULL, &error), ENOSPC, &error, "in use");
	r0_vm_destroy(vm);
}

/* Adds to its variable for ever. */
GUEST(adder, "1:	addl $1, " DATA_TEXT "\n"
	     "	mov $40, %ecx\n"
	     "2:	dec %ecx\n"
	     "	jnz 2b\n"
	     "	jmp 1b\n");

static void running_machine_is_watched(void **state)
{
	const struct r0_vm_options options = options_of(state, 1);
	struct r0_vm *vm = watched_by(state, BOOT(&options, adder));
	struct pollfd fd = { .fd = r0_vm_hit_fd(vm), .events = POLLIN };
	struct r0_error error = { "" };
	struct r0_vm_hit hits[8];
	uint32_t before;
	size_t count, i;
	int number, round;

	start(vm);
	wait_for_change(vm, DATA, 0);
	for (round = 0; round < 5; round++) {
		number = watch(vm, DATA, 4, "x");
		assert_int_equal(poll(&fd, 1, 30000), 1);
		check(r0_vm_unwatch(vm, number, &error), &error);
		count = r0_vm_hits(vm, hits, 8);
		assert_true(count >= 1);
		for (i = 0; i < count; i++)
			assert_int_equal(hits[i].new_value, hits[i].old_value + 1);
		while (r0_vm_hits(vm, hits, 8))
			;
		/* It goes on, unseen. */
		before = read32(vm, DATA);
		while (read32(vm, DATA) - before < 3)
			poll(NULL, 0, 1);
		assert_int_equal(r0_vm_hits(vm, hits, 8), 0);
	}
	r0_vm_destroy(vm);
}

static void what_nobody_fetches_is_counted(void **state)
{
	const struct r0_vm_options options = options_of(state, 1);
	struct r0_vm *vm = watched_by(state, BOOT(&options, adder));
	struct r0_vm_hit hits[R0_VM_HITS_MAX + 1];
	uint32_t count;

	watch(vm, DATA, 4, "x");
	start(vm);
	while (!r0_vm_hits_lost(vm))
		poll(NULL, 0, 1);
	freeze(vm);
	count = read32(vm, DATA);
	assert_int_equal(r0_vm_hits(vm, hits, R0_VM_HITS_MAX + 1), R0_VM_HITS_MAX);
	assert_int_equal(r0_vm_hits_lost(vm) + R0_VM_HITS_MAX, count);
	assert_int_equal(hits[R0_VM_HITS_MAX - 1].new_value, R0_VM_HITS_MAX);
	r0_vm_destroy(vm);
}

/* What the host changes is no write by the guest: not by a restore, nor by setting registers. */
static void host_changes_are_no_hits(void **state)
{
	const struct r0_vm_options options = options_of(state, 1);
	struct r0_vm *vm = watched_by(state, BOOT(&options, writer));
	struct r0_vm_snapshot *snapshot = take(vm);
	struct r0_vm_hit hits[64];
	int round;

	watch(vm, DATA + 16, 4, "x");
	for (round = 0; round < 3; round++) {
		size_t count, i;

		assert_int_equal(run(vm).status, 1);
		count = r0_vm_hits(vm, hits, 64);
		assert_int_equal(count, 20);
		for (i = 0; i < count; i++)
			assert_int_equal(hits[i].old_value, i);
		restore(snapshot, vm);
		enter(vm, 0, CODE);
	}
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* With interrupt controllers, a CPU that waits in KVM keeps no other from its steps. */
GUEST(halted_second, "	test %edi, %edi\n"
		     "	jz 1f\n"
		     "	movl $1, " DATA_TEXT " + 8\n"
		     "3:	hlt\n"
		     "	jmp 3b\n"
		     "1:	cmpl $1, " DATA_TEXT " + 8\n"
		     "	jne 1b\n"
		     "	mov $200, %ecx\n"
		     "2:	dec %ecx\n"
		     "	jnz 2b\n"
		     "	movl $5, " DATA_TEXT "\n" EXIT(1));

static void waiting_cpus_hold_up_nobody(void **state)
{
	struct r0_vm_options options = options_of(state, 2);
	struct r0_vm_hit hits[4];
	struct r0_vm *vm;

	options.irqchip = true;
	options.time_limit_ms = 25000;
	vm = BOOT(&options, halted_second);
	enter(vm, 1, CODE);
	watch(vm, DATA, 4, "x");
	assert_int_equal(run(vm).end, R0_VM_STATUS);
	assert_int_equal(r0_vm_hits(vm, hits, 4), 1);
	assert_int_equal(hits[0].new_value, 5);
	assert_int_equal(hits[0].cpu, 0);
	r0_vm_destroy(vm);
}

/* The name says which way. */
#define BY_STEP(test)                                       \
	{                                                   \
#test "_by_step", test, by_step, NULL, NULL \
	}
#define EACH_WAY(test)                                                       \
	cmocka_unit_test(test), BY_STEP(test),                               \
	{                                                                    \
#test "_by_hardware", test, by_hardware, end_emulation, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_WAY(each_write_is_told),	      EACH_WAY(writes_are_put_down_to_their_cpu),
		EACH_WAY(gate_lets_hits_through),     EACH_WAY(bad_watches_are_refused),
		EACH_WAY(running_machine_is_watched), EACH_WAY(what_nobody_fetches_is_counted),
		EACH_WAY(host_changes_are_no_hits),   cmocka_unit_test(waiting_cpus_hold_up_nobody),
		BY_STEP(waiting_cpus_hold_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
