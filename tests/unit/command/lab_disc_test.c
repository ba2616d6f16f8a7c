/* SPDX-License-Identifier: MIT */
/*
 * The disc that a machine in Bochs boots from: what the ROM, the kernel and ACPI find on it, kernels that are
 * damaged or too large, and the stream behind. Needs no KVM.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command/lab/emulators/bochs_disc.h"
#include "command/lab/emulators/disc.h"

#define MEMORY_MB 64u
#define MEMORY	  ((uint64_t)MEMORY_MB << 20)

/* As disc.c lays it out, from the argument on. */
#define COMMAND_LINE_AT 0x1000
#define PAGE		4096u

static struct lab_disc head;
static int disc = -1;
static uint64_t session;

static int file_with(const void *data, size_t size)
{
	int file = memfd_create("input", MFD_CLOEXEC);

	assert_true(file >= 0);
	assert_int_equal(write(file, data, size), size);
	return file;
}

/* A kernel and an initial file system of 5000 bytes of 0x1f each. */
static int make(const void *kernel, size_t size, const char *command_line, unsigned int memory)
{
	static unsigned char initramfs[5000];
	struct lab_bochs_boot boot = { .memory = memory, .cpus = 3, .command_line = command_line };
	int err;

	if (disc >= 0)
		close(disc);
	memset(initramfs, 0x1f, sizeof(initramfs));
	boot.image = file_with(kernel, size);
	boot.initramfs = file_with(initramfs, sizeof(initramfs));
	err = lab_disc_make(&boot, &disc, &session);
	close(boot.image);
	close(boot.initramfs);
	if (!err)
		assert_int_equal(pread(disc, &head, sizeof(head), 0), sizeof(head));
	return err;
}

/* What the ROM would have at an address once it has loaded all. False if that is not there. */
static bool load(uint64_t address, void *to, size_t size)
{
	for (uint32_t i = 0; i < head.segment_count; i++) {
		const struct lab_disc_segment *segment = &head.segments[i];
		uint64_t end = segment->address + (uint64_t)segment->count * LAB_DISC_BLOCK;

		if (address < segment->address || address + size > end)
			continue;
		assert_int_equal(pread(disc, to, size,
				       (off_t)segment->block * LAB_DISC_BLOCK +
					       (off_t)(address - segment->address)),
				 size);
		return true;
	}
	return false;
}

static uint64_t number(uint64_t address, size_t size)
{
	uint64_t value = 0;

	assert_true(load(address, &value, size));
	return value;
}

static unsigned char sum_of(uint64_t address, size_t size)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (unsigned char)(sum + number(address + i, 1));
	return sum;
}

/* vmlinux with two parts, of 0xc0 and 0xda, and one that is not loaded. */
struct vmlinux {
	Elf64_Ehdr header;
	Elf64_Phdr parts[3];
	unsigned char code[3000], data[100];
};

static struct vmlinux vmlinux(void)
{
	struct vmlinux kernel = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					 ELFDATA2LSB },
			    .e_machine = EM_X86_64,
			    .e_entry = 0x1000040,
			    .e_phoff = offsetof(struct vmlinux, parts),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = 3 },
		.parts = { { .p_type = PT_LOAD,
			     .p_offset = offsetof(struct vmlinux, code),
			     .p_filesz = sizeof(kernel.code),
			     .p_paddr = 0x1000000 },
			   { .p_type = PT_LOAD,
			     .p_offset = offsetof(struct vmlinux, data),
			     .p_filesz = sizeof(kernel.data),
			     .p_paddr = 0x1800000 },
			   { .p_type = PT_NOTE, .p_offset = UINT64_MAX } },
	};

	memset(kernel.code, 0xc0, sizeof(kernel.code));
	memset(kernel.data, 0xda, sizeof(kernel.data));
	return kernel;
}

static void elf_kernel_is_where_its_headers_say(void **state)
{
	struct vmlinux kernel = vmlinux();

	(void)state;
	assert_int_equal(make(&kernel, sizeof(kernel), "quiet", MEMORY_MB), 0);
	assert_int_equal(head.magic, LAB_DISC_MAGIC);
	assert_int_equal(head.session, session);
	assert_int_equal(head.written, 0);
	assert_int_equal(head.entry, 0x1000040);
	assert_int_equal(number(0x1000000, 1), 0xc0);
	assert_int_equal(number(0x1000000 + sizeof(kernel.code) - 1, 1), 0xc0);
	assert_int_equal(number(0x1800000 + sizeof(kernel.data) - 1, 1), 0xda);
	/* What a block has beyond that is zero. */
	assert_int_equal(number(0x1800000 + sizeof(kernel.data), 1), 0);
}

/* Documentation/arch/x86/boot.rst and zero-page.rst. */
static void boot_parameters_tell_of_everything(void **state)
{
	struct vmlinux kernel = vmlinux();
	uint64_t at, initramfs, all = 0;
	char line[6];

	(void)state;
	assert_int_equal(make(&kernel, sizeof(kernel), "quiet", MEMORY_MB), 0);
	at = head.argument;
	assert_int_equal(number(at + 0x210, 1), 0xff);
	initramfs = number(at + 0x218, 4);
	assert_int_equal(initramfs % PAGE, 0);
	assert_int_equal(number(at + 0x21c, 4), 5000);
	assert_true(initramfs + 5000 <= MEMORY);
	assert_int_equal(number(initramfs + 4999, 1), 0x1f);
	assert_int_equal(number(at + 0x228, 4), at + COMMAND_LINE_AT);
	assert_true(load(at + COMMAND_LINE_AT, line, sizeof(line)));
	assert_string_equal(line, "quiet");
	/* The memory map: in order, without overlap, and to the end of memory. */
	assert_in_range(number(at + 0x1e8, 1), 2, 128);
	for (uint64_t i = 0, entry = at + 0x2d0; i < number(at + 0x1e8, 1); i++, entry += 20) {
		assert_true(number(entry, 8) >= all);
		all = number(entry, 8) + number(entry + 8, 8);
	}
	assert_int_equal(all, MEMORY);
}

/* ACPI 6.5, 5.2.5, 5.2.8 and 5.2.12. */
static void acpi_has_the_cpus_and_the_ioapic(void **state)
{
	struct vmlinux kernel = vmlinux();
	uint64_t rsdp, xsdt, madt, end, cpus = 0, ioapics = 0;

	(void)state;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), 0);
	rsdp = number(head.argument + 0x70, 8);
	assert_int_equal(number(rsdp, 8), 0x2052545020445352); /* "RSD PTR " */
	assert_int_equal(sum_of(rsdp, 20), 0);
	assert_int_equal(sum_of(rsdp, number(rsdp + 20, 4)), 0);
	xsdt = number(rsdp + 24, 8);
	assert_int_equal(number(xsdt, 4), 0x54445358); /* "XSDT" */
	assert_int_equal(sum_of(xsdt, number(xsdt + 4, 4)), 0);
	madt = number(xsdt + 36, 8);
	assert_int_equal(number(madt, 4), 0x43495041); /* "APIC" */
	end = madt + number(madt + 4, 4);
	assert_int_equal(sum_of(madt, number(madt + 4, 4)), 0);
	for (madt += 44; madt < end; madt += number(madt + 1, 1)) {
		assert_true(number(madt + 1, 1) >= 8);
		if (number(madt, 1) == 0)
			assert_int_equal(number(madt + 3, 1), cpus++);
		ioapics += number(madt, 1) == 1;
	}
	assert_int_equal(madt, end);
	assert_int_equal(cpus, 3);
	assert_int_equal(ioapics, 1);
}

#define SETUP_SIZE (5 * 512)

/* A bzImage that wants to be at 16 MB: boot.rst, "The Real-Mode Kernel Header". */
static void make_bzimage(unsigned char image[SETUP_SIZE + 3000])
{
	memset(image, 0, SETUP_SIZE);
	memset(image + SETUP_SIZE, 0xbe, 3000);
	image[0x1f1] = 4;    /* setup_sects */
	image[0x201] = 0x6a; /* the header's end: a jump */
	memcpy(image + 0x202, "HdrS", 4);
	image[0x236] = 1;	 /* xloadflags: XLF_KERNEL_64 */
	image[0x258 + 3] = 0x01; /* pref_address */
}

static void bzimage_is_entered_in_64_bit_mode(void **state)
{
	static unsigned char image[SETUP_SIZE + 3000];

	(void)state;
	make_bzimage(image);
	assert_int_equal(make(image, sizeof(image), "quiet", MEMORY_MB), 0);
	assert_int_equal(head.entry, 0x1000200);
	assert_int_equal(number(0x1000000, 1), 0xbe);
	assert_int_equal(number(0x1000000 + 2999, 1), 0xbe);
	/* The header is part of the parameters, but for what the loader says. */
	assert_int_equal(number(head.argument + 0x202, 4), 0x53726448);
	assert_int_equal(number(head.argument + 0x21c, 4), 5000);
}

static void cut_short_anywhere_it_is_no_kernel(void **state)
{
	static unsigned char image[SETUP_SIZE + 3000];
	struct vmlinux kernel = vmlinux();

	(void)state;
	make_bzimage(image);
	for (size_t size = 0; size <= SETUP_SIZE; size += size < 1024 ? 1 : 512)
		assert_int_equal(make(image, size, "", MEMORY_MB), -ENOEXEC);
	for (size_t size = 0; size < sizeof(kernel); size += size < 300 ? 1 : 97)
		assert_int_equal(make(&kernel, size, "", MEMORY_MB), -ENOEXEC);
}

static void other_kernels_are_refused(void **state)
{
	static unsigned char image[SETUP_SIZE + 3000];
	struct vmlinux kernel;

	(void)state;
	make_bzimage(image);
	image[0x236] = 0;
	assert_int_equal(make(image, sizeof(image), "", MEMORY_MB), -ENOEXEC);
	make_bzimage(image);
	image[0x201] = 0xff;
	assert_int_equal(make(image, sizeof(image), "", MEMORY_MB), -ENOEXEC);
	kernel = vmlinux();
	kernel.header.e_machine = EM_AARCH64;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), -ENOEXEC);
	kernel = vmlinux();
	kernel.header.e_phoff = UINT64_MAX - 7;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), -ENOEXEC);
	kernel = vmlinux();
	kernel.header.e_phnum = 0xffff;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), -ENOEXEC);
	kernel = vmlinux();
	kernel.parts[1].p_offset = UINT64_MAX;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), -ENOEXEC);
	kernel = vmlinux();
	kernel.parts[1].p_filesz = UINT64_MAX - 4;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), -ENOEXEC);
}

static void what_memory_has_no_room_for_is_refused(void **state)
{
	static char line[8192];
	struct vmlinux kernel = vmlinux();

	(void)state;
	/* The second part is at 24 MB. */
	assert_int_equal(make(&kernel, sizeof(kernel), "", 24), -ENOMEM);
	assert_int_equal(make(&kernel, sizeof(kernel), "", 25), 0);
	kernel.parts[0].p_paddr = UINT64_MAX - PAGE + 1;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), -ENOMEM);
	/* Where the ROM's own things are. */
	kernel.parts[0].p_paddr = 0x8000;
	assert_int_equal(make(&kernel, sizeof(kernel), "", MEMORY_MB), -ENOMEM);
	kernel = vmlinux();
	memset(line, 'x', PAGE - 1);
	assert_int_equal(make(&kernel, sizeof(kernel), line, MEMORY_MB), 0);
	line[PAGE - 1] = 'x';
	assert_int_equal(make(&kernel, sizeof(kernel), line, MEMORY_MB), -E2BIG);
}

static void stream_grows_behind(void **state)
{
	static const char text[] = "told once it runs";
	uint64_t written = 0;
	char found[2 * sizeof(text)];

	(void)state;
	if (disc >= 0)
		close(disc);
	assert_int_equal(lab_disc_make(NULL, &disc, &session), 0);
	assert_int_equal(lab_disc_append(disc, text, sizeof(text), &written), 0);
	assert_int_equal(lab_disc_append(disc, text, sizeof(text), &written), 0);
	assert_int_equal(written, 2 * sizeof(text));
	assert_int_equal(pread(disc, &head, sizeof(head), 0), sizeof(head));
	assert_int_equal(head.segment_count, 0);
	assert_int_equal(head.session, session);
	assert_int_equal(head.written, written);
	assert_int_equal(pread(disc, found, sizeof(found), (off_t)LAB_DISC_STREAM * LAB_DISC_BLOCK),
			 sizeof(found));
	assert_string_equal(found, text);
	assert_string_equal(found + sizeof(text), text);
}

static void sessions_differ(void **state)
{
	uint64_t first;

	(void)state;
	stream_grows_behind(state);
	first = session;
	stream_grows_behind(state);
	assert_int_not_equal(session, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elf_kernel_is_where_its_headers_say),
		cmocka_unit_test(boot_parameters_tell_of_everything),
		cmocka_unit_test(acpi_has_the_cpus_and_the_ioapic),
		cmocka_unit_test(bzimage_is_entered_in_64_bit_mode),
		cmocka_unit_test(cut_short_anywhere_it_is_no_kernel),
		cmocka_unit_test(other_kernels_are_refused),
		cmocka_unit_test(what_memory_has_no_room_for_is_refused),
		cmocka_unit_test(stream_grows_behind),
		cmocka_unit_test(sessions_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
