/* SPDX-License-Identifier: MIT */
/* One function that is replaced, and the files that have such. Between the files of this folder. */
#ifndef REPLACE_FUNCTION_H
#define REPLACE_FUNCTION_H

#include "base/error.h"
#include "mirror/maps.h"
#include "replace/move.h"
#include "replace/patch.h"

/* Memory near a file's code: pages of code, and one of data behind them. */
struct island {
	uint64_t start, size; /* in bytes; 0 if there is none */
	uint64_t used;
};

/* A file of code that is loaded. */
struct module {
	char *path;
	uint64_t bias;	    /* what its addresses are moved by */
	bool upper;	    /* it is what the file carries for the upper half */
	uint64_t low, high; /* where its functions are that are replaced */
	struct island island;
};

struct function {
	uint64_t named; /* its address as the program has it: see bind_function() */
	uint64_t at;	/* where it is */
	const char *name;
	struct module *module; /* or NULL */
	struct error refusal;  /* why it can't be replaced, or "" */
	bool noreturn;
	bool comes_back;   /* a part of it that is elsewhere leads to its first bytes */
	size_t size, room; /* its own, and what is free behind it, in bytes */
	struct patch patch;
	uint8_t *code; /* as it is, of `size` bytes; NULL if that is not known */
	struct move move;
	uint64_t original;	 /* where its own code is to be had, or 0 */
	const char *no_original; /* why it is not */
};

/*
 * The module of a function, one of `*count` or a new one, of which there is room for one more; NULL with the
 * function's refusal.
 */
struct module *module_find(struct module *modules, size_t *count, const struct maps *maps,
			   struct function *function);

/* Ask the command ring0 about them: fills in their refusals, sizes and what else is to be known. */
void functions_ask(struct function *functions, size_t count);

/* Find room for an island near a module's functions, and reserve it. Returns 0 or -errno. */
int island_reserve(struct module *module, uint64_t size);
void island_release(struct island *island);

#endif /* REPLACE_FUNCTION_H */
