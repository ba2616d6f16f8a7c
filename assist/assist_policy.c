/* SPDX-License-Identifier: MIT */
/* Of the process: whether instructions are completed, and how many were. */
#include "assist/assist_policy.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "assist/assist.h"
#include "assist/patch_search.h"
#include "base/host.h"

#define NAMES 256

/* The process's, under the lock but for the mode, which is set before there are threads. */
static struct {
	enum assist_policy mode;
	bool is_set, one_by_one;
	uint64_t count, exits;
	struct {
		const char *name;
		uint64_t count;
	} names[NAMES];
	struct patch_search mistaken;
	pthread_mutex_t lock;
} process = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool assist_policy_of(const char *text, enum assist_policy *mode)
{
	static const char *const names[] = { "auto", "on", "off" };
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0) {
			*mode = (enum assist_policy)i;
			return true;
		}
	return false;
}

void assist_policy_set(enum assist_policy mode)
{
	process.mode = mode;
	process.is_set = true;
}

void assist_policy_set_batch(bool batch)
{
	process.one_by_one = !batch;
}

bool assist_policy_is_batch(void)
{
	return !process.one_by_one;
}

bool assist_policy_is_wanted(void)
{
	enum assist_policy mode = process.mode;
	const char *text = getenv("R0_ASSIST");

	if (!process.is_set && text)
		assist_policy_of(text, &mode);
	return mode == ASSIST_POLICY_ON || (mode == ASSIST_POLICY_AUTO && !host_virtualizes());
}

int assist_policy_add_patches(struct code_patches *patches, struct error *error)
{
	int err;

	/* A CPU that runs ring 0 itself makes no such mistakes. */
	if (!assist_policy_is_wanted() || host_virtualizes())
		return 0;
	pthread_mutex_lock(&process.lock);
	err = patch_search_find(&process.mistaken, patches, error);
	pthread_mutex_unlock(&process.lock);
	/* Without the decoder nothing can be completed: what needs it says so. */
	return err == -ENOENT ? 0 : err;
}

static void add(const char *name, uint64_t count)
{
	unsigned int i = 0;

	while (i < NAMES - 1 && process.names[i].name && strcmp(process.names[i].name, name) != 0)
		i++;
	process.names[i].name = i < NAMES - 1 ? name : "others";
	process.names[i].count += count;
	process.count += count;
}

void assist_policy_end(struct assist *assist)
{
	const char *name;
	uint64_t count;
	size_t i;

	if (!assist)
		return;
	assist_end(assist);
	pthread_mutex_lock(&process.lock);
	for (i = 0; assist_count_of(assist, i, &name, &count); i++)
		add(name, count);
	process.exits += assist_exits(assist);
	pthread_mutex_unlock(&process.lock);
	assist_forget_counts(assist);
}

uint64_t assist_policy_count(void)
{
	uint64_t count;

	pthread_mutex_lock(&process.lock);
	count = process.count;
	pthread_mutex_unlock(&process.lock);
	return count;
}

uint64_t assist_policy_exits(void)
{
	uint64_t exits;

	pthread_mutex_lock(&process.lock);
	exits = process.exits;
	pthread_mutex_unlock(&process.lock);
	return exits;
}

char *assist_policy_names(void)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	const char *separator = "";
	bool written[NAMES] = { false };
	unsigned int i;

	if (!out)
		return NULL;
	pthread_mutex_lock(&process.lock);
	for (;;) {
		int most = -1;

		for (i = 0; i < NAMES && process.names[i].name; i++)
			if (!written[i] &&
			    (most < 0 || process.names[i].count > process.names[most].count))
				most = (int)i;
		if (most < 0)
			break;
		written[most] = true;
		fprintf(out, "%s%" PRIu64 " %s", separator, process.names[most].count,
			process.names[most].name);
		separator = ", ";
	}
	pthread_mutex_unlock(&process.lock);
	return fclose(out) == 0 ? text : NULL;
}
