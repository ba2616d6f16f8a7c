/* SPDX-License-Identifier: MIT */
/*
 * The lab's reading of ELF files: a small one that is right, and each way in which it can be
 * damaged. It fills a page, so that a read beyond its end faults. Needs no KVM.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command/lab/architectures.h"
#include "command/lab/programs/elf.h"
#include "command/lab/error.h"
#include "command/lab/programs/files.h"
#include "command/lab/programs/library.h"
#include "command/lab/options.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

enum { LOAD, INTERPRETER, DYNAMIC, SPARE, SEGMENTS };
enum { NEEDED, RUNPATH, STRINGS, STRINGS_SIZE, END, ENTRIES };

#define BASE 0x400000

/* The file's last byte is a page's last, and what is after it in memory is not mapped. */
static struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[SEGMENTS];
	uint8_t gap[2048];
	Elf64_Dyn dynamic[ENTRIES];
	char interpreter[16];
	char strings[4096 - sizeof(Elf64_Ehdr) - SEGMENTS * sizeof(Elf64_Phdr) - 2048 -
		     ENTRIES * sizeof(Elf64_Dyn) - 16];
} image;
_Static_assert(sizeof(image) == 4096, "the file fills a page");

static int file; /* in memory */
static char path[32];
static struct lab_elf elf;

static const struct lab_options options = { .architecture = &lab_architectures[0] };

static int make_image(void **state)
{
	static const char strings[] = "\0libanswer-that-is-nowhere.so\0$ORIGIN/lib";

	(void)state;
	image = (struct image){
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					 ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_DYN,
			    .e_machine = EM_X86_64,
			    .e_phoff = offsetof(struct image, segments),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = SEGMENTS },
		.segments = { [LOAD] = { .p_type = PT_LOAD,
					 .p_vaddr = BASE,
					 .p_filesz = sizeof(image),
					 .p_memsz = sizeof(image) },
			      [INTERPRETER] = { .p_type = PT_INTERP,
						.p_offset = offsetof(struct image, interpreter),
						.p_filesz = sizeof(image.interpreter) },
			      [DYNAMIC] = { .p_type = PT_DYNAMIC,
					    .p_offset = offsetof(struct image, dynamic),
					    .p_filesz = sizeof(image.dynamic) },
			      [SPARE] = { .p_type = PT_NULL } },
		.dynamic = { [NEEDED] = { DT_NEEDED, { 1 } },
			     [RUNPATH] = { DT_RUNPATH, { 30 } },
			     [STRINGS] = { DT_STRTAB, { BASE + offsetof(struct image, strings) } },
			     [STRINGS_SIZE] = { DT_STRSZ, { sizeof(image.strings) } },
			     [END] = { DT_NULL, { 0 } } },
		.interpreter = "/lib/none.so",
	};
	memcpy(image.strings, strings, sizeof(strings));
	return 0;
}

static void write_file(size_t size)
{
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pwrite(file, &image, size, 0), size);
}

/* Open the image as it is now. */
static int open_image(void)
{
	lab_elf_close(&elf);
	write_file(sizeof(image));
	return lab_elf_open(&elf, path);
}

static int close_image(void **state)
{
	(void)state;
	lab_elf_close(&elf);
	return 0;
}

/* The status of gathering it with all that it needs. */
static int gather(void)
{
	struct lab_files files = { 0 };
	int status = lab_library_add(&files, &options, "program", path, path);

	lab_files_finish(&files);
	return status;
}

static void a_whole_file(void **state)
{
	(void)state;
	assert_int_equal(open_image(), 0);
	assert_int_equal(elf.dynamic_count, ENTRIES);
	assert_string_equal(elf.interpreter, "/lib/none.so");
	assert_string_equal(elf.runpath, "$ORIGIN/lib");
	assert_null(elf.rpath);
	assert_string_equal(lab_elf_text(&elf, elf.dynamic[NEEDED].d_un.d_val),
			    "libanswer-that-is-nowhere.so");
	assert_string_equal(lab_elf_machine(&elf), "for x86_64");
	assert_true(lab_elf_is(path));
}

/* Whatever its length, it is read without a fault. */
static void every_length(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(image); size++) {
		int err;

		write_file(size);
		err = lab_elf_open(&elf, path);
		if (size < offsetof(struct image, gap))
			assert_int_equal(err, -ENOEXEC);
		else
			assert_int_equal(err, 0);
		assert_non_null(lab_elf_machine(&elf));
		lab_elf_close(&elf);
	}
}

static void another_kind_of_file(void **state)
{
	(void)state;
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(open_image(), -ENOEXEC);
	assert_string_equal(lab_elf_machine(&elf), "for x32");
	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(open_image(), -ENOEXEC);
	image.header.e_ident[EI_MAG0] = 0;
	assert_int_equal(open_image(), -ENOEXEC);
	assert_string_equal(lab_elf_machine(&elf), "no ELF file");
	assert_int_equal(lab_elf_open(&elf, "/"), -EISDIR);
	assert_int_equal(lab_elf_open(&elf, "/nowhere"), -ENOENT);
	assert_int_equal(lab_elf_open(&elf, "/dev/null"), -EINVAL);
}

static void program_headers_elsewhere(void **state)
{
	static const uint64_t offsets[] = {
		1, 4095, 4096, 4096 - 56 * SEGMENTS + 8, 1ull << 63, UINT64_MAX - 7, UINT64_MAX
	};

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		image.header.e_phoff = offsets[i];
		assert_int_equal(open_image(), -ENOEXEC);
	}
	make_image(NULL);
	image.header.e_phnum = 0xffff;
	assert_int_equal(open_image(), -ENOEXEC);
	image.header.e_phnum = 0;
	assert_int_equal(open_image(), 0);
	assert_null(elf.dynamic);
	make_image(NULL);
	image.header.e_phentsize = 32;
	assert_int_equal(open_image(), -ENOEXEC);
}

static void interpreter_elsewhere(void **state)
{
	static const struct {
		uint64_t offset, size;
	} places[] = {
		{ 4096, 1 },	   { 4090, 16 },	   { UINT64_MAX, 16 },
		{ 8, UINT64_MAX }, { UINT64_MAX - 7, 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		image.segments[INTERPRETER].p_offset = places[i].offset;
		image.segments[INTERPRETER].p_filesz = places[i].size;
		assert_int_equal(open_image(), 0);
		assert_null(elf.interpreter);
	}
	make_image(NULL);
	memset(image.interpreter, 'x', sizeof(image.interpreter));
	assert_int_equal(open_image(), 0);
	assert_null(elf.interpreter);
	image.segments[INTERPRETER].p_filesz = 0;
	assert_int_equal(open_image(), 0);
	assert_null(elf.interpreter);
}

static void dynamic_section_elsewhere(void **state)
{
	static const struct {
		uint64_t offset, size;
	} places[] = {
		{ 4096, 16 },	   { 4088, 16 },   { 4, 16 },
		{ 8, UINT64_MAX }, { 8, 1 << 20 }, { UINT64_MAX - 7, 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		image.segments[DYNAMIC].p_offset = places[i].offset;
		image.segments[DYNAMIC].p_filesz = places[i].size;
		assert_int_equal(open_image(), 0);
		assert_null(elf.dynamic);
		assert_int_equal(elf.dynamic_count, 0);
		assert_null(elf.runpath);
	}
}

/* The last one counts, with its own size, whatever the first has. */
static void two_dynamic_sections(void **state)
{
	(void)state;
	image.segments[SPARE] = image.segments[DYNAMIC];
	image.segments[SPARE].p_offset += 4;
	image.segments[SPARE].p_filesz = 1ull << 40;
	assert_int_equal(open_image(), 0);
	assert_int_equal(elf.dynamic_count, 0);
	image.segments[SPARE].p_offset = 1ull << 40;
	assert_int_equal(open_image(), 0);
	assert_int_equal(elf.dynamic_count, 0);
}

static void strings_elsewhere(void **state)
{
	static const uint64_t addresses[] = { 0, BASE - 1, BASE + 4096, UINT64_MAX };
	static const uint64_t sizes[] = { 0, sizeof(image.strings) + 1, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		image.dynamic[STRINGS].d_un.d_ptr = addresses[i];
		assert_int_equal(open_image(), 0);
		assert_null(elf.runpath);
		assert_null(lab_elf_text(&elf, 1));
	}
	make_image(NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		image.dynamic[STRINGS_SIZE].d_un.d_val = sizes[i];
		assert_int_equal(open_image(), 0);
		assert_null(elf.runpath);
	}
	/* The segment says that it is at the end of all numbers. */
	make_image(NULL);
	image.segments[LOAD].p_offset = UINT64_MAX - 8;
	image.segments[LOAD].p_filesz = UINT64_MAX;
	assert_int_equal(open_image(), 0);
	make_image(NULL);
	image.segments[LOAD].p_vaddr = UINT64_MAX - 8;
	assert_int_equal(open_image(), 0);
	assert_null(elf.runpath);
}

static void names_elsewhere(void **state)
{
	static const uint64_t offsets[] = { sizeof(image.strings), UINT64_MAX, 1ull << 32 };

	(void)state;
	image.segments[INTERPRETER].p_type = PT_NULL;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		image.dynamic[NEEDED].d_un.d_val = offsets[i];
		image.dynamic[RUNPATH].d_un.d_val = offsets[i];
		assert_int_equal(open_image(), 0);
		assert_null(elf.runpath);
		assert_null(lab_elf_text(&elf, offsets[i]));
		assert_int_equal(gather(), LAB_MISSING);
	}
	/* A table whose last string has no end. */
	make_image(NULL);
	memset(image.strings, 'x', sizeof(image.strings));
	assert_int_equal(open_image(), 0);
	assert_null(elf.runpath);
	assert_int_equal(gather(), LAB_MISSING);
}

static void what_is_missing(void **state)
{
	(void)state;
	assert_int_equal(open_image(), 0);
	assert_int_equal(gather(), LAB_MISSING); /* the interpreter */
	image.segments[INTERPRETER].p_type = PT_NULL;
	assert_int_equal(open_image(), 0);
	assert_int_equal(gather(), LAB_MISSING); /* the library */
	image.dynamic[NEEDED].d_tag = DT_NULL;
	assert_int_equal(open_image(), 0);
	assert_int_equal(gather(), 0);
	image.header.e_machine = EM_AARCH64;
	assert_int_equal(open_image(), 0);
	assert_int_equal(gather(), LAB_ARCHITECTURE);
}

/* Paths with dollars come to an end, also where a directory is named as the variable is. */
static void dollars(void **state)
{
	static const char *const paths[] = { "$ORIGIN/$ORIGIN:${ORIGIN}", "$", "$$ORIGIN",
					     "/a$b/$LIB/${LIB", "/$NOTHING/${ORIGIN" };
	char directory[] = "/tmp/$ORIGIN-XXXXXX", *program;

	(void)state;
	assert_non_null(mkdtemp(directory));
	program = lab_format("%s/program", directory);
	image.segments[INTERPRETER].p_type = PT_NULL;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct lab_files files = { 0 };

		strcpy(image.strings + 30, paths[i]);
		write_file(sizeof(image));
		assert_int_equal(lab_copy_descriptor(file, program), 0);
		assert_int_equal(lab_library_add(&files, &options, "program", program, program),
				 LAB_MISSING);
		lab_files_finish(&files);
		unlink(program);
	}
	rmdir(directory);
	free(program);
}

/* Every byte of the headers, changed: read without a fault. */
static void every_byte(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };

	(void)state;
	image.segments[INTERPRETER].p_type = PT_NULL;
	for (size_t i = 0; i < sizeof(image); i++) {
		uint8_t *byte = (uint8_t *)&image + i, good = *byte;

		if (i >= offsetof(struct image, gap) && i < offsetof(struct image, dynamic))
			continue;
		if (i >= offsetof(struct image, strings) + 64)
			break;
		for (size_t j = 0; j < sizeof(values); j++) {
			int err;

			*byte = values[j];
			err = open_image();
			assert_true(err == 0 || err == -ENOEXEC);
			for (size_t k = 0; k < elf.dynamic_count; k++)
				lab_elf_text(&elf, elf.dynamic[k].d_un.d_val);
		}
		*byte = good;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_whole_file, make_image, close_image),
		cmocka_unit_test_setup_teardown(every_length, make_image, close_image),
		cmocka_unit_test_setup_teardown(another_kind_of_file, make_image, close_image),
		cmocka_unit_test_setup_teardown(program_headers_elsewhere, make_image, close_image),
		cmocka_unit_test_setup_teardown(interpreter_elsewhere, make_image, close_image),
		cmocka_unit_test_setup_teardown(dynamic_section_elsewhere, make_image, close_image),
		cmocka_unit_test_setup_teardown(two_dynamic_sections, make_image, close_image),
		cmocka_unit_test_setup_teardown(strings_elsewhere, make_image, close_image),
		cmocka_unit_test_setup_teardown(names_elsewhere, make_image, close_image),
		cmocka_unit_test_setup_teardown(what_is_missing, make_image, close_image),
		cmocka_unit_test_setup_teardown(dollars, make_image, close_image),
		cmocka_unit_test_setup_teardown(every_byte, make_image, close_image),
	};

	file = memfd_create("elf", MFD_CLOEXEC);
	if (file < 0)
		return 99;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
