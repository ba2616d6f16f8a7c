/* SPDX-License-Identifier: MIT */
/*
 * Debian's kernel for arm64 on a machine of the monitor, by <ring0/boot.h>: from its start to a program's lines on each
 * console and to the power-off.
 *
 *	boot KERNEL
 *
 * The program that runs in there is this one: as the first process it is the initial RAM disk's init.
 */
#define _GNU_SOURCE
#include <ring0/boot.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/vm/vm_fixture.h"

#define LIMIT_MS 600000

/* ---- in the machine ---- */

static int be_init(void)
{
	cpu_set_t cpus;
	int started = -1;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		started = CPU_COUNT(&cpus);
	printf("init has %d CPUs\n", started);
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}

/* ---- outside ---- */

struct bytes {
	char *data;
	size_t size;
};

static struct bytes read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct bytes bytes = { 0 };

	if (!file || fseek(file, 0, SEEK_END))
		fail_msg("%s can't be read", path);
	bytes.size = (size_t)ftell(file);
	rewind(file);
	bytes.data = malloc(bytes.size);
	assert_int_equal(fread(bytes.data, 1, bytes.size, file), bytes.size);
	fclose(file);
	return bytes;
}

/* A file of an archive: Documentation/driver-api/early-userspace/buffer-format.rst. */
static void add_file(struct bytes *archive, const char *name, unsigned int mode,
		     const struct bytes *content)
{
	const size_t size = content ? content->size : 0, name_size = strlen(name) + 1;
	const size_t head = (110 + name_size + 3) & ~3ul;
	char *at;

	archive->data = realloc(archive->data, archive->size + head + ((size + 3) & ~3ul));
	at = archive->data + archive->size;
	memset(at, 0, head + ((size + 3) & ~3ul));
	snprintf(at, head, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s", 1, mode,
		 0, 0, 1, 0, (unsigned int)size, 0, 0, 0, 0, (unsigned int)name_size, 0, name);
	if (size)
		memcpy(at + head, content->data, size);
	archive->size += head + ((size + 3) & ~3ul);
}

static struct bytes make_disk(void)
{
	const struct bytes self = read_file("/proc/self/exe");
	struct bytes archive = { 0 };

	add_file(&archive, "init", S_IFREG | 0755, &self);
	add_file(&archive, "TRAILER!!!", 0, NULL);
	free(self.data);
	return archive;
}

static const char *kernel_path;

/* Returns what the console printed, for free(). */
static char *boot_kernel(const struct r0_vm_options *options, const char *command_line,
			 enum r0_vm_console console)
{
	const struct bytes kernel = read_file(kernel_path), disk = make_disk();
	const struct r0_boot_module module = { .data = disk.data, .size = disk.size };
	const struct r0_boot_options boot = {
		.command_line = command_line,
		.modules = &module,
		.module_count = 1,
	};
	struct r0_error error = { "" };
	enum r0_boot_protocol protocol;
	struct r0_vm_outcome outcome;
	struct r0_vm *vm;
	char *text;

	check(r0_vm_create(&vm, options, &error), &error);
	check(r0_boot_load(vm, kernel.data, kernel.size, &boot, &protocol, &error), &error);
	assert_int_equal(protocol, R0_BOOT_LINUX);
	free(kernel.data);
	free(disk.data);
	start(vm);
	if (r0_vm_wait(vm, LIMIT_MS, &outcome, &error))
		r0_vm_kill(vm);
	text = printed(vm, console);
	if (error.text[0] || outcome.end != R0_VM_POWER_OFF || outcome.exit_code)
		fail_msg("%s%s; the console:\n%s", error.text, outcome.reason, text);
	r0_vm_destroy(vm);
	return text;
}

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("it does not say \"%s\":\n%s", words, text);
}

static void a_kernel_boots_and_powers_off(void **state)
{
	const struct r0_vm_options options = { .cpus = 2, .memory = 256 << 20, .irqchip = true };
	char *text = boot_kernel(&options, "console=ttyS0 earlycon panic=-1", R0_VM_COM1);

	(void)state;
	assert_says(text, "psci: PSCIv1.");
	assert_says(text, "init has 2 CPUs");
	assert_says(text, "reboot: Power down");
	free(text);
}

static void other_consoles_print(void **state)
{
	const struct r0_vm_options options = {
		.memory = 256 << 20,
		.irqchip = true,
	};
	char *text = boot_kernel(&options, "console=ttyAMA0 panic=-1", R0_VM_PL011);

	(void)state;
	assert_says(text, "init has 1 CPUs");
	free(text);
}

static void what_does_not_fit_is_refused(void **state)
{
	const struct r0_vm_options options = { .memory = 16 << 20 };
	const struct bytes kernel = read_file(kernel_path);
	const struct r0_boot_options multiboot = { .protocol = R0_BOOT_MULTIBOOT };
	struct r0_error error = { "" };
	struct r0_vm *vm;

	(void)state;
	check(r0_vm_create(&vm, &options, &error), &error);
	assert_fails(r0_boot_load(vm, kernel.data, kernel.size, NULL, NULL, &error), EFAULT, &error,
		     "more --memory");
	assert_fails(r0_boot_load(vm, kernel.data, 63, NULL, NULL, &error), ENOEXEC, &error,
		     "no Linux Image");
	assert_fails(r0_boot_load(vm, kernel.data, kernel.size, &multiboot, NULL, &error), EINVAL,
		     &error, "(multiboot)");
	r0_vm_destroy(vm);
	free(kernel.data);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_boots_and_powers_off),
		cmocka_unit_test(other_consoles_print),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	if (getpid() == 1)
		return be_init();
	if (argc != 2)
		return 1;
	kernel_path = argv[1];
	return cmocka_run_group_tests_name("kernels on arm64", tests, NULL, NULL);
}
