/* SPDX-License-Identifier: MIT */
/*
 * arm64's kernels: an Image of Linux's (Documentation/arch/arm64/booting.rst), compressed by gzip or not, and a flat file
 * that has no header, as kvm-unit-tests' are. Both start at EL1 without translation, with the address of a device tree in X0.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "boot/inflate.h"
#include "boot/machine_tree_aarch64.h"
#include "boot/structures.h"

/* The header. */
#define TEXT_OFFSET 8
#define IMAGE_SIZE  16
#define FLAGS	    24
#define MAGIC_AT    56
#define HEADER_SIZE 64
#define MAGIC	    0x644d5241u /* "ARM\x64" */
#define BIG_ENDIAN_ 1u

#define ZBOOT_MAGIC_AT 4

/* Where an Image of a Linux before 3.17 goes, which says nothing of its size. */
#define OLD_TEXT_OFFSET 0x80000ul
#define BASE_ALIGNMENT	0x200000ul

/* Where QEMU and kvm-unit-tests have flat files, from the start of memory on. */
#define FLAT_OFFSET   0x80000ul
#define FLAT_ROOM_MAX (128ul << 20)

static uint64_t load_64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static bool is_image(const struct boot_image *image)
{
	const uint8_t *header = boot_image_at(image, 0, HEADER_SIZE);

	return header && load_32(header + MAGIC_AT) == MAGIC;
}

/* An Image that is compressed in a program of EFI's: linux/drivers/firmware/efi/libstub/zboot-header.S. */
static bool is_zboot(const struct boot_image *image)
{
	const uint8_t *header = boot_image_at(image, 0, ZBOOT_MAGIC_AT + 4);

	return header && !memcmp(header, "MZ", 2) && !memcmp(header + ZBOOT_MAGIC_AT, "zimg", 4);
}

/* What else is compressed by gzip is found out once it is not any more; zboot's is for setup_image() to tell. */
static bool may_be_image(const struct boot_image *image)
{
	return is_image(image) || is_zboot(image) || inflate_is_gzip(image->data, image->size);
}

/* What is not a multiple of the page size is the kernel's to round. */
static int place_disk(struct boot_setup *setup, const struct boot_request *request,
		      const struct boot_room *room, struct machine_tree_disk *disk,
		      struct error *error)
{
	*disk = (struct machine_tree_disk){ 0 };
	if (request->module_count > 1)
		return error_set(error, ENOTSUP, "an arm64 kernel takes one initial RAM disk");
	if (!request->module_count || !request->modules[0].size)
		return 0;
	disk->size = request->modules[0].size;
	return boot_setup_place(setup, "an initial RAM disk", request->modules[0].data, disk->size,
				room, &disk->address, error);
}

static int place_tree(struct boot_setup *setup, const struct boot_request *request,
		      const struct machine_tree_disk *disk, const struct boot_room *room,
		      struct error *error)
{
	uint8_t *bytes, *made;
	size_t size;
	int err = machine_tree_make(&request->machine, request->command_line, disk, &bytes, &size,
				    error);

	if (err)
		return err;
	err = boot_setup_make_room(setup, "a device tree", size, room, &made,
				   &setup->entry.argument, error);
	if (!err)
		memcpy(made, bytes, size);
	free(bytes);
	return err;
}

static int enter(struct boot_setup *setup, const struct boot_request *request, uint64_t at,
		 const struct boot_room *disk_room, const struct boot_room *tree_room,
		 struct error *error)
{
	struct machine_tree_disk disk;
	int err = place_disk(setup, request, disk_room, &disk, error);

	setup->entry.mode = R0_VM_MODE_PHYSICAL;
	setup->entry.ip = at;
	return err ? err : place_tree(setup, request, &disk, tree_room, error);
}

/* `owned`, the image's data or NULL, is the setup's once that has a segment. */
static int setup_image(struct boot_setup *setup, const struct boot_request *request,
		       const struct boot_image *image, uint8_t *owned, struct error *error)
{
	const uint8_t *header = boot_image_at(image, 0, HEADER_SIZE);
	struct boot_room behind = { 0, UINT64_MAX / 2, PAGE_SIZE };
	uint64_t offset, size;
	int err;

	if (is_zboot(image))
		return error_set(
			error, ENOEXEC,
			"it is no arm64 Image: it is a program of EFI's (CONFIG_EFI_ZBOOT) with a "
			"compressed Image, which is to be taken out first");
	if (!is_image(image))
		return error_set(error, ENOEXEC, "it is no arm64 Image: %s not the magic at 56",
				 owned ? "what gzip has compressed has" : "it has");
	offset = load_64(header + TEXT_OFFSET);
	size = load_64(header + IMAGE_SIZE);
	if (load_64(header + FLAGS) & BIG_ENDIAN_)
		return error_set(error, ENOTSUP, "it is a big-endian kernel");
	if (!size) {
		offset = OLD_TEXT_OFFSET;
		size = image->size;
	}
	if (size < image->size)
		size = image->size;
	if (offset >= BASE_ALIGNMENT || offset % PAGE_SIZE)
		return error_set(error, ENOEXEC, "it is to be %#llx bytes from a multiple of 2 MiB",
				 (unsigned long long)offset);
	/* Memory starts at such a multiple. */
	err = boot_setup_add(setup, "the kernel", R0_VM_MEMORY + offset, image->data, image->size,
			     size, error);
	if (err)
		return err;
	setup->segments[setup->segment_count - 1].owned = owned;
	behind.from = boot_setup_end(setup);
	return enter(setup, request, R0_VM_MEMORY + offset, &behind, &behind, error);
}

static int setup_linux(struct boot_setup *setup, const struct boot_request *request,
		       struct error *error)
{
	struct boot_image image = request->image;
	uint8_t *owned = NULL;
	size_t size;
	int err;

	if (inflate_is_gzip(image.data, image.size)) {
		err = inflate_gzip(image.data, image.size, request->machine.memory, &owned, &size,
				   error);
		if (err)
			return err;
		image = (struct boot_image){ owned, size };
	}
	err = setup_image(setup, request, &image, owned, error);
	if (err && !setup->segment_count)
		free(owned);
	return err;
}

const struct boot_protocol boot_linux = { may_be_image, setup_linux };

/* Such a file does not say what it needs behind it: as QEMU does, disk and tree are halfway up memory, or 128 MiB. */
static int setup_flat(struct boot_setup *setup, const struct boot_request *request,
		      struct error *error)
{
	const uint64_t half = request->machine.memory / 2;
	const struct boot_room behind = {
		R0_VM_MEMORY + (half < FLAT_ROOM_MAX ? half : FLAT_ROOM_MAX),
		UINT64_MAX / 2,
		PAGE_SIZE,
	};
	int err = boot_setup_add(setup, "the kernel", R0_VM_MEMORY + FLAT_OFFSET,
				 request->image.data, request->image.size, request->image.size,
				 error);

	if (err)
		return err;
	return enter(setup, request, R0_VM_MEMORY + FLAT_OFFSET, &behind, &behind, error);
}

const struct boot_protocol boot_flat = { NULL, setup_flat };
