/* SPDX-License-Identifier: MIT */
#include "image/cpu_demands.h"
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

/* x86-64 psABI 1.0, 3.1.1 and "Program Property": levels 1 to 4 are bits 0 to 3. */
#define ISA_1_NEEDED 0xc0008002u
#define LEVELS	     4

struct property {
	uint32_t type, size; /* and as many bytes, filled up to a multiple of 8 */
};

/* The level in a note's properties, or 0. */
static unsigned int level_in(const uint8_t *at, const uint8_t *end)
{
	while ((size_t)(end - at) >= sizeof(struct property)) {
		const struct property *property = (const struct property *)at;
		uint32_t needed;

		at += sizeof(*property);
		if (property->size > (size_t)(end - at))
			return 0;
		if (property->type == ISA_1_NEEDED && property->size >= sizeof(needed)) {
			unsigned int level = LEVELS;

			memcpy(&needed, at, sizeof(needed));
			while (level && !(needed & 1u << (level - 1)))
				level--;
			return level;
		}
		at += property->size;
		at += -(uintptr_t)at & 7;
		if (at > end)
			return 0;
	}
	return 0;
}

unsigned int cpu_demands_level(const struct dl_phdr_info *info)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const uint8_t *at = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr);
		const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
		const size_t head = sizeof(*note) + sizeof(ELF_NOTE_GNU);

		/* One note, of that name: the linker has put all properties into it. */
		if (segment->p_type == PT_GNU_PROPERTY && segment->p_memsz >= head &&
		    note->n_type == NT_GNU_PROPERTY_TYPE_0 &&
		    note->n_namesz == sizeof(ELF_NOTE_GNU) &&
		    note->n_descsz <= segment->p_memsz - head)
			return level_in(at + head, at + head + note->n_descsz);
	}
	return 0;
}

/* Of a file's dynamic section, by tag; 0 where it has none. Addresses are relocated by glibc, in place. */
struct dynamic {
	uint64_t symbols, hashes, relocations, relocations_size, jumps, jumps_size;
};

static bool read_dynamic(const struct dl_phdr_info *info, struct dynamic *dynamic)
{
	const ElfW(Dyn) *at = NULL;
	int i;

	*dynamic = (struct dynamic){ 0 };
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			at = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	if (!at)
		return false;
	for (; at->d_tag != DT_NULL; at++) {
		switch (at->d_tag) {
		case DT_SYMTAB:
			dynamic->symbols = at->d_un.d_ptr;
			break;
		case DT_GNU_HASH:
			dynamic->hashes = at->d_un.d_ptr;
			break;
		case DT_RELA:
			dynamic->relocations = at->d_un.d_ptr;
			break;
		case DT_RELASZ:
			dynamic->relocations_size = at->d_un.d_val;
			break;
		case DT_JMPREL:
			dynamic->jumps = at->d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			dynamic->jumps_size = at->d_un.d_val;
			break;
		default:
			break;
		}
	}
	return true;
}

static bool has_irelative(uint64_t at, uint64_t size)
{
	const ElfW(Rela) *relocations = (const ElfW(Rela) *)at;
	uint64_t i;

	for (i = 0; at && i < size / sizeof(*relocations); i++)
		if (ELF64_R_TYPE(relocations[i].r_info) == R_X86_64_IRELATIVE)
			return true;
	return false;
}

/* Whether it gives others such a function: among the symbols that its hash table leads to, which are those. */
static bool gives_ifunc(const struct dynamic *dynamic)
{
	/* Number of buckets, first symbol, words of the Bloom filter, shift; those; buckets; chains. */
	const uint32_t *table = (const uint32_t *)dynamic->hashes;
	const ElfW(Sym) *symbols = (const ElfW(Sym) *)dynamic->symbols;
	const uint32_t *buckets, *chains;
	uint32_t i, symbol;

	if (!table || !symbols)
		return false;
	buckets = table + 4 + 2 * table[2];
	chains = buckets + table[0];
	for (i = 0; i < table[0]; i++) {
		if (buckets[i] < table[1])
			continue;
		for (symbol = buckets[i];; symbol++) {
			if (ELF64_ST_TYPE(symbols[symbol].st_info) == STT_GNU_IFUNC)
				return true;
			/* The last of a chain. */
			if (chains[symbol - table[1]] & 1)
				break;
		}
	}
	return false;
}

static bool is_of_libc(const char *name)
{
	static const char *const names[] = { "libc.so", "libm.so", "libmvec.so", "ld-linux" };
	const char *slash = strrchr(name, '/');
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(slash ? slash + 1 : name, names[i], strlen(names[i])))
			return true;
	return false;
}

static bool is_static(const struct dl_phdr_info *info)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			return false;
	return true;
}

static int look(struct dl_phdr_info *info, size_t size, void *result)
{
	const bool is_program = !info->dlpi_name[0];
	struct dynamic dynamic;
	char **name = result;

	(void)size;
	/* The kernel's own; libc; a static program, of which nobody can tell what is libc's. */
	if (info->dlpi_addr == getauxval(AT_SYSINFO_EHDR) || is_of_libc(info->dlpi_name) ||
	    (is_program && is_static(info)) || !read_dynamic(info, &dynamic))
		return 0;
	if (!has_irelative(dynamic.relocations, dynamic.relocations_size) &&
	    !has_irelative(dynamic.jumps, dynamic.jumps_size) && !gives_ifunc(&dynamic))
		return 0;
	*name = strdup(is_program ? program_invocation_short_name : info->dlpi_name);
	return 1;
}

char *cpu_demands_chosen(void)
{
	char *name = NULL;

	dl_iterate_phdr(look, &name);
	return name;
}
