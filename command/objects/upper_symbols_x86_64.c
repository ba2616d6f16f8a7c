/* SPDX-License-Identifier: MIT */
/* What a program sees of the objects in the upper half: symbols with the addresses that they have there. */
#include <ctype.h>
#include <gelf.h>
#include <inttypes.h>
#include <string.h>
#include "command/objects/objects.h"

const char *upper_name(const char *name, char *buffer, size_t size)
{
	const char *at;

	for (at = name; *at && (isalnum((unsigned char)*at) || *at == '_' || *at == '.'); at++)
		;
	if (!*at && !isdigit((unsigned char)name[0]))
		return name;
	snprintf(buffer, size, "\"%s\"", name);
	return buffer;
}

/* The linker's own are the program's. */
static bool is_linkers(const char *name)
{
	static const struct wanted_list none;

	return wanted_is_linkers(&none, name) || strncmp(name, "__start_", 8) == 0 ||
	       strncmp(name, "__stop_", 7) == 0;
}

static void write_symbol(const GElf_Sym *symbol, const char *name, FILE *out)
{
	unsigned int type = GELF_ST_TYPE(symbol->st_info);
	char quoted[1024];

	name = upper_name(name, quoted, sizeof(quoted));
	fprintf(out, "\t.%s %s\n\t.set %s, %#llx\n",
		GELF_ST_BIND(symbol->st_info) == STB_WEAK ? "weak" : "globl", name, name,
		(unsigned long long)symbol->st_value);
	if (type == STT_FUNC || type == STT_OBJECT)
		fprintf(out, "\t.type %s, @%s\n\t.size %s, %llu\n", name,
			type == STT_FUNC ? "function" : "object", name,
			(unsigned long long)symbol->st_size);
}

/* As linkers define them, of sections whose names are identifiers. */
static void write_bounds(const GElf_Shdr *section, const char *name, FILE *out)
{
	const char *at;
	const uint64_t end = section->sh_addr + section->sh_size;

	for (at = name; isalnum((unsigned char)*at) || *at == '_'; at++)
		;
	if (*at || !*name || !(section->sh_flags & SHF_ALLOC))
		return;
	fprintf(out,
		"\t.weak __start_%s, __stop_%s\n\t.set __start_%s, %#" PRIx64
		"\n\t.set __stop_%s, %#" PRIx64 "\n",
		name, name, name, section->sh_addr, name, end);
}

void upper_write_symbols(void *elf, FILE *out)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (name)
			write_bounds(&header, name, out);
		data = header.sh_type == SHT_SYMTAB ? elf_getdata(section, NULL) : NULL;
		for (size_t i = 1; data && i < header.sh_size / header.sh_entsize; i++) {
			GElf_Sym symbol;

			if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
			    GELF_ST_BIND(symbol.st_info) == STB_LOCAL)
				continue;
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (name && !is_linkers(name))
				write_symbol(&symbol, name, out);
		}
	}
}
