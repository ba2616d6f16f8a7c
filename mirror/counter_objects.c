/* SPDX-License-Identifier: MIT */
/*
 * The counters of an object, by its ELF file: gcc's and clang's --coverage by the names of their symbols,
 * -fprofile-instr-generate's by its sections. Neither takes the layout of what the compilers tell their
 * own run-time libraries, which differs with each version. System V ABI, chapter 4.
 */
#include "mirror/counters.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/address.h"

/* Of __llvm_profile_raw_version: compiler-rt, InstrProfData.inc, VARIANT_MASK_BYTE_COVERAGE. */
#define BYTE_COVERAGE (1ull << 60)

struct object {
	const char *name;	 /* in messages */
	const char *loaded_name; /* "" for the program */
	const uint8_t *file;
	size_t size;
	uint64_t base; /* where it is loaded */
	const ElfW(Phdr) * headers;
	size_t header_count;
	const ElfW(Shdr) * sections;
	size_t section_count;
	const char *section_names;
	size_t section_names_size;
};

/* Functions of clang's run-time library, by their addresses in the object; 0 until they are found. */
struct profile {
	uint64_t write, set_name;
};

/* What is at an offset of the file, or NULL if not all of it is. */
static const void *at(const struct object *object, uint64_t offset, uint64_t size)
{
	return range_holds(0, object->size, offset, size) ? object->file + offset : NULL;
}

/* A text in a table of `size` bytes that ends it, or "". */
static const char *text_at(const char *table, size_t size, uint64_t offset)
{
	if (!table || offset >= size || !memchr(table + offset, 0, size - offset))
		return "";
	return table + offset;
}

static const char *section_name(const struct object *object, size_t number)
{
	return text_at(object->section_names, object->section_names_size,
		       object->sections[number].sh_name);
}

/* Whether the object has loaded memory there, and may write it if so asked. */
static bool is_loaded(const struct object *object, uint64_t address, uint64_t size, bool write)
{
	size_t i;

	for (i = 0; i < object->header_count; i++) {
		const ElfW(Phdr) *header = &object->headers[i];

		if (header->p_type == PT_LOAD && (!write || header->p_flags & PF_W) &&
		    range_holds(header->p_vaddr, header->p_memsz, address, size))
			return true;
	}
	return false;
}

/* Whether the file is this loaded object's, and where its sections are told. */
static bool open_object(struct object *object)
{
	const size_t headers_size = object->header_count * sizeof(object->headers[0]);
	const ElfW(Ehdr) *header = at(object, 0, sizeof(*header));
	const ElfW(Shdr) * names;
	const void *in_file;

	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof(ElfW(Shdr)) ||
	    header->e_shstrndx >= header->e_shnum)
		return false;
	in_file = at(object, header->e_phoff, headers_size);
	if (!in_file || memcmp(in_file, object->headers, headers_size) != 0)
		return false;
	object->section_count = header->e_shnum;
	object->sections = at(object, header->e_shoff, object->section_count * sizeof(*names));
	if (!object->sections || header->e_shoff % _Alignof(ElfW(Shdr)))
		return false;
	names = &object->sections[header->e_shstrndx];
	object->section_names = at(object, names->sh_offset, names->sh_size);
	object->section_names_size = object->section_names ? names->sh_size : 0;
	return true;
}

static int add(struct counters *counters, const struct object *object, uint64_t address,
	       uint64_t size, enum counter_kind kind, struct error *error)
{
	const uint64_t start = object->base + address;

	if (!is_loaded(object, address, size, true))
		return 0;
	if (kind == COUNTER_SUM && (start | size) % sizeof(uint64_t))
		return error_set(error, ENOTSUP,
				 "coverage: %s has counters at %#llx that are not of 8 bytes each, "
				 "which can't be given back: build it without options like "
				 "-enable-single-byte-coverage",
				 object->name, (unsigned long long)address);
	if (counters_add_range(counters, start, start + size, kind))
		return error_set(error, ENOMEM, "no memory");
	return 0;
}

/*
 * Whether a symbol is that of counters, and of which kind. gcc's are __gcov<number>.<function>, with the
 * numbers of its gcov-counter.def: 0 counts arcs, 8 has the conditions that were met. Others are for
 * optimization by profiles, and some of these are no numbers.
 */
static bool is_counter(const char *name, enum counter_kind *kind)
{
	static const char gcc[] = "__gcov", clang[] = "__llvm_gcov_ctr";
	const char *number = name + sizeof(gcc) - 1;

	*kind = COUNTER_SUM;
	if (strncmp(name, clang, sizeof(clang) - 1) == 0)
		return true;
	if (strncmp(name, gcc, sizeof(gcc) - 1) != 0)
		return false;
	if (number[0] == '8')
		*kind = COUNTER_BITS;
	return (number[0] == '0' || number[0] == '8') && (number[1] == '.' || !number[1]);
}

/* Variables of clang's run-time library that tell of counters that are not what they look like. */
static int check_profile(const struct object *object, const char *name, uint64_t address,
			 struct error *error)
{
	const bool version = strcmp(name, "__llvm_profile_raw_version") == 0;
	const bool bias = strcmp(name, "__llvm_profile_counter_bias") == 0;
	uint64_t value;

	if ((!version && !bias) || !is_loaded(object, address, sizeof(value), false))
		return 0;
	memcpy(&value, (const void *)(uintptr_t)(object->base + address), sizeof(value));
	if (version && value & BYTE_COVERAGE)
		return error_set(error, ENOTSUP,
				 "coverage: %s has counters of single bytes, which can't be given "
				 "back: build it without options like -enable-single-byte-coverage",
				 object->name);
	if (bias && value)
		return error_set(error, ENOTSUP,
				 "coverage: %s keeps its counters in the file itself (%%c in "
				 "LLVM_PROFILE_FILE), where a test's can't be given back: have it "
				 "without %%c",
				 object->name);
	return 0;
}

static int add_writer(struct counters *counters, const struct object *object, uint64_t write,
		      uint64_t set_name, struct error *error)
{
	struct counter_writer *writers =
		reallocarray(counters->writers, counters->writer_count + 1, sizeof(*writers));
	char *name = strdup(object->loaded_name);

	if (writers)
		counters->writers = writers;
	if (!writers || !name) {
		free(name);
		return error_set(error, ENOMEM, "no memory");
	}
	writers[counters->writer_count++] = (struct counter_writer){
		.object = name,
		.write = object->base + write,
		.set_name = set_name ? object->base + set_name : 0,
	};
	return 0;
}

/*
 * What writes an object's counters is its own, hidden from others: __gcov_exit() of gcc's libgcov; and of clang's
 * run-time library llvm_writeout_files(), and __llvm_profile_write_file() with a function for the file's name.
 */
static int add_function(struct counters *counters, const struct object *object, const char *name,
			uint64_t address, struct profile *profile, struct error *error)
{
	if (strcmp(name, "__gcov_exit") == 0 || strcmp(name, "llvm_writeout_files") == 0)
		return add_writer(counters, object, address, 0, error);
	if (strcmp(name, "__llvm_profile_set_filename") == 0)
		profile->set_name = address;
	if (strcmp(name, "__llvm_profile_write_file") == 0)
		profile->write = address;
	return 0;
}

static int add_symbols(struct counters *counters, const struct object *object,
		       const ElfW(Shdr) * table, struct error *error)
{
	const size_t count = table->sh_size / sizeof(ElfW(Sym));
	const ElfW(Sym) *symbols = at(object, table->sh_offset, count * sizeof(*symbols));
	const ElfW(Shdr) *strings =
		table->sh_link < object->section_count ? &object->sections[table->sh_link] : NULL;
	const char *names = strings ? at(object, strings->sh_offset, strings->sh_size) : NULL;
	struct profile profile = { 0 };
	size_t i;
	int err = 0;

	if (!symbols || !names || table->sh_offset % _Alignof(ElfW(Sym)))
		return 0;
	for (i = 0; i < count && !err; i++) {
		const ElfW(Sym) *symbol = &symbols[i];
		const char *name;
		enum counter_kind kind;

		if (symbol->st_shndx == SHN_UNDEF)
			continue;
		name = text_at(names, strings->sh_size, symbol->st_name);
		if ((symbol->st_info & 0xf) == STT_FUNC) {
			err = add_function(counters, object, name, symbol->st_value, &profile,
					   error);
			continue;
		}
		if ((symbol->st_info & 0xf) != STT_OBJECT || name[0] != '_' || name[1] != '_')
			continue;
		if (is_counter(name, &kind))
			err = add(counters, object, symbol->st_value, symbol->st_size, kind, error);
		else
			err = check_profile(object, name, symbol->st_value, error);
	}
	if (!err && profile.write && profile.set_name)
		err = add_writer(counters, object, profile.write, profile.set_name, error);
	return err;
}

/* Whether these bytes have a text of more than those characters that ends in .gcda. */
static bool has_name(const char *bytes, size_t size)
{
	static const char suffix[] = ".gcda";
	const char *at = bytes, *end = bytes + size;

	while ((at = memmem(at, (size_t)(end - at), suffix, sizeof(suffix)))) {
		if (at > bytes && at[-1])
			return true;
		at += sizeof(suffix);
	}
	return false;
}

/* The compiler puts the name of the file for its counters, NAME.gcda, into read-only data. */
static bool names_gcda(const struct object *object)
{
	size_t i;

	for (i = 0; i < object->section_count; i++) {
		const ElfW(Shdr) *section = &object->sections[i];
		const char *bytes;

		if (section->sh_type != SHT_PROGBITS ||
		    (section->sh_flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR)) != SHF_ALLOC)
			continue;
		bytes = at(object, section->sh_offset, section->sh_size);
		if (bytes && has_name(bytes, section->sh_size))
			return true;
	}
	return false;
}

/*
 * What is not stripped has its counters by name. What is stripped, and is none of the objects that were
 * never compiled for coverage, has a constructor for each of its files, besides the compiler's own.
 */
static int check_stripped(const struct object *object, struct error *error)
{
	size_t i;

	for (i = 0; i < object->section_count; i++) {
		const ElfW(Shdr) *section = &object->sections[i];

		if (section->sh_type == SHT_SYMTAB)
			return 0;
	}
	for (i = 0; i < object->section_count; i++) {
		const ElfW(Shdr) *section = &object->sections[i];

		if (section->sh_type == SHT_INIT_ARRAY && section->sh_size > sizeof(ElfW(Addr)) &&
		    names_gcda(object))
			return error_set(error, ENOTSUP,
					 "coverage: %s is built with --coverage and stripped, so "
					 "that its counters can't be found: don't strip it",
					 object->name);
	}
	return 0;
}

int counters_add_object(struct counters *counters, const char *name, const uint8_t *file,
			size_t size, const struct dl_phdr_info *loaded, struct error *error)
{
	struct object object = {
		.name = name,
		.loaded_name = loaded->dlpi_name ? loaded->dlpi_name : "",
		.file = file,
		.size = size,
		.base = loaded->dlpi_addr,
		.headers = loaded->dlpi_phdr,
		.header_count = loaded->dlpi_phnum,
	};
	size_t i;
	int err;

	if (!open_object(&object))
		return 0;
	err = check_stripped(&object, error);
	for (i = 0; i < object.section_count && !err; i++) {
		const ElfW(Shdr) *section = &object.sections[i];
		const char *section_is = section_name(&object, i);

		if (section->sh_type == SHT_SYMTAB)
			err = add_symbols(counters, &object, section, error);
		else if (strcmp(section_is, "__llvm_prf_cnts") == 0)
			err = add(counters, &object, section->sh_addr, section->sh_size,
				  COUNTER_SUM, error);
		else if (strcmp(section_is, "__sancov_cntrs") == 0)
			err = add(counters, &object, section->sh_addr, section->sh_size,
				  COUNTER_LAST, error);
		else if (strcmp(section_is, "__llvm_prf_bits") == 0)
			err = add(counters, &object, section->sh_addr, section->sh_size,
				  COUNTER_BITS, error);
	}
	return err;
}

struct search {
	struct counters *counters;
	struct error *error;
	int err;
};

static int search_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct search *search = context;
	const bool program = !info->dlpi_name || !info->dlpi_name[0];
	const char *name = program ? "/proc/self/exe" : info->dlpi_name;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	const uint8_t *file;

	(void)size;
	/* The vDSO has no file. */
	if (fd < 0)
		return 0;
	if (fstat(fd, &status) != 0 || status.st_size <= 0) {
		close(fd);
		return 0;
	}
	file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return 0;
	search->err = counters_add_object(search->counters, program ? "the program" : name, file,
					  (size_t)status.st_size, info, search->error);
	munmap((void *)(uintptr_t)file, (size_t)status.st_size);
	return search->err;
}

int counters_find(struct counters *counters, struct error *error)
{
	struct search search = { .counters = counters, .error = error };

	*counters = (struct counters){ 0 };
	dl_iterate_phdr(search_object, &search);
	if (search.err)
		counters_finish(counters);
	else
		counters_sort(counters);
	return search.err;
}
