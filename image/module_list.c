/* SPDX-License-Identifier: MIT */
#include "image/module_list.h"
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include "image/cpu_demands.h"
#include "image/start/payload/format.h"

#define BUILD_ID_MAX 32 /* bytes */

struct making {
	struct bytes *modules;
	struct case_list *texts;
};

/* In hexadecimal digits; empty if there is none. */
static void read_build_id(const struct dl_phdr_info *info, char *text)
{
	unsigned int n;
	int i;

	text[0] = '\0';
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const uint8_t *at = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr);
		const uint8_t *end = at + segment->p_memsz;

		if (segment->p_type != PT_NOTE)
			continue;
		while (at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
			const uint8_t *bytes = at + sizeof(*note) + ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			    note->n_descsz <= BUILD_ID_MAX) {
				for (n = 0; n < note->n_descsz; n++)
					sprintf(text + 2 * n, "%02x", bytes[n]);
				return;
			}
			at = bytes + ((note->n_descsz + 3) & ~3u);
		}
	}
}

/* Where the file's first byte is. */
static uint64_t start_of(const struct dl_phdr_info *info)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			return info->dlpi_addr + info->dlpi_phdr[i].p_vaddr -
			       info->dlpi_phdr[i].p_offset;
	return 0;
}

static int add(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct making *making = argument;
	const char *name = info->dlpi_name, *slash = strrchr(name, '/');
	struct image_module module = { .start = start_of(info) };
	char build_id[2 * BUILD_ID_MAX + 1];

	(void)size;
	if (!module.start || module.start == getauxval(AT_SYSINFO_EHDR))
		return 0;
	if (!name[0])
		name = program_invocation_short_name;
	read_build_id(info, build_id);
	module.name_at = case_list_add_text(making->texts, slash ? slash + 1 : name);
	module.level = cpu_demands_level(info);
	module.build_id_at = case_list_add_text(making->texts, build_id);
	bytes_append(making->modules, &module, sizeof(module));
	return 0;
}

void module_list_make(struct bytes *modules, struct case_list *texts)
{
	struct making making = { .modules = modules, .texts = texts };

	dl_iterate_phdr(add, &making);
}
