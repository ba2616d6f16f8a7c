/* SPDX-License-Identifier: MIT */
/* In place of the rest of assist/, where Zydis' headers were not there to build it. */
#include <errno.h>
#include "assist/assist.h"
#include "assist/patch_search.h"

int assist_create(struct assist **assist, struct vcpu *vcpu, const struct assist_memory *memory,
		  struct error *error)
{
	(void)assist;
	(void)vcpu;
	(void)memory;
	return error_set(error, ENOENT,
			 "ring0 could complete it if it had been built with Zydis (on Debian and "
			 "Ubuntu the package libzydis-dev)");
}

void assist_destroy(struct assist *assist)
{
	(void)assist;
}

void assist_reset(struct assist *assist)
{
	(void)assist;
}

int assist_begin(struct assist *assist, struct error *error)
{
	(void)assist;
	(void)error;
	return -ENOENT;
}

void assist_end(struct assist *assist)
{
	(void)assist;
}

void assist_set_batch(struct assist *assist, bool batch)
{
	(void)assist;
	(void)batch;
}

enum assist_answer assist_complete(struct assist *assist, struct bus *bus, const char **why,
				   struct error *error)
{
	(void)assist;
	(void)bus;
	(void)error;
	*why = NULL;
	return ASSIST_CANNOT;
}

bool assist_load(struct error *error)
{
	error_set(error, ENOENT, "built without Zydis");
	return false;
}

const char *assist_refused_mnemonic(const struct assist *assist)
{
	(void)assist;
	return NULL;
}

void assist_forget_counts(struct assist *assist)
{
	(void)assist;
}

uint64_t assist_exits(const struct assist *assist)
{
	(void)assist;
	return 0;
}

bool assist_count_of(const struct assist *assist, size_t index, const char **mnemonic,
		     uint64_t *count)
{
	(void)assist;
	(void)index;
	(void)mnemonic;
	(void)count;
	return false;
}

int patch_search_find(struct patch_search *mistaken, struct code_patches *patches,
		      struct error *error)
{
	(void)mistaken;
	(void)patches;
	return error_set(error, ENOENT, "built without Zydis");
}
