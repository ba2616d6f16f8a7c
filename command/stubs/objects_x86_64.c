/* SPDX-License-Identifier: MIT */
/* Objects: which names they define and need, and what their code does with them. System V ABI, AMD64, 4.4. */
#include <Zydis/Zydis.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command/stubs/archive.h"
#include "command/stubs/wanted.h"

struct object {
	struct wanted_list *list;
	const char *path, *member; /* as messages name it; the member may be NULL */
	Elf *elf;
	size_t names;	   /* the section with the sections' names */
	uint64_t *patched; /* what a kernel may patch: section << 32 | offset */
	size_t patched_count;
};

static int complain(const struct object *object, const char *why)
{
	fprintf(stderr, "%s: %s%s%s%s: %s\n", object->list->command, object->path,
		object->member ? "(" : "", object->member ? object->member : "",
		object->member ? ")" : "", why);
	return -1;
}

static const char *section_name(const struct object *object, const GElf_Shdr *header)
{
	const char *name = elf_strptr(object->elf, object->names, header->sh_name);

	return name ? name : "";
}

/* Tables that nothing reads when the code runs by itself, or that only say where code is. */
static bool is_skipped(const char *section)
{
	static const char *const starts[] = {
		".debug",	 "___ksymtab",	     "__ksymtab",
		".discard",	 "__mcount_loc",     ".alt",
		".smp_locks",	 ".parainstr",	     "__bug_table",
		"__ex_table",	 ".initcall",	     ".orc",
		".return_sites", ".retpoline_sites", ".ibt_endbr_seal",
		".static_call",	 "__jump_table",     ".eh_frame",
		".modinfo",	 ".init.rodata",     "__patchable",
		".call_sites",	 ".export_symbol",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(section, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* Where each instruction of a section begins, by the bytes that it has. */
static uint32_t *find_instructions(const ZydisDecoder *decoder, const Elf_Data *code)
{
	uint32_t *start = calloc(code->d_size + 1, sizeof(*start));
	ZydisDecodedInstruction in;
	size_t at, i;

	for (at = 0; start && at < code->d_size;) {
		size_t length = 1;

		if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder, NULL,
							       (const uint8_t *)code->d_buf + at,
							       code->d_size - at, &in)))
			length = in.length;
		for (i = 0; i < length && at + i < code->d_size; i++)
			start[at + i] = (uint32_t)at;
		at += length;
	}
	return start;
}

static bool is_by_got(unsigned int type)
{
	return type == R_X86_64_GOTPCREL || type == R_X86_64_GOTPCRELX ||
	       type == R_X86_64_REX_GOTPCRELX;
}

/* The memory that an instruction accesses, from the symbol on. */
static void take_size(struct wanted *wanted, const ZydisDecodedInstruction *in,
		      const ZydisDecodedOperand *operands, int64_t offset)
{
	for (size_t i = 0; i < in->operand_count_visible; i++) {
		size_t size = operands[i].size / 8;

		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY && offset >= 0 &&
		    offset < 1 << 20 && (size_t)offset + size > wanted->size)
			wanted->size = (size_t)offset + size;
	}
}

/* What the instruction does with the symbol whose relocation it has. */
static unsigned int use_of(const ZydisDecoder *decoder, const Elf_Data *code, uint32_t start,
			   const GElf_Rela *rela, struct wanted *wanted)
{
	unsigned int type = (unsigned int)GELF_R_TYPE(rela->r_info), uses = 0;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	int64_t offset = rela->r_addend;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, (const uint8_t *)code->d_buf + start,
						 code->d_size - start, &in, operands)))
		return WANTED_ADDRESS;
	if (in.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE && in.raw.imm[0].size &&
	    start + in.raw.imm[0].offset == rela->r_offset)
		return WANTED_CALLED;
	if (is_by_got(type))
		return in.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE ? WANTED_CALLED :
								       WANTED_ADDRESS;
	/* An immediate operand. */
	if (!in.raw.disp.size || start + in.raw.disp.offset != rela->r_offset)
		return WANTED_ADDRESS;
	if (in.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS)
		uses |= WANTED_PER_CPU;
	if (in.mnemonic == ZYDIS_MNEMONIC_LEA)
		return uses | WANTED_ADDRESS;
	if (type == R_X86_64_PC32)
		offset += (int64_t)(start + in.length - rela->r_offset);
	take_size(wanted, &in, operands, offset);
	return uses | WANTED_ACCESSED;
}

static bool is_patched(const struct object *object, size_t section, uint64_t offset)
{
	for (size_t i = 0; i < object->patched_count; i++)
		if (object->patched[i] == ((uint64_t)section << 32 | offset))
			return true;
	return false;
}

/* A section's relocations, with what they are for. */
struct relocations {
	GElf_Shdr target;
	size_t target_index;
	Elf_Data *entries, *code, *symbols;
	size_t count, strings;
};

static bool get_relocations(const struct object *object, Elf_Scn *section,
			    struct relocations *relocations)
{
	GElf_Shdr header, symbols;
	Elf_Scn *target, *symbol_section;

	if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA || !header.sh_entsize)
		return false;
	target = elf_getscn(object->elf, header.sh_info);
	symbol_section = elf_getscn(object->elf, header.sh_link);
	if (!target || !symbol_section || !gelf_getshdr(target, &relocations->target) ||
	    !gelf_getshdr(symbol_section, &symbols))
		return false;
	relocations->target_index = header.sh_info;
	relocations->entries = elf_getdata(section, NULL);
	relocations->code = elf_getdata(target, NULL);
	relocations->symbols = elf_getdata(symbol_section, NULL);
	/* As many as the file has, whatever its header says. */
	relocations->count =
		relocations->entries ? relocations->entries->d_size / header.sh_entsize : 0;
	relocations->strings = symbols.sh_link;
	return relocations->entries && relocations->code && relocations->symbols;
}

/* What .altinstructions lists: where the original code is, by a relocation to its section. */
static void find_patched(struct object *object)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(object->elf, section))) {
		struct relocations relocations;
		uint64_t *patched;

		if (!get_relocations(object, section, &relocations) ||
		    strcmp(section_name(object, &relocations.target), ".altinstructions") != 0)
			continue;
		/* There may be several such sections. */
		patched = reallocarray(object->patched,
				       object->patched_count + relocations.count + 1,
				       sizeof(*patched));
		if (!patched)
			return;
		object->patched = patched;
		for (size_t i = 0; i < relocations.count; i++) {
			GElf_Rela rela;
			GElf_Sym symbol;

			if (gelf_getrela(relocations.entries, (int)i, &rela) &&
			    gelf_getsym(relocations.symbols, (int)GELF_R_SYM(rela.r_info), &symbol))
				object->patched[object->patched_count++] =
					(uint64_t)symbol.st_shndx << 32 |
					(uint32_t)(symbol.st_value + (uint64_t)rela.r_addend);
		}
	}
}

/*
 * Static branches that are still jumps. gcc makes them so; objtool puts a NOP where the branch is not to be
 * taken: include/linux/jump_label.h, struct jump_entry, of 16 bytes.
 */
static void count_jumps(struct wanted_list *list, const struct object *object,
			const struct relocations *relocations)
{
	for (size_t i = 0; i < relocations->count; i++) {
		const uint8_t *byte;
		Elf_Data *code;
		GElf_Rela rela;
		GElf_Sym symbol;
		Elf_Scn *section;
		uint64_t at;

		if (!gelf_getrela(relocations->entries, (int)i, &rela) || rela.r_offset % 16 ||
		    !gelf_getsym(relocations->symbols, (int)GELF_R_SYM(rela.r_info), &symbol))
			continue;
		section = elf_getscn(object->elf, symbol.st_shndx);
		code = section ? elf_getdata(section, NULL) : NULL;
		at = symbol.st_value + (uint64_t)rela.r_addend;
		if (!code || at >= code->d_size)
			continue;
		byte = (const uint8_t *)code->d_buf + at;
		if (*byte != 0xeb && *byte != 0xe9)
			continue;
		if (!list->jumps++)
			list->jumps_object = strdup(object->path);
	}
}

static void read_uses(struct wanted_list *list, const struct object *object,
		      const struct relocations *relocations)
{
	bool is_code = relocations->target.sh_flags & SHF_EXECINSTR && relocations->code->d_size;
	uint32_t *start = NULL;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (is_code)
		start = find_instructions(&decoder, relocations->code);
	for (size_t i = 0; i < relocations->count; i++) {
		struct wanted *wanted;
		GElf_Rela rela;
		GElf_Sym symbol;
		const char *name;

		if (!gelf_getrela(relocations->entries, (int)i, &rela) ||
		    !gelf_getsym(relocations->symbols, (int)GELF_R_SYM(rela.r_info), &symbol) ||
		    symbol.st_shndx != SHN_UNDEF || !symbol.st_name)
			continue;
		name = elf_strptr(object->elf, relocations->strings, symbol.st_name);
		wanted = name ? wanted_name(list, name) : NULL;
		if (!wanted)
			continue;
		if (!start || rela.r_offset >= relocations->code->d_size) {
			wanted->uses |= WANTED_IN_DATA;
			continue;
		}
		wanted->uses |=
			use_of(&decoder, relocations->code, start[rela.r_offset], &rela, wanted);
		if (is_patched(object, relocations->target_index, start[rela.r_offset]))
			wanted->uses |= WANTED_ALTERNATIVE;
	}
	free(start);
}

static void read_relocations(struct wanted_list *list, struct object *object)
{
	Elf_Scn *section = NULL;

	find_patched(object);
	while ((section = elf_nextscn(object->elf, section))) {
		struct relocations relocations;
		const char *name;

		if (!get_relocations(object, section, &relocations))
			continue;
		name = section_name(object, &relocations.target);
		if (strcmp(name, "__jump_table") == 0)
			count_jumps(list, object, &relocations);
		if (relocations.target.sh_flags & SHF_ALLOC && !is_skipped(name))
			read_uses(list, object, &relocations);
	}
	free(object->patched);
}

/* Call visit() for each global symbol. */
static void each_symbol(const struct object *object,
			void (*visit)(const struct object *object, void *context, const char *name,
				      const GElf_Sym *symbol),
			void *context)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(object->elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB ||
		    !header.sh_entsize || !(data = elf_getdata(section, NULL)))
			continue;
		for (size_t i = 1; i < header.sh_size / header.sh_entsize; i++) {
			const char *name;
			GElf_Sym symbol;

			if (!gelf_getsym(data, (int)i, &symbol) ||
			    GELF_ST_BIND(symbol.st_info) == STB_LOCAL || !symbol.st_name)
				continue;
			name = elf_strptr(object->elf, header.sh_link, symbol.st_name);
			if (name)
				visit(object, context, name, &symbol);
		}
	}
}

static void take_symbol(const struct object *object, void *context, const char *name,
			const GElf_Sym *symbol)
{
	struct wanted *wanted = wanted_name(context, name);

	if (symbol->st_shndx == SHN_UNDEF) {
		wanted->needed = true;
		wanted->tls |= GELF_ST_TYPE(symbol->st_info) == STT_TLS;
		wanted->strong |= GELF_ST_BIND(symbol->st_info) != STB_WEAK;
		return;
	}
	if (wanted->definer && object->member && GELF_ST_BIND(symbol->st_info) != STB_WEAK)
		fprintf(stderr, "%s: %s(%s): %s is defined by %s, too: the linker refuses that\n",
			object->list->command, object->path, object->member, name, wanted->definer);
	if (!wanted->definer) {
		wanted->definer = strdup(object->member ? object->member : object->path);
		wanted->archive = object->member ? object->path : NULL;
	}
}

/* Also finds the section with the sections' names. */
static int check_object(struct object *object)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr header;

	if (!object->elf || elf_kind(object->elf) != ELF_K_ELF ||
	    !gelf_getehdr(object->elf, &header))
		return complain(object, "it is no ELF object");
	if (header.e_type != ET_REL)
		return complain(object,
				"it is linked already, an executable or a shared library: stubs "
				"are for its objects");
	if (header.e_machine != EM_X86_64)
		return complain(object, "it is an object of another machine than x86-64");
	/* The table of sections is at an object's end. */
	if (!elf_nextscn(object->elf, NULL))
		return complain(object,
				"it has no sections, as if it were cut off: compile it again");
	if (elf_getshdrstrndx(object->elf, &object->names))
		return complain(object, "its sections have no names");
	while ((section = elf_nextscn(object->elf, section))) {
		GElf_Shdr section_header;

		if (gelf_getshdr(section, &section_header) &&
		    strncmp(section_name(object, &section_header), ".gnu.lto_", 9) == 0)
			return complain(object,
					"it was compiled with -flto, and has no machine code to "
					"look at: compile it with -fno-lto");
	}
	return 0;
}

static int read_object(struct wanted_list *list, struct object *object)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(object->elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_flags & SHF_ALLOC)
			wanted_add_section(list, section_name(object, &header));
	}
	each_symbol(object, take_symbol, list);
	read_relocations(list, object);
	return 0;
}

/* Which of an archive's members are taken, while they are gone through over and over. */
struct archive {
	struct wanted_list *list;
	const char *path;
	bool *taken;
	size_t capacity;
	bool again; /* one more was taken */
	bool some;
};

/* Whether a member defines what the objects before it need. */
struct search {
	const struct wanted_list *list;
	bool found;
};

static void look_for_needed(const struct object *object, void *context, const char *name,
			    const GElf_Sym *symbol)
{
	struct search *search = context;
	const struct wanted *wanted = wanted_find(search->list, name);

	(void)object;
	if (symbol->st_shndx != SHN_UNDEF && wanted && wanted->strong && !wanted->definer)
		search->found = true;
}

static int take_member(void *context, const struct archive_member *member)
{
	struct archive *archive = context;
	struct search search = { .list = archive->list };
	struct object object = {
		.list = archive->list,
		.path = archive->path,
		.member = member->name,
		.elf = member->elf,
	};
	int status;

	while (member->number >= archive->capacity)
		archive->taken = wanted_grow(archive->taken, &archive->capacity);
	if (archive->taken[member->number])
		return 0;
	status = check_object(&object);
	if (!status)
		each_symbol(&object, look_for_needed, &search);
	if (status || !search.found)
		return status;
	archive->taken[member->number] = archive->again = archive->some = true;
	if (member->file)
		wanted_add_file(archive->list, member->file);
	return read_object(archive->list, &object);
}

/* Of a member that was not taken: what it defines, and a member that was taken, too. */
static void look_for_twin(const struct object *object, void *context, const char *name,
			  const GElf_Sym *symbol)
{
	const struct archive *archive = context;
	const struct wanted *wanted = wanted_find(archive->list, name);

	if (symbol->st_shndx != SHN_UNDEF && wanted && wanted->strong && wanted->archive &&
	    strcmp(wanted->archive, archive->path) == 0)
		fprintf(stderr, "%s: %s(%s): %s is defined by %s, too: the linker takes that one\n",
			archive->list->command, archive->path, object->member, name,
			wanted->definer);
}

static int tell_twins(void *context, const struct archive_member *member)
{
	struct archive *archive = context;
	struct object object = {
		.list = archive->list,
		.path = archive->path,
		.member = member->name,
		.elf = member->elf,
	};

	if (!archive->taken[member->number])
		each_symbol(&object, look_for_twin, archive);
	return 0;
}

/* As linkers do, over and over, until no more members are needed. */
static int read_archive(struct object *object, int fd)
{
	struct archive archive = { .list = object->list, .path = object->path };
	const char *why = NULL;
	int status;

	do {
		archive.again = false;
		status = archive_visit(object->path, fd, object->elf, take_member, &archive, &why);
	} while (!status && archive.again);
	if (!status && !archive.some)
		fprintf(stderr,
			"%s: %s: no member is taken, as none defines what the objects before it "
			"need: name the objects that you want\n",
			object->list->command, object->path);
	if (!status && archive.some)
		status = archive_visit(object->path, fd, object->elf, tell_twins, &archive, &why);
	free(archive.taken);
	return why ? complain(object, why) : status;
}

int objects_read(struct wanted_list *list, const char *path)
{
	struct object object = { .list = list, .path = path };
	int fd = open(path, O_RDONLY | O_CLOEXEC), status;
	bool is_thin = fd >= 0 && archive_is_thin(fd);

	if (fd < 0)
		return complain(&object, strerror(errno));
	elf_version(EV_CURRENT);
	object.elf = is_thin ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	/* A thin one's members are files that are added one by one. */
	if (!is_thin)
		wanted_add_file(list, path);
	if (is_thin || (object.elf && elf_kind(object.elf) == ELF_K_AR)) {
		status = read_archive(&object, fd);
	} else {
		status = check_object(&object);
		if (!status)
			status = read_object(list, &object);
	}
	elf_end(object.elf);
	close(fd);
	return status;
}
