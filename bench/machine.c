/* SPDX-License-Identifier: MIT */
/*
 * What the monitor's control costs: how long it takes from r0_vm_freeze() until every CPU is parked, and
 * how long to take and to restore a snapshot, against the memory there is and the memory that was written, in the same
 * machine, in others, and from a file. Depends on <ring0/vm.h> and the benchmark's clock.
 *
 *	bench_machine [ROUNDS [MIB]]
 *
 * where MIB is the memory of the largest.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ring0/vm.h>
#include "bench/program.h"

#define ROUNDS	 201 /* at most */
#define MACHINES 100
#define LARGEST	 512 /* MiB */
#define CODE	 0x10000
#define VARIABLE 0x20000
#define FIRST	 0x400000 /* of the pages that the guest writes */
#define STACK	 0x18000
#define MIB	 (1ul << 20)

static int rounds = ROUNDS;

/* Some take ten times as long as others. */
static int few(void)
{
	return rounds < 30 ? 3 : rounds / 10;
}

/* Counts for ever, if RDI is 0. */
extern const char guest_start[], guest_end[];
__asm__(".pushsection .rodata\n"
	"guest_start:\n"
	"	test %rdi, %rdi\n"
	"	jnz 4f\n"
	"1:	addl $1, 0x20000\n"
	"	jmp 1b\n"
	/* Else writes to the first RDI pages from 4 MiB on, says so and waits. */
	"4:	mov $0x400000, %ebx\n"
	"2:	addl $1, (%rbx)\n"
	"	add $4096, %rbx\n"
	"	dec %rdi\n"
	"	jnz 2b\n"
	"	movl $1, 0x20000\n"
	"3:	jmp 3b\n"
	"guest_end:\n"
	".popsection\n");

static void check(int result, const struct r0_error *error)
{
	if (result < 0)
		bench_die("ring0", error->text);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The median is to be `limit` at most, unless that is 0. */
static void print_times(const char *what, double *times, int count, double limit)
{
	qsort(times, (size_t)count, sizeof(*times), compare);
	printf("  %-44s %9.1f us  (%.1f to %.1f)", what, times[count / 2], times[0],
	       times[count - 1]);
	if (limit > 0 && !bench_is_emulated())
		printf("  %.2f of %g us%s", times[count / 2] / limit, limit,
		       times[count / 2] > limit ? ", which is MISSED" : "");
	printf("\n");
}

static struct r0_vm *make(unsigned int cpus, uint64_t memory, uint64_t argument)
{
	const size_t size = (uintptr_t)guest_end - (uintptr_t)guest_start;
	const struct r0_vm_options options = { .cpus = cpus, .memory = memory };
	struct r0_error error = { "" };
	struct r0_vm *vm;
	unsigned int i;

	check(r0_vm_create(&vm, &options, &error), &error);
	check(r0_vm_write(vm, CODE, guest_start, size, &error), &error);
	for (i = 0; i < cpus; i++) {
		const struct r0_vm_entry entry = {
			.mode = R0_VM_MODE_LONG,
			.ip = CODE,
			.sp = STACK,
			.tables = 0x1000,
			.argument = argument,
		};

		check(r0_vm_enter(vm, i, &entry, &error), &error);
	}
	return vm;
}

static void measure_freeze(unsigned int cpus)
{
	struct r0_vm *vm = make(cpus, 16 * MIB, 0);
	struct r0_error error = { "" };
	double times[ROUNDS], begin;
	char what[64];
	int i;

	check(r0_vm_start(vm, &error), &error);
	for (i = 0; i < rounds; i++) {
		/* In full run, and at another place each time. */
		poll(NULL, 0, 1);
		begin = bench_now();
		check(r0_vm_freeze(vm, &error), &error);
		times[i] = bench_now() - begin;
		check(r0_vm_thaw(vm, &error), &error);
	}
	snprintf(what, sizeof(what), "freeze, until %u CPU%s", cpus,
		 cpus == 1 ? " is parked" : "s are parked");
	print_times(what, times, rounds, 0);
	r0_vm_destroy(vm);
}

/* Every page of it is in use: nothing is cheap because it is empty. */
static void fill(struct r0_vm *vm, uint64_t memory)
{
	struct r0_error error = { "" };
	uint64_t page[512], at;

	memset(page, 0x5a, sizeof(page));
	for (at = FIRST; at < memory; at += sizeof(page)) {
		page[0] = at;
		check(r0_vm_write(vm, at, page, sizeof(page), &error), &error);
	}
}

static void wait_until_written(struct r0_vm *vm)
{
	struct r0_error error = { "" };
	uint32_t done = 0;

	while (!done) {
		check(r0_vm_read(vm, VARIABLE, &done, sizeof(done), &error), &error);
		if (!done)
			poll(NULL, 0, 1);
	}
}

static void measure_restore(uint64_t memory, uint64_t pages, int count)
{
	struct r0_vm *vm = make(1, memory, pages);
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	double times[ROUNDS], begin;
	char what[64];
	int i;

	fill(vm, memory);
	begin = bench_now();
	check(r0_vm_snapshot_take(&snapshot, vm, &error), &error);
	times[0] = bench_now() - begin;
	snprintf(what, sizeof(what), "take, of %lu MiB, once", memory / MIB);
	/* Once for each size. */
	if (pages == 16)
		print_times(what, times, 1, memory == LARGEST * MIB ? 50000 : 0);
	check(r0_vm_start(vm, &error), &error);
	for (i = 0; i < count; i++) {
		wait_until_written(vm);
		check(r0_vm_freeze(vm, &error), &error);
		begin = bench_now();
		check(r0_vm_snapshot_restore(snapshot, vm, &error), &error);
		times[i] = bench_now() - begin;
		check(r0_vm_thaw(vm, &error), &error);
	}
	snprintf(what, sizeof(what), "restore, of %lu MiB, %lu pages written", memory / MIB, pages);
	print_times(what, times, count, pages == 16 ? 98 : 0);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* One more, of a machine that has written some pages since its first. */
static void measure_later_take(uint64_t memory, uint64_t pages)
{
	struct r0_vm *vm = make(1, memory, 0);
	struct r0_vm_snapshot *first, *later;
	struct r0_error error = { "" };
	double times[ROUNDS], begin;
	char what[64];
	uint64_t page;
	int i;

	fill(vm, memory);
	check(r0_vm_snapshot_take(&first, vm, &error), &error);
	for (i = 0; i < few(); i++) {
		for (page = 0; page < pages; page++)
			check(r0_vm_write(vm, FIRST + page * 8192, &i, sizeof(i), &error), &error);
		begin = bench_now();
		check(r0_vm_snapshot_take(&later, vm, &error), &error);
		times[i] = bench_now() - begin;
		r0_vm_snapshot_destroy(later);
	}
	snprintf(what, sizeof(what), "take another, of %lu MiB, %lu pages written", memory / MIB,
		 pages);
	print_times(what, times, few(), 0);
	r0_vm_snapshot_destroy(first);
	r0_vm_destroy(vm);
}

/* Of a file, as `ring0 boot --from` does it, up to the first instruction that writes. */
static void measure_from_file(uint64_t memory)
{
	char path[] = "/tmp/ring0-bench-XXXXXX", what[64];
	struct r0_vm *vm = make(1, memory, 0);
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	double times[ROUNDS], begin;
	int fd = mkstemp(path), i;
	uint32_t count;

	if (fd < 0)
		bench_die(path, "can't be made");
	close(fd);
	fill(vm, memory);
	check(r0_vm_snapshot_take(&snapshot, vm, &error), &error);
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
	for (i = 0; i < few(); i++) {
		struct r0_vm_options options = { 0 };
		bool block, net;

		begin = bench_now();
		check(r0_vm_snapshot_load(&snapshot, path, &error), &error);
		r0_vm_snapshot_options(snapshot, &options, &block, &net);
		check(r0_vm_create(&vm, &options, &error), &error);
		check(r0_vm_snapshot_restore(snapshot, vm, &error), &error);
		check(r0_vm_start(vm, &error), &error);
		do
			check(r0_vm_read(vm, VARIABLE, &count, sizeof(count), &error), &error);
		while (!count);
		times[i] = bench_now() - begin;
		r0_vm_destroy(vm);
		r0_vm_snapshot_destroy(snapshot);
	}
	unlink(path);
	snprintf(what, sizeof(what), "from a file of %lu MiB to an instruction", memory / MIB);
	print_times(what, times, few(), 10000);
}

/* KiB of this process's memory that are its alone. */
static unsigned long private_memory(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

/* GiB: that of each, in KiB, and what they share. */
static double total(double each, uint64_t memory)
{
	return (each * 1024 * MACHINES + (double)memory) / (double)(1024 * MIB);
}

static void measure_machines(uint64_t memory)
{
	struct r0_vm *vm = make(1, memory, 0), *vms[MACHINES];
	const struct r0_vm_options options = { .memory = memory };
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	double times[MACHINES], begin;
	unsigned long before;
	char what[64];
	double each;
	int i;

	fill(vm, memory);
	check(r0_vm_snapshot_take(&snapshot, vm, &error), &error);
	before = private_memory();
	for (i = 0; i < MACHINES; i++) {
		begin = bench_now();
		check(r0_vm_create(&vms[i], &options, &error), &error);
		check(r0_vm_snapshot_restore(snapshot, vms[i], &error), &error);
		times[i] = bench_now() - begin;
	}
	snprintf(what, sizeof(what), "a machine from a snapshot of %lu MiB, of %d", memory / MIB,
		 MACHINES);
	print_times(what, times, MACHINES, 0);
	each = (double)(private_memory() - before) / MACHINES;
	printf("  %-44s %9.1f KiB, beside what all share; %.2f of a GiB in all%s\n",
	       "the memory of each", each, total(each, memory),
	       total(each, memory) > 1 ? ", which is MISSED" : "");
	for (i = 0; i < MACHINES; i++)
		r0_vm_destroy(vms[i]);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

int main(int argc, char **argv)
{
	static const uint64_t sizes[] = { 16 * MIB, 64 * MIB, 256 * MIB };
	uint64_t largest = LARGEST * MIB;
	struct r0_error error = { "" };
	struct r0_vm *vm;
	size_t i;

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (argc > 2)
		largest = strtoul(argv[2], NULL, 10) * MIB;
	if (argc > 3 || rounds < 1 || rounds > ROUNDS || largest < 64 * MIB ||
	    largest > LARGEST * MIB) {
		fprintf(stderr,
			"Usage: bench_machine [ROUNDS [MIB]], ROUNDS from 1 to %d, MIB from 64 to %d\n",
			ROUNDS, LARGEST);
		return 99;
	}
	if (r0_vm_create(&vm, NULL, &error) != 0) {
		fprintf(stderr, "bench: skipped: %s\n", error.text);
		return 77;
	}
	r0_vm_destroy(vm);
	printf("\nThe monitor: medians of %d, the least and the most, and the limit of a software KVM%s\n",
	       rounds, bench_is_emulated() ? ": it tells nothing on an emulated CPU" : "");
	measure_freeze(1);
	measure_freeze(2);
	measure_freeze(4);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i] < largest)
			measure_restore(sizes[i], 16, rounds);
	measure_restore(largest, 16, rounds);
	measure_restore(64 * MIB, 256, rounds);
	measure_restore(64 * MIB, 4096, few());
	measure_later_take(largest, 16);
	measure_from_file(largest);
	measure_machines(largest);
	return 0;
}
