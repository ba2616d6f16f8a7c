/* SPDX-License-Identifier: MIT */
/*
 * Whether each call of a function is still a call of it. A compiler that sees the function may leave calls
 * out, make one of two, send them to a variant, or rely on registers and memory that the function does not
 * change: GCC's manual, "Optimize Options", of the -fipa- ones, and -flive-patching, which turns those off.
 */
#include <string.h>
#include "command/replaceable/function.h"
#include "command/replaceable/producer.h"

static void judge_gcc(struct function *function, const struct producer *producer)
{
	const char *source = function_base_name(function->source);

	if (!producer->optimizes || producer->live_patching || function->alone)
		return;
	if (producer->pic && producer->interposition && function->global)
		return;
	function_refuse(
		function,
		"%s was compiled so that calls in it may rely on what %s() does, or be left "
		"out: compile it with -flive-patching=inline-clone%s, or with -O0",
		source, function->name, function->global && !producer->pic ? " or -fPIC" : "");
}

static void judge_clang(struct function *function, const struct producer *producer)
{
	const char *source = function_base_name(function->source);

	if (producer->has_flags ? !producer->optimizes : !function->unit_optimized)
		return;
	if (!producer->has_flags) {
		function_refuse(function,
				"%s was compiled by clang, optimized, and does not say with which "
				"flags: compile it with -grecord-command-line -fPIC "
				"-fsemantic-interposition, or with -O0",
				source);
		return;
	}
	if (function->alone || (producer->pic && producer->interposition && function->global))
		return;
	function_refuse(
		function,
		"%s was compiled so that calls in it may rely on what %s() does, or be left "
		"out: compile it with %s-O0",
		source, function->name,
		function->global ? "-fPIC -fsemantic-interposition, or with " : "");
}

static void judge_unit(struct function *function)
{
	struct producer producer = producer_of(function->producer);

	if (producer.lto)
		function_refuse(
			function,
			"%s was compiled with -flto, so that calls in all files may rely on "
			"what it does: compile it with -fno-lto",
			function_base_name(function->source));
	switch (producer.compiler) {
	case COMPILER_GCC:
		judge_gcc(function, &producer);
		break;
	case COMPILER_CLANG:
		judge_clang(function, &producer);
		break;
	case COMPILER_OTHER:
		function_refuse(function,
				"%s was compiled by a compiler whose optimizations are not known "
				"here: \"%.80s\"",
				function_base_name(function->source),
				function->producer ? function->producer : "");
		break;
	}
}

/* Clang's have "specialized" in their names, from its version 19 on. */
static const char *flags_without_clone(const char *clone)
{
	return strstr(clone, ".specialized.") ? "-mllvm -funcspec-max-iters=0" :
						"-fno-ipa-cp -fno-ipa-sra -fno-partial-inlining";
}

void function_judge(struct function *function, const char *program)
{
	if (function->symbol && strncmp(function->symbol, "r0_", 3) == 0)
		function_refuse(function, "%s() is ring0's own", function->symbol);
	if (function->is_stub)
		return;
	if (!function->symbol)
		function_refuse(function, "no function of %s begins at its address",
				function_base_name(function->module));
	if (function->inlined)
		function_refuse(function,
				"it was inlined into %s%s: compile that with -fno-inline, or have "
				"__attribute__((noinline)) before it",
				function->places,
				function->inlined > FUNCTION_PLACES ? " and others" : "");
	/* Its description is that of a function that was inlined. */
	if (function->clone)
		function_refuse(function,
				"the compiler made %s of it, which some call in its place: compile "
				"it with %s",
				function->clone, flags_without_clone(function->clone));
	if (function->inlined_in[0])
		function_refuse(function,
				"it was inlined in %s, where nothing was left of it: compile that "
				"with -fno-inline, or put __attribute__((noinline)) before it",
				function->inlined_in);
	if (function->copy[0])
		function_refuse(
			function,
			"%s has a copy of its own, which calls there go to: have one that is "
			"not static",
			function->copy);
	if (function->unknown)
		function_refuse(
			function,
			"%s() has no debugging information, and may have a copy of it from %s: "
			"compile all of the program with -g",
			function->unknown, function_base_name(function->file));
	if (function->twin)
		function_refuse(
			function,
			"%s() is the same code: compile with -fno-ipa-icf, and link without "
			"--icf",
			function->twin);
	if (function->folded[0])
		function_refuse(function,
				"compilers know %s(), and make other code of its calls: compile %s "
				"with -fno-builtin%s",
				function->name, function->folded,
				" (clang with -grecord-command-line, too)");
	if (function->assembly)
		return;
	if (function->described) {
		judge_unit(function);
		return;
	}
	/* Who calls past the PLT was compiled so that no other function can be in this one's place. */
	if (function->called_directly && strcmp(function->module, program) != 0)
		function_refuse(
			function,
			"%s has calls of it that do not go by its PLT, and no debugging "
			"information of what its compiler took for granted: install that (a -dbg or "
			"-dbgsym package), or replace a function that calls it",
			function_base_name(function->module));
	/* A library's own files are not there; who is outside of it has no choice but to call. */
	if (strcmp(function->module, program) == 0 || !function->exported)
		function_refuse(function,
				"there is no debugging information of it, so ring0 can't tell "
				"whether each call of it is still there: compile it with -g");
}
