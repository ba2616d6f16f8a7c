/* SPDX-License-Identifier: MIT */
/* Memory that machines and their snapshots share: what it costs, and what becomes of it. In files, too. */
#include "tests/vm/snapshot_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB	 (1ul << 20)
#define FIRST	 (4 * MIB)
#define MACHINES 100

/* Of this process's memory what is its alone, in bytes: proc(5), RssAnon. */
static uint64_t private_memory(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			break;
	fclose(file);
	return kib * 1024;
}

static void assert_grown_by_less(uint64_t before, uint64_t limit, const char *what)
{
	uint64_t now = private_memory();

	if (now > before + limit)
		fail_msg("%s: %lu KiB more, of %lu", what, (unsigned long)(now - before) / 1024,
			 (unsigned long)limit / 1024);
}

/* So many bytes from FIRST on, each page with its address. */
static void fill(struct r0_vm *vm, uint64_t size)
{
	struct r0_error error = { "" };
	uint64_t page[512], at;

	memset(page, 0x5a, sizeof(page));
	for (at = FIRST; at < FIRST + size; at += sizeof(page)) {
		page[0] = at;
		check(r0_vm_write(vm, at, page, sizeof(page), &error), &error);
	}
}

static void taking_one_copies_what_was_written_since(void **state)
{
	const struct r0_vm_options options = { .memory = 128 * MIB };
	struct r0_vm *vm = BOOT(&options, halting);
	struct r0_vm_snapshot *first, *second, *third;
	uint64_t before, at;

	(void)state;
	fill(vm, 64 * MIB);
	before = private_memory();
	first = take(vm);
	assert_grown_by_less(before, 2 * MIB, "the first");
	for (at = 0; at < 16; at++)
		write32(vm, FIRST + at * MIB, 1);
	second = take(vm);
	third = take(vm);
	assert_grown_by_less(before, 3 * MIB, "two more");
	/* To read what was never touched takes nothing either. */
	assert_int_equal(read32(vm, 100 * MIB), 0);
	restore(first, vm);
	assert_int_equal(read32(vm, FIRST + 5 * MIB), FIRST + 5 * MIB);
	restore(third, vm);
	assert_int_equal(read32(vm, FIRST + 5 * MIB), 1);
	assert_grown_by_less(before, 3 * MIB, "restored");
	assert_same(second, third);
	r0_vm_snapshot_destroy(first);
	r0_vm_snapshot_destroy(second);
	r0_vm_snapshot_destroy(third);
	r0_vm_destroy(vm);
}

static void machines_share_what_they_do_not_write(void **state)
{
	const struct r0_vm_options options = { .memory = 512 * MIB };
	struct r0_vm *vm = BOOT(&options, work), *others[MACHINES];
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	uint64_t before;
	unsigned int i;

	(void)state;
	fill(vm, 64 * MIB);
	snapshot = take(vm);
	r0_vm_destroy(vm);
	before = private_memory();
	for (i = 0; i < MACHINES; i++) {
		check(r0_vm_create(&others[i], &options, &error), &error);
		restore(snapshot, others[i]);
		write32(others[i], FIRST, i);
	}
	/* It goes before those that have its memory. */
	r0_vm_snapshot_destroy(snapshot);
	for (i = 0; i < MACHINES; i++) {
		assert_int_equal(read32(others[i], FIRST), i);
		assert_int_equal(read32(others[i], FIRST + 63 * MIB), FIRST + 63 * MIB);
	}
	assert_grown_by_less(before, MACHINES * MIB, "a hundred machines");
	/* The last of them runs. */
	start(others[MACHINES - 1]);
	progress(others[MACHINES - 1]);
	for (i = 0; i < MACHINES; i++)
		r0_vm_destroy(others[i]);
}

/* A model of it: what each page has, in each machine and each snapshot. */
#define VMS	  3
#define SNAPSHOTS 6
#define PAGES	  40

struct model {
	struct r0_vm *vms[VMS];
	struct r0_vm_snapshot *snapshots[SNAPSHOTS];
	uint32_t vm_pages[VMS][PAGES], snapshot_pages[SNAPSHOTS][PAGES];
	uint64_t random;
	char path[256];
};

static uint32_t below(struct model *model, uint32_t limit)
{
	model->random = model->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(model->random >> 33) % limit;
}

/* The memory's end among them. */
static uint64_t page_address(unsigned int page)
{
	return FIRST - (PAGES - (uint64_t)page) * 4096;
}

static void write_some(struct model *model, unsigned int vm)
{
	unsigned int count = below(model, 12), page;

	while (count--) {
		page = below(model, PAGES);
		/* Zeros are common, and so is what was there before. */
		model->vm_pages[vm][page] = below(model, 4);
		write32(model->vms[vm], page_address(page), model->vm_pages[vm][page]);
	}
}

static void take_one(struct model *model, unsigned int vm, unsigned int slot)
{
	struct r0_error error = { "" };
	struct r0_vm_snapshot *taken = take(model->vms[vm]);

	r0_vm_snapshot_destroy(model->snapshots[slot]);
	if (!below(model, 4)) {
		check(r0_vm_snapshot_save(taken, model->path, &error), &error);
		r0_vm_snapshot_destroy(taken);
		check(r0_vm_snapshot_load(&taken, model->path, &error), &error);
		check(r0_vm_snapshot_check(taken, &error), &error);
	}
	model->snapshots[slot] = taken;
	memcpy(model->snapshot_pages[slot], model->vm_pages[vm], sizeof(model->vm_pages[vm]));
}

static void renew(struct model *model, unsigned int vm, const struct r0_vm_options *options)
{
	r0_vm_destroy(model->vms[vm]);
	model->vms[vm] = BOOT(options, halting);
	memset(model->vm_pages[vm], 0, sizeof(model->vm_pages[vm]));
}

static void compare_with_model(const struct model *model)
{
	unsigned int vm, page;

	for (vm = 0; vm < VMS; vm++)
		for (page = 0; page < PAGES; page++)
			if (read32(model->vms[vm], page_address(page)) != model->vm_pages[vm][page])
				fail_msg("machine %u, page %u: %u, not %u", vm, page,
					 read32(model->vms[vm], page_address(page)),
					 model->vm_pages[vm][page]);
}

/* Whatever is written, taken, restored, saved and destroyed in whatever order. */
static void random_orders(void **state)
{
	const struct r0_vm_options options = { .memory = FIRST };
	struct model model = { .random = 20261130 };
	unsigned int round, vm, slot;

	(void)state;
	snprintf(model.path, sizeof(model.path), "%s/ring0-sharing-%d",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", getpid());
	for (vm = 0; vm < VMS; vm++)
		model.vms[vm] = BOOT(&options, halting);
	for (round = 0; round < 600; round++) {
		vm = below(&model, VMS);
		slot = below(&model, SNAPSHOTS);
		switch (below(&model, 8)) {
		case 0:
		case 1:
			take_one(&model, vm, slot);
			break;
		case 2:
			if (!below(&model, 8))
				renew(&model, vm, &options);
			break;
		case 3:
			r0_vm_snapshot_destroy(model.snapshots[slot]);
			model.snapshots[slot] = NULL;
			break;
		case 4:
		case 5:
		case 6:
			if (!model.snapshots[slot])
				break;
			restore(model.snapshots[slot], model.vms[vm]);
			memcpy(model.vm_pages[vm], model.snapshot_pages[slot],
			       sizeof(model.vm_pages[vm]));
			break;
		default:
			break;
		}
		write_some(&model, below(&model, VMS));
		compare_with_model(&model);
	}
	for (slot = 0; slot < SNAPSHOTS; slot++)
		r0_vm_snapshot_destroy(model.snapshots[slot]);
	for (vm = 0; vm < VMS; vm++)
		r0_vm_destroy(model.vms[vm]);
	unlink(model.path);
}

/* A snapshot of a machine that works, in a file of that name. */
static struct r0_vm_snapshot *through_file(const char *path)
{
	struct r0_vm *vm = BOOT(NULL, work);
	struct r0_vm_snapshot *taken, *loaded;
	struct r0_error error = { "" };

	fill(vm, MIB);
	taken = take(vm);
	r0_vm_destroy(vm);
	check(r0_vm_snapshot_save(taken, path, &error), &error);
	r0_vm_snapshot_destroy(taken);
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	return loaded;
}

static void make_path(char *path, size_t size)
{
	const char *folder = getenv("TMPDIR");

	snprintf(path, size, "%s/ring0-sharing-%d", folder ? folder : "/tmp", getpid());
}

static void a_file_may_be_removed(void **state)
{
	struct r0_vm_snapshot *loaded, *again;
	struct r0_error error = { "" };
	struct r0_vm *vms[2];
	char path[256];
	int i;

	(void)state;
	make_path(path, sizeof(path));
	loaded = through_file(path);
	for (i = 0; i < 2; i++) {
		check(r0_vm_create(&vms[i], NULL, &error), &error);
		restore(loaded, vms[i]);
		start(vms[i]);
	}
	assert_int_equal(unlink(path), 0);
	r0_vm_snapshot_destroy(loaded);
	for (i = 0; i < 2; i++) {
		progress(vms[i]);
		assert_int_equal(read32(vms[i], FIRST + MIB - 4096), FIRST + MIB - 4096);
		freeze(vms[i]);
		again = take(vms[i]);
		r0_vm_destroy(vms[i]);
		r0_vm_snapshot_destroy(again);
	}
}

/* Where its memory begins: 16 MiB before its end. */
static void cut_off_memory(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(truncate(path, status.st_size - (16 << 20)), 0);
}

static void a_file_that_is_cut_off_is_told(void **state)
{
	struct r0_vm_snapshot *good, *loaded, *taken;
	struct r0_vm_outcome outcome;
	struct r0_error error = { "" };
	struct r0_vm *vm, *read;
	uint32_t value;
	char path[256];

	(void)state;
	make_path(path, sizeof(path));
	vm = BOOT(NULL, work);
	good = take(vm);
	r0_vm_destroy(vm);
	loaded = through_file(path);
	check(r0_vm_create(&vm, NULL, &error), &error);
	restore(loaded, vm);
	check(r0_vm_create(&read, NULL, &error), &error);
	restore(loaded, read);
	cut_off_memory(path);
	/* The guest needs it, and KVM can't get it. */
	start(vm);
	outcome = wait_for_end(vm);
	assert_int_equal(outcome.end, R0_VM_FATAL);
	assert_non_null(
		strstr(outcome.reason, "the file of the snapshot that it is from was cut off"));
	/* The host does. */
	assert_fails(r0_vm_read(read, FIRST, &value, sizeof(value), &error), EIO, &error,
		     "was cut off");
	error.text[0] = '\0';
	assert_fails(r0_vm_snapshot_take(&taken, read, &error), EIO, &error, "was cut off");
	error.text[0] = '\0';
	assert_fails(r0_vm_snapshot_check(loaded, &error), EIO, &error, "was cut off");
	error.text[0] = '\0';
	assert_fails(r0_vm_snapshot_save(loaded, path, &error), EIO, &error, "was cut off");
	/* Another is as good as ever. */
	restore(good, vm);
	start(vm);
	progress(vm);
	r0_vm_destroy(vm);
	r0_vm_destroy(read);
	r0_vm_snapshot_destroy(loaded);
	r0_vm_snapshot_destroy(good);
	unlink(path);
}

/* Fill what is left of a file system. */
static void fill_up(const char *folder)
{
	static const char bytes[0x10000];
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/rest", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	while (write(fd, bytes, 1) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

/* In a tmpfs it takes room to read a hole. */
static void a_full_disk_is_told(void **state)
{
	char folder[256], path[300], other[300];
	struct r0_vm_snapshot *loaded;
	struct r0_error error = { "" };
	struct stat status;
	struct r0_vm *vm;
	uint32_t value;

	(void)state;
	make_path(folder, sizeof(folder));
	assert_int_equal(mkdir(folder, 0700), 0);
	if (mount("none", folder, "tmpfs", 0, "size=4m") != 0) {
		rmdir(folder);
		print_message("# no tmpfs can be mounted: %s\n", strerror(errno));
		skip();
	}
	snprintf(path, sizeof(path), "%s/snapshot", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	loaded = through_file(path);
	fill_up(folder);
	check(r0_vm_create(&vm, NULL, &error), &error);
	restore(loaded, vm);
	/* What is there can be read. */
	assert_int_equal(read32(vm, FIRST), FIRST);
	assert_fails(r0_vm_read(vm, 15 * MIB, &value, sizeof(value), &error), EIO, &error,
		     "can't be read, or its disk is full");
	error.text[0] = '\0';
	r0_vm_destroy(vm);
	r0_vm_snapshot_destroy(loaded);
	/* One that does not fit is not there. */
	vm = BOOT(NULL, work);
	loaded = take(vm);
	assert_fails(r0_vm_snapshot_save(loaded, other, &error), ENOSPC, &error, other);
	assert_int_equal(stat(other, &status), -1);
	r0_vm_snapshot_destroy(loaded);
	r0_vm_destroy(vm);
	assert_int_equal(umount2(folder, MNT_DETACH), 0);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taking_one_copies_what_was_written_since),
		cmocka_unit_test(machines_share_what_they_do_not_write),
		cmocka_unit_test(random_orders),
		cmocka_unit_test(a_file_may_be_removed),
		cmocka_unit_test(a_file_that_is_cut_off_is_told),
		cmocka_unit_test(a_full_disk_is_told),
	};

	/*
	 * What a stack, or the heap, is rounded up to by transparent huge pages is not the machines'; nor is what
	 * malloc() has filled by MALLOC_PERTURB_, of which they touch little.
	 */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	mallopt(M_PERTURB, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
