/* SPDX-License-Identifier: MIT */
/* Writes definitions, in C and assembly, of what a kernel's objects need and nothing has. Depends on wanted.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/stubs/stubs.h"

/* Below it are what kernels have at fixed places at GS, the stack protector's canary at 0x28. */
#define PER_CPU_FIRST 0x100

/* At least what code reads at GS that no name is known of. */
#define GS_LEAST 4096

/* Two bytes at most, and alike in every kernel: the compiler's own. */
static const char *const thunks[] = { "__fentry__",
				      "mcount",
				      "__x86_return_thunk",
				      "__x86_indirect_thunk_rax",
				      "__x86_indirect_thunk_rbx",
				      "__x86_indirect_thunk_rcx",
				      "__x86_indirect_thunk_rdx",
				      "__x86_indirect_thunk_rsi",
				      "__x86_indirect_thunk_rdi",
				      "__x86_indirect_thunk_rbp",
				      "__x86_indirect_thunk_r8",
				      "__x86_indirect_thunk_r9",
				      "__x86_indirect_thunk_r10",
				      "__x86_indirect_thunk_r11",
				      "__x86_indirect_thunk_r12",
				      "__x86_indirect_thunk_r13",
				      "__x86_indirect_thunk_r14",
				      "__x86_indirect_thunk_r15" };

#define THUNKS (sizeof(thunks) / sizeof(thunks[0]))

bool stubs_is_thunk(const char *name)
{
	for (size_t i = 0; i < THUNKS; i++)
		if (strcmp(thunks[i], name) == 0)
			return true;
	return false;
}

static void define_thunk(const char *name, FILE *out)
{
	static const char start[] = "__x86_indirect_thunk_";

	if (strncmp(name, start, strlen(start)) == 0)
		fprintf(out, "THUNK(%s, \"jmp *%%%s\")\n", name, name + strlen(start));
	else
		fprintf(out, "THUNK(%s, \"ret\")\n", name);
}

enum kind {
	KIND_NONE, /* nothing to define */
	KIND_THUNK,
	KIND_TLS,
	KIND_PER_CPU,
	KIND_FUNCTION,
	KIND_VARIABLE,
	KIND_GUESS, /* a variable, perhaps */
};

static enum kind kind_of(const struct wanted_list *list, const struct wanted *wanted)
{
	if (!wanted->needed || wanted->definer || strncmp(wanted->name, "r0_", 3) == 0 ||
	    wanted_is_linkers(list, wanted->name))
		return KIND_NONE;
	/* Before libc's, as the profiler's __fentry__() is. */
	if (stubs_is_thunk(wanted->name))
		return KIND_THUNK;
	if (wanted_is_libcs(wanted->name) || !wanted->strong)
		return KIND_NONE;
	if (wanted->tls)
		return KIND_TLS;
	if (wanted->uses & WANTED_PER_CPU)
		return KIND_PER_CPU;
	if (wanted->uses & WANTED_VARIABLE)
		return KIND_VARIABLE;
	if (wanted->uses & (WANTED_CALLED | WANTED_FUNCTION))
		return KIND_FUNCTION;
	if (wanted->uses & WANTED_ACCESSED)
		return KIND_VARIABLE;
	return KIND_GUESS;
}

bool stubs_has(const struct wanted_list *list, const struct wanted *wanted)
{
	return kind_of(list, wanted) != KIND_NONE;
}

static const char preamble[] =
	"/* By `ring0 stubs`: what the objects of this program need and nothing has. */\n"
	"\n"
	"/* A jump, so that the return address is the caller's. r0_stub.NAME tells .replace that no code is lost. */\n"
	"#define FUNCTION(name) \\\n"
	"\t__asm__(\".pushsection .text\\n.weak \" #name \"\\n.type \" #name \", @function\\n\" #name \":\\n\" \\\n"
	"\t\t\"r0_stub.\" #name \": lea 1f(%rip), %rdi\\n\\tjmp r0_missing_function\\n\" \\\n"
	"\t\t\".size \" #name \", . - \" #name \"\\n.popsection\\n\" \\\n"
	"\t\t\".pushsection .rodata\\n1: .asciz \\\"\" #name \"\\\"\\n.popsection\");\n"
	"/* The same where the program calls it otherwise, as libc has another of its name. */\n"
	"#define FUNCTION_AS(symbol, name) \\\n"
	"\t__asm__(\".pushsection .text\\n.weak \" #symbol \"\\n.type \" #symbol \", @function\\n\" #symbol \":\\n\" \\\n"
	"\t\t\"r0_stub.\" #symbol \": lea 1f(%rip), %rdi\\n\\tjmp r0_missing_function\\n\" \\\n"
	"\t\t\".size \" #symbol \", . - \" #symbol \"\\n.popsection\\n\" \\\n"
	"\t\t\".pushsection .rodata\\n1: .asciz \\\"\" #name \"\\\"\\n.popsection\");\n"
	"#define THUNK(name, code) \\\n"
	"\t__asm__(\".pushsection .text\\n.weak \" #name \"\\n.type \" #name \", @function\\n\" #name \": r0_stub.\" #name \": \" code \\\n"
	"\t\t\"\\n\\tint3\\n.size \" #name \", . - \" #name \"\\n.popsection\");\n"
	"/* An offset at GS: see R0_GS(). */\n"
	"#define PER_CPU(name, offset) __asm__(\".weak \" #name \"\\n.set \" #name \", \" #offset);\n"
	"/* On pages of their own, which are absent until they are touched: so it is seen who reads what nobody set. */\n"
	"struct r0_unset {\n\tvoid *at;\n\tunsigned long size;\n\tconst char *name;\n};\n"
	"#define VARIABLE(name_, size_) \\\n"
	"\t__attribute__((weak, aligned(4096), section(\"r0_unset\"))) \\\n"
	"\tchar name_[((size_) + 4095) & ~4095ul]; \\\n"
	"\tstatic const struct r0_unset unset_##name_ = { name_, (size_), #name_ }; \\\n"
	"\tstatic const struct r0_unset *const unset_at_##name_ \\\n"
	"\t\t__attribute__((used, section(\"r0_unset_names\"))) = &unset_##name_;\n"
	"\n";

/* A table, that is, and no bound of a section. */
static bool is_constant(const struct wanted *wanted)
{
	return wanted->uses & WANTED_CONSTANT && wanted->size;
}

struct counts {
	unsigned int functions, variables, per_cpu, thunks, guesses, constants;
};

static size_t per_cpu_size(const struct wanted *wanted)
{
	return ((wanted->size ? wanted->size : 8) + 63) & ~(size_t)63;
}

static const char *name_of(const struct wanted *wanted)
{
	return wanted->renamed ? wanted->renamed : wanted->name;
}

/* Of an array whose length is not known at least what is accessed, in whole pages. */
static size_t size_of(const struct wanted *wanted)
{
	if (wanted->size && !(wanted->uses & WANTED_UNBOUNDED))
		return wanted->size;
	return wanted->size ? (wanted->size + 4095) & ~(size_t)4095 : 4096;
}

static void define(const struct wanted *wanted, enum kind kind, size_t *per_cpu,
		   struct counts *counts, FILE *out)
{
	const char *name = name_of(wanted);

	if (wanted->declaration)
		fprintf(out, "/* %s%s */\n", wanted->declaration,
			is_constant(wanted) ? ": constant, link the object that has it" : "");
	if (wanted->uses & WANTED_ALTERNATIVE)
		fprintf(out,
			"/* Called where the kernel may patch, by rules of its own: link the kernel's. */\n");
	switch (kind) {
	case KIND_NONE:
		break;
	case KIND_THUNK:
		counts->thunks++;
		define_thunk(name, out);
		break;
	case KIND_TLS:
		counts->variables++;
		fprintf(out, "__attribute__((weak)) __thread char %s[%zu];\n", name,
			wanted->size ? wanted->size : 8);
		break;
	case KIND_PER_CPU:
		counts->per_cpu++;
		fprintf(out, "PER_CPU(%s, %#zx)\n", name, *per_cpu);
		*per_cpu += per_cpu_size(wanted);
		break;
	case KIND_FUNCTION:
		counts->functions++;
		if (wanted->renamed)
			fprintf(out, "FUNCTION_AS(%s, %s)\n", name, wanted->name);
		else
			fprintf(out, "FUNCTION(%s)\n", name);
		break;
	case KIND_VARIABLE:
		counts->variables++;
		counts->constants += is_constant(wanted);
		fprintf(out, "VARIABLE(%s, %zu)%s\n", name, size_of(wanted),
			size_of(wanted) == wanted->size ? "" : " /* its size is not known */");
		break;
	case KIND_GUESS:
		counts->guesses++;
		fprintf(out, "VARIABLE(%s, 4096) /* a guess: only its address is taken */\n", name);
		break;
	}
}

static size_t gs_size(const struct wanted_list *list)
{
	size_t end = PER_CPU_FIRST;

	for (size_t i = 0; i < list->count; i++)
		if (kind_of(list, list->entries[i]) == KIND_PER_CPU)
			end += per_cpu_size(list->entries[i]);
	if (list->own_per_cpu)
		end = WANTED_OWN_PER_CPU + list->own_per_cpu;
	return end < GS_LEAST ? GS_LEAST : (end + 4095) & ~(size_t)4095;
}

void stubs_write_header(const struct wanted_list *list, FILE *out)
{
	fprintf(out,
		"/* By `ring0 stubs --header`: what the objects of this program need and nothing has. */\n\n"
		"/* An area for each CPU: .gs = R0_GS(areas, R0_STUBS_GS_SIZE) */\n"
		"#define R0_STUBS_GS_SIZE %zu\n\n",
		gs_size(list));
	for (size_t i = 0; i < list->count; i++) {
		const struct wanted *wanted = list->entries[i];
		enum kind kind = kind_of(list, wanted);

		if (kind == KIND_NONE || kind == KIND_THUNK)
			continue;
		if (wanted->declaration)
			fprintf(out, "/* %s */", wanted->declaration);
		else
			fprintf(out, "/* %s%s */", wanted->name, kind == KIND_FUNCTION ? "()" : "");
		if (kind != KIND_FUNCTION && wanted->size && !(wanted->uses & WANTED_UNBOUNDED))
			fprintf(out, " /* %zu bytes */", wanted->size);
		fputc('\n', out);
	}
}

/* More than that a line has no room for. */
#define NAMES_MOST 8

static void name_constants(const struct wanted_list *list, unsigned int count)
{
	unsigned int named = 0;

	fprintf(stderr, "%s: %u variables are constant, and zero now: ", list->command, count);
	for (size_t i = 0; i < list->count && named < NAMES_MOST; i++)
		if (is_constant(list->entries[i]) &&
		    kind_of(list, list->entries[i]) == KIND_VARIABLE)
			fprintf(stderr, "%s%s", named++ ? ", " : "", list->entries[i]->name);
	fprintf(stderr, "%s: link the objects that have them\n", count > named ? ", …" : "");
}

void stubs_write(const struct wanted_list *list, FILE *out)
{
	size_t per_cpu = PER_CPU_FIRST;
	struct counts counts = { 0 };

	fputs(preamble, out);
	for (size_t i = 0; i < list->count; i++) {
		enum kind kind = kind_of(list, list->entries[i]);

		if (kind != KIND_NONE)
			define(list->entries[i], kind, &per_cpu, &counts, out);
	}
	for (size_t i = 0; list->all_thunks && i < THUNKS; i++) {
		const struct wanted *wanted = wanted_find(list, thunks[i]);

		if (!wanted || (!wanted->definer && !wanted->needed))
			define_thunk(thunks[i], out);
	}
	fprintf(stderr, "%s: %u functions, %u variables, %u per-CPU variables, %u thunks\n",
		list->command, counts.functions, counts.variables, counts.per_cpu, counts.thunks);
	if (counts.guesses)
		fprintf(stderr,
			"%s: %u of which only the address is taken are guessed to be variables%s\n",
			list->command, counts.guesses,
			list->described ? "" : ": with -g it is known");
	if (counts.constants)
		name_constants(list, counts.constants);
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i]->uses & WANTED_ALTERNATIVE &&
		    kind_of(list, list->entries[i]) == KIND_FUNCTION)
			fprintf(stderr,
				"%s: %s() is called by assembly with registers of its own: a C function "
				"in its place corrupts its caller; link the kernel's\n",
				list->command, list->entries[i]->name);
	if (list->jumps)
		fprintf(stderr,
			"%s: %s: %u static branches are jumps, as objtool did not run on it, and are "
			"taken whatever their keys are: objtool --hacks=jump_label puts that right\n",
			list->command, list->jumps_object, list->jumps);
}
