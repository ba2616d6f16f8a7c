/* SPDX-License-Identifier: MIT */
/*
 * Addresses by function, file and line, by elfutils' libdwfl. Modules are taken from the core's
 * list of mapped files and memory from the core, so that neither the dynamic linker's data nor a
 * live process is needed. Depends on core_file.h and libdw.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command/backtrace/symbols.h"
#include "command/carried_files.h"
#include "command/upper_half.h"

/* The first segment that is loaded of a file of either class: a kernel may be of 32 bits. */
static bool first_segment(struct core_file *core, uint64_t at, GElf_Phdr *segment)
{
	uint8_t ident[EI_NIDENT];
	Elf64_Ehdr header_64;
	Elf32_Ehdr header_32;

	if (core_file_read(core, at, ident, sizeof(ident)) != sizeof(ident) ||
	    memcmp(ident, ELFMAG, SELFMAG))
		return false;
	if (ident[EI_CLASS] == ELFCLASS32) {
		Elf32_Phdr entry;

		if (core_file_read(core, at, &header_32, sizeof(header_32)) != sizeof(header_32) ||
		    header_32.e_phentsize != sizeof(entry))
			return false;
		for (size_t i = 0; i < header_32.e_phnum; i++) {
			if (core_file_read(core, at + header_32.e_phoff + i * sizeof(entry), &entry,
					   sizeof(entry)) != sizeof(entry))
				return false;
			*segment =
				(GElf_Phdr){ .p_vaddr = entry.p_vaddr, .p_offset = entry.p_offset };
			if (entry.p_type == PT_LOAD)
				return true;
		}
		return false;
	}
	if (core_file_read(core, at, &header_64, sizeof(header_64)) != sizeof(header_64) ||
	    header_64.e_phentsize != sizeof(*segment))
		return false;
	for (size_t i = 0; i < header_64.e_phnum; i++) {
		if (core_file_read(core, at + header_64.e_phoff + i * sizeof(*segment), segment,
				   sizeof(*segment)) != sizeof(*segment))
			return false;
		if (segment->p_type == PT_LOAD)
			return true;
	}
	return false;
}

/* How far the file's addresses are from where it is loaded, its start being mapped there. */
static bool module_bias(struct core_file *core, const struct core_file_mapping *mapping,
			uint64_t *bias)
{
	GElf_Phdr segment;

	if (!first_segment(core, mapping->start, &segment))
		return false;
	*bias = mapping->start - (segment.p_vaddr - segment.p_offset);
	return true;
}

/* Whether code is mapped from that file along with its start: else it is read as mere data. */
static bool has_code(const struct core_file *core, size_t first)
{
	for (size_t i = first; i < core->mapping_count; i++) {
		if (strcmp(core->mappings[i].path, core->mappings[first].path) ||
		    (i > first && !core->mappings[i].offset))
			return false;
		if (core->mappings[i].executable)
			return true;
	}
	return false;
}

/* What the program has in the upper half is a file that it carries: its addresses are as they are linked. */
static void report_upper_half(struct symbols *symbols, const char *program)
{
	char *here = carried_file(program);
	int fd = here ? upper_half_open(here) : -1;

	free(here);
	if (fd >= 0 &&
	    !dwfl_report_elf(symbols->dwfl, UPPER_HALF_NAME, UPPER_HALF_NAME, fd, 0, true))
		close(fd);
}

static void report_modules(struct symbols *symbols)
{
	struct core_file *core = symbols->core;

	bool has_upper_half = false;

	dwfl_report_begin(symbols->dwfl);
	for (size_t i = 0; i < core->mapping_count; i++) {
		const struct core_file_mapping *mapping = &core->mappings[i];
		const char *slash = strrchr(mapping->path, '/');
		uint64_t bias;

		if (mapping->start >> 63 && mapping->executable && !has_upper_half) {
			has_upper_half = true;
			report_upper_half(symbols, mapping->path);
		}
		/* A file that is gone or no ELF file is no module; the others still are. */
		if (!mapping->offset && has_code(core, i) && module_bias(core, mapping, &bias)) {
			char *here = carried_file(mapping->path);

			dwfl_report_elf(symbols->dwfl, slash ? slash + 1 : mapping->path,
					here ? here : mapping->path, -1, bias, true);
			free(here);
		}
	}
	dwfl_report_end(symbols->dwfl, NULL, NULL);
}

int symbols_open(struct symbols *symbols, struct core_file *core, struct error *error)
{
	static char *debuginfo_path; /* libdwfl's default */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.debuginfo_path = &debuginfo_path,
	};

	symbols->core = core;
	symbols->directory = getcwd(NULL, 0);
	symbols->dwfl = dwfl_begin(&callbacks);
	if (!symbols->dwfl) {
		free(symbols->directory);
		return error_set(error, ENOMEM, "starting libdw: %s", dwfl_errmsg(-1));
	}
	report_modules(symbols);
	return 0;
}

void symbols_close(struct symbols *symbols)
{
	dwfl_end(symbols->dwfl);
	free(symbols->directory);
}

static const char *strip_directory(const char *file, const char *directory)
{
	size_t length = directory ? strlen(directory) : 0;

	if (length > 1 && !strncmp(file, directory, length) && file[length] == '/')
		return file + length + 1;
	return file;
}

/*
 * A source file as it is found from here; failing that as it was given to the compiler, unless
 * that led out of the directory it ran in. Overwrites the last one.
 */
static const char *short_file(struct symbols *symbols, const char *file, const char *compiled_in)
{
	const char *given = strip_directory(file, compiled_in), *chosen = given;
	char *real = realpath(file, NULL);

	if (real) {
		const char *here = strip_directory(real, symbols->directory);

		if (here != real)
			chosen = here;
		else if (!strncmp(given, "../", 3))
			chosen = real;
	}
	snprintf(symbols->file, sizeof(symbols->file), "%s", chosen);
	free(real);
	return symbols->file;
}

/* An address for looking things up, and the module that holds it. */
static Dwfl_Module *module_of(struct symbols *symbols, uint64_t pc, bool after, uint64_t *lookup)
{
	*lookup = after && pc ? pc - 1 : pc;
	return dwfl_addrmodule(symbols->dwfl, *lookup);
}

static const char *module_name(Dwfl_Module *module)
{
	return dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
}

static bool is_main_module(struct symbols *symbols, Dwfl_Module *module)
{
	return symbols->core->entry &&
	       dwfl_addrmodule(symbols->dwfl, symbols->core->entry) == module;
}

static uint64_t module_start(Dwfl_Module *module)
{
	Dwarf_Addr start = 0;

	dwfl_module_info(module, NULL, &start, NULL, NULL, NULL, NULL, NULL);
	return start;
}

const char *symbols_function(struct symbols *symbols, uint64_t pc, uint64_t *offset)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, pc);
	GElf_Sym symbol;

	*offset = 0;
	return module ? dwfl_module_addrinfo(module, pc, offset, &symbol, NULL, NULL, NULL) : NULL;
}

void symbols_append(struct symbols *symbols, uint64_t target, char *text, size_t size)
{
	const size_t length = strlen(text);
	uint64_t offset;
	const char *name = symbols_function(symbols, target, &offset);

	if (name && offset)
		snprintf(text + length, size - length, " <%s+0x%llx>", name,
			 (unsigned long long)offset);
	else if (name)
		snprintf(text + length, size - length, " <%s>", name);
}

/* A source position; file is NULL if there is none, and holds until the next is asked for. */
struct position {
	const char *file;
	int line;
};

/* The compilation unit that an address was compiled in, and how far the file's addresses are off. */
static bool unit_of(Dwfl_Module *module, uint64_t lookup, Dwarf_Die *unit, Dwarf_Addr *bias)
{
	Dwarf_Die *found = dwfl_module_addrdie(module, lookup, bias);

	/*
	 * libdw knows only of .debug_aranges, which clang does not write, and takes what is in none
	 * of those for a part of the one before.
	 */
	if (found && dwarf_haspc(found, lookup - *bias) != 1)
		found = NULL;
	if (!found)
		while ((found = dwfl_module_nextcu(module, found, bias)))
			if (dwarf_haspc(found, lookup - *bias) == 1)
				break;
	if (found)
		*unit = *found;
	return found;
}

static const char *unit_directory(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

static struct position position_of(struct symbols *symbols, Dwfl_Module *module, uint64_t lookup)
{
	struct position position = { 0 };
	Dwarf_Line *line;
	Dwarf_Addr bias;
	Dwarf_Die unit;

	if (!unit_of(module, lookup, &unit, &bias))
		return position;
	line = dwarf_getsrc_die(&unit, lookup - bias);
	if (line && !dwarf_lineno(line, &position.line))
		position.file = dwarf_linesrc(line, NULL, NULL);
	if (position.file)
		position.file = short_file(symbols, position.file, unit_directory(&unit));
	return position;
}

/*
 * The function and the inlined ones in it that hold an address, innermost first, in *scopes for
 * free(). Returns how many; scopes of other kinds are among them.
 */
static int scopes_of(Dwfl_Module *module, uint64_t lookup, Dwarf_Die **scopes, Dwarf_Die *unit)
{
	Dwarf_Die innermost, split;
	Dwarf_Addr bias;
	int count;

	*scopes = NULL;
	if (!unit_of(module, lookup, unit, &bias))
		return 0;
	/* With -gsplit-dwarf all but the lines is in another file. */
	if (!dwarf_cu_info(unit->cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) &&
	    dwarf_tag(&split) == DW_TAG_compile_unit)
		*unit = split;
	count = dwarf_getscopes(unit, lookup - bias, scopes);
	if (count <= 0)
		return 0;
	/* These continue with where an inlined function was written, not with where it is used. */
	innermost = (*scopes)[0];
	free(*scopes);
	*scopes = NULL;
	count = dwarf_getscopes_die(&innermost, scopes);
	return count > 0 ? count : 0;
}

static struct position call_position(struct symbols *symbols, Dwarf_Die *inlined, Dwarf_Die *unit)
{
	struct position position = { 0 };
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;
	Dwarf_Files *files;
	size_t count;

	if (!dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) &&
	    !dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) &&
	    !dwarf_getsrcfiles(unit, &files, &count)) {
		position.file = dwarf_filesrc(files, file, NULL, NULL);
		position.line = (int)line;
	}
	if (position.file)
		position.file = short_file(symbols, position.file, unit_directory(unit));
	return position;
}

void symbols_place(struct symbols *symbols, uint64_t pc, bool after, char *buffer, size_t size)
{
	uint64_t lookup, offset;
	Dwfl_Module *module = module_of(symbols, pc, after, &lookup);
	const char *function = NULL;
	struct position position;
	Dwarf_Die *scopes, unit;
	GElf_Sym symbol;
	int count;

	if (!module) {
		snprintf(buffer, size, "0x%llx", (unsigned long long)pc);
		return;
	}
	count = scopes_of(module, lookup, &scopes, &unit);
	for (int i = 0; i < count && !function; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram)
			function = dwarf_diename(&scopes[i]);
	}
	free(scopes);
	position = position_of(symbols, module, lookup);
	if (function && position.file) {
		snprintf(buffer, size, "%s (%s:%d)", function, position.file, position.line);
		return;
	}
	function = dwfl_module_addrinfo(module, lookup, &offset, &symbol, NULL, NULL, NULL);
	offset += pc - lookup;
	if (function && position.file)
		snprintf(buffer, size, "%s (%s:%d)", function, position.file, position.line);
	else if (function)
		snprintf(buffer, size, "%s+0x%llx (%s)", function, (unsigned long long)offset,
			 module_name(module));
	else
		snprintf(buffer, size, "%s+0x%llx", module_name(module),
			 (unsigned long long)(pc - module_start(module)));
}

bool symbols_visit(struct symbols *symbols, uint64_t pc, bool after,
		   bool (*visit)(void *context, const struct symbols_frame *frame), void *context)
{
	uint64_t lookup, offset = 0;
	Dwfl_Module *module = module_of(symbols, pc, after, &lookup);
	struct symbols_frame frame = { .inlined = true };
	struct position position;
	const char *outermost;
	Dwarf_Die *scopes, unit;
	bool stopped = false;
	GElf_Sym symbol;
	int count;

	if (!module)
		return false;
	frame.module = module_name(module);
	frame.in_program = is_main_module(symbols, module);
	outermost = dwfl_module_addrinfo(module, lookup, &offset, &symbol, NULL, NULL, NULL);
	position = position_of(symbols, module, lookup);
	count = scopes_of(module, lookup, &scopes, &unit);
	for (int i = 0; i < count && !stopped; i++) {
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram)
			break;
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		frame.function = dwarf_diename(&scopes[i]);
		frame.file = position.file;
		frame.line = position.line;
		stopped = visit(context, &frame);
		position = call_position(symbols, &scopes[i], &unit);
	}
	free(scopes);
	if (stopped)
		return true;
	frame.function = outermost;
	frame.offset = outermost ? offset + (pc - lookup) : pc - module_start(module);
	frame.inlined = false;
	frame.file = position.file;
	frame.line = position.line;
	return visit(context, &frame);
}

/* What symbols_print_frame() hands on to itself. */
struct printing {
	uint64_t pc;
	const char *note;
	unsigned int *count;
	FILE *out;
};

static bool print_function(void *context, const struct symbols_frame *frame)
{
	const struct printing *printing = context;
	FILE *out = printing->out;

	fprintf(out, "  #%-2u 0x%016llx ", (*printing->count)++, (unsigned long long)printing->pc);
	if (frame->inlined)
		fprintf(out, "%s, inlined", frame->function ? frame->function : "?");
	else
		fprintf(out, "%s+0x%llx", frame->function ? frame->function : frame->module,
			(unsigned long long)frame->offset);
	if (frame->file)
		fprintf(out, " at %s:%d", frame->file, frame->line);
	if (!frame->in_program)
		fprintf(out, " (%s)", frame->module);
	fprintf(out, "%s\n", printing->note);
	return false;
}

void symbols_print_frame(struct symbols *symbols, uint64_t pc, bool after, const char *note,
			 unsigned int *count, FILE *out)
{
	struct printing printing = { .pc = pc, .note = note, .count = count, .out = out };
	unsigned int before = *count;

	symbols_visit(symbols, pc, after, print_function, &printing);
	if (*count == before)
		fprintf(out, "  #%-2u 0x%016llx in no known code%s\n", (*count)++,
			(unsigned long long)pc, note);
}

const char *symbols_file(struct symbols *symbols, uint64_t pc)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, pc);

	return module ? position_of(symbols, module, pc).file : NULL;
}
