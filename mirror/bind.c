/* SPDX-License-Identifier: MIT */
/*
 * Binding of lazily bound functions: for each relocation of such a function whose slot still
 * points into its own object's PLT, what the dynamic linker would have stored. System V ABI,
 * chapter 5; its AMD64 supplement, 5.2.
 */
#include "mirror/bind.h"
#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mirror/bind_own.h"

/* Weak: in a static program neither is there, nor anything lazily bound. */
extern __typeof__(dlsym) dlsym __attribute__((weak));
extern __typeof__(dlvsym) dlvsym __attribute__((weak));

/* A loaded object's dynamic section, as far as it is needed. */
struct object {
	uintptr_t base;
	uintptr_t start, end; /* of its mapped segments */
	const ElfW(Rela) * relocations;
	size_t relocation_count;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Half) * versions; /* by symbol; NULL if it has none */
	const ElfW(Verneed) * needed;
	size_t needed_count;
	bool bound_already;
};

/* glibc relocates the pointers of a loaded object's dynamic section in place; the vDSO's not. */
static uintptr_t pointer(const struct object *object, ElfW(Addr) value)
{
	return value < object->base ? object->base + value : value;
}

static void read_dynamic(struct object *object, const ElfW(Dyn) * dynamic)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		uintptr_t at = pointer(object, dynamic->d_un.d_ptr);

		switch (dynamic->d_tag) {
		case DT_JMPREL:
			object->relocations = (const ElfW(Rela) *)at;
			break;
		case DT_PLTRELSZ:
			object->relocation_count = dynamic->d_un.d_val / sizeof(ElfW(Rela));
			break;
		case DT_SYMTAB:
			object->symbols = (const ElfW(Sym) *)at;
			break;
		case DT_STRTAB:
			object->strings = (const char *)at;
			break;
		case DT_VERSYM:
			object->versions = (const ElfW(Half) *)at;
			break;
		case DT_VERNEED:
			object->needed = (const ElfW(Verneed) *)at;
			break;
		case DT_VERNEEDNUM:
			object->needed_count = dynamic->d_un.d_val;
			break;
		case DT_BIND_NOW:
			object->bound_already = true;
			break;
		case DT_FLAGS:
			object->bound_already |= dynamic->d_un.d_val & DF_BIND_NOW;
			break;
		case DT_FLAGS_1:
			object->bound_already |= dynamic->d_un.d_val & DF_1_NOW;
			break;
		}
	}
}

/* The name of the version that a symbol is wanted in, or NULL if any will do. */
static const char *wanted_version(const struct object *object, size_t symbol)
{
	const ElfW(Verneed) *file = object->needed;
	size_t i, j;
	unsigned int number;

	if (!object->versions || !file)
		return NULL;
	number = object->versions[symbol] & 0x7fff;
	for (i = 0; i < object->needed_count; i++) {
		const ElfW(Vernaux) *version = (const void *)((const char *)file + file->vn_aux);

		for (j = 0; j < file->vn_cnt; j++) {
			if ((version->vna_other & 0x7fff) == number)
				return object->strings + version->vna_name;
			version = (const void *)((const char *)version + version->vna_next);
		}
		file = (const void *)((const char *)file + file->vn_next);
	}
	return NULL;
}

static void bind_one(const struct object *object, const ElfW(Rela) * relocation)
{
	size_t symbol = ELF64_R_SYM(relocation->r_info);
	const ElfW(Sym) *wanted = &object->symbols[symbol];
	uintptr_t *slot = (uintptr_t *)(object->base + relocation->r_offset);
	const char *name, *version;
	void *where, *target;

	if (ELF64_R_TYPE(relocation->r_info) != bind_own_relocation)
		return;
	if (*slot < object->start || *slot >= object->end)
		return;
	name = object->strings + wanted->st_name;
	version = wanted_version(object, symbol);
	/*
	 * Where a program that is not position-independent takes a function's address, its own PLT entry
	 * stands for the function everywhere, and is what a search finds first: the AMD64 supplement, 4.4.1,
	 * "Function Addresses". What that entry leads to is in the objects after it.
	 */
	where = wanted->st_shndx == SHN_UNDEF && wanted->st_value ? RTLD_NEXT : RTLD_DEFAULT;
	target = version ? dlvsym(where, name, version) : dlsym(where, name);
	/* A symbol of the object's own may be bound to where the slot's PLT leads, too. */
	if (target)
		__atomic_store_n(slot, (uintptr_t)target, __ATOMIC_RELAXED);
}

static bool read_object(struct object *object, const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *dynamic = NULL;
	size_t i;

	*object = (struct object){ .base = info->dlpi_addr, .start = UINTPTR_MAX };
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_DYNAMIC)
			dynamic = (const ElfW(Dyn) *)start;
		if (header->p_type != PT_LOAD)
			continue;
		object->start = start < object->start ? start : object->start;
		object->end = start + header->p_memsz > object->end ? start + header->p_memsz :
								      object->end;
	}
	if (!dynamic)
		return false;
	read_dynamic(object, dynamic);
	return object->relocations && object->symbols;
}

static int bind_object(struct dl_phdr_info *info, size_t size, void *unused)
{
	struct object object;
	size_t i;

	(void)size;
	(void)unused;
	if (!read_object(&object, info) || !object.strings || object.bound_already)
		return 0;
	for (i = 0; i < object.relocation_count; i++)
		bind_one(&object, &object.relocations[i]);
	return 0;
}

void bind_lazy_symbols(void)
{
	if (dlsym && dlvsym)
		dl_iterate_phdr(bind_object, NULL);
}

static int find_entry(struct dl_phdr_info *info, size_t size, void *context)
{
	uintptr_t *address = context;
	struct object object;
	size_t i;

	(void)size;
	if (!read_object(&object, info) || *address < object.start || *address >= object.end)
		return 0;
	for (i = 0; i < object.relocation_count; i++) {
		const ElfW(Rela) *relocation = &object.relocations[i];
		const ElfW(Sym) *symbol = &object.symbols[ELF64_R_SYM(relocation->r_info)];

		/* See bind_one(). */
		if (ELF64_R_TYPE(relocation->r_info) != bind_own_relocation ||
		    symbol->st_shndx != SHN_UNDEF || !symbol->st_value ||
		    object.base + symbol->st_value != *address)
			continue;
		*address = *(const uintptr_t *)(object.base + relocation->r_offset);
		break;
	}
	return 1;
}

uint64_t bind_function(uint64_t address)
{
	uintptr_t found = address;

	dl_iterate_phdr(find_entry, &found);
	return found;
}
