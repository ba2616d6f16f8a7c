/* SPDX-License-Identifier: MIT */
/*
 * Core files of this process as if it were a stopped guest: their structure, and whether a
 * debugger takes them. Needs no KVM.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "command/backtrace/core_file.h"
#include "crash/elf_core.h"
#include "crash_self.h"

static struct error error;
static struct core_file core;
static struct crash_view view;
static volatile int zero, sink;
static char path[64];

static __attribute__((noinline)) void fault_here(void)
{
	__asm__ volatile("movb $1, (%0)" ::"r"((uintptr_t)zero) : "memory");
	sink++;
}

static void write_core(struct crash_view *of, bool contents)
{
	int fd = mkstemp(strcpy(path, "/tmp/ring0-core-XXXXXX"));

	assert_true(fd >= 0);
	error.text[0] = '\0';
	assert_int_equal(core_write(of, SIGSEGV, contents, fd, &error), 0);
	close(fd);
}

static void open_core(void)
{
	if (core_file_open(&core, path, &error))
		fail_msg("%s", error.text);
}

static int setup(void **state)
{
	(void)state;
	memset(&view, 0, sizeof(view));
	memset(&error, 0, sizeof(error));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	core_file_close(&core);
	unlink(path);
	return 0;
}

static void on_fault(struct crash_view *of, int vector, uint64_t error_code)
{
	(void)vector;
	(void)error_code;
	write_core(of, true);
	view = *of;
}

static void registers_and_memory_come_back(void **state)
{
	static const char constant[] = "a constant";
	static char variable[] = "a variable";
	char text[16];

	(void)state;
	assert_true(self_run(fault_here, on_fault));
	open_core();
	assert_int_equal(core.registers.rip, view.regs.rip);
	assert_int_equal(core.registers.rsp, view.regs.rsp);
	assert_int_equal(core.registers.r15, view.regs.r15);
	assert_int_equal(core.registers.rax, view.regs.rax);
	assert_int_equal(core.registers.rdi, view.regs.rdi);
	assert_int_equal(core.registers.eflags, view.regs.rflags);
	assert_int_equal(core.registers.cs, R0_KERNEL_CS);
	assert_int_not_equal(core.entry, 0);
	assert_int_equal(core_file_read(&core, (uintptr_t)constant, text, sizeof(constant)),
			 sizeof(constant));
	assert_string_equal(text, constant);
	assert_int_equal(core_file_read(&core, (uintptr_t)variable, text, sizeof(variable)),
			 sizeof(variable));
	assert_string_equal(text, variable);
	assert_int_equal(core_file_read(&core, (uintptr_t)fault_here, text, 16), 16);
	assert_memory_equal(text, (const void *)(uintptr_t)fault_here, 16);
	assert_true(core_file_is_executable(&core, (uintptr_t)fault_here));
	assert_false(core_file_is_executable(&core, (uintptr_t)variable));
	assert_int_equal(core_file_read(&core, 0x10, text, 1), 0);
}

static void mapped_files_are_listed(void **state)
{
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	assert_true(length > 0);
	self[length] = '\0';
	self_init(&view);
	write_core(&view, false);
	open_core();
	assert_non_null(core_file_mapping(&core, (uintptr_t)fault_here));
	assert_string_equal(core_file_mapping(&core, (uintptr_t)fault_here)->path, self);
	assert_true(core_file_mapping(&core, (uintptr_t)fault_here)->executable);
}

/* A guest of our own making: one page in four can't be read. */
static size_t read_gaps(void *context, uint64_t gva, void *to, size_t size)
{
	size_t done = 0;

	(void)context;
	for (; done < size && (gva + done) >> 12 & 3; done += 4096)
		memset((char *)to + done, (int)((gva + done) >> 12), 4096);
	return done;
}

static void pages_that_cannot_be_read_are_left_out(void **state)
{
	static const struct crash_region region = {
		.start = 0x100000, .end = 0x140000, .prot = PROT_READ | PROT_WRITE, .own = true
	};
	uint8_t byte;

	(void)state;
	view.regions = &region;
	view.region_count = 1;
	view.read = read_gaps;
	write_core(&view, true);
	open_core();
	for (uint64_t page = region.start; page < region.end; page += 4096) {
		bool readable = page >> 12 & 3;

		assert_int_equal(core_file_read(&core, page + 77, &byte, 1), readable);
		if (readable)
			assert_int_equal(byte, (uint8_t)(page >> 12));
	}
	assert_int_equal(core_file_read(&core, region.end, &byte, 1), 0);
}

static size_t read_all(void *context, uint64_t gva, void *to, size_t size)
{
	(*(size_t *)context) += size;
	memset(to, (int)(gva >> 12 | 1), size);
	return size;
}

static void sparse_regions_are_cut_down_to_the_stack(void **state)
{
	static const struct crash_region regions[] = {
		{ .start = 1ull << 40,
		  .end = 1ull << 44,
		  .prot = PROT_READ | PROT_WRITE,
		  .own = true },
		{ .start = 1ull << 45,
		  .end = 1ull << 46,
		  .prot = PROT_READ | PROT_WRITE,
		  .own = true },
	};
	size_t size = 0;
	uint8_t byte;

	(void)state;
	view.regions = regions;
	view.region_count = 2;
	view.read = read_all;
	view.context = &size;
	view.regs.rsp = (1ull << 45) + (1ull << 44);
	write_core(&view, true);
	open_core();
	assert_uint_in_range(size, 1, 4 << 20);
	assert_int_equal(core_file_read(&core, view.regs.rsp, &byte, 1), 1);
	assert_int_equal(core_file_read(&core, view.regs.rsp + 0x10000, &byte, 1), 1);
	assert_int_equal(core_file_read(&core, regions[0].start, &byte, 1), 0);
}

/* Of each seven pages the first two have something in them. */
static size_t read_few(void *context, uint64_t gva, void *to, size_t size)
{
	(void)context;
	for (size_t i = 0; i < size; i += 4096)
		memset((char *)to + i, (gva + i) / 4096 % 7 < 2 ? 0xa5 : 0, 4096);
	return size;
}

static void pages_of_zeros_take_no_room(void **state)
{
	static const struct crash_region region = { .start = 7ull << 40,
						    .end = (7ull << 40) + 700 * 4096,
						    .prot = PROT_READ | PROT_WRITE,
						    .own = true };
	struct stat found;

	(void)state;
	view.regions = &region;
	view.region_count = 1;
	view.read = read_few;
	write_core(&view, true);
	/* Before it is read: in a tmpfs a mapped hole takes a page then. */
	assert_int_equal(stat(path, &found), 0);
	open_core();
	for (uint64_t page = 0; page < 700; page++) {
		uint8_t byte = 1;

		assert_int_equal(core_file_read(&core, region.start + page * 4096 + page, &byte, 1),
				 1);
		assert_int_equal(byte, (region.start / 4096 + page) % 7 < 2 ? 0xa5 : 0);
	}
	assert_uint_in_range(found.st_size, 700 * 4096, 800 * 4096);
	/* In 512 bytes each. */
	assert_uint_in_range(found.st_blocks, 200 * 8, 300 * 8);
}

static void file_that_cannot_be_written_is_an_error(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	self_init(&view);
	assert_true(fd >= 0);
	assert_true(core_write(&view, SIGSEGV, true, fd, &error) < 0);
	assert_non_null(strstr(error.text, "writing a core file of the guest: "));
	close(fd);
}

static void what_is_no_core_is_refused(void **state)
{
	(void)state;
	strcpy(path, "/tmp/ring0-core-nonexistent");
	assert_int_equal(core_file_open(&core, "/proc/self/exe", &error), -EINVAL);
	error.text[0] = '\0';
	assert_int_equal(core_file_open(&core, path, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
}

static void gdb_takes_it_for_a_core_of_the_program(void **state)
{
	char self[PATH_MAX], output[8192] = "";
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t got;
	FILE *gdb;

	(void)state;
	if (system("gdb --version >/dev/null 2>&1")) {
		print_message("no gdb here\n");
		skip();
	}
	assert_true(length > 0);
	self[length] = '\0';
	assert_true(self_run(fault_here, on_fault));
	/* Whatever is in their names. */
	setenv("PROGRAM", self, 1);
	setenv("CORE", path, 1);
	gdb = popen("DEBUGINFOD_URLS= gdb -nx -batch -ex bt -ex 'info sharedlibrary' "
		    "\"$PROGRAM\" \"$CORE\" 2>&1",
		    "r");
	assert_non_null(gdb);
	got = fread(output, 1, sizeof(output) - 1, gdb);
	output[got] = '\0';
	pclose(gdb);
	if (getenv("CRASH_TEST_SHOW"))
		fprintf(stderr, "%s", output);
	if (!strstr(output, "fault_here ()") || !strstr(output, "in main (") ||
	    !strstr(output, "libc.so") || strstr(output, "warning"))
		fail_msg("gdb said:\n%s", output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(registers_and_memory_come_back),
		TEST(mapped_files_are_listed),
		TEST(pages_that_cannot_be_read_are_left_out),
		TEST(sparse_regions_are_cut_down_to_the_stack),
		TEST(pages_of_zeros_take_no_room),
		TEST(file_that_cannot_be_written_is_an_error),
		TEST(what_is_no_core_is_refused),
		TEST(gdb_takes_it_for_a_core_of_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
