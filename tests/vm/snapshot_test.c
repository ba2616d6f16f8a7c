/* SPDX-License-Identifier: MIT */
/* Full snapshots of machines on a real KVM: taken, restored, compared. In files: snapshot_file_test.c. */
#include "tests/vm/snapshot_fixture.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "kvm/state/state_x86_64.h"
#include "monitor/whole/snapshot.h"

#define EXIT(code) "mov $" #code ", %eax\n out %eax, $0xf4\n hlt\n"

/* Where the guest's variables are once more, in pages far apart. */
#define FAR(i) (0x100000 + (uint64_t)(i)*0x40000)

static struct r0_vm *boot_working(const struct r0_vm_options *options)
{
	struct r0_vm *vm = BOOT(options, work);

	start(vm);
	progress(vm);
	freeze(vm);
	return vm;
}
static void frozen_machine_is_put_back(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, work);
	struct r0_vm_snapshot *first, *again;
	int round;

	(void)state;
	enter(vm, 1, CODE);
	start(vm);
	progress(vm);
	freeze(vm);
	first = take(vm);
	for (round = 0; round < 50; round++) {
		uint32_t count;

		count = read32(vm, DATA);
		thaw(vm);
		progress(vm);
		freeze(vm);
		restore(first, vm);
		assert_int_equal(read32(vm, DATA), count);
		again = take(vm);
		assert_same(first, again);
		r0_vm_snapshot_destroy(again);
	}
	r0_vm_snapshot_destroy(first);
	r0_vm_destroy(vm);
}

static void interrupt_controllers_are_put_back(void **state)
{
	const struct r0_vm_options options = { .irqchip = true, .pit = true };
	struct r0_vm *vm = boot_working(&options);
	struct r0_vm_snapshot *snapshot = take(vm), *again;
	struct lines lines = { "", 0 };
	struct r0_error error = { "" };
	int round;

	(void)state;
	for (round = 0; round < 20; round++) {
		thaw(vm);
		progress(vm);
		freeze(vm);
		restore(snapshot, vm);
		again = take(vm);
		lines.size = 0;
		lines.text[0] = '\0';
		check(r0_vm_snapshot_diff(snapshot, again, add_line, &lines, &error), &error);
		/* Since when the PIT counts is another time. */
		if (lines.size && (strncmp(lines.text, "PIT", 3) != 0 ||
				   strchr(lines.text, '\n') != lines.text + lines.size - 1))
			fail_msg("%s", lines.text);
		r0_vm_snapshot_destroy(again);
	}
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* Killed while it was frozen, it has ended as well: put back, it is ready. */
static void killed_while_frozen_starts_again(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, work);
	struct r0_vm_snapshot *snapshot;
	uint32_t count;
	int round;

	(void)state;
	enter(vm, 1, CODE);
	snapshot = take(vm);
	for (round = 0; round < 30; round++) {
		start(vm);
		progress(vm);
		freeze(vm);
		r0_vm_kill(vm);
		restore(snapshot, vm);
		count = read32(vm, DATA);
		assert_int_equal(count, 0);
	}
	start(vm);
	progress(vm);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

struct scribbler {
	struct r0_vm *vm;
	atomic_bool stop;
};

static void *scribble(void *context)
{
	struct scribbler *scribbler = context;
	uint32_t value = 0;

	while (!scribbler->stop) {
		value++;
		if (r0_vm_write(scribbler->vm, 0x80000 + value % 64 * 4096, &value, sizeof(value),
				NULL) != 0)
			return (void *)"it can't be written to";
	}
	return NULL;
}

/* What the host writes meanwhile is in the snapshot, or is put back. */
static void writes_meanwhile_are_not_lost(void **state)
{
	struct r0_vm *vm = BOOT(NULL, work);
	struct r0_vm_snapshot *snapshot, *again;
	struct scribbler scribbler = { .vm = vm };
	pthread_t thread;
	void *complaint;
	int round;

	(void)state;
	for (round = 0; round < 100; round++) {
		scribbler.stop = false;
		assert_int_equal(pthread_create(&thread, NULL, scribble, &scribbler), 0);
		while (read32(vm, 0x80000 + 4096) == 0)
			;
		snapshot = take(vm);
		scribbler.stop = true;
		pthread_join(thread, &complaint);
		assert_null(complaint);
		restore(snapshot, vm);
		again = take(vm);
		assert_same(snapshot, again);
		r0_vm_snapshot_destroy(again);
		r0_vm_snapshot_destroy(snapshot);
	}
	r0_vm_destroy(vm);
}

/* Says how often it ran in this memory, which is always the first time. */
GUEST(once, "	mov $0x3f8, %dx\n"
	    "	mov $'a', %al\n"
	    "	add " DATA_TEXT ", %al\n"
	    "	out %al, %dx\n"
	    "	addl $1, " DATA_TEXT "\n"
	    "	mov %edi, %eax\n"
	    "	out %eax, $0xf4\n"
	    "	hlt\n");

static void ended_machine_starts_again(void **state)
{
	struct r0_vm *vm = BOOT(NULL, once);
	struct r0_vm_snapshot *snapshot = take(vm);
	char *text;
	int round;

	(void)state;
	for (round = 0; round < 50; round++) {
		assert_int_equal(run(vm).end, R0_VM_STATUS);
		text = printed(vm, R0_VM_COM1);
		assert_string_equal(text, "a");
		free(text);
		restore(snapshot, vm);
	}
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

static void halted_is_part_of_it(void **state)
{
	struct r0_vm *vm = BOOT(NULL, halting);
	struct r0_vm_snapshot *before = take(vm), *after;

	(void)state;
	assert_int_equal(run(vm).end, R0_VM_HALTED);
	after = take(vm);
	restore(before, vm);
	assert_int_equal(run(vm).end, R0_VM_HALTED);
	assert_int_equal(read32(vm, DATA), 1);
	restore(after, vm);
	/* Still at its HLT. */
	assert_int_equal(run(vm).end, R0_VM_HALTED);
	assert_int_equal(read32(vm, DATA), 1);
	r0_vm_snapshot_destroy(before);
	r0_vm_snapshot_destroy(after);
	r0_vm_destroy(vm);
}

/* A device's half-done business is part of it, too: COM1's scratch and divisor latch. */
GUEST(device, "	mov $0x3ff, %dx\n"
	      "	in %dx, %al\n"
	      "	movzx %al, %eax\n"
	      "	out %eax, $0xf4\n"
	      "	hlt\n");

static void devices_are_put_back(void **state)
{
	struct r0_vm *vm = boot_working(NULL), *other;
	struct r0_vm_snapshot *snapshot = take(vm);
	uint32_t count = read32(vm, DATA);
	struct r0_error error = { "" };

	(void)state;
	/* In another machine, where other code reads the register. */
	other = BOOT(NULL, device);
	restore(snapshot, other);
	check(r0_vm_write(other, CODE, guest_device, (size_t)(guest_device_end - guest_device),
			  &error),
	      &error);
	enter(other, 0, CODE);
	/* The snapshot may be from between the count and its copy in the device. */
	count = (count - run(other).status) & 0xff;
	assert_uint_in_range(count, 0, 1);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
	r0_vm_destroy(other);
}

static void several_snapshots_are_kept_apart(void **state)
{
	struct r0_vm *vm = boot_working(NULL);
	struct r0_vm_snapshot *snapshots[4];
	uint32_t counts[4], seed = 1;
	int round, i;

	(void)state;
	for (i = 0; i < 4; i++) {
		/* The host writes, too, and to a page that the guest does not. */
		write32(vm, 0x80000, (uint32_t)i);
		snapshots[i] = take(vm);
		counts[i] = read32(vm, DATA);
		thaw(vm);
		progress(vm);
		freeze(vm);
	}
	for (round = 0; round < 100; round++) {
		seed = seed * 1103515245 + 12345;
		i = seed >> 16 & 3;
		restore(snapshots[i], vm);
		assert_int_equal(read32(vm, DATA), counts[i]);
		assert_int_equal(read32(vm, 0x80000), i);
		assert_uint_in_range(read32(vm, FAR(3)), counts[i] - 1, counts[i]);
		if (seed >> 20 & 1) {
			write32(vm, 0x80000, 99);
			thaw(vm);
			progress(vm);
			freeze(vm);
		}
		if (seed >> 21 & 1 && i < 3) {
			r0_vm_snapshot_destroy(snapshots[i]);
			snapshots[i] = take(vm);
			write32(vm, 0x80000, (uint32_t)i);
			r0_vm_snapshot_destroy(snapshots[i]);
			snapshots[i] = take(vm);
			counts[i] = read32(vm, DATA);
		}
	}
	for (i = 0; i < 4; i++)
		r0_vm_snapshot_destroy(snapshots[i]);
	r0_vm_destroy(vm);
}

/*
 * Translations may not outlive a restore: the guest maps another page at an address, uses it, and
 * after that is as before again.
 */
GUEST(remap, "	mov $0x600000, %esi\n"
	     "1:	mov (%rsi), %eax\n"
	     "	mov %eax, " DATA_TEXT "\n"
	     "	addl $1, " DATA_TEXT " + 4\n"
	     "	cmpl $0, " DATA_TEXT " + 8\n"
	     "	je 1b\n"
	     /* The third entry of the first page directory: 0x600000 shows 0x800000 from now on. */
	     "	movl $0x800083, 0x4018\n"
	     "	invlpg (%rsi)\n"
	     "	mov (%rsi), %eax\n"
	     "	mov %eax, " DATA_TEXT "\n"
	     "	movl $0, " DATA_TEXT " + 8\n"
	     "	jmp 1b\n");

static void translations_do_not_outlive_it(void **state)
{
	struct r0_vm *vm = BOOT(NULL, remap);
	struct r0_vm_snapshot *snapshot;
	int round;

	(void)state;
	write32(vm, 0x600000, 0x1111);
	write32(vm, 0x800000, 0x2222);
	start(vm);
	wait_for_change(vm, DATA + 4, 0);
	freeze(vm);
	snapshot = take(vm);
	for (round = 0; round < 30; round++) {
		/* Through the loop at least once, with what it reads left behind. */
		thaw(vm);
		wait_for_change(vm, DATA + 4, read32(vm, DATA + 4));
		wait_for_change(vm, DATA + 4, read32(vm, DATA + 4));
		assert_int_equal(read32(vm, DATA), 0x1111);
		write32(vm, DATA + 8, 1);
		wait_for_change(vm, DATA, 0x1111);
		assert_int_equal(read32(vm, DATA), 0x2222);
		freeze(vm);
		restore(snapshot, vm);
	}
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

static void diff_names_registers_and_pages(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, work);
	struct r0_vm_snapshot *a, *b;
	struct lines lines = { "", 0 };
	struct r0_vm_registers registers;
	struct r0_error error = { "" };

	(void)state;
	enter(vm, 1, CODE);
	write32(vm, 0x54320, 0x44332211);
	a = take(vm);
	write32(vm, 0x54320, 0x44aa2211);
	check(r0_vm_get_registers(vm, 1, &registers, &error), &error);
	registers.r12 = 0x1234;
	registers.cr2 = 0x5678;
	check(r0_vm_set_registers(vm, 1, &registers, &error), &error);
	b = take(vm);
	assert_int_equal(r0_vm_snapshot_diff(a, b, add_line, &lines, &error), 3);
	assert_string_equal(
		lines.text,
		"CPU 1: R12 0 -> 0x1234\n"
		"CPU 1: CR2 0 -> 0x5678\n"
		"page 0x54000: 1 byte differs, from 0x54322 on: 33 44 00 00 00 00 00 00 "
		"-> aa 44 00 00 00 00 00 00\n");
	assert_int_equal(r0_vm_snapshot_diff(b, b, add_line, &lines, &error), 0);
	assert_int_equal(r0_vm_snapshot_diff(a, b, NULL, NULL, &error), 3);
	r0_vm_snapshot_destroy(a);
	r0_vm_snapshot_destroy(b);
	r0_vm_destroy(vm);
}

static void misfits_are_refused(void **state)
{
	const struct r0_vm_options others[] = {
		{ .cpus = 2 },	       { .memory = 32 << 20 },	   { .irqchip = true },
		{ .no_legacy = true }, { .virtio_console = true },
	};
	struct r0_vm *vm = BOOT(NULL, work), *other;
	struct r0_vm_snapshot *snapshot = take(vm), *foreign;
	struct r0_error error = { "" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		check(r0_vm_create(&other, &others[i], &error), &error);
		assert_int_equal(r0_vm_snapshot_restore(snapshot, other, &error), -EINVAL);
		assert_true(error.text[0]);
		error.text[0] = '\0';
		foreign = take(other);
		assert_fails(r0_vm_snapshot_diff(snapshot, foreign, NULL, NULL, &error), EINVAL,
			     &error, "differ");
		r0_vm_snapshot_destroy(foreign);
		r0_vm_destroy(other);
	}
	start(vm);
	assert_fails(r0_vm_snapshot_restore(snapshot, vm, &error), EBUSY, &error, "freeze it");
	assert_fails(r0_vm_snapshot_take(&foreign, vm, &error), EBUSY, &error, "freeze it");
	/* It outlives its machine. */
	r0_vm_destroy(vm);
	vm = BOOT(NULL, work);
	restore(snapshot, vm);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
	r0_vm_snapshot_destroy(NULL);
}

/* What KVM refuses half-way leaves no machine that runs on. */
static void failed_restore_ends_the_machine(void **state)
{
	struct r0_vm *vm = boot_working(NULL);
	struct r0_vm_snapshot *good = take(vm), *bad = take(vm);
	struct r0_error error = { "" };
	struct r0_vm_outcome outcome;

	(void)state;
	bad->cpus[0]->sregs.cr4 |= 1 << 15; /* reserved */
	assert_fails(r0_vm_snapshot_restore(bad, vm, &error), EINVAL, &error,
		     "KVM_SET_SREGS failed: Invalid argument; the VM is no longer what it was, and "
		     "ended");
	outcome = wait_for_end(vm);
	assert_int_equal(outcome.end, R0_VM_FATAL);
	assert_non_null(strstr(outcome.reason, "restoring a snapshot failed: KVM's KVM_SET_SREGS"));
	/* It may be put back once more, and runs; or is as ready as before, with no entry. */
	restore(good, vm);
	assert_fails(r0_vm_snapshot_restore(bad, vm, &error), EINVAL, &error, "and ended");
	assert_fails(r0_vm_start(vm, &error), EINVAL, &error, "nothing starts CPU 0");
	restore(good, vm);
	start(vm);
	progress(vm);
	r0_vm_snapshot_destroy(good);
	r0_vm_snapshot_destroy(bad);
	r0_vm_destroy(vm);
}

/* A file with a right checksum may still hold anything: KVM or the devices refuse it or make it sound. */
static void wild_contents_do_no_harm(void **state)
{
	const struct r0_vm_options options = { .virtio_console = true, .time_limit_ms = 20 };
	struct r0_vm *vm = BOOT(&options, work);
	struct r0_vm_snapshot *good = take(vm), *wild;
	uint32_t seed = 1, i;
	int round;

	(void)state;
	for (round = 0; round < 100; round++) {
		uint8_t *devices;

		wild = take(vm);
		devices = wild->devices;
		for (i = 0; i < wild->shape.devices_size; i++) {
			seed = seed * 1103515245 + 12345;
			if (round % 4 == 0 || (seed >> 12) % 64 == 0)
				devices[i] = (uint8_t)(seed >> 16);
		}
		restore(wild, vm);
		if (round % 10 == 0)
			run(vm);
		restore(good, vm);
		r0_vm_snapshot_destroy(wild);
	}
	r0_vm_snapshot_destroy(good);
	r0_vm_destroy(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frozen_machine_is_put_back),
		cmocka_unit_test(interrupt_controllers_are_put_back),
		cmocka_unit_test(ended_machine_starts_again),
		cmocka_unit_test(killed_while_frozen_starts_again),
		cmocka_unit_test(writes_meanwhile_are_not_lost),
		cmocka_unit_test(halted_is_part_of_it),
		cmocka_unit_test(devices_are_put_back),
		cmocka_unit_test(several_snapshots_are_kept_apart),
		cmocka_unit_test(translations_do_not_outlive_it),
		cmocka_unit_test(diff_names_registers_and_pages),
		cmocka_unit_test(misfits_are_refused),
		cmocka_unit_test(failed_restore_ends_the_machine),
		cmocka_unit_test(wild_contents_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
