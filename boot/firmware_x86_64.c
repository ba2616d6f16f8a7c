/* SPDX-License-Identifier: MIT */
/*
 * Firmware: an image whose last byte is at 4 GiB, so that the CPU's first instruction after a reset, at
 * 0xfffffff0 (SDM vol. 3A, 9.1.4), is 16 bytes before its end.
 */
#include <errno.h>
#include "boot/protocol.h"

#define SIZE_UNIT 0x10000ul
#define LARGEST	  (16ul << 20)
#define VECTOR	  16

/* An image of firmware has no mark: its size is a flash chip's, and the CPU finds a jump. */
static bool is(const struct boot_image *image)
{
	const uint8_t *vector;
	size_t i;

	if (!image->size || image->size % SIZE_UNIT || image->size > LARGEST)
		return false;
	vector = image->data + image->size - VECTOR;
	/* No-operations, and flags: CLI, CLD. */
	for (i = 0; i < 4 && (vector[i] == 0x90 || vector[i] == 0xfa || vector[i] == 0xfc); i++)
		;
	/* JMP far, near, short. */
	return vector[i] == 0xea || vector[i] == 0xe9 || vector[i] == 0xeb;
}

static int setup_firmware(struct boot_setup *setup, const struct boot_request *request,
			  struct error *error)
{
	const struct boot_image *image = &request->image;

	if (!image->size || image->size % PAGE_SIZE || image->size > LARGEST)
		return error_set(error, ENOEXEC,
				 "firmware of %llu bytes: it has to be a multiple of 4096, up to "
				 "16 MiB",
				 (unsigned long long)image->size);
	if (request->module_count || *request->command_line)
		return error_set(error, ENOTSUP,
				 "firmware takes neither a command line nor modules");
	setup->firmware = image->data;
	setup->firmware_size = image->size;
	setup->entry.mode = R0_VM_MODE_RESET;
	return 0;
}

const struct boot_protocol boot_firmware = { is, setup_firmware };
