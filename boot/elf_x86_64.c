/* SPDX-License-Identifier: MIT */
/*
 * An ELF file that is loaded and entered, and no more: long mode for ELF64, the first 4 GiB mapped at
 * their own addresses; protected mode for ELF32. The first argument of a C function in long mode, and
 * EAX else, is the address of the command line. The stack has 64 KiB.
 */
#include <elf.h>
#include <errno.h>
#include "boot/elf_kernel_x86_64.h"
#include "boot/protocol.h"
#include "boot/setup_x86_64.h"

#define STACK_SIZE 0x10000

int elf_kernel_open(struct elf_file *file, const struct boot_image *image, struct error *error)
{
	int err = elf_file_open(file, image, error);

	if (err)
		return err;
	if (file->machine != (file->is_64 ? EM_X86_64 : EM_386))
		return error_set(error, ENOTSUP,
				 "it is for another machine: ELF machine %u, where %s is expected",
				 file->machine, file->is_64 ? "62 (x86-64)" : "3 (i386)");
	if (file->type != ET_EXEC && file->type != ET_DYN)
		return error_set(error, ENOEXEC,
				 "it is an ELF file, but not linked (type %u): an object or a core",
				 file->type);
	return 0;
}

static int setup_elf(struct boot_setup *setup, const struct boot_request *request,
		     struct error *error)
{
	static const struct boot_room room = { BOOT_ROOM_FROM, 1ull << 32, 16 };
	uint64_t command_line, stack, entry;
	struct elf_file file;
	int err = elf_kernel_open(&file, &request->image, error);

	if (!err)
		err = boot_setup_add_elf(setup, &file, error);
	if (err)
		return err;
	entry = elf_file_physical_entry(&file);
	err = file.is_64 ? boot_setup_enter_64(setup, entry, error) :
			   boot_setup_enter_32(setup, entry, error);
	if (!err)
		err = boot_setup_place_text(setup, "the command line", request->command_line,
					    &command_line, error);
	if (!err)
		err = boot_setup_place(setup, "a stack", NULL, STACK_SIZE, &room, &stack, error);
	if (err)
		return err;
	if (request->module_count)
		return error_set(error, ENOTSUP,
				 "an ELF file that is for no boot protocol takes no modules");
	/* As a call leaves it: a multiple of 16 before the return address was pushed. */
	setup->entry.sp = stack + STACK_SIZE - 8;
	setup->entry.argument = command_line;
	return 0;
}

const struct boot_protocol boot_elf = { elf_file_is, setup_elf };
