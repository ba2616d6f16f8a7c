/* SPDX-License-Identifier: MIT */
/* What a file's tables of symbols tell of its functions. */
#include <gelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "command/replaceable/branches.h"
#include "command/replaceable/function.h"

void function_refuse(struct function *function, const char *format, ...)
{
	va_list arguments;

	if (function->refusal[0])
		return;
	va_start(arguments, format);
	vsnprintf(function->refusal, sizeof(function->refusal), format, arguments);
	va_end(arguments);
}

const char *function_base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "?";
}

/* "f.constprop.0" of "f": what calls may go to in its place. Its cold part is reached by itself alone. */
static bool is_clone(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return strncmp(symbol, name, length) == 0 && symbol[length] == '.' &&
	       strncmp(symbol + length, ".cold", 5) != 0 &&
	       strncmp(symbol + length, ".localalias", 11) != 0;
}

bool function_is_named(const struct function *function, const char *name)
{
	return strcmp(name, function->name) == 0 ||
	       (function->described_as && strcmp(name, function->described_as) == 0);
}

static void note_name(struct function *function, const char *name, bool is_local)
{
	size_t length = strlen(function->others);

	if (strcmp(name, function->name) == 0) {
		/* Two files have a static one of that name, and the linker made one of them. */
		if (is_local && function->is_local)
			function->twin = name;
		function->is_local |= is_local;
		return;
	}
	if (!function->other)
		function->other = name;
	snprintf(function->others + length, sizeof(function->others) - length, "%s%s ",
		 length ? "" : " ", name);
}

static void take_code(struct function *function, const GElf_Sym *symbol, GElf_Addr address,
		      const char *name)
{
	unsigned int type = GELF_ST_TYPE(symbol->st_info);

	/* What hands over to the resolver's choice, not a function itself. */
	if (type == STT_GNU_IFUNC) {
		if (strcmp(name, function->name) == 0 && !function->symbol) {
			function->symbol = name;
			function->global = true;
			function->exported = true;
		}
		return;
	}
	if (address == function->address) {
		if (strncmp(name, "r0_stub.", 8) == 0) {
			function->is_stub = true;
			return;
		}
		if (!function->symbol || strcmp(name, function->name) == 0)
			function->symbol = name;
		if (type == STT_FUNC)
			note_name(function, name, GELF_ST_BIND(symbol->st_info) == STB_LOCAL);
		if (symbol->st_size > function->size)
			function->size = symbol->st_size;
		if (GELF_ST_BIND(symbol->st_info) != STB_LOCAL &&
		    GELF_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT)
			function->global = true;
	} else if (address > function->address && address - function->address < function->room) {
		function->room = address - function->address;
	}
}

static void take_exported(Dwfl_Module *module, struct function *functions, size_t count)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	Elf_Scn *section = NULL;

	while (elf && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM ||
		    !header.sh_entsize)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < header.sh_size / header.sh_entsize; i++) {
			GElf_Sym symbol;

			if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF)
				continue;
			for (size_t n = 0; n < count; n++)
				functions[n].exported |= symbol.st_value == functions[n].address;
		}
	}
}

void function_symbols(Dwfl_Module *module, struct function *functions, size_t count)
{
	int symbols = dwfl_module_getsymtab(module);
	GElf_Addr bias;

	/* Symbols come with the module's bias, which the addresses of what is asked for have not. */
	dwfl_module_getelf(module, &bias);
	for (size_t n = 0; n < count; n++)
		functions[n].room = UINT64_MAX;
	for (int i = 1; i < symbols; i++) {
		GElf_Sym symbol;
		GElf_Word section;
		GElf_Addr address;
		const char *name =
			dwfl_module_getsym_info(module, i, &symbol, &address, &section, NULL, NULL);
		unsigned int type = GELF_ST_TYPE(symbol.st_info);

		if (!name || !name[0] || section == SHN_UNDEF || section == SHN_ABS ||
		    type == STT_SECTION || type == STT_FILE || type == STT_TLS)
			continue;
		for (size_t n = 0; n < count; n++)
			take_code(&functions[n], &symbol, address - bias, name);
	}
	for (size_t n = 0; n < count; n++)
		if (functions[n].room == UINT64_MAX)
			functions[n].room = functions[n].size;
	take_exported(module, functions, count);
}

static uint16_t machine_of(Dwfl_Module *module)
{
	GElf_Addr bias;
	GElf_Ehdr header;
	Elf *elf = dwfl_module_getelf(module, &bias);

	return elf && gelf_getehdr(elf, &header) ? header.e_machine : EM_NONE;
}

/* Whether a jump leads to a function's first bytes. */
static bool leads_back(uint16_t machine, const uint8_t *code, size_t size, uint64_t address,
		       uint64_t to)
{
	struct branch branch;
	size_t at = 0;

	while (branches_next(machine, code, size, address, &at, &branch))
		if (branch.kind != BRANCH_CALL &&
		    branch.target - to < branches_first_bytes(machine))
			return true;
	return false;
}

/* GCC moves what is rarely executed away: its manual, -freorder-functions. */
static void look_at_cold_part(Dwfl_Module *module, const GElf_Sym *symbol, GElf_Addr address,
			      struct function *function)
{
	GElf_Addr bias, offset = address;
	Elf_Scn *section = dwfl_module_address_section(module, &offset, &bias);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	/* A hostile symbol may lead into .bss, of which a file has nothing. */
	if (!data || !data->d_buf || offset > data->d_size ||
	    symbol->st_size > data->d_size - offset)
		return;
	dwfl_module_getelf(module, &bias);
	function->comes_back |= leads_back(machine_of(module),
					   (const uint8_t *)data->d_buf + offset, symbol->st_size,
					   address - bias, function->address);
}

static bool is_cold_part(const char *symbol, const char *name)
{
	size_t length = name ? strlen(name) : 0;

	return name && strncmp(symbol, name, length) == 0 &&
	       strncmp(symbol + length, ".cold", 5) == 0;
}

void function_clones(Dwfl_Module *module, struct function *functions, size_t count)
{
	int symbols = dwfl_module_getsymtab(module);

	for (int i = 1; i < symbols; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		const char *name =
			dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);

		if (!name || GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		for (size_t n = 0; n < count; n++)
			if (is_clone(name, functions[n].name) ||
			    (functions[n].symbol && is_clone(name, functions[n].symbol)) ||
			    (functions[n].described_as &&
			     is_clone(name, functions[n].described_as)))
				functions[n].clone = name;
			else if (is_cold_part(name, functions[n].name) ||
				 is_cold_part(name, functions[n].described_as))
				look_at_cold_part(module, &symbol, address, &functions[n]);
	}
}

static void look_at_calls(uint16_t machine, const uint8_t *code, size_t size, uint64_t address,
			  struct function *functions, size_t count)
{
	struct branch branch;
	size_t at = 0;

	while (branches_next(machine, code, size, address, &at, &branch))
		for (size_t n = 0; n < count && branch.kind != BRANCH_CONDITIONAL; n++)
			functions[n].called_directly |= !functions[n].described &&
							functions[n].address == branch.target;
}

void function_direct_calls(Dwfl_Module *module, struct function *functions, size_t count)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	Elf_Scn *section = NULL;

	while (elf && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS ||
		    !(header.sh_flags & SHF_EXECINSTR))
			continue;
		data = elf_rawdata(section, NULL);
		if (data && data->d_buf)
			look_at_calls(machine_of(module), data->d_buf, data->d_size, header.sh_addr,
				      functions, count);
	}
}
