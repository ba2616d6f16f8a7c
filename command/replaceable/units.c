/* SPDX-License-Identifier: MIT */
/* What debugging information tells of functions, and of who was to call them. DWARF 5, 3.3. */
#include <dwarf.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/replaceable/function.h"
#include "command/replaceable/producer.h"

/* Its first instruction; false if there is no code of it. */
static bool entry_of(Dwarf_Die *die, Dwarf_Addr *entry)
{
	Dwarf_Addr base, end;

	if (dwarf_hasattr(die, DW_AT_declaration))
		return false;
	return dwarf_entrypc(die, entry) == 0 || dwarf_ranges(die, 0, &base, entry, &end) > 0;
}

static const char *producer_text(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(unit, DW_AT_producer, &attribute));
}

/* Clang describes calls where it optimizes: DWARF 5, 3.3.1.3; before that by GNU's extension. */
static bool describes_calls(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_call_all_calls) ||
	       dwarf_hasattr(die, DW_AT_call_all_source_calls) ||
	       dwarf_hasattr(die, DW_AT_call_all_tail_calls) ||
	       dwarf_hasattr(die, DW_AT_GNU_all_call_sites) ||
	       dwarf_hasattr(die, DW_AT_GNU_all_tail_call_sites);
}

struct unit {
	const char *source, *producer;
	bool optimized;		/* as far as its functions tell */
	unsigned int functions; /* that have code */
};

static void describe(struct function *function, Dwarf_Die *die, const char *source)
{
	const char *name = dwarf_diename(die);
	Dwarf_Attribute attribute;
	int line = 0;

	if (!name)
		name = "?";
	dwarf_decl_line(die, &line);
	if (function->described) {
		/* Two that were written begin there. Which one comes first says nothing. */
		if (strcmp(name, function->name) != 0)
			function->twin = name;
		else if (strcmp(name, function->described_as) != 0 || line != function->line)
			function->twin = function->described_as;
		return;
	}
	function->described = true;
	function->described_as = name;
	function->source = source;
	function->noreturn = dwarf_attr_integrate(die, DW_AT_noreturn, &attribute) != NULL;
	function->file = dwarf_decl_file(die);
	function->line = line;
}

/*
 * lld leaves no address in what describes a function that it has made one with another: LLVM's documentation, "ELF
 * Linker", on -z dead-reloc-in-nonalloc. Its symbol is still there. Another name of one function has no description.
 */
static void look_for_twin(Dwarf_Die *die, struct function *functions, size_t count)
{
	const char *name = dwarf_diename(die);
	Dwarf_Addr entry = 0;
	char word[256];

	if (!name || !entry_of(die, &entry) || (entry && entry < (Dwarf_Addr)-2))
		return;
	snprintf(word, sizeof(word), " %s ", name);
	for (size_t n = 0; n < count; n++)
		if (strstr(functions[n].others, word))
			functions[n].twin = name;
		else if (functions[n].other && strcmp(name, functions[n].name) == 0)
			functions[n].twin = functions[n].other;
}

static void describe_unit(Dwarf_Die *unit_die, struct function *functions, size_t count)
{
	struct unit unit = { dwarf_diename(unit_die), producer_text(unit_die), false, 0 };
	bool *is_here = calloc(count, sizeof(*is_here));
	Dwarf_Die die;

	if (!is_here)
		err(1, "ring0 replaceable");
	for (int more = dwarf_child(unit_die, &die); more == 0;
	     more = dwarf_siblingof(&die, &die)) {
		Dwarf_Addr entry;

		if (dwarf_tag(&die) != DW_TAG_subprogram || !entry_of(&die, &entry))
			continue;
		look_for_twin(&die, functions, count);
		unit.functions++;
		unit.optimized |= describes_calls(&die);
		for (size_t n = 0; n < count; n++)
			if (entry == functions[n].address) {
				describe(&functions[n], &die, unit.source);
				is_here[n] = true;
			}
	}
	/* Assemblers describe what is declared a function, and know nothing of calls. */
	for (size_t n = 0; n < count && dwarf_srclang(unit_die) == DW_LANG_Mips_Assembler; n++)
		if (dwarf_haspc(unit_die, functions[n].address) > 0) {
			/* Another unit may have described it, or may yet. */
			if (!functions[n].described_as)
				functions[n].described_as = functions[n].name;
			functions[n].described = true;
			functions[n].assembly = true;
		}
	for (size_t n = 0; n < count; n++) {
		if (!is_here[n])
			continue;
		functions[n].producer = unit.producer;
		functions[n].unit_optimized = unit.optimized;
		functions[n].alone = unit.functions == 1;
	}
	free(is_here);
}

void function_describe(Dwarf *dwarf, struct function *functions, size_t count)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	for (; dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL) == 0; offset = next) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, offset + header, &unit))
			describe_unit(&unit, functions, count);
	}
}

/* Whether two paths may be one file's: compilers are called from many folders, and note what they are given. */
static bool is_same_file(const char *a, const char *b)
{
	size_t a_length, b_length;

	if (!a || !b)
		return true;
	while (strncmp(a, "../", 3) == 0 || strncmp(a, "./", 2) == 0)
		a = strchr(a, '/') + 1;
	while (strncmp(b, "../", 3) == 0 || strncmp(b, "./", 2) == 0)
		b = strchr(b, '/') + 1;
	a_length = strlen(a);
	b_length = strlen(b);
	if (a_length < b_length)
		return is_same_file(b, a);
	return strcmp(a + (a_length - b_length), b) == 0 && (a_length == b_length || b[0] != '/') &&
	       (a_length == b_length || a[a_length - b_length - 1] == '/');
}

/* Whether what that file has is that function's, by its name, or of a copy of its source in another unit. */
static bool is_of(Dwarf_Die *die, const char *name, const char *path,
		  const struct function *function)
{
	const char *file;
	int line = 0;

	if (!name || !function_is_named(function, name))
		return false;
	/* A library's, whose header may have it inline, in words of its own: as glibc's has atoi(). */
	if ((!function->described || strcmp(path, function->module) != 0) &&
	    dwarf_hasattr_integrate(die, DW_AT_external))
		return true;
	if (!function->described)
		return false;
	file = dwarf_decl_file(die);
	dwarf_decl_line(die, &line);
	return line == function->line && is_same_file(file, function->file);
}

static void note_inlined(struct function *function, Dwarf_Die *die, const char *caller)
{
	size_t length = strlen(function->places);
	Dwarf_Attribute attribute;
	Dwarf_Word line = 0, number = 0;
	const char *file = NULL;
	Dwarf_Files *files;
	size_t file_count;
	Dwarf_Die unit;

	if (function->inlined++ >= FUNCTION_PLACES)
		return;
	dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &line);
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &number) == 0 &&
	    dwarf_diecu(die, &unit, NULL, NULL) &&
	    dwarf_getsrcfiles(&unit, &files, &file_count) == 0 && number < file_count)
		file = dwarf_filesrc(files, number, NULL, NULL);
	snprintf(function->places + length, sizeof(function->places) - length, "%s%s() (%s:%u)",
		 length ? ", " : "", caller ? caller : "?", function_base_name(file),
		 (unsigned int)line);
}

static void look_at_inlined(Dwarf_Die *die, const char *path, const char *caller,
			    struct function *functions, size_t count)
{
	const char *name = dwarf_diename(die);

	for (size_t n = 0; n < count; n++)
		if (is_of(die, name, path, &functions[n]))
			note_inlined(&functions[n], die, caller);
}

static void walk(Dwarf_Die *parent, const char *path, const char *caller,
		 struct function *functions, size_t count)
{
	Dwarf_Die die;

	for (int more = dwarf_child(parent, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine)
			look_at_inlined(&die, path, caller, functions, count);
		if (tag == DW_TAG_subprogram)
			walk(&die, path, dwarf_diename(&die), functions, count);
		else if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
			 tag == DW_TAG_try_block)
			walk(&die, path, caller, functions, count);
	}
}

/*
 * Whether a function was inlined somewhere: DWARF 5, 3.3.8.1. Where nothing was left of it, this is all that is
 * told.
 */
static bool was_inlined(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	return dwarf_formudata(dwarf_attr(die, DW_AT_inline, &attribute), &value) == 0 &&
	       (value == DW_INL_inlined || value == DW_INL_declared_inlined);
}

/* `ring0 objects` has that before names that libc has, too. */
static const char *without_prefix(const char *name)
{
	static const char prefix[] = "kernel__";

	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : name;
}

/* Who calls a function knows that it does not return, whatever is known of the function: as of a stub. */
static void note_declaration(Dwarf_Die *die, struct function *functions, size_t count)
{
	const char *name = dwarf_diename(die);

	if (!name || !dwarf_hasattr(die, DW_AT_declaration) || !dwarf_hasattr(die, DW_AT_noreturn))
		return;
	for (size_t n = 0; n < count; n++)
		functions[n].noreturn |= !functions[n].is_local &&
					 (function_is_named(&functions[n], name) ||
					  strcmp(name, without_prefix(functions[n].name)) == 0);
}

/* Functions in other places than the one that is replaced. */
static void find_copies(Dwarf_Die *unit, const char *path, struct function *functions, size_t count)
{
	Dwarf_Die die;

	for (int more = dwarf_child(unit, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
		const char *name, *source = function_base_name(dwarf_diename(unit));
		bool inlined = was_inlined(&die);
		Dwarf_Addr entry;

		if (dwarf_tag(&die) != DW_TAG_subprogram)
			continue;
		note_declaration(&die, functions, count);
		if (!entry_of(&die, &entry) && !inlined)
			continue;
		name = dwarf_diename(&die);
		for (size_t n = 0; n < count; n++) {
			struct function *function = &functions[n];

			if (!is_of(&die, name, path, function))
				continue;
			if (inlined)
				snprintf(function->inlined_in, sizeof(function->inlined_in), "%s",
					 source);
			else if (entry != function->address || strcmp(path, function->module) != 0)
				snprintf(function->copy, sizeof(function->copy), "%s", source);
		}
	}
}

void function_callers(Dwarf *dwarf, const char *path, bool is_program, struct function *functions,
		      size_t count)
{
	Dwarf_Off offset = 0, next;
	size_t header, n;

	for (; dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL) == 0; offset = next) {
		const char *producer;
		Dwarf_Die unit;

		if (!dwarf_offdie(dwarf, offset + header, &unit))
			continue;
		producer = producer_text(&unit);
		if (producer_is_own(producer))
			continue;
		walk(&unit, path, NULL, functions, count);
		find_copies(&unit, path, functions, count);
		/* Where there is no code, nothing is called. */
		if (!is_program || dwarf_srclang(&unit) == DW_LANG_Mips_Assembler ||
		    (!dwarf_hasattr(&unit, DW_AT_low_pc) && !dwarf_hasattr(&unit, DW_AT_ranges)))
			continue;
		for (n = 0; n < count; n++) {
			const char *name = without_prefix(functions[n].name);

			if (producer_is_builtin(name) && producer_knows(producer, name) &&
			    !functions[n].folded[0])
				snprintf(functions[n].folded, sizeof(functions[n].folded), "%s",
					 function_base_name(dwarf_diename(&unit)));
		}
	}
}
