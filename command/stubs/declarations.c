/* SPDX-License-Identifier: MIT */
/*
 * What debugging information tells of names that are not defined: compilers describe each that is used, a function
 * with its parameters and a variable with its type (DWARF 5, 2.13.1, DW_AT_declaration). By libdwfl, as it
 * alone applies the relocations of an object's sections.
 */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/stubs/wanted.h"

#define TYPE_SIZE 512
#define DEPTH	  16

/* A type as C has it, without what names can't say: enough for a comment. */
static void type_text(Dwarf_Die *die, char *text, int depth);

static void text_of(Dwarf_Die *parent, char *text, int depth)
{
	Dwarf_Attribute attribute;
	Dwarf_Die type;

	if (depth > DEPTH || !dwarf_formref_die(dwarf_attr(parent, DW_AT_type, &attribute), &type))
		snprintf(text, TYPE_SIZE, "%s", depth > DEPTH ? "…" : "void");
	else
		type_text(&type, text, depth + 1);
}

static void type_text(Dwarf_Die *die, char *text, int depth)
{
	const char *name = dwarf_diename(die);
	char inner[TYPE_SIZE];

	switch (dwarf_tag(die)) {
	case DW_TAG_pointer_type:
		text_of(die, inner, depth);
		snprintf(text, TYPE_SIZE, "%.500s%s", inner,
			 inner[strlen(inner) - 1] == '*' ? "*" : " *");
		break;
	case DW_TAG_const_type:
		text_of(die, inner, depth);
		if (inner[strlen(inner) - 1] == '*')
			snprintf(text, TYPE_SIZE, "%.500sconst", inner);
		else
			snprintf(text, TYPE_SIZE, "%s%.500s",
				 strncmp(inner, "const ", 6) == 0 ? "" : "const ", inner);
		break;
	case DW_TAG_volatile_type:
		text_of(die, inner, depth);
		snprintf(text, TYPE_SIZE, "volatile %.500s", inner);
		break;
	case DW_TAG_array_type:
		text_of(die, inner, depth);
		snprintf(text, TYPE_SIZE, "%.500s[]", inner);
		break;
	case DW_TAG_structure_type:
		snprintf(text, TYPE_SIZE, "struct %.500s", name ? name : "{…}");
		break;
	case DW_TAG_union_type:
		snprintf(text, TYPE_SIZE, "union %.500s", name ? name : "{…}");
		break;
	case DW_TAG_enumeration_type:
		snprintf(text, TYPE_SIZE, "enum %.500s", name ? name : "{…}");
		break;
	case DW_TAG_subroutine_type:
		text_of(die, inner, depth);
		snprintf(text, TYPE_SIZE, "%.500s ()()", inner);
		break;
	default:
		snprintf(text, TYPE_SIZE, "%.500s", name ? name : "…");
		break;
	}
}

/* Whether the variable's own memory can't be written: const, or an array of what is. */
static bool is_constant(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die type = *die;
	int depth;

	for (depth = 0; depth < DEPTH; depth++) {
		if (!dwarf_formref_die(dwarf_attr(&type, DW_AT_type, &attribute), &type))
			return false;
		if (dwarf_tag(&type) == DW_TAG_const_type)
			return true;
		if (dwarf_tag(&type) != DW_TAG_array_type && dwarf_tag(&type) != DW_TAG_typedef)
			return false;
	}
	return false;
}

static char *function_text(Dwarf_Die *die, const char *name)
{
	char type[TYPE_SIZE], *text = NULL;
	size_t size, count = 0;
	FILE *out = open_memstream(&text, &size);
	Dwarf_Die parameter;
	int more;

	if (!out)
		return NULL;
	text_of(die, type, 0);
	fprintf(out, "%s%s%s(", type, type[strlen(type) - 1] == '*' ? "" : " ", name);
	for (more = dwarf_child(die, &parameter); more == 0;
	     more = dwarf_siblingof(&parameter, &parameter)) {
		if (dwarf_tag(&parameter) == DW_TAG_unspecified_parameters)
			snprintf(type, sizeof(type), "...");
		else if (dwarf_tag(&parameter) == DW_TAG_formal_parameter)
			text_of(&parameter, type, 0);
		else
			continue;
		fprintf(out, "%s%s", count++ ? ", " : "", type);
	}
	fprintf(out, "%s)", count ? "" : "void");
	fclose(out);
	return text;
}

static char *variable_text(Dwarf_Die *die, const char *name)
{
	char type[TYPE_SIZE], *text = NULL;
	size_t length;

	text_of(die, type, 0);
	length = strlen(type);
	/* int[] name is int name[]. */
	if (length > 2 && strcmp(type + length - 2, "[]") == 0) {
		type[length - 2] = '\0';
		if (asprintf(&text, "%s %s[]", type, name) < 0)
			return NULL;
	} else if (asprintf(&text, "%s%s%s", type, type[length - 1] == '*' ? "" : " ", name) < 0) {
		return NULL;
	}
	return text;
}

static void take(struct wanted *wanted, Dwarf_Die *die, int tag)
{
	Dwarf_Attribute attribute;
	Dwarf_Word size = 0;
	Dwarf_Die type;

	if (tag == DW_TAG_subprogram) {
		wanted->uses |= WANTED_FUNCTION;
		if (!wanted->declaration)
			wanted->declaration = function_text(die, wanted->name);
		return;
	}
	wanted->uses |= WANTED_VARIABLE;
	if (is_constant(die))
		wanted->uses |= WANTED_CONSTANT;
	if (dwarf_formref_die(dwarf_attr(die, DW_AT_type, &attribute), &type)) {
		if (dwarf_aggregate_size(&type, &size) != 0)
			wanted->uses |= WANTED_UNBOUNDED;
		else if (size > wanted->size)
			wanted->size = size;
	}
	if (!wanted->declaration)
		wanted->declaration = variable_text(die, wanted->name);
}

static void read_unit(struct wanted_list *list, Dwarf_Die *unit)
{
	Dwarf_Die die;
	int more;

	for (more = dwarf_child(unit, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);
		const char *name;
		struct wanted *wanted;

		if ((tag != DW_TAG_subprogram && tag != DW_TAG_variable) ||
		    !dwarf_hasattr(&die, DW_AT_declaration))
			continue;
		name = dwarf_diename(&die);
		wanted = name ? wanted_find(list, name) : NULL;
		if (wanted && wanted->needed && !wanted->definer)
			take(wanted, &die, tag);
	}
}

static void read_file(struct wanted_list *list, const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module;
	Dwarf_Addr bias;
	Dwarf_Die *unit = NULL;

	if (!dwfl)
		return;
	dwfl_report_begin(dwfl);
	/* Of an archive, each of its members is a module. */
	module = dwfl_report_offline(dwfl, path, path, -1);
	dwfl_report_end(dwfl, NULL, NULL);
	if (module)
		while ((unit = dwfl_nextcu(dwfl, unit, &bias))) {
			list->described = true;
			read_unit(list, unit);
		}
	dwfl_end(dwfl);
}

void declarations_read(struct wanted_list *list)
{
	for (size_t i = 0; i < list->file_count; i++)
		read_file(list, list->files[i]);
}
