/* SPDX-License-Identifier: MIT */
/* The loaders of Multiboot, Multiboot 2 and PVH: what is to be where when a kernel starts, and what is said of bad headers. */
#include "tests/unit/monitor/boot_fixture.h"
#include <errno.h>
#include <stdio.h>

static void multiboot_has_its_information(void **state)
{
	struct r0_boot_module modules[] = { { "first", 5, "text of it" }, { "second", 6, NULL } };
	struct boot_request request = request_of(image_elf_32(image));
	uint64_t information, list;

	(void)state;
	image_add_multiboot(image, 3);
	assert_is(request.image.size, R0_BOOT_MULTIBOOT);
	request.modules = modules;
	request.module_count = 2;
	assert_setup(R0_BOOT_AUTO, &request);
	assert_kernel_is_there();
	assert_int_equal(setup.entry.mode, R0_VM_MODE_PROTECTED);
	assert_int_equal(setup.entry.ip, IMAGE_ENTRY);
	assert_int_equal(setup.registers.rax, 0x2badb002);
	information = setup.registers.rbx;
	assert_int_equal(word_at(information), 0x24d);
	assert_int_equal(word_at(information + 4), 639);
	assert_int_equal(word_at(information + 8), (MEMORY - 0x100000) >> 10);
	assert_string_equal(in_memory(word_at(information + 16), 22), "kernel a command line");
	assert_int_equal(word_at(information + 20), 2);
	list = word_at(information + 24);
	assert_int_equal(word_at(list) % 4096, 0);
	assert_true(word_at(list) >= IMAGE_ADDRESS + IMAGE_MEMORY);
	assert_memory_equal(in_memory(word_at(list), 5), "first", 5);
	assert_int_equal(word_at(list + 4) - word_at(list), 5);
	assert_string_equal(in_memory(word_at(list + 8), 11), "text of it");
	assert_memory_equal(in_memory(word_at(list + 16), 6), "second", 6);
	assert_string_equal(in_memory(word_at(list + 24), 1), "");
	assert_int_equal(word_at(information + 44), 3 * 24);
	assert_int_equal(word_at(word_at(information + 48)), 20);
	assert_int_equal(long_at(word_at(information + 48) + 4 + 48), 0x100000);
	assert_memory_equal(in_memory(word_at(information + 64), 5), "ring0", 5);
	boot_setup_finish(&setup);
}

static void multiboot_by_addresses(void **state)
{
	struct boot_request request = request_of(image_elf_64(image));

	(void)state;
	/* No ELF file any more. */
	memset(image, 0, IMAGE_TEXT);
	image_add_multiboot(image, 0x10003);
	assert_is(request.image.size, R0_BOOT_MULTIBOOT);
	assert_setup(R0_BOOT_MULTIBOOT, &request);
	assert_kernel_is_there();
	assert_int_equal(setup.entry.ip, IMAGE_ENTRY);
	boot_setup_finish(&setup);
	/* All of the file from there on, no bss. */
	image_put_32(image + IMAGE_TEXT + 20, 0);
	image_put_32(image + IMAGE_TEXT + 24, 0);
	assert_setup(R0_BOOT_MULTIBOOT, &request);
	assert_int_equal(setup.segments[0].size, IMAGE_TEXT_SIZE);
	boot_setup_finish(&setup);
	image_put_32(image + IMAGE_TEXT + 20, 0xffffffff);
	assert_refused(R0_BOOT_MULTIBOOT, request.image.size, ENOEXEC, "more than the file");
	image_put_32(image + IMAGE_TEXT + 20, IMAGE_ADDRESS - 1);
	assert_refused(R0_BOOT_MULTIBOOT, request.image.size, ENOEXEC, "more than the file");
	image_put_32(image + IMAGE_TEXT + 16, IMAGE_ADDRESS - 0x2000);
	assert_refused(R0_BOOT_MULTIBOOT, request.image.size, ENOEXEC, "is not in the file");
	/* Without addresses there is nothing to go by. */
	image_add_multiboot(image, 3);
	assert_is(request.image.size, R0_BOOT_AUTO);
	assert_refused(R0_BOOT_MULTIBOOT, request.image.size, ENOEXEC, "no ELF file");
}

static void multiboot_headers(void **state)
{
	size_t size = image_elf_32(image);

	(void)state;
	assert_refused(R0_BOOT_MULTIBOOT, size, ENOEXEC, "no Multiboot header");
	/* The last place for it, and the first beyond. */
	memset(image + size, 0, 0x1000);
	memcpy(image + 8180, (const uint32_t[]){ 0x1badb002, 0, -0x1badb002u }, 12);
	assert_is(0x3000, R0_BOOT_MULTIBOOT);
	memset(image + 8180, 0, 12);
	memcpy(image + 8184, (const uint32_t[]){ 0x1badb002, 0, -0x1badb002u }, 12);
	assert_is(0x3000, R0_BOOT_ELF);
	image_add_multiboot(image, 3);
	image[IMAGE_TEXT + 8]++;
	assert_is(size, R0_BOOT_ELF);
	image_add_multiboot(image, 0x13);
	assert_refused(R0_BOOT_MULTIBOOT, size, ENOTSUP, "flags 0x10");
	/* A video mode is a wish. */
	image_add_multiboot(image, 7);
	assert_is(size, R0_BOOT_MULTIBOOT);
}

static void multiboot2_has_its_information(void **state)
{
	static const uint32_t tags[] = { 0x00000001, 16, 1, 6, 0x00010005, 20, 0, 0, 0, 0 };
	struct r0_boot_module module = { "content", 7, "a module" };
	struct boot_request request = request_of(image_elf_64(image));
	bool has_text = false, has_module = false, has_map = false, has_acpi = false;
	uint64_t information, at;

	(void)state;
	image_add_multiboot2(image, tags, sizeof(tags));
	assert_is(request.image.size, R0_BOOT_MULTIBOOT2);
	request.modules = &module;
	request.module_count = 1;
	request.rsdp_bytes = (const uint8_t *)"RSD PTR 0123456789012345678901234567";
	request.rsdp_size = 36;
	assert_setup(R0_BOOT_AUTO, &request);
	assert_kernel_is_there();
	assert_int_equal(setup.entry.ip, IMAGE_ENTRY);
	assert_int_equal(setup.registers.rax, 0x36d76289);
	information = setup.registers.rbx;
	assert_int_equal(information % 8, 0);
	for (at = information + 8; word_at(at); at += (word_at(at + 4) + 7) / 8 * 8) {
		switch (word_at(at)) {
		case 1:
			has_text = true;
			assert_string_equal(in_memory(at + 8, 15), "a command line");
			break;
		case 3:
			has_module = true;
			assert_memory_equal(in_memory(word_at(at + 8), 7), "content", 7);
			assert_int_equal(word_at(at + 12) - word_at(at + 8), 7);
			assert_string_equal(in_memory(at + 16, 9), "a module");
			break;
		case 6:
			has_map = true;
			assert_int_equal(word_at(at + 4), 16 + 3 * 24);
			assert_int_equal(word_at(at + 8), 24);
			assert_int_equal(long_at(at + 16 + 48), 0x100000);
			break;
		case 15:
			has_acpi = true;
			assert_int_equal(word_at(at + 4), 8 + 36);
			break;
		default:
			break;
		}
	}
	assert_int_equal(word_at(information), at + 8 - information);
	assert_true(has_text && has_module && has_map && has_acpi);
	boot_setup_finish(&setup);
}

static void multiboot2_tags(void **state)
{
	size_t size = image_elf_32(image);
	uint32_t tags[] = { 11, 8, 0, 0, 0, 0 };

	(void)state;
	image_add_multiboot2(image, tags, 8);
	assert_refused(R0_BOOT_MULTIBOOT2, size, ENOTSUP, "type 11");
	tags[0] = 0x1000b; /* optional */
	image_add_multiboot2(image, tags, 8);
	assert_int_equal(setup_it(R0_BOOT_MULTIBOOT2,
				  &(struct boot_request){ .image = { image, size },
							  .command_line = "",
							  .name = "" }),
			 0);
	boot_setup_finish(&setup);
	memcpy(tags, (const uint32_t[]){ 1, 12, 8 }, 12); /* wants a framebuffer's description */
	image_add_multiboot2(image, tags, 16);
	assert_refused(R0_BOOT_MULTIBOOT2, size, ENOTSUP, "type 8");
	memcpy(tags, (const uint32_t[]){ 5, 20, 0, 0, 0, 0 }, 24);
	image_add_multiboot2(image, tags, 24);
	assert_refused(R0_BOOT_MULTIBOOT2, size, ENOTSUP, "framebuffer");
	memcpy(tags, (const uint32_t[]){ 4, 7 }, 8);
	image_add_multiboot2(image, tags, 8);
	assert_refused(R0_BOOT_MULTIBOOT2, size, ENOEXEC, "7 bytes");
	memcpy(tags, (const uint32_t[]){ 4, 0xffffffff }, 8);
	image_add_multiboot2(image, tags, 8);
	assert_refused(R0_BOOT_MULTIBOOT2, size, ENOEXEC, "4294967295 bytes");
	/* Addresses, and then there has to be an entry. */
	memcpy(tags, (const uint32_t[]){ 2, 24, IMAGE_ADDRESS + 0x80, IMAGE_ADDRESS, 0, 0 }, 24);
	image_add_multiboot2(image, tags, 24);
	assert_refused(R0_BOOT_MULTIBOOT2, size, ENOEXEC, "no entry");
}

static void pvh_has_its_start_info(void **state)
{
	struct r0_boot_module module = { "content", 7, "a module" };
	struct boot_request request = request_of(image_elf_64(image));
	uint64_t start;

	(void)state;
	image_add_note(image, "Xen", 18, IMAGE_ENTRY + 8);
	assert_is(request.image.size, R0_BOOT_PVH);
	request.modules = &module;
	request.module_count = 1;
	request.rsdp = 0xf0000;
	assert_setup(R0_BOOT_AUTO, &request);
	assert_kernel_is_there();
	assert_int_equal(setup.entry.mode, R0_VM_MODE_PROTECTED);
	assert_int_equal(setup.entry.ip, IMAGE_ENTRY + 8);
	start = setup.registers.rbx;
	assert_int_equal(word_at(start), 0x336ec578);
	assert_int_equal(word_at(start + 4), 1);
	assert_int_equal(word_at(start + 12), 1);
	assert_memory_equal(in_memory(long_at(long_at(start + 16)), 7), "content", 7);
	assert_int_equal(long_at(long_at(start + 16) + 8), 7);
	assert_string_equal(in_memory(long_at(long_at(start + 16) + 16), 9), "a module");
	assert_string_equal(in_memory(long_at(start + 24), 15), "a command line");
	assert_int_equal(long_at(start + 32), 0xf0000);
	assert_int_equal(word_at(start + 48), 3);
	assert_int_equal(long_at(long_at(start + 40) + 48), 0x100000);
	boot_setup_finish(&setup);
	image_add_note(image, "Xen", 17, IMAGE_ENTRY);
	assert_is(request.image.size, R0_BOOT_ELF);
	assert_refused(R0_BOOT_PVH, request.image.size, ENOEXEC, "PHYS32_ENTRY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multiboot_has_its_information),
		cmocka_unit_test(multiboot_by_addresses),
		cmocka_unit_test(multiboot_headers),
		cmocka_unit_test(multiboot2_has_its_information),
		cmocka_unit_test(multiboot2_tags),
		cmocka_unit_test(pvh_has_its_start_info),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
