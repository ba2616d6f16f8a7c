/* SPDX-License-Identifier: MIT */
/* Full snapshots in files: written, read, and refused where they are damaged, foreign or of another CPU. */
#include "tests/vm/snapshot_fixture.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "kvm/state/state_x86_64.h"
#include "monitor/whole/snapshot.h"

static void make_path(char *path, size_t size)
{
	const char *folder = getenv("TMPDIR");

	snprintf(path, size, "%s/ring0-snapshot-%d", folder ? folder : "/tmp", getpid());
}

static void goes_through_a_file(void **state)
{
	const struct r0_vm_options options = { .cpus = 2 };
	struct r0_vm *vm = BOOT(&options, work), *other;
	struct r0_vm_snapshot *snapshot, *loaded, *again;
	struct r0_error error = { "" };
	uint32_t count;
	char path[256];

	(void)state;
	make_path(path, sizeof(path));
	enter(vm, 1, CODE);
	start(vm);
	progress(vm);
	freeze(vm);
	snapshot = take(vm);
	count = read32(vm, DATA);
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	/* Over the one that is there. */
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	unlink(path);
	assert_same(snapshot, loaded);
	/* Into the same machine, which is not the one it knows. */
	thaw(vm);
	progress(vm);
	freeze(vm);
	restore(loaded, vm);
	assert_int_equal(read32(vm, DATA), count);
	r0_vm_destroy(vm);
	/* And into one that never ran, which then goes on with the same work. */
	other = BOOT(&options, halting);
	restore(loaded, other);
	again = take(other);
	assert_same(snapshot, again);
	start(other);
	wait_for_change(other, DATA, count);
	progress(other);
	freeze(other);
	restore(loaded, other);
	assert_int_equal(read32(other, DATA), count);
	r0_vm_destroy(other);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_snapshot_destroy(loaded);
	r0_vm_snapshot_destroy(again);
}

/* The file as bytes. */
static uint8_t *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat status;
	uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	*size = (size_t)status.st_size;
	bytes = malloc(*size);
	assert_int_equal(read(fd, bytes, *size), *size);
	close(fd);
	return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void patch_file(const char *path, size_t at, int byte)
{
	const uint8_t value = (uint8_t)byte;
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &value, 1, (off_t)at), 1);
	close(fd);
}

static void assert_refused(const char *path, const char *what, size_t at)
{
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	int err = r0_vm_snapshot_load(&snapshot, path, &error);

	if (err != -EBADMSG && err != -EPROTONOSUPPORT)
		fail_msg("%s %zu: it gives %d: %s", what, at, err, error.text);
	assert_true(error.text[0]);
	assert_null(strchr(error.text, '\n'));
}

/* Where memory begins in the file: of what comes before that, all is looked at when it is read. */
static size_t memory_at(const uint8_t *bytes, size_t size)
{
	size_t memory = 16 << 20;

	assert_true(size > memory && size % 4096 == 0 && memcmp(bytes, "ring0", 5) == 0);
	return size - memory;
}

static void damaged_files_are_refused(void **state)
{
	struct r0_vm *vm = BOOT(NULL, work);
	struct r0_vm_snapshot *snapshot = take(vm), *loaded;
	struct r0_error error = { "" };
	size_t size, at, length, memory;
	uint8_t *bytes;
	char path[256];

	(void)state;
	make_path(path, sizeof(path));
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	bytes = read_file(path, &size);
	memory = memory_at(bytes, size);
	/* All of the head, and a bit here and there; and all of what is nothing but zeros. */
	for (at = 0; at < memory; at += at < 256 ? 1 : 61) {
		patch_file(path, at, bytes[at] ^ (uint8_t)(1u << at % 8));
		assert_refused(path, "bit flipped at", at);
		patch_file(path, at, bytes[at]);
	}
	patch_file(path, memory - 1, 1);
	assert_refused(path, "bit flipped at", memory - 1);
	patch_file(path, memory - 1, bytes[memory - 1]);
	/* As it was, it is taken. */
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	r0_vm_snapshot_destroy(loaded);
	assert_int_equal(truncate(path, (off_t)size + 1), 0);
	assert_refused(path, "one byte more than", size);
	for (length = size - 1; length > memory; length -= length > 3 << 20 ? 1 << 20 : 4096 * 16) {
		assert_int_equal(truncate(path, (off_t)length), 0);
		assert_refused(path, "cut to", length);
	}
	for (length = 0; length < memory; length += length < 256 ? 1 : 1777) {
		write_file(path, bytes, length);
		assert_refused(path, "cut to", length);
	}
	free(bytes);
	unlink(path);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* Memory is not looked at, unless someone asks for it. */
static void damaged_memory_is_found_on_request(void **state)
{
	struct r0_vm *vm = BOOT(NULL, work);
	struct r0_vm_snapshot *snapshot = take(vm), *loaded;
	struct r0_error error = { "" };
	size_t size, memory, i;
	uint8_t *bytes;
	char path[256];

	(void)state;
	make_path(path, sizeof(path));
	check(r0_vm_snapshot_check(snapshot, &error), &error);
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	check(r0_vm_snapshot_check(loaded, &error), &error);
	r0_vm_snapshot_destroy(loaded);
	bytes = read_file(path, &size);
	memory = memory_at(bytes, size);
	{
		/* The code, and a page that has never been touched. */
		const size_t places[] = { memory + CODE, memory + CODE + 4095, memory + 0x777123,
					  size - 1 };

		for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			patch_file(path, places[i], bytes[places[i]] ^ 0x10);
			check(r0_vm_snapshot_load(&loaded, path, &error), &error);
			assert_fails(r0_vm_snapshot_check(loaded, &error), EBADMSG, &error,
				     "its memory is not what was saved");
			error.text[0] = '\0';
			r0_vm_snapshot_destroy(loaded);
			patch_file(path, places[i], bytes[places[i]]);
		}
	}
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	check(r0_vm_snapshot_check(loaded, &error), &error);
	r0_vm_snapshot_destroy(loaded);
	free(bytes);
	unlink(path);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* What is zero takes no room. */
static void the_file_has_holes(void **state)
{
	const struct r0_vm_options options = { .memory = 512 << 20 };
	struct r0_vm *vm = BOOT(&options, work);
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	struct stat status;
	char path[256];
	uint64_t at;

	(void)state;
	make_path(path, sizeof(path));
	/* Touched, but zero. */
	for (at = 64 << 20; at < 128 << 20; at += 4096)
		write32(vm, at, 0);
	snapshot = take(vm);
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	assert_int_equal(stat(path, &status), 0);
	unlink(path);
	assert_true(status.st_size > 512 << 20);
	assert_true((uint64_t)status.st_blocks * 512 < 4 << 20);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

static void foreign_files_are_refused(void **state)
{
	struct r0_vm *vm = BOOT(NULL, work);
	struct r0_vm_snapshot *snapshot = take(vm), *other;
	struct r0_error error = { "" };
	uint8_t *bytes;
	char path[256];
	size_t size;

	(void)state;
	make_path(path, sizeof(path));
	assert_fails(r0_vm_snapshot_load(&other, path, &error), ENOENT, &error, path);
	assert_fails(r0_vm_snapshot_load(&other, "/", &error), EBADMSG, &error, "no file");
	assert_fails(r0_vm_snapshot_load(&other, "/proc/self/exe", &error), EBADMSG, &error,
		     "no snapshot");
	assert_fails(r0_vm_snapshot_save(snapshot, "/proc/there/is/none", &error), ENOENT, &error,
		     "/proc/there/is/none");
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	bytes = read_file(path, &size);
	/* The version, and the architecture: behind the magic bytes. */
	bytes[24] = 99;
	write_file(path, bytes, size);
	assert_fails(r0_vm_snapshot_load(&other, path, &error), EPROTONOSUPPORT, &error,
		     "version 99");
	bytes[24] = 4;
	bytes[28] ^= 1;
	write_file(path, bytes, size);
	assert_fails(r0_vm_snapshot_load(&other, path, &error), EPROTONOSUPPORT, &error,
		     "architecture");
	free(bytes);
	unlink(path);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* A guest goes by the features that it has found. */
static void other_features_are_refused(void **state)
{
	struct r0_vm *vm = BOOT(NULL, work);
	struct r0_vm_snapshot *snapshot = take(vm), *loaded;
	struct r0_error error = { "" };
	char path[256];

	(void)state;
	make_path(path, sizeof(path));
	snapshot->cpus[0]->features[3] ^= 1u << 19;
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	unlink(path);
	assert_fails(r0_vm_snapshot_restore(loaded, vm, &error), EINVAL, &error,
		     "CPU 0 has other features than this KVM's: CPUID leaf 0x1, ECX, is ");
	r0_vm_snapshot_destroy(loaded);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}

/* What a VM for a snapshot has to be is known from the file. */
static void the_form_is_in_the_file(void **state)
{
	const struct r0_vm_options options = {
		.cpus = 2,
		.memory = 8 << 20,
		.irqchip = true,
		.pit = true,
		.pc = true,
		.virtio_console = true,
		.cpu = "max,-x2apic",
	};
	struct r0_vm *vm = BOOT(&options, work), *other;
	struct r0_vm_snapshot *snapshot = take(vm), *loaded;
	struct r0_vm_options form = { .time_limit_ms = 7 };
	struct r0_error error = { "" };
	bool block = true, net = true;
	char path[256];

	(void)state;
	make_path(path, sizeof(path));
	check(r0_vm_snapshot_save(snapshot, path, &error), &error);
	check(r0_vm_snapshot_load(&loaded, path, &error), &error);
	unlink(path);
	r0_vm_snapshot_options(loaded, &form, &block, &net);
	assert_int_equal(form.cpus, 2);
	assert_int_equal(form.memory, 8 << 20);
	assert_true(form.irqchip && form.pit && form.pc && form.virtio_console);
	assert_false(form.split_irqchip || form.test_devices || form.no_legacy || block || net);
	assert_string_equal(form.cpu, "max,-x2apic");
	assert_int_equal(form.time_limit_ms, 7);
	check(r0_vm_create(&other, &form, &error), &error);
	restore(loaded, other);
	r0_vm_destroy(other);
	r0_vm_snapshot_destroy(loaded);
	r0_vm_snapshot_destroy(snapshot);
	r0_vm_destroy(vm);
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_through_a_file),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(damaged_memory_is_found_on_request),
		cmocka_unit_test(the_file_has_holes),
		cmocka_unit_test(foreign_files_are_refused),
		cmocka_unit_test(other_features_are_refused),
		cmocka_unit_test(the_form_is_in_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
