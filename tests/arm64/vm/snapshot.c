/* SPDX-License-Identifier: MIT */
/* Snapshots of arm64's machines on a genuine KVM: registers, GIC, timers, memory, PSCI, files. */
#include "tests/vm/vm_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "kvm/state/state_aarch64.h"
#include "monitor/whole/snapshot.h"

#define ROUNDS 20

/*
 * Counts in DATA and in many pages, in V3, and in the scratch register of a line; the virtual timer, every 100 us, counts in
 * DATA + 8. X0 is the CPU's number: a second one does without the GIC, and counts in DATA + 16.
 */
GUEST(work,
      "0: " DATA_IN(1) "cbnz x0, 3f\n adr x2, 1f\n msr vbar_el1, x2\n" GIC_WITH_PPI(27) SERIAL_IN(
	      9) "mrs x10, cntfrq_el0\n mov x11, #10000\n udiv x10, x10, x11\n mov x4, #1\n"
		 "msr cntv_tval_el0, x10\n msr cntv_ctl_el0, x4\n isb\n msr daifclr, #2\n"
		 "2: ldr w7, [x1]\n add w7, w7, #1\n str w7, [x1]\n strb w7, [x9, #7]\n dup v3.4s, w7\n"
		 "add x5, x1, #0x10000\n mov w6, #32\n"
		 "5: str w7, [x5]\n add x5, x5, #0x3000\n sub w6, w6, #1\n cbnz w6, 5b\n b 2b\n"
		 "3: ldr w7, [x1, #16]\n add w7, w7, #1\n str w7, [x1, #16]\n b 3b\n"
		 ".skip 0x800 - (. - 0b)\n"
		 "1: .skip 0x280\n" GIC_ACKNOWLEDGE(
			 20) "ldr w21, [x1, #8]\n add w21, w21, #1\n str w21, [x1, #8]\n"
			     "msr cntv_tval_el0, x10\n isb\n" GIC_END(20) "eret\n");

static const struct r0_vm_options two = { .cpus = 2, .irqchip = true };

/* It works, and the timer comes. */
static void progress(struct r0_vm *vm)
{
	uint32_t ticks = read32(vm, DATA + 8);

	wait_for_change(vm, DATA, read32(vm, DATA));
	wait_for_change(vm, DATA + 8, ticks);
}

static struct r0_vm *boot_working(void)
{
	struct r0_vm *vm = BOOT(&two, work);

	enter(vm, 1, CODE);
	start(vm);
	progress(vm);
	freeze(vm);
	return vm;
}

static void tell(void *context, const char *line)
{
	(void)context;
	printf("# %s\n", line);
}

static void assert_same(const struct r0_vm_snapshot *a, const struct r0_vm_snapshot *b)
{
	struct r0_error error = { "" };

	assert_int_equal(r0_vm_snapshot_diff(a, b, tell, NULL, &error), 0);
}

static void frozen_machine_is_put_back(void **state)
{
	struct r0_vm *vm = boot_working();
	struct r0_vm_snapshot *first = take(vm), *again;
	struct r0_error error = { "" };
	int round;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		thaw(vm);
		progress(vm);
		freeze(vm);
		if (!round) {
			again = take(vm);
			assert_true(r0_vm_snapshot_diff(first, again, NULL, NULL, &error) > 3);
			r0_vm_snapshot_destroy(again);
		}
		restore(first, vm);
		again = take(vm);
		assert_same(first, again);
		r0_vm_snapshot_destroy(again);
	}
	r0_vm_snapshot_destroy(first);
	r0_vm_destroy(vm);
}

/* An ended one starts again from there. */
static void ended_machine_goes_on(void **state)
{
	struct r0_vm *vm = boot_working();
	struct r0_vm_snapshot *snapshot = take(vm);
	uint32_t count = read32(vm, DATA);

	(void)state;
	r0_vm_kill(vm);
	assert_int_equal(wait_for_end(vm).end, R0_VM_KILLED);
	restore(snapshot, vm);
	assert_int_equal(read32(vm, DATA), count);
	start(vm);
	progress(vm);
	r0_vm_destroy(vm);
	r0_vm_snapshot_destroy(snapshot);
}

/* Its time goes on from that of the snapshot, or the timer would not come before years. */
static void another_machine_goes_on(void **state)
{
	struct r0_vm *vm = boot_working(), *other;
	struct r0_vm_snapshot *snapshot = take(vm), *again;
	struct r0_error error = { "" };

	(void)state;
	r0_vm_destroy(vm);
	check(r0_vm_create(&other, &two, &error), &error);
	restore(snapshot, other);
	again = take(other);
	assert_same(snapshot, again);
	start(other);
	progress(other);
	r0_vm_snapshot_destroy(again);
	r0_vm_destroy(other);
	r0_vm_snapshot_destroy(snapshot);
}

static void a_file_keeps_it(void **state)
{
	char path[] = "/tmp/ring0-arm64-XXXXXX";
	struct r0_vm *vm = boot_working(), *other;
	struct r0_vm_snapshot *snapshot = take(vm), *loaded;
	struct r0_vm_options options = { 0 };
	struct r0_error error = { "" };
	bool block, net;
	int fd = mkstemp(path);
	long size;

	(void)state;
	assert_true(fd >= 0);
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	assert_same(snapshot, loaded);
	r0_vm_snapshot_options(loaded, &options, &block, &net);
	assert_int_equal(options.cpus, 2);
	assert_true(options.irqchip);
	check(r0_vm_create(&other, &options, &error), &error);
	restore(loaded, other);
	start(other);
	progress(other);
	r0_vm_destroy(other);
	r0_vm_snapshot_destroy(loaded);
	/* One of other CPUs, and one that is cut off. */
	options.cpus = 1;
	check(r0_vm_create(&other, &options, &error), &error);
	assert_fails(r0_vm_snapshot_restore(snapshot, other, &error), EINVAL, &error,
		     "does not fit");
	r0_vm_destroy(other);
	close(fd);
	fd = open(path, O_RDWR);
	size = lseek(fd, 0, SEEK_END);
	assert_int_equal(ftruncate(fd, size / 2), 0);
	assert_fails(r0_vm_snapshot_load(&loaded, path, &error), EBADMSG, &error, "damaged");
	close(fd);
	unlink(path);
	r0_vm_destroy(vm);
	r0_vm_snapshot_destroy(snapshot);
}

/* The first CPU waits for DATA, and starts the second, which counts in DATA + 4, by PSCI. */
GUEST(starts_later,
      DATA_IN(8) "1: ldr w4, [x8]\n cbz w4, 1b\n mov x1, #1\n adr x2, 2f\n mov x3, x8\n" PSCI_CPU_ON
		 "str w0, [x8, #8]\n 3: b 3b\n 2: ldr w4, [x0, #4]\n add w4, w4, #1\n str w4, [x0, #4]\n b 2b\n");

/* DATA is in the CPUs' caches there: the second CPU has them off. */
static void a_cpu_that_was_off_is_off_again(void **state)
{
	struct r0_vm *vm = BOOT(&two, starts_later);
	struct r0_vm_snapshot *snapshot;
	int round;

	(void)state;
	start(vm);
	freeze(vm);
	snapshot = take(vm);
	for (round = 0; round < 3; round++) {
		thaw(vm);
		write32(vm, DATA, 1);
		wait_for_change(vm, DATA + 4, 0);
		freeze(vm);
		assert_int_equal(read32(vm, DATA + 8), 0);
		restore(snapshot, vm);
		assert_int_equal(read32(vm, DATA + 4), 0);
	}
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* From 0b on, which is at CODE, to a multiple of 2 KiB; and the vector for IRQs from EL1 with SP_EL1 there. */
#define VECTORS ".skip 0x800 - (. - 0b)\n 1: .skip 0x280\n"

/*
 * The PL011's INTID 35, edge-triggered or level-sensitive by the word at DATA, for a byte. DATA + 4 says that it is there,
 * and the interrupt is taken once DATA + 8 says so.
 */
GUEST(takes_input_later,
      "0: adr x1, 1f\n msr vbar_el1, x1\n" PL011_IN(5) DATA_IN(8) "ldr w6, [x8]\n" GIC_WITH_SPI(
	      3, 6) "mov w3, #0x10\n str w3, [x5, #0x38]\n"
		    "2: ldr w3, [x5, #0x18]\n tbnz w3, #4, 2b\n str w5, [x8, #4]\n"
		    "3: ldr w3, [x8, #8]\n cbz w3, 3b\n msr daifclr, #2\n 4: wfi\n b 4b\n" VECTORS
			    GIC_ACKNOWLEDGE(1) "ldr w3, [x5]\n add w1, w1, w3, lsl #8\n" EXIT_W1);

static const struct r0_vm_options one = { .irqchip = true };

/* As of another machine, or of the same one, in which it is no longer so. */
static void assert_restored(struct r0_vm_snapshot *snapshot, struct r0_vm *vm)
{
	struct r0_vm_snapshot *again;

	restore(snapshot, vm);
	again = take(vm);
	assert_same(snapshot, again);
	r0_vm_snapshot_destroy(again);
}

static void assert_ends(struct r0_vm *vm, uint64_t status)
{
	const struct r0_vm_outcome outcome = wait_for_end(vm);

	assert_int_equal(outcome.end, R0_VM_STATUS);
	assert_int_equal(outcome.status, status);
}

static void an_interrupt_comes_later(uint32_t configuration)
{
	struct r0_vm *vm = BOOT(&one, takes_input_later), *other;
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	struct r0_vm_entry entry;
	int round;

	write32(vm, DATA, configuration);
	start(vm);
	assert_int_equal(r0_vm_console_type(vm, R0_VM_PL011, "z", 1, &error), 1);
	wait_for_change(vm, DATA + 4, 0);
	freeze(vm);
	snapshot = take(vm);
	r0_vm_destroy(vm);
	check(r0_vm_create(&other, &one, &error), &error);
	for (round = 0; round < 2; round++) {
		assert_restored(snapshot, other);
		start(other);
		write32(other, DATA + 8, 1);
		assert_ends(other, 'z' << 8 | 35);
		check(r0_vm_reset(other, 0, &entry, &error), &error);
	}
	r0_vm_destroy(other);
	r0_vm_snapshot_destroy(snapshot);
}

static void an_interrupt_by_level_comes_later(void **state)
{
	(void)state;
	an_interrupt_comes_later(0);
}

static void an_interrupt_by_edge_comes_later(void **state)
{
	(void)state;
	an_interrupt_comes_later(1 << 7);
}

/*
 * Has the virtual timer's interrupt be pending by ISPENDR, and says so in DATA. Once DATA + 4 says so, it is taken, and the
 * handler says so in DATA + 8, and stays until DATA + 12 says otherwise.
 */
GUEST(stays_in_handler,
      "0: adr x1, 1f\n msr vbar_el1, x1\n" DATA_IN(8) GIC_WITH_PPI(
	      27) "str w3, [x2, #0x200]\n"
		  "str w3, [x8]\n 2: ldr w3, [x8, #4]\n cbz w3, 2b\n msr daifclr, #2\n 3: wfi\n b 3b\n" VECTORS
			  GIC_ACKNOWLEDGE(
				  1) "str w1, [x8, #8]\n 4: ldr w3, [x8, #12]\n cbz w3, 4b\n" EXIT_W1);

/* Of what is pending and active of a timer's, KVM puts back the former alone; the latter is not compared. */
static void a_timers_interrupt_is_pending_again(void **state)
{
	struct r0_vm *vm = BOOT(&one, stays_in_handler), *other;
	struct r0_vm_snapshot *pending, *active;
	struct r0_error error = { "" };

	(void)state;
	start(vm);
	wait_for_change(vm, DATA, 0);
	freeze(vm);
	pending = take(vm);
	thaw(vm);
	write32(vm, DATA + 4, 1);
	wait_for_change(vm, DATA + 8, 0);
	freeze(vm);
	active = take(vm);
	assert_restored(pending, vm);
	assert_restored(active, vm);
	check(r0_vm_create(&other, &one, &error), &error);
	assert_restored(pending, other);
	start(other);
	write32(other, DATA + 4, 1);
	write32(other, DATA + 12, 1);
	assert_ends(other, 27);
	r0_vm_destroy(other);
	r0_vm_destroy(vm);
	r0_vm_snapshot_destroy(pending);
	r0_vm_snapshot_destroy(active);
}

/* The first of its kind, which there is. */
static struct state_listed *find(struct r0_vm_snapshot *snapshot, uint64_t id, uint64_t mask)
{
	struct vcpu_state *cpu = snapshot->cpus[0];
	size_t i = 0;

	while (i < cpu->count && (cpu->listed[i].id & mask) != id)
		i++;
	assert_true(i < cpu->count);
	return &cpu->listed[i];
}

/* Of what KVM does not take: nothing is restored then. */
static void another_cpu_is_refused(void **state)
{
	static const struct {
		uint64_t id, mask;
	} fixed[] = {
		{ ARM64_SYS_REG(3, 0, 0, 0, 0), UINT64_MAX }, /* MIDR_EL1 */
		{ ARM64_SYS_REG(3, 1, 0, 0, 1), UINT64_MAX }, /* CLIDR_EL1 */
		{ ARM64_SYS_REG(3, 3, 0, 0, 1), UINT64_MAX }, /* CTR_EL0 */
		{ KVM_REG_ARM_DEMUX, KVM_REG_ARM_COPROC_MASK },
		{ KVM_REG_ARM_FW, KVM_REG_ARM_COPROC_MASK },
		{ KVM_REG_ARM_FW_FEAT_BMAP, KVM_REG_ARM_COPROC_MASK },
	};
	struct r0_vm *vm = BOOT(&one, takes_input_later);
	struct r0_vm_snapshot *snapshot = take(vm);
	struct r0_error error = { "" };
	size_t i;

	(void)state;
	write32(vm, DATA, 1);
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		struct state_listed *listed = find(snapshot, fixed[i].id, fixed[i].mask);

		listed->value[1] ^= 0x10;
		assert_fails(r0_vm_snapshot_restore(snapshot, vm, &error), EINVAL, &error,
			     "has another CPU: ");
		listed->value[1] ^= 0x10;
	}
	assert_int_equal(read32(vm, DATA), 1);
	restore(snapshot, vm);
	assert_int_equal(read32(vm, DATA), 0);
	r0_vm_destroy(vm);
	r0_vm_snapshot_destroy(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen_machine_is_put_back),
		cmocka_unit_test(ended_machine_goes_on),
		cmocka_unit_test(another_machine_goes_on),
		cmocka_unit_test(a_file_keeps_it),
		cmocka_unit_test(a_cpu_that_was_off_is_off_again),
		cmocka_unit_test(an_interrupt_by_level_comes_later),
		cmocka_unit_test(an_interrupt_by_edge_comes_later),
		cmocka_unit_test(a_timers_interrupt_is_pending_again),
		cmocka_unit_test(another_cpu_is_refused),
	};

	return cmocka_run_group_tests_name("snapshots on arm64", tests, NULL, NULL);
}
