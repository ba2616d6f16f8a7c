/* SPDX-License-Identifier: MIT */
/* One segment of 64 bits, and Xen's note; Multiboot goes by its own header's addresses. */
#include "image/elf.h"
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "image/blob.h"
#include "image/start/payload/format.h"
#include "protocols/multiboot.h"
#include "protocols/pvh.h"

struct pvh_note {
	Elf64_Nhdr header;
	char name[sizeof(PVH_NOTE_NAME)];
	uint32_t entry;
};

struct headers {
	Elf64_Ehdr elf;
	Elf64_Phdr load, note;
	Elf64_Shdr no_section; /* the table's first entry is none: ELF, "Section Header" */
	struct pvh_note pvh;
};

_Static_assert(sizeof(struct headers) <= IMAGE_START, "they are on a page of their own");

static void fill_headers(struct headers *headers, const struct image_blob *blob, size_t size)
{
	*headers = (struct headers){
		.elf = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = IMAGE_LOAD + blob->multiboot_entry,
			.e_phoff = offsetof(struct headers, load),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
			/* GRUB 2.12 takes no file that has 0 of them: grub_elf64_get_shnum(). */
			.e_shoff = offsetof(struct headers, no_section),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 1,
		},
		.load = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_W | PF_X,
			.p_vaddr = IMAGE_LOAD,
			.p_paddr = IMAGE_LOAD,
			.p_filesz = size,
			.p_memsz = size,
			.p_align = IMAGE_START,
		},
		.note = {
			.p_type = PT_NOTE,
			.p_flags = PF_R,
			.p_offset = offsetof(struct headers, pvh),
			.p_vaddr = IMAGE_LOAD + offsetof(struct headers, pvh),
			.p_paddr = IMAGE_LOAD + offsetof(struct headers, pvh),
			.p_filesz = sizeof(struct pvh_note),
			.p_memsz = sizeof(struct pvh_note),
			.p_align = 4,
		},
		.pvh = {
			.header = { sizeof(PVH_NOTE_NAME), sizeof(uint32_t), PVH_NOTE_PHYS32_ENTRY },
			.name = PVH_NOTE_NAME,
			.entry = IMAGE_LOAD + blob->pvh_entry,
		},
	};
}

int image_elf_make(const uint8_t *payload, size_t payload_size, uint8_t **image, size_t *size,
		   struct error *error)
{
	const size_t blob_size = (uintptr_t)image_blob_end - (uintptr_t)image_blob;
	struct multiboot_header *multiboot;
	struct image_blob blob;
	uint8_t *bytes;

	memcpy(&blob, image_blob, sizeof(blob));
	if (blob.magic != IMAGE_BLOB_MAGIC || blob.payload_at > IMAGE_START_LIMIT)
		return error_set(error, EINVAL,
				 "the start-up code of images in this library is damaged");
	*size = blob.payload_at + payload_size;
	bytes = calloc(1, *size);
	if (!bytes)
		return error_set(error, ENOMEM, "no memory for an image of %zu KiB", *size >> 10);
	fill_headers((struct headers *)bytes, &blob, *size);
	memcpy(bytes + IMAGE_START, image_blob, blob_size);
	memcpy(bytes + blob.payload_at, payload, payload_size);
	multiboot = (struct multiboot_header *)(bytes + blob.multiboot_at);
	multiboot->load_end = IMAGE_LOAD + (uint32_t)*size;
	multiboot->bss_end = multiboot->load_end;
	*image = bytes;
	return 0;
}
