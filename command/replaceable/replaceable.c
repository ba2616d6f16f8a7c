/* SPDX-License-Identifier: MIT */
/*
 * ring0 replaceable: which functions a test can replace, and their sizes, by the files that they are in. Test
 * programs start it where they have .replace. Depends on function.h and libdwfl.
 *
 * The file that it reads has lines
 *   program PATH
 *   function ADDRESS PATH	as the file has it; "upper" in place of "function" for what the file carries for the
 *   NAME			upper half; answers call it by its number, from 0 on
 * and what it prints are the lines
 *   size NUMBER BYTES ROOM	the function's own, and what is free up to the next; 0 if not known
 *   noreturn NUMBER
 *   comes-back NUMBER		a part of it that is elsewhere leads to its first bytes
 *   refused NUMBER WHY
 *   end			if nothing failed
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/carried_files.h"
#include "command/commands.h"
#include "command/replaceable/function.h"
#include "command/upper_half.h"

struct question {
	char program[4096];
	struct function *functions;
	size_t count;
};

static bool read_function(struct question *question, const char *line, FILE *in)
{
	struct function *function = reallocarray(question->functions, question->count + 1,
						 sizeof(*question->functions));
	char path[4096], name[512];

	if (!function)
		return false;
	question->functions = function;
	function += question->count;
	*function = (struct function){ 0 };
	function->upper = strncmp(line, "upper ", 6) == 0;
	if (sscanf(line, "%*s %" SCNx64 " %4095[^\n]", &function->address, path) != 2 ||
	    !fgets(name, sizeof(name), in))
		return false;
	name[strcspn(name, "\n")] = '\0';
	function->module = strdup(path);
	function->name = strdup(name);
	question->count++;
	return function->module && function->name;
}

static int read_question(struct question *question, const char *path)
{
	FILE *in = fopen(path, "re");
	char line[4608];
	bool understood = in != NULL;

	while (understood && fgets(line, sizeof(line), in))
		if (sscanf(line, "program %4095[^\n]", question->program) != 1)
			understood = read_function(question, line, in);
	if (in)
		fclose(in);
	return understood && question->program[0] ? 0 : -EINVAL;
}

/* A file's functions stand together in the list. */
static size_t count_same(const struct question *question, size_t first)
{
	size_t count = 0;

	while (first + count < question->count &&
	       question->functions[first + count].upper == question->functions[first].upper &&
	       strcmp(question->functions[first + count].module,
		      question->functions[first].module) == 0)
		count++;
	return count;
}

/* A file, or what it carries for the upper half. */
static Dwfl *open_file(const char *path, bool upper, Dwfl_Module **module)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	char *here = carried_file(path);
	int fd = upper && here ? upper_half_open(here) : -1;

	*module = NULL;
	if (dwfl && here) {
		dwfl_report_begin(dwfl);
		if (!upper || fd >= 0)
			*module = dwfl_report_offline(dwfl, path, here, fd);
		dwfl_report_end(dwfl, NULL, NULL);
	}
	free(here);
	return dwfl;
}

static void look_at_file(struct question *question, size_t first, size_t count, Dwfl_Module *module,
			 bool is_program)
{
	struct function *functions = &question->functions[first];
	Dwarf_Addr bias;
	Dwarf *dwarf = dwfl_module_getdwarf(module, &bias);

	function_symbols(module, functions, count);
	if (dwarf)
		function_describe(dwarf, functions, count);
	function_clones(module, functions, count);
	function_direct_calls(module, functions, count);
	function_unknown_code(module, is_program, functions, count);
	if (!dwarf)
		return;
	function_callers(dwarf, functions->module,
			 strcmp(functions->module, question->program) == 0, functions, count);
}

/* Of another file's functions, this one of the program's may have inlined some, or know them. */
static void look_at_callers(struct question *question, size_t first, size_t count,
			    Dwfl_Module *module, bool is_program)
{
	Dwarf_Addr bias;
	Dwarf *dwarf = module ? dwfl_module_getdwarf(module, &bias) : NULL;

	if (!module)
		return;
	function_unknown_code(module, is_program, &question->functions[first], count);
	if (dwarf)
		function_callers(dwarf, question->program, true, &question->functions[first],
				 count);
}

static void print_answer(const struct question *question)
{
	for (size_t i = 0; i < question->count; i++) {
		const struct function *function = &question->functions[i];

		printf("size %zu %" PRIu64 " %" PRIu64 "\n", i, function->size,
		       function->room > function->size ? function->room : function->size);
		if (function->noreturn)
			printf("noreturn %zu\n", i);
		if (function->comes_back)
			printf("comes-back %zu\n", i);
		if (function->refusal[0])
			printf("refused %zu %s\n", i, function->refusal);
	}
	printf("end\n");
}

int replaceable_main(int argc, char **argv)
{
	struct question question = { 0 };
	Dwfl_Module *program, *upper;
	Dwfl *program_dwfl, *upper_dwfl;
	size_t first, count;

	if (argc != 2 || read_question(&question, argv[1])) {
		fputs("usage: ring0 replaceable FILE\n"
		      "Tell a test program which functions can be replaced.\n",
		      stderr);
		return 2;
	}
	/* What is told of a function has names that belong to the files, which stay open to the end. */
	program_dwfl = open_file(question.program, false, &program);
	upper_dwfl = open_file(question.program, true, &upper);
	for (first = 0; first < question.count; first += count) {
		const char *path = question.functions[first].module;
		bool is_program = strcmp(path, question.program) == 0;
		Dwfl_Module *module = question.functions[first].upper ? upper : program;

		count = count_same(&question, first);
		if (!is_program)
			open_file(path, false, &module);
		if (!module) {
			for (size_t i = first; i < first + count; i++)
				function_refuse(&question.functions[i], "%s can't be read: %s",
						path, dwfl_errmsg(-1));
			continue;
		}
		look_at_file(&question, first, count, module, module == program);
		if (module != program)
			look_at_callers(&question, first, count, program, true);
		if (module != upper)
			look_at_callers(&question, first, count, upper, false);
	}
	for (first = 0; first < question.count; first++)
		function_judge(&question.functions[first], question.program);
	print_answer(&question);
	dwfl_end(upper_dwfl);
	dwfl_end(program_dwfl);
	return 0;
}
