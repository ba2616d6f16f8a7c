/* SPDX-License-Identifier: MIT */
/* The loaders: what is to be where when a kernel starts, and what is said of files that are no good. Multiboot's: boot_multiboot_test.c. */
#include "tests/unit/monitor/boot_fixture.h"
#include <errno.h>
#include <stdio.h>
#include "boot/firmware_state.h"
#include "boot/regions.h"
#include "boot/setup_x86_64.h"

static void memory_of_a_pc(void **state)
{
	struct memory_map made;

	(void)state;
	memory_map_make(&made, 4ull << 30, LOW_END, FOUR_GIB);
	assert_int_equal(made.count, 4);
	assert_int_equal(made.ranges[0].address, 0);
	assert_int_equal(made.ranges[0].size, 0x9fc00);
	assert_int_equal(made.ranges[1].type, MEMORY_MAP_RESERVED);
	assert_int_equal(made.ranges[2].address, 0x100000);
	assert_int_equal(made.ranges[2].size, LOW_END - 0x100000);
	assert_int_equal(made.ranges[3].address, FOUR_GIB);
	assert_int_equal(made.ranges[3].size, 1ull << 30);
	assert_true(memory_map_is_usable(&made, FOUR_GIB, 1ull << 30));
	assert_false(memory_map_is_usable(&made, FOUR_GIB, (1ull << 30) + 1));
	assert_false(memory_map_is_usable(&made, 0x9f000, 0x1000));
	assert_false(memory_map_is_usable(&made, 0x100000, UINT64_MAX));
	memory_map_make(&made, 0x8000, LOW_END, FOUR_GIB);
	assert_int_equal(made.ranges[0].size, 0x8000);
	assert_int_equal(made.count, 2);
}

/* A few instructions before the kernel's, whose last is a jump to it; and vectors. */
static void firmware_leaves_its_state(void **state)
{
	struct boot_request request = request_of(image_elf_32(image));
	const uint8_t *code, *handler;
	uint32_t vector;
	size_t i;

	(void)state;
	image_add_multiboot(image, 3);
	assert_setup(R0_BOOT_MULTIBOOT, &request);
	assert_int_equal(boot_add_firmware_state(&setup, &error), 0);
	assert_in_range(setup.entry.ip, BOOT_ROOM_FROM, MEMORY_MAP_BASE_END);
	code = (const uint8_t *)in_memory(setup.entry.ip, 16);
	for (i = 0; code[i] != 0xe9; i++)
		assert_true(i < 200);
	assert_int_equal((uint32_t)(setup.entry.ip + i + 5 + word_at(setup.entry.ip + i + 1)),
			 IMAGE_ENTRY);
	/* The timer's, and any other: they end in an IRET. */
	vector = (uint32_t)word_at(4 * 8);
	handler = (const uint8_t *)in_memory((vector >> 16 << 4) + (vector & 0xffff), 7);
	assert_int_equal(handler[6], 0xcf);
	vector = (uint32_t)word_at(4 * 255);
	handler = (const uint8_t *)in_memory((vector >> 16 << 4) + (vector & 0xffff), 1);
	assert_int_equal(handler[0], 0xcf);
	boot_setup_finish(&setup);
}

/* What a kernel has where the vectors are stays. */
static void firmware_gives_way(void **state)
{
	static const uint8_t data[16];

	(void)state;
	boot_setup_init(&setup, &map);
	assert_int_equal(boot_setup_add(&setup, "it", 0x3f0, data, 16, 16, &error), 0);
	assert_int_equal(boot_setup_enter_32(&setup, 0x3f0, &error), 0);
	assert_int_equal(boot_add_firmware_state(&setup, &error), 0);
	assert_int_equal(setup.entry.ip, 0x3f0);
	boot_setup_finish(&setup);
}

static void linux_has_its_zero_page(void **state)
{
	struct r0_boot_module module = { "content", 7, NULL };
	struct boot_request request = request_of(image_bzimage(image, 0x20c, 1));
	uint64_t page;

	(void)state;
	assert_is(request.image.size, R0_BOOT_LINUX);
	request.modules = &module;
	request.module_count = 1;
	request.rsdp = 0xf0000;
	assert_setup(R0_BOOT_AUTO, &request);
	assert_memory_equal(in_memory(IMAGE_ADDRESS, IMAGE_TEXT_SIZE), image + 0x400,
			    IMAGE_TEXT_SIZE);
	assert_int_equal(setup.entry.mode, R0_VM_MODE_LONG);
	assert_int_equal(setup.entry.ip, IMAGE_ADDRESS + 0x200);
	page = setup.registers.rsi;
	assert_int_equal(page % 4096, 0);
	assert_memory_equal(in_memory(page + 0x202, 4), "HdrS", 4);
	assert_int_equal(*(const uint8_t *)in_memory(page + 0x210, 1), 0xff);
	assert_int_equal(long_at(page + 0x70), 0xf0000);
	assert_memory_equal(in_memory(word_at(page + 0x218), 7), "content", 7);
	assert_int_equal(word_at(page + 0x21c), 7);
	assert_string_equal(in_memory(word_at(page + 0x228), 15), "a command line");
	assert_int_equal(*(const uint8_t *)in_memory(page + 0x1e8, 1), 3);
	assert_int_equal(long_at(page + 0x2d0 + 40), 0x100000);
	boot_setup_finish(&setup);
	/* Without the 64-bit entry. */
	image_bzimage(image, 0x20c, 0);
	assert_setup(R0_BOOT_LINUX, &request);
	assert_int_equal(setup.entry.mode, R0_VM_MODE_PROTECTED);
	assert_int_equal(setup.entry.ip, IMAGE_ADDRESS);
	boot_setup_finish(&setup);
}

static void linux_moves_where_there_is_room(void **state)
{
	struct boot_request request = request_of(image_bzimage(image, 0x20c, 1));
	const uint64_t far = 1ull << 40;

	(void)state;
	memcpy(image + 0x258, &far, sizeof(far));
	assert_setup(R0_BOOT_LINUX, &request);
	assert_int_equal(setup.entry.ip, 0x200000 + 0x200);
	boot_setup_finish(&setup);
	image[0x234] = 0;
	assert_refused(R0_BOOT_LINUX, request.image.size, EFAULT, "more --memory");
	image[0x234] = 1;
	image_put_32(image + 0x230, 0x300000);
	assert_refused(R0_BOOT_LINUX, request.image.size, ENOEXEC, "no power of two");
	image_put_32(image + 0x230, 0x200000);
	image_put_32(image + 0x260, 0xfffff000);
	assert_refused(R0_BOOT_LINUX, request.image.size, EFAULT, "no room in memory");
}

static void linux_files_that_are_no_good(void **state)
{
	struct r0_boot_module modules[2] = { { "a", 1, NULL }, { "b", 1, NULL } };
	size_t size = image_bzimage(image, 0x20c, 1);
	struct boot_request request = request_of(size);
	char line[100];

	(void)state;
	assert_refused(R0_BOOT_LINUX, size - 16, ENOEXEC, "cut off");
	assert_refused(R0_BOOT_LINUX, 0x210, ENOEXEC, "cut off");
	image[0x211] = 0;
	assert_refused(R0_BOOT_LINUX, size, ENOTSUP, "zImage");
	image_bzimage(image, 0x20c, 1);
	memset(line, 'x', sizeof(line));
	line[64] = '\0';
	request.command_line = line;
	assert_int_equal(setup_it(R0_BOOT_LINUX, &request), -EINVAL);
	assert_non_null(strstr(error.text, "64 bytes: this kernel takes 63"));
	request.command_line = "";
	request.modules = modules;
	request.module_count = 2;
	assert_int_equal(setup_it(R0_BOOT_LINUX, &request), -ENOTSUP);
}

static void vmlinux_is_entered_by_the_same(void **state)
{
	struct boot_request request = request_of(image_elf_64(image));

	(void)state;
	image_add_note(image, "Linux", 0x100, 0);
	assert_is(request.image.size, R0_BOOT_LINUX);
	assert_setup(R0_BOOT_AUTO, &request);
	assert_kernel_is_there();
	assert_int_equal(setup.entry.mode, R0_VM_MODE_LONG);
	assert_int_equal(setup.entry.ip, IMAGE_ENTRY);
	assert_memory_equal(in_memory(setup.registers.rsi + 0x202, 4), "HdrS", 4);
	boot_setup_finish(&setup);
}

static void elf_is_entered(void **state)
{
	struct boot_request request = request_of(image_elf_64(image));

	(void)state;
	assert_is(request.image.size, R0_BOOT_ELF);
	assert_setup(R0_BOOT_AUTO, &request);
	assert_kernel_is_there();
	assert_int_equal(setup.entry.mode, R0_VM_MODE_LONG);
	assert_int_equal(setup.entry.ip, IMAGE_ENTRY);
	assert_string_equal(in_memory(setup.entry.argument, 15), "a command line");
	/* As after a call. */
	assert_int_equal(setup.entry.sp % 16, 8);
	boot_setup_finish(&setup);
	request = request_of(image_elf_32(image));
	assert_setup(R0_BOOT_AUTO, &request);
	assert_int_equal(setup.entry.mode, R0_VM_MODE_PROTECTED);
	boot_setup_finish(&setup);
}

static Elf64_Phdr *segments_of(uint8_t *file)
{
	return (Elf64_Phdr *)(void *)(file + sizeof(Elf64_Ehdr));
}

static void elf_files_that_are_no_good(void **state)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)image;
	Elf64_Phdr *segments = segments_of(image);
	size_t size = image_elf_64(image), cut;

	(void)state;
	for (cut = 0; cut < size; cut += cut < 0x100 ? 1 : 0x11)
		assert_int_not_equal(setup_it(R0_BOOT_ELF,
					      &(struct boot_request){ .image = { image, cut },
								      .command_line = "",
								      .name = "" }),
				     0);
	header->e_machine = EM_AARCH64;
	assert_refused(R0_BOOT_ELF, size, ENOTSUP, "ELF machine 183");
	image_elf_64(image);
	image[EI_DATA] = ELFDATA2MSB;
	assert_refused(R0_BOOT_ELF, size, ENOEXEC, "not little-endian");
	image_elf_64(image);
	header->e_type = ET_REL;
	assert_refused(R0_BOOT_ELF, size, ENOEXEC, "not linked");
	image_elf_64(image);
	header->e_phoff = UINT64_MAX - 8;
	assert_refused(R0_BOOT_ELF, size, ENOEXEC, "claims what the file");
	image_elf_64(image);
	header->e_phnum = 0;
	assert_refused(R0_BOOT_ELF, size, ENOEXEC, "nothing to load");
	image_elf_64(image);
	segments[0].p_filesz = UINT64_MAX;
	assert_refused(R0_BOOT_ELF, size, ENOEXEC, "segment 0 is not all in the file");
	image_elf_64(image);
	segments[0].p_memsz = UINT64_MAX;
	assert_refused(R0_BOOT_ELF, size, EFAULT, "not all of that is memory");
	segments[0].p_memsz = 1;
	assert_refused(R0_BOOT_ELF, size, EINVAL, "more data");
	image_elf_64(image);
	segments[0].p_paddr = UINT64_MAX - 100;
	assert_refused(R0_BOOT_ELF, size, EFAULT, "not all of that is memory");
	image_elf_64(image);
	segments[1] = segments[0];
	segments[1].p_paddr += 0x1fff;
	assert_refused(R0_BOOT_ELF, size, EINVAL, "overlaps what is at 0x100000");
	image_elf_64(image);
	header->e_entry = 0x5000000;
	assert_refused(R0_BOOT_ELF, size, ENOEXEC, "entry 0x5000000 is in nothing");
}

static void modules_that_do_not_fit(void **state)
{
	static uint8_t byte;
	struct boot_request request = request_of(image_elf_32(image));
	struct r0_boot_module module = { &byte, MEMORY, NULL };

	(void)state;
	image_add_multiboot(image, 3);
	request.modules = &module;
	request.module_count = 1;
	assert_int_equal(setup_it(R0_BOOT_MULTIBOOT, &request), -EFAULT);
	assert_non_null(strstr(error.text, "no room in memory for a module"));
	module.size = SIZE_MAX;
	assert_int_equal(setup_it(R0_BOOT_MULTIBOOT, &request), -EFAULT);
}

static void firmware_starts_at_the_reset_vector(void **state)
{
	struct boot_request request = request_of(image_firmware(image));

	(void)state;
	assert_is(IMAGE_MAX, R0_BOOT_FIRMWARE);
	assert_is(IMAGE_MAX - 1, R0_BOOT_AUTO);
	request.command_line = "";
	assert_setup(R0_BOOT_AUTO, &request);
	assert_int_equal(setup.entry.mode, R0_VM_MODE_RESET);
	assert_ptr_equal(setup.firmware, image);
	assert_int_equal(setup.firmware_size, IMAGE_MAX);
	boot_setup_finish(&setup);
	assert_refused(R0_BOOT_FIRMWARE, IMAGE_MAX, ENOTSUP, "neither a command line");
	image[IMAGE_MAX - 16] = 0;
	assert_is(IMAGE_MAX, R0_BOOT_AUTO);
}

static void regions_are_those_of_the_file(void **state)
{
	static struct boot_regions regions;
	const struct boot_image of = { image, image_elf_64(image) };
	const uint64_t text = 0xffffffff80000000 + IMAGE_ADDRESS;
	uint8_t magic[4];

	(void)state;
	boot_regions_init(&regions, &of, "/kernel");
	/* The file's first page, which is not in memory, and the segment. */
	assert_int_equal(regions.count, 2);
	assert_int_equal(regions.regions[0].start, text - IMAGE_TEXT);
	assert_int_equal(regions.regions[0].file_offset, 0);
	assert_int_equal(regions.regions[1].start, text);
	assert_int_equal(regions.regions[1].end, text + IMAGE_MEMORY);
	assert_int_equal(regions.regions[1].file_offset, IMAGE_TEXT);
	assert_int_equal(boot_regions_read_header(&regions, text - IMAGE_TEXT, magic, 4), 4);
	assert_memory_equal(magic, ELFMAG, 4);
	assert_int_equal(boot_regions_read_header(&regions, text - 2, magic, 4), 2);
	assert_int_equal(boot_regions_read_header(&regions, text, magic, 4), 0);
	/* A stack up to what comes next; one in the file is there already. */
	boot_regions_add_stack(&regions, text - IMAGE_TEXT - 0x1800);
	assert_int_equal(regions.count, 3);
	assert_int_equal(regions.regions[0].end, text - IMAGE_TEXT);
	boot_regions_add_code(&regions, text + 8);
	boot_regions_add_stack(&regions, text + 8);
	boot_regions_add_stack(&regions, UINT64_MAX);
	assert_int_equal(regions.count, 3);
	boot_regions_add_code(&regions, 0x7c00);
	assert_int_equal(regions.count, 4);
	assert_int_equal(regions.regions[0].start, 0x7000);
	boot_regions_init(&regions, &(struct boot_image){ image, 100 }, "/kernel");
	assert_int_equal(regions.count, 0);
}

static void what_is_nothing(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	assert_refused(R0_BOOT_AUTO, 0, ENOEXEC, "not a kernel that ring0 knows");
	assert_refused(R0_BOOT_AUTO, 1000, ENOEXEC, "not a kernel that ring0 knows");
	assert_refused(R0_BOOT_PROTOCOLS, 1000, EINVAL, "no boot protocol");
	assert_string_equal(r0_boot_protocol_name(R0_BOOT_AUTO), "auto");
	assert_string_equal(r0_boot_protocol_name(R0_BOOT_MULTIBOOT2), "multiboot2");
	assert_null(r0_boot_protocol_name(R0_BOOT_PROTOCOLS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_a_pc),
		cmocka_unit_test(firmware_leaves_its_state),
		cmocka_unit_test(firmware_gives_way),
		cmocka_unit_test(linux_has_its_zero_page),
		cmocka_unit_test(linux_moves_where_there_is_room),
		cmocka_unit_test(linux_files_that_are_no_good),
		cmocka_unit_test(vmlinux_is_entered_by_the_same),
		cmocka_unit_test(elf_is_entered),
		cmocka_unit_test(elf_files_that_are_no_good),
		cmocka_unit_test(modules_that_do_not_fit),
		cmocka_unit_test(firmware_starts_at_the_reset_vector),
		cmocka_unit_test(regions_are_those_of_the_file),
		cmocka_unit_test(what_is_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
