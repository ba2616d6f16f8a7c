/* SPDX-License-Identifier: MIT */
/*
 * What is found out about a function that a test replaces, between the files of this folder. Depends on
 * libdw.
 */
#ifndef COMMAND_REPLACEABLE_FUNCTION_H
#define COMMAND_REPLACEABLE_FUNCTION_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

/* Places that a message names, at most. */
#define FUNCTION_PLACES 3

struct function {
	char *name;	  /* as the test has it */
	char *module;	  /* the file that it is in */
	uint64_t address; /* as that file has it */
	bool upper;	  /* it is in what the file carries for the upper half */

	/* By the table of symbols. */
	const char *symbol;    /* a name that begins there, or NULL */
	uint64_t size, room;   /* of the symbol; up to the next, both in bytes */
	bool global, exported; /* of default visibility; in the dynamic table */
	bool is_local;	       /* some symbol of its name is */
	bool is_stub;	       /* of `ring0 stubs` */
	bool comes_back;       /* a part of it that is elsewhere leads to its first bytes */
	bool called_directly;  /* by code of the same file, not by way of its PLT */
	const char *clone;     /* a part or a copy that the compiler made of it, or NULL */
	char others[512]; /* its other names, a space before and behind each; the first, or NULL */
	const char *other;
	const char *twin; /* another function of the same code, or NULL */

	/* By debugging information, once there is some. */
	bool described, noreturn, assembly;
	const char *described_as; /* its name there: the test may know it by another */
	const char *source;	  /* of its unit */
	const char *producer;
	const char *file; /* where it is declared */
	int line;
	bool unit_optimized; /* as far as clang's units tell it without their flags */
	bool alone;	     /* in its unit */

	unsigned int inlined; /* how often */
	char places[512];     /* of that, some */
	char inlined_in[256]; /* the unit, also if nothing was left of it there, or "" */
	char copy[256];	      /* where there is another, or "" */
	char folded[256];     /* a unit whose compiler may know it, or "" */
	const char *unknown; /* code of which nothing is known, and which may have one of its own */

	char refusal[1024]; /* why it can't be replaced, or "" */
};

/* Note why a function can't be replaced; the first reason stays. */
void function_refuse(struct function *function, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The last part of a path. */
const char *function_base_name(const char *path);

/* Whether that is its name, as the test has it or as its source does. */
bool function_is_named(const struct function *function, const char *name);

/* Fill in what the symbols of a file, loaded as a module, tell of its functions. */
void function_symbols(Dwfl_Module *module, struct function *functions, size_t count);

/* Likewise which parts and copies of them there are, and where the parts lead, once they are described. */
void function_clones(Dwfl_Module *module, struct function *functions, size_t count);

/*
 * Of functions that are described as a header's, whether a file has code without debugging information, in which any
 * header's functions may be: none of it is the library's, which the program has, or the C compiler's.
 */
void function_unknown_code(Dwfl_Module *module, bool is_program, struct function *functions,
			   size_t count);

/* Of functions without debugging information, whether code of their file calls them directly. */
void function_direct_calls(Dwfl_Module *module, struct function *functions, size_t count);

/* Likewise what a file's debugging information tells of them, and then of who calls them. */
void function_describe(Dwarf *dwarf, struct function *functions, size_t count);
void function_callers(Dwarf *dwarf, const char *path, bool is_program, struct function *functions,
		      size_t count);

/* Refuse what the optimizer may have done to calls, by all that was filled in. */
void function_judge(struct function *function, const char *program);

#endif /* COMMAND_REPLACEABLE_FUNCTION_H */
