/* SPDX-License-Identifier: MIT */
/*
 * Objects linked in the upper half, as assembly. What they need of the program is left open by the first linker
 * and filled in by the program's, from the relocations that the first keeps (System V ABI, AMD64, 4.4.1): the
 * lowest addresses, where a program without -pie is, follow the highest, so that a jump of 32 bits leads there.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command/objects/objects.h"

/* A place that the program's linker fills in. */
struct place {
	uint64_t address;
	unsigned int size;
	const char *relocation, *name;
	int64_t addend;
	bool weak, thread_local;
};

struct upper {
	Elf *elf;
	struct place *places;
	size_t count;
};

static void advise(const char *printed)
{
	if (strstr(printed, "relocation truncated to fit: R_X86_64_32 ") ||
	    strstr(printed, "relocation R_X86_64_32 "))
		objects_complain(
			"some object has addresses of 32 bits that can't be of the upper half: "
			"compile it with -mcmodel=kernel");
}

int upper_link(const char *object, uint64_t address, const char *upper)
{
	struct tool_words words = { 0 };
	int status;

	tool_add_named(&words, "LD", "ld");
	tool_add(&words, "-static");
	tool_add(&words, "--emit-relocs");
	tool_add(&words, "--unresolved-symbols=ignore-all");
	tool_add(&words, "--no-relax");
	tool_add(&words, "--build-id=none");
	tool_add(&words, "-znoexecstack");
	tool_add(&words, "-zmax-page-size=4096");
	tool_add(&words, "-zseparate-code");
	tool_add(&words, "-Ttext-segment=%#llx", (unsigned long long)address);
	tool_add(&words, "--section-start=" OBJECTS_PER_CPU "=%#x", WANTED_OWN_PER_CPU);
	tool_add(&words, "-e0");
	tool_add(&words, "-o");
	tool_add(&words, "%s", upper);
	tool_add(&words, "%s", object);
	status = tool_run(&words, advise);
	tool_finish(&words);
	return status;
}

/* How a relocation is made once more, of fields that are read with their sign. */
static int place_of(const GElf_Rela *rela, const char *name, struct place *place)
{
	*place = (struct place){
		.address = rela->r_offset,
		.size = 4,
		.relocation = "R_X86_64_32S",
		.name = name,
		.addend = rela->r_addend,
	};
	switch (GELF_R_TYPE(rela->r_info)) {
	case R_X86_64_64:
		place->size = 8;
		place->relocation = "R_X86_64_64";
		return 0;
	case R_X86_64_32:
		place->relocation = "R_X86_64_32";
		return 0;
	case R_X86_64_32S:
		return 0;
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		place->addend -= (int64_t)rela->r_offset;
		return 0;
	/* Of a variable of the program's threads. */
	case R_X86_64_TPOFF32:
		place->relocation = "R_X86_64_TPOFF32";
		place->thread_local = true;
		return 0;
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		return objects_complain(
			"%s is reached by a global offset table, as code of -fPIC does: "
			"compile the object with -mcmodel=kernel -fno-pic",
			name);
	default:
		return objects_complain(
			"%s is needed by a relocation of type %u, which the upper half "
			"can't have",
			name, (unsigned int)GELF_R_TYPE(rela->r_info));
	}
}

static int take_relocations(struct upper *upper, const GElf_Shdr *header, Elf_Data *entries)
{
	Elf_Scn *table = elf_getscn(upper->elf, header->sh_link);
	Elf_Data *symbols = table ? elf_getdata(table, NULL) : NULL;
	size_t count = entries->d_size / header->sh_entsize;
	GElf_Shdr table_header;
	int status = 0;

	if (!symbols || !gelf_getshdr(table, &table_header))
		return 0;
	upper->places =
		reallocarray(upper->places, upper->count + count + 1, sizeof(*upper->places));
	if (!upper->places)
		return objects_complain("no memory");
	for (size_t i = 0; i < count && !status; i++) {
		const char *name;
		GElf_Rela rela;
		GElf_Sym symbol;

		if (!gelf_getrela(entries, (int)i, &rela) ||
		    !gelf_getsym(symbols, (int)GELF_R_SYM(rela.r_info), &symbol) ||
		    symbol.st_shndx != SHN_UNDEF || !symbol.st_name)
			continue;
		name = elf_strptr(upper->elf, table_header.sh_link, symbol.st_name);
		if (!name)
			continue;
		status = place_of(&rela, name, &upper->places[upper->count]);
		upper->places[upper->count++].weak = GELF_ST_BIND(symbol.st_info) == STB_WEAK;
	}
	return status;
}

static int compare(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

static int find_places(struct upper *upper)
{
	Elf_Scn *section = NULL;
	int status = 0;

	while (!status && (section = elf_nextscn(upper->elf, section))) {
		GElf_Shdr header, target_header;
		Elf_Data *entries;
		Elf_Scn *target;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA ||
		    !header.sh_entsize)
			continue;
		target = elf_getscn(upper->elf, header.sh_info);
		entries = elf_getdata(section, NULL);
		if (target && entries && gelf_getshdr(target, &target_header) &&
		    target_header.sh_flags & SHF_ALLOC)
			status = take_relocations(upper, &header, entries);
	}
	if (upper->count)
		qsort(upper->places, upper->count, sizeof(*upper->places), compare);
	return status;
}

static void write_piece(const char *path, const GElf_Phdr *segment, uint64_t from, uint64_t to,
			FILE *out)
{
	const uint64_t offset = segment->p_offset + from, size = to - from;

	if (size)
		fprintf(out, "\t.incbin \"%s\", %" PRIu64 ", %" PRIu64 "\n", path, offset, size);
}

/* The bytes of a segment, and in between what the linker fills in. */
static void write_bytes(const struct upper *upper, const char *path, const GElf_Phdr *segment,
			FILE *out)
{
	uint64_t done = 0;

	for (size_t i = 0; i < upper->count; i++) {
		const struct place *place = &upper->places[i];
		uint64_t at = place->address - segment->p_vaddr;
		char quoted[1024];
		const char *name = upper_name(place->name, quoted, sizeof(quoted));

		if (place->address < segment->p_vaddr || at >= segment->p_filesz || at < done ||
		    segment->p_filesz - at < place->size)
			continue;
		write_piece(path, segment, done, at, out);
		if (place->weak)
			fprintf(out, "\t.weak %s\n", name);
		if (place->thread_local)
			fprintf(out, "\t.type %s, @tls_object\n", name);
		fprintf(out, "\t.reloc ., %s, %s%+lld\n\t.%s 0\n", place->relocation, name,
			(long long)place->addend, place->size == 8 ? "quad" : "long");
		done = at + place->size;
	}
	write_piece(path, segment, done, segment->p_filesz, out);
}

static void write_segment(const struct upper *upper, const char *path, size_t number,
			  const GElf_Phdr *segment, FILE *out)
{
	const bool per_cpu = !(segment->p_vaddr >> 63);

	fprintf(out, "\t.section .rodata.r0_upper_half,\"a\",@progbits\n\t.balign 4096\n%s%zu:\n",
		"segment_", number);
	if (per_cpu)
		fputs("\t.globl r0_upper_percpu\nr0_upper_percpu:\n", out);
	write_bytes(upper, path, segment, out);
	/* Beside the program's own data nothing is to be on its last page. */
	fputs("\t.balign 4096\n", out);
	if (per_cpu)
		return;
	fprintf(out,
		"\t.section r0_upper_half,\"a\",@progbits\n\t.balign 8\n"
		"\t.quad %#llx, segment_%zu, %llu, %llu, %u\n",
		(unsigned long long)segment->p_vaddr, number, (unsigned long long)segment->p_filesz,
		(unsigned long long)segment->p_memsz, segment->p_flags);
}

/* The linker may have put its headers there, too. */
static bool is_per_cpu(const GElf_Phdr *segment)
{
	return segment->p_vaddr <= WANTED_OWN_PER_CPU &&
	       segment->p_vaddr + segment->p_memsz > WANTED_OWN_PER_CPU;
}

static void begin_at(GElf_Phdr *segment, uint64_t address)
{
	uint64_t by = address - segment->p_vaddr;

	segment->p_vaddr += by;
	segment->p_offset += by;
	segment->p_filesz -= by;
	segment->p_memsz -= by;
}

static int write_segments(const struct upper *upper, const char *path, FILE *out)
{
	size_t count, i;

	if (elf_getphdrnum(upper->elf, &count))
		return objects_complain("%s: %s", path, elf_errmsg(-1));
	for (i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(upper->elf, (int)i, &segment))
			continue;
		if (segment.p_type == PT_TLS)
			return objects_complain(
				"the objects have thread-local variables, which are a "
				"program's: define them in a file of the program");
		if (segment.p_type != PT_LOAD || !segment.p_memsz)
			continue;
		if (is_per_cpu(&segment))
			begin_at(&segment, WANTED_OWN_PER_CPU);
		else if (segment.p_vaddr >> 63)
			begin_at(&segment, segment.p_vaddr & ~0xfffull);
		else
			return objects_complain(
				"the objects do not fit between --upper and the end of "
				"addresses");
		write_segment(upper, path, i, &segment, out);
	}
	return 0;
}

/* Per-CPU variables are at no address of the upper half: a debugger would take all up to there for the file's. */
static int hide_per_cpu(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), status = 0;
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		status = -1;
	for (size_t i = 0; !status && i < header.e_phnum; i++) {
		off_t at = (off_t)(header.e_phoff + i * sizeof(segment));

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			status = -1;
		else if (segment.p_type != PT_LOAD || segment.p_vaddr >> 63)
			continue;
		segment.p_type = PT_NULL;
		if (!status && pwrite(fd, &segment, sizeof(segment), at) != sizeof(segment))
			status = -1;
	}
	if (status)
		objects_complain("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return status;
}

/* Of the whole file all that a debugger wants. */
static int write_debug(const char *path, const char *debug, FILE *out)
{
	struct tool_words words = { 0 };
	int status;

	tool_add_named(&words, "OBJCOPY", "objcopy");
	tool_add(&words, "--remove-section=.rela*");
	tool_add(&words, "%s", path);
	tool_add(&words, "%s", debug);
	status = tool_run(&words, NULL);
	tool_finish(&words);
	if (!status)
		status = hide_per_cpu(debug);
	fprintf(out, "\t.section .r0_upper_half,\"\",@progbits\n\t.incbin \"%s\"\n", debug);
	return status;
}

int upper_write(const char *path, const char *debug, FILE *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), status;
	struct upper upper = { .elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL) };

	if (!upper.elf) {
		status =
			objects_complain("%s: %s", path, fd < 0 ? strerror(errno) : elf_errmsg(-1));
		goto close;
	}
	fputs("/* By `ring0 objects --upper`. */\n", out);
	status = find_places(&upper);
	if (!status)
		status = write_segments(&upper, path, out);
	if (!status) {
		upper_write_symbols(upper.elf, out);
		status = write_debug(path, debug, out);
	}
	fputs("\t.section .note.GNU-stack,\"\",@progbits\n", out);
	elf_end(upper.elf);
close:
	free(upper.places);
	if (fd >= 0)
		close(fd);
	return status;
}
