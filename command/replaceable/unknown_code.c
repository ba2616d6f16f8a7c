/* SPDX-License-Identifier: MIT */
/*
 * Code of which no debugging information tells what was inlined into it. It matters for functions of headers: each
 * file that includes one may have it inline, or as a copy of its own.
 */
#include <dwarf.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include "command/replaceable/function.h"
#include "command/replaceable/producer.h"

struct range {
	Dwarf_Addr start, end;
};

struct ranges {
	struct range *entries;
	size_t count;
	bool own; /* the library's units are among them: it has not been stripped */
};

static void add(struct ranges *ranges, Dwarf_Addr start, Dwarf_Addr end)
{
	ranges->entries =
		reallocarray(ranges->entries, ranges->count + 1, sizeof(*ranges->entries));
	if (!ranges->entries)
		err(1, "ring0 replaceable");
	ranges->entries[ranges->count++] = (struct range){ start, end };
}

static void add_unit(struct ranges *ranges, Dwarf_Die *unit)
{
	Dwarf_Addr base, start, end;
	Dwarf_Attribute attribute;
	ptrdiff_t offset = 0;

	/* All but its addresses may be in another file: DWARF 5, 3.1.2. */
	if (!dwarf_haschildren(unit) && dwarf_srclang(unit) != DW_LANG_Mips_Assembler)
		return;
	ranges->own |=
		producer_is_own(dwarf_formstring(dwarf_attr(unit, DW_AT_producer, &attribute)));
	while ((offset = dwarf_ranges(unit, offset, &base, &start, &end)) > 0)
		add(ranges, start, end);
}

static struct ranges ranges_of(Dwarf *dwarf)
{
	struct ranges ranges = { 0 };
	Dwarf_Off offset = 0, next;
	size_t header;

	for (; dwarf && dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL) == 0;
	     offset = next) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, offset + header, &unit))
			add_unit(&ranges, &unit);
	}
	return ranges;
}

static bool holds(const struct ranges *ranges, Dwarf_Addr address)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (address >= ranges->entries[i].start && address < ranges->entries[i].end)
			return true;
	return false;
}

/* What compilers and libc bring along, in crt1.o, crtbegin.o and libc_nonshared.a; their assembly has no size. */
static bool is_start_up_code(const char *name)
{
	static const char *const names[] = {
		"_start",
		"_init",
		"_fini",
		"_dl_relocate_static_pie",
		"__libc_csu_init",
		"__libc_csu_fini",
		"atexit",
		"at_quick_exit",
		"__pthread_atfork",
		"pthread_atfork",
		"deregister_tm_clones",
		"register_tm_clones",
		"__do_global_dtors_aux",
		"frame_dummy",
		"__stack_chk_fail_local",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* GCC's own arithmetic, as __popcountdi2(): GCC internals, "The GCC low-level runtime library". */
static bool is_arithmetic(const char *name)
{
	static const char *const modes[] = { "si", "di", "ti", "hf", "sf", "df", "xf", "tf" };
	size_t length = strlen(name);

	if (length < 6 || strncmp(name, "__", 2) != 0 || !strchr("234", name[length - 1]))
		return false;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strncmp(name + length - 3, modes[i], 2) == 0)
			return true;
	return false;
}

/* What GCC's --coverage links: libgcov. What clang's links changes its names from release to release. */
static bool is_counting(const char *name)
{
	return strncmp(name, "__gcov_", 7) == 0 || strncmp(name, "gcov_", 5) == 0 ||
	       strcmp(name, "mangle_path") == 0;
}

struct symbols {
	Dwfl_Module *module;
	GElf_Addr bias;
	int count;
};

static struct symbols symbols_of(Dwfl_Module *module)
{
	struct symbols symbols = { module, 0, dwfl_module_getsymtab(module) };

	dwfl_module_getelf(module, &symbols.bias);
	return symbols;
}

/* The name of one that is in the file, or NULL. */
static const char *symbol_at(const struct symbols *symbols, int number, GElf_Sym *symbol,
			     Dwarf_Addr *address)
{
	GElf_Word section;
	const char *name = dwfl_module_getsym_info(symbols->module, number, symbol, address,
						   &section, NULL, NULL);

	*address -= symbols->bias;
	return section == SHN_UNDEF || section == SHN_ABS ? NULL : name;
}

/* What `ring0 stubs` makes is assembly within C, which no debugging information has. */
static void add_stubs(struct ranges *ranges, const struct symbols *symbols)
{
	for (int i = 1; i < symbols->count; i++) {
		GElf_Sym symbol;
		Dwarf_Addr address;
		const char *name = symbol_at(symbols, i, &symbol, &address);

		if (name && strncmp(name, "r0_stub.", 8) == 0)
			add(ranges, address, address + 1);
	}
}

static const char *find_unknown(Dwfl_Module *module, struct ranges *ranges)
{
	const struct symbols symbols = symbols_of(module);

	add_stubs(ranges, &symbols);
	for (int i = 1; i < symbols.count; i++) {
		GElf_Sym symbol;
		Dwarf_Addr address;
		const char *name = symbol_at(&symbols, i, &symbol, &address);

		if (name && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_size &&
		    !is_start_up_code(name) && !is_arithmetic(name) && !is_counting(name) &&
		    !holds(ranges, address))
			return name;
	}
	return NULL;
}

/* That which its unit's own file does not have. */
static bool is_of_header(const struct function *function)
{
	return function->described && !function->assembly &&
	       strcmp(function_base_name(function->file), function_base_name(function->source)) !=
		       0;
}

void function_unknown_code(Dwfl_Module *module, bool is_program, struct function *functions,
			   size_t count)
{
	struct ranges ranges = { 0 };
	const char *unknown = NULL;
	bool asked = false;
	Dwarf_Addr bias;

	for (size_t n = 0; n < count; n++) {
		if (!is_of_header(&functions[n]) || functions[n].unknown)
			continue;
		if (!asked) {
			ranges = ranges_of(dwfl_module_getdwarf(module, &bias));
			/* Of a library that was stripped nothing can be told from what is not its. */
			unknown = ranges.own || !is_program ? find_unknown(module, &ranges) : NULL;
			asked = true;
		}
		functions[n].unknown = unknown;
	}
	free(ranges.entries);
}
