/* SPDX-License-Identifier: MIT */
/* The protocols, in the order in which a file is asked for them. */
#include <errno.h>
#include "boot/protocol.h"

static const struct boot_protocol *const protocols[R0_BOOT_PROTOCOLS] = {
	[R0_BOOT_MULTIBOOT] = &boot_multiboot,
	[R0_BOOT_MULTIBOOT2] = &boot_multiboot2,
	[R0_BOOT_PVH] = &boot_pvh,
	[R0_BOOT_LINUX] = &boot_linux,
	[R0_BOOT_ELF] = &boot_elf,
	[R0_BOOT_FIRMWARE] = &boot_firmware,
};

/* By the number that <ring0/boot.h> gives it; NULL for R0_BOOT_AUTO and what is none. */
static const struct boot_protocol *protocol_of(enum r0_boot_protocol number)
{
	return (unsigned int)number < R0_BOOT_PROTOCOLS ? protocols[number] : NULL;
}

const char *r0_boot_protocol_name(enum r0_boot_protocol number)
{
	const struct boot_protocol *protocol = protocol_of(number);

	if (number == R0_BOOT_AUTO)
		return "auto";
	return protocol ? protocol->name : NULL;
}

enum r0_boot_protocol boot_protocol_find(const struct boot_image *image)
{
	unsigned int i;

	for (i = R0_BOOT_AUTO + 1; i < R0_BOOT_PROTOCOLS; i++)
		if (protocols[i]->is(image))
			return (enum r0_boot_protocol)i;
	return R0_BOOT_AUTO;
}

int boot_setup_by(struct boot_setup *setup, const struct memory_map *map,
		  enum r0_boot_protocol *number, const struct boot_request *request,
		  struct error *error)
{
	const struct boot_protocol *protocol;
	int err;

	if (*number == R0_BOOT_AUTO)
		*number = boot_protocol_find(&request->image);
	if (*number == R0_BOOT_AUTO)
		return error_set(
			error, ENOEXEC,
			"it is not a kernel that ring0 knows: no ELF file, no Linux bzImage, no "
			"Multiboot header, no firmware");
	protocol = protocol_of(*number);
	if (!protocol)
		return error_set(error, EINVAL, "there is no boot protocol %d", (int)*number);
	boot_setup_init(setup, map);
	err = protocol->setup(setup, request, error);
	if (err)
		boot_setup_finish(setup);
	return err;
}
