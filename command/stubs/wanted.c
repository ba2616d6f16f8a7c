/* SPDX-License-Identifier: MIT */
/* The list of names. */
#include "command/stubs/wanted.h"
#include <err.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 65536

static void *grow(void *entries, size_t count, size_t size)
{
	void *grown = realloc(entries, count * size);

	if (!grown)
		err(1, "ring0 stubs");
	return grown;
}

static char *copy(const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		err(1, "ring0 stubs");
	return copied;
}

/* FNV-1a. */
static size_t hash(const char *name)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *name; name++)
		value = (value ^ (uint8_t)*name) * 0x100000001b3;
	return (size_t)value;
}

static struct wanted **slot_of(const struct wanted_list *list, const char *name)
{
	size_t at = hash(name) % list->bucket_count;

	while (list->buckets[at] && strcmp(list->buckets[at]->name, name) != 0)
		at = (at + 1) % list->bucket_count;
	return &list->buckets[at];
}

struct wanted *wanted_find(const struct wanted_list *list, const char *name)
{
	return list->bucket_count ? *slot_of(list, name) : NULL;
}

static void rehash(struct wanted_list *list)
{
	list->bucket_count = list->bucket_count ? 4 * list->bucket_count : BUCKETS;
	free(list->buckets);
	list->buckets = grow(NULL, list->bucket_count, sizeof(*list->buckets));
	memset(list->buckets, 0, list->bucket_count * sizeof(*list->buckets));
	for (size_t i = 0; i < list->count; i++)
		*slot_of(list, list->entries[i]->name) = list->entries[i];
}

struct wanted *wanted_name(struct wanted_list *list, const char *name)
{
	struct wanted *entry;

	if (2 * list->count >= list->bucket_count)
		rehash(list);
	entry = *slot_of(list, name);
	if (entry)
		return entry;
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 256;
		list->entries = grow(list->entries, list->capacity, sizeof(*list->entries));
	}
	entry = grow(NULL, 1, sizeof(*entry));
	*entry = (struct wanted){ .name = copy(name) };
	*slot_of(list, name) = entry;
	list->entries[list->count++] = entry;
	return entry;
}

void wanted_add_section(struct wanted_list *list, const char *name)
{
	for (size_t i = 0; i < list->section_count; i++)
		if (strcmp(list->sections[i], name) == 0)
			return;
	list->sections = grow(list->sections, list->section_count + 1, sizeof(*list->sections));
	list->sections[list->section_count++] = copy(name);
}

void wanted_add_file(struct wanted_list *list, const char *path)
{
	list->files = grow(list->files, list->file_count + 1, sizeof(*list->files));
	list->files[list->file_count++] = copy(path);
}

bool *wanted_grow(bool *flags, size_t *capacity)
{
	size_t before = *capacity;

	*capacity = before ? 2 * before : 64;
	flags = grow(flags, *capacity, sizeof(*flags));
	memset(flags + before, 0, (*capacity - before) * sizeof(*flags));
	return flags;
}

bool wanted_is_linkers(const struct wanted_list *list, const char *name)
{
	static const char *const names[] = { "_GLOBAL_OFFSET_TABLE_",
					     "__bss_start",
					     "_edata",
					     "edata",
					     "_end",
					     "end",
					     "_etext",
					     "etext",
					     "__executable_start",
					     "__dso_handle" };
	const char *section = strncmp(name, "__start_", 8) == 0 ? name + 8 :
			      strncmp(name, "__stop_", 7) == 0	? name + 7 :
								  NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	/* Only where a section has that very name: kernels have other bounds, of their linker scripts. */
	for (size_t i = 0; section && i < list->section_count; i++)
		if (strcmp(list->sections[i], section) == 0)
			return true;
	return false;
}

/* ISO C's, and what kernels have of POSIX with the same meaning. Not what allocates, prints or ends something. */
bool wanted_is_libcs(const char *name)
{
	static const char *const names[] = {
		"memcpy",     "memmove",     "memset",	  "memcmp",  "memchr",	"bcmp",
		"strlen",     "strnlen",     "strcmp",	  "strncmp", "strcpy",	"strncpy",
		"strcat",     "strncat",     "strchr",	  "strrchr", "strstr",	"strspn",
		"strcspn",    "strpbrk",     "strsep",	  "stpcpy",  "bsearch", "qsort",
		"strcasecmp", "strncasecmp", "strchrnul", "ffs",     "abs",	"labs",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}
