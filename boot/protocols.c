/* SPDX-License-Identifier: MIT */
/* The protocols, in the order in which a file is asked for them. */
#include <errno.h>
#include "boot/protocol.h"

/* Those that the architecture has not have names, too. */
static const char *const names[R0_BOOT_PROTOCOLS] = {
	[R0_BOOT_AUTO] = "auto",
	[R0_BOOT_MULTIBOOT] = "multiboot",
	[R0_BOOT_MULTIBOOT2] = "multiboot2",
	[R0_BOOT_PVH] = "pvh",
	[R0_BOOT_LINUX] = "linux",
	[R0_BOOT_ELF] = "elf",
	[R0_BOOT_FIRMWARE] = "firmware",
	[R0_BOOT_FLAT] = "flat",
};

const char *r0_boot_protocol_name(enum r0_boot_protocol number)
{
	return (unsigned int)number < R0_BOOT_PROTOCOLS ? names[number] : NULL;
}

enum r0_boot_protocol boot_protocol_find(const struct boot_image *image)
{
	unsigned int i;

	for (i = R0_BOOT_AUTO + 1; i < R0_BOOT_PROTOCOLS; i++)
		if (boot_protocols[i] && boot_protocols[i]->is && boot_protocols[i]->is(image))
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
		return error_set(error, ENOEXEC, "it is not a kernel that ring0 knows: no %s",
				 boot_kernels);
	if (!request->image.size)
		return error_set(error, ENOEXEC, "it is no kernel: it is empty");
	protocol = (unsigned int)*number < R0_BOOT_PROTOCOLS ? boot_protocols[*number] : NULL;
	if (!protocol)
		return error_set(error, EINVAL, "there is no boot protocol %d%s%s%s here",
				 (int)*number, r0_boot_protocol_name(*number) ? " (" : "",
				 r0_boot_protocol_name(*number) ? r0_boot_protocol_name(*number) :
								  "",
				 r0_boot_protocol_name(*number) ? ")" : "");
	boot_setup_init(setup, map);
	err = protocol->setup(setup, request, error);
	if (err)
		boot_setup_finish(setup);
	return err;
}
