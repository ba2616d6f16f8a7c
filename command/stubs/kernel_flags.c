/* SPDX-License-Identifier: MIT */
/*
 * Flags that change how functions call one another, or what is around a stack: the objects of a kernel share them.
 * By the command line that compilers note: DWARF 5, 3.1.1, DW_AT_producer.
 */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "command/replaceable/producer.h"
#include "command/stubs/wanted.h"

/* By what they begin with. */
static const char *const flags[] = {
	"-mno-red-zone",
	"-mregparm",
	"-mabi=",
	"-fpack-struct",
	"-fshort-enums",
	"-fshort-wchar",
	"-freg-struct-return",
	"-fpcc-struct-return",
	"-mcmodel=large",
	"-fcall-used-",
	"-fcall-saved-",
	"-ffixed-",
	"-m32",
	"-mx32",
	"-mstack-protector-guard",
};

#define FLAGS (sizeof(flags) / sizeof(flags[0]))

struct unit {
	const char *object; /* NULL if there was none yet */
	char found[FLAGS][64];
};

static int complain(const struct wanted_list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int complain(const struct wanted_list *list, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", list->command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return -1;
}

static bool is_compiled(Dwarf_Die *unit)
{
	return dwarf_srclang(unit) != DW_LANG_Mips_Assembler;
}

/* Whether a word takes a flag back: the last one counts. */
static bool takes_back(const char *word, size_t length, const char *flag)
{
	static const char red_zone[] = "-mred-zone", no[] = "-fno-";

	if (strcmp(flag, "-mno-red-zone") == 0)
		return length == strlen(red_zone) && strncmp(word, red_zone, length) == 0;
	return length == strlen(flag) + 3 && strncmp(word, no, 5) == 0 &&
	       strncmp(word + 5, flag + 2, length - 5) == 0;
}

/* The words of the command line that are among those; false if it is not noted. */
static bool read_unit(Dwarf_Die *die, struct unit *unit)
{
	Dwarf_Attribute attribute;
	const char *at = dwarf_formstring(dwarf_attr(die, DW_AT_producer, &attribute));

	/* gcc always notes it, clang with -grecord-command-line. */
	if (!producer_of(at).has_flags)
		return false;
	while (*at) {
		size_t length = strcspn(at, " ");

		for (size_t i = 0; i < FLAGS; i++)
			if (strncmp(at, flags[i], strlen(flags[i])) == 0)
				snprintf(unit->found[i], sizeof(unit->found[i]), "%.*s",
					 (int)length, at);
			else if (takes_back(at, length, flags[i]))
				unit->found[i][0] = '\0';
		at += length + strspn(at + length, " ");
	}
	return true;
}

static const char *or_none(const char *flag)
{
	return flag[0] ? flag : "nothing of it";
}

static int check_unit(const struct wanted_list *list, struct unit *first, const struct unit *unit)
{
	for (size_t i = 0; i < FLAGS; i++) {
		const char *flag = unit->found[i];

		if (strncmp(flag, "-mregparm", 9) == 0 || strcmp(flag, "-m32") == 0 ||
		    strcmp(flag, "-mx32") == 0 || strcmp(flag, "-mabi=ms") == 0)
			return complain(list,
					"%s was compiled with %s, so that functions are called "
					"otherwise than a program's",
					unit->object, flag);
	}
	if (!first->object) {
		*first = *unit;
		return 0;
	}
	for (size_t i = 0; i < FLAGS; i++)
		if (strcmp(first->found[i], unit->found[i]) != 0)
			return complain(list,
					"%s was compiled with %s, and %s with %s: they are not of "
					"one kernel's configuration",
					first->object, or_none(first->found[i]), unit->object,
					first->found[i][0] && !unit->found[i][0] ?
						"nothing of it" :
						or_none(unit->found[i]));
	return 0;
}

static int check_object(const struct wanted_list *list, struct unit *first, const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwarf_Die *die = NULL;
	Dwarf_Addr bias;
	int status = 0;

	if (!dwfl)
		return 0;
	dwfl_report_begin(dwfl);
	dwfl_report_offline(dwfl, path, path, -1);
	dwfl_report_end(dwfl, NULL, NULL);
	while (!status && (die = dwfl_nextcu(dwfl, die, &bias))) {
		struct unit unit = { .object = path };

		if (is_compiled(die) && read_unit(die, &unit))
			status = check_unit(list, first, &unit);
	}
	dwfl_end(dwfl);
	return status;
}

int kernel_flags_check(const struct wanted_list *list)
{
	struct unit first = { 0 };
	int status = 0;

	for (size_t i = 0; i < list->file_count && !status; i++)
		status = check_object(list, &first, list->files[i]);
	return status;
}
