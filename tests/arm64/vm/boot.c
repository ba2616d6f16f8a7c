/* SPDX-License-Identifier: MIT */
/*
 * Debian's kernel for arm64 on a machine of the monitor, by <ring0/boot.h>: from its start to a program's lines on each
 * console and to the power-off.
 *
 *	boot KERNEL COMPRESSED RING0
 *
 * and the same, compressed by gzip, by `ring0 boot`, to a shell and off. The program that runs in there is this one: as
 * the first process it is the initial RAM disk's init, and with "shell" on the kernel's command line a shell, if a small
 * one.
 */
#define _GNU_SOURCE
#include <ring0/boot.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/vm/vm_fixture.h"

#define LIMIT_MS 600000

/* ---- in the machine ---- */

/* Whatever is typed, a line a command. */
static int be_shell(void)
{
	char line[256], text[128];

	for (;;) {
		printf("# ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin) || !strncmp(line, "poweroff", 8))
			break;
		if (sscanf(line, "echo %127[^\n]", text) == 1)
			printf("%s\n", text);
		else
			printf("no such command: %s", line);
	}
	reboot(RB_POWER_OFF);
	return 1;
}

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
	struct r0_vm_outcome outcome = { 0 };
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

static const char *compressed_path, *command_path;

struct session {
	pid_t child;
	int in, out; /* the kernel's keyboard and its console */
	char text[65536];
	size_t size;
};

/* `ring0 boot`, with the kernel's console on the other serial line. */
static void start_command(struct session *session)
{
	const struct bytes disk = make_disk();
	char initrd[sizeof("/proc/self/fd/-2147483648")];
	int in[2], out[2], file = memfd_create("initrd", 0);

	assert_int_equal(write(file, disk.data, disk.size), disk.size);
	snprintf(initrd, sizeof(initrd), "/proc/self/fd/%d", file);
	free(disk.data);
	assert_int_equal(pipe(in) | pipe(out), 0);
	fflush(NULL);
	*session = (struct session){ .in = in[1], .out = out[0] };
	session->child = fork();
	if (!session->child) {
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(out[1], 2) < 0)
			_exit(125);
		close(in[1]);
		close(out[0]);
		execl(command_path, "ring0", "boot", "--console", "pl011", "--memory", "256M",
		      "--initrd", initrd, "--append", "panic=-1 quiet", "--timeout", "600",
		      "--verbose", compressed_path, "--", "shell", NULL);
		_exit(126);
	}
	close(file);
	close(in[0]);
	close(out[1]);
}

/* Until it says these words after what it has said, or ends: whether it said them. */
static bool hears(struct session *session, const char *words)
{
	const size_t from = session->size;
	ssize_t size;

	while (!strstr(session->text + from, words)) {
		size = read(session->out, session->text + session->size,
			    sizeof(session->text) - session->size - 1);
		if (size <= 0)
			return false;
		session->size += (size_t)size;
	}
	return true;
}

static void type(const struct session *session, const char *line)
{
	assert_int_equal(write(session->in, line, strlen(line)), strlen(line));
}

/* The device tree says which console that is: nothing on the command line does. */
static void the_command_boots_one_to_a_shell_and_off(void **state)
{
	static struct session session;
	int status;

	(void)state;
	start_command(&session);
	if (hears(&session, "# "))
		type(&session, "echo one and one is $((1 + 1))\n");
	if (hears(&session, "\none and one is") && hears(&session, "# "))
		type(&session, "poweroff\n");
	hears(&session, "what ends it");
	assert_int_equal(waitpid(session.child, &status, 0), session.child);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("status %#x; it says:\n%s", status, session.text);
	assert_says(session.text, "protocol linux, 1 CPUs, 262144 KiB of memory");
	assert_says(session.text, "the guest powered the machine off");
}

static void what_does_not_fit_is_refused(void **state)
{
	const struct r0_vm_options options = { .memory = 16 << 20 };
	const struct bytes kernel = read_file(kernel_path);
	const struct r0_boot_options multiboot = { .protocol = R0_BOOT_MULTIBOOT };
	const struct r0_boot_options flat = { .protocol = R0_BOOT_FLAT };
	const struct bytes compressed = read_file(compressed_path);
	static const char gzip[64] = "\x1f\x8b\x08", zboot[64] = "MZ\0\0zimg";
	static const uint8_t zeros[] = {
		0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x60,
		0xa0, 0x3d, 0x00, 0x00, 0xca, 0xc6, 0x88, 0x99, 0x64, 0x00, 0x00, 0x00
	}; /* 100 of them */
	struct r0_error error = { "" };
	struct r0_vm *vm;

	(void)state;
	check(r0_vm_create(&vm, &options, &error), &error);
	assert_fails(r0_boot_load(vm, kernel.data, kernel.size, NULL, NULL, &error), EFAULT, &error,
		     "more --memory");
	assert_fails(r0_boot_load(vm, kernel.data, 63, NULL, NULL, &error), ENOEXEC, &error,
		     "no Linux Image");
	assert_fails(r0_boot_load(vm, compressed.data, compressed.size, NULL, NULL, &error), EFAULT,
		     &error, "larger than the machine's memory");
	assert_fails(r0_boot_load(vm, gzip, sizeof(gzip), NULL, NULL, &error), ENOEXEC, &error,
		     "damaged or cut off");
	assert_fails(r0_boot_load(vm, zeros, sizeof(zeros), NULL, NULL, &error), ENOEXEC, &error,
		     "what gzip has compressed has not the magic at 56");
	assert_fails(r0_boot_load(vm, zboot, sizeof(zboot), NULL, NULL, &error), ENOEXEC, &error,
		     "CONFIG_EFI_ZBOOT");
	assert_fails(r0_boot_load(vm, kernel.data, 0, &flat, NULL, &error), ENOEXEC, &error,
		     "it is empty");
	assert_fails(r0_boot_load(vm, kernel.data, kernel.size, &multiboot, NULL, &error), EINVAL,
		     &error, "(multiboot)");
	r0_vm_destroy(vm);
	free(kernel.data);
	free(compressed.data);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_boots_and_powers_off),
		cmocka_unit_test(the_command_boots_one_to_a_shell_and_off),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	/* What the kernel does not know of its command line are its first process's arguments. */
	if (getpid() == 1)
		return argc > 1 && !strcmp(argv[argc - 1], "shell") ? be_shell() : be_init();
	if (argc != 4)
		return 1;
	kernel_path = argv[1];
	compressed_path = argv[2];
	command_path = argv[3];
	return cmocka_run_group_tests_name("kernels on arm64", tests, NULL, NULL);
}
