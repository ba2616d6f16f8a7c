/* SPDX-License-Identifier: MIT */
/*
 * The kernel inside its image, uncompressed: emulated, an x86 kernel takes a second and more to do
 * that itself, and arm64's can't. Documentation/arch/x86/boot.rst, payload_offset. Untrusted input:
 * offsets are checked.
 *
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command/lab/error.h"
#include "command/lab/kernels/image.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/kernels/uncompress.h"
#include "command/lab/whole_file.h"

static uint32_t le32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

bool lab_has_pvh_entry(const unsigned char *data, size_t size)
{
	const unsigned char note[] = { 4, 0, 0, 0, 4, 0, 0, 0, 18, 0, 0, 0, 'X', 'e', 'n', 0 };
	const unsigned char note8[] = { 4, 0, 0, 0, 8, 0, 0, 0, 18, 0, 0, 0, 'X', 'e', 'n', 0 };

	return data && size > sizeof(Elf64_Ehdr) && !memcmp(data, ELFMAG, SELFMAG) &&
	       (memmem(data, size, note, sizeof(note)) || memmem(data, size, note8, sizeof(note8)));
}

/* An EFI application that carries arm64's Image: drivers/firmware/efi/libstub/zboot-header.S. */
static bool is_zboot(const struct lab_blob *image)
{
	return image->size >= 64 && !memcmp(image->data, "MZ", 2) &&
	       !memcmp(image->data + 4, "zimg", 4);
}

/* Documentation/arch/arm64/booting.rst; distributions compress it by gzip, or make a zboot of it. */
bool lab_is_arm64_image(const struct lab_blob *image)
{
	return image->size >= 64 && (!memcmp(image->data + 56, "ARM\x64", 4) ||
				     !memcmp(image->data, "\x1f\x8b", 2) || is_zboot(image));
}

/* A part of the file, uncompressed. -ENOEXEC if it is none, or not compressed in a known way. */
static int unpack_part(const struct lab_blob *image, size_t offset, size_t length,
		       struct lab_blob *kernel)
{
	if (offset > image->size || length > image->size - offset)
		return -ENOEXEC;
	return lab_uncompress(&(struct lab_blob){ image->data + offset, length }, kernel);
}

static int unpack(const struct lab_blob *image, struct lab_blob *kernel)
{
	const unsigned char *data = image->data;
	size_t setup;
	int err;

	if (is_zboot(image))
		return unpack_part(image, le32(data + 8), le32(data + 12), kernel);
	if (image->size < 0x264 || memcmp(data + 0x202, "HdrS", 4))
		return lab_uncompress(image, kernel);
	setup = data[0x1f1] ? data[0x1f1] : 4;
	err = unpack_part(image, (setup + 1) * 512 + le32(data + 0x248), le32(data + 0x24c),
			  kernel);
	if (!err && !lab_has_pvh_entry(kernel->data, kernel->size)) {
		lab_unmap(kernel);
		err = -ENOEXEC;
	}
	return err;
}

int lab_kernel_image(const struct lab_kernel *kernel)
{
	struct lab_blob image, unpacked;
	int fd = -1, err = lab_map(kernel->path, &image);

	if (!err)
		err = unpack(&image, &unpacked);
	lab_unmap(&image);
	if (!err) {
		fd = memfd_create("kernel", MFD_CLOEXEC);
		err = fd < 0 ? -errno : lab_write_all(fd, unpacked.data, unpacked.size);
		lab_unmap(&unpacked);
	} else {
		/* Then it uncompresses itself. */
		fd = open(kernel->path, O_RDONLY | O_CLOEXEC);
		err = fd < 0 ? -errno : 0;
	}
	if (err) {
		lab_error(LAB_NO_KERNEL, "the kernel %s: %s", kernel->path, strerror(-err));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	return fd;
}
