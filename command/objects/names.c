/* SPDX-License-Identifier: MIT */
/*
 * Names that a kernel and libc both have. The program, the library ring0 in it, has to go on with libc's; the
 * kernel's objects, and the tests of them, mean the kernel's. Depends on stubs.h.
 */
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <gnu/lib-names.h>
#include <stdlib.h>
#include <string.h>
#include "command/objects/objects.h"
#include "command/stubs/stubs.h"

/* What the start of a program takes from it, and is in no library. */
static bool is_programs(const char *name)
{
	static const char *const names[] = { "main", "_start", "_init", "_fini" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* By itself, as other libraries of this command have names, too. */
static void *open_libc(void)
{
	void *libc = dlopen(LIBC_SO, RTLD_LAZY | RTLD_LOCAL);

	if (!libc)
		objects_complain("%s", dlerror());
	return libc;
}

/* No kernel has such names, which are C identifiers. */
static char *other_name(const char *name)
{
	char *text;

	if (asprintf(&text, "kernel__%s", name) < 0)
		err(1, "ring0 objects");
	return text;
}

int names_choose(struct wanted_list *list, const char *path)
{
	void *libc = open_libc();
	FILE *out = libc ? fopen(path, "we") : NULL;

	if (!libc)
		return -1;
	if (!out)
		return objects_complain("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < list->count; i++) {
		struct wanted *wanted = list->entries[i];

		if (!wanted->definer && !stubs_has(list, wanted))
			continue;
		/* Compilers call them by their names, also in the tests: libc's are for its profiler. */
		if (!wanted->definer && stubs_is_thunk(wanted->name))
			continue;
		if (!is_programs(wanted->name) && !dlsym(libc, wanted->name))
			continue;
		wanted->renamed = other_name(wanted->name);
		fprintf(out, "%s %s\n", wanted->name, wanted->renamed);
	}
	dlclose(libc);
	return fclose(out) ? objects_complain("%s: %s", path, strerror(errno)) : 0;
}

void names_write_header(const struct wanted_list *list, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < list->count; i++) {
		const struct wanted *wanted = list->entries[i];

		if (!wanted->renamed)
			continue;
		if (first)
			fputs("\n/* These are the kernel's, and not libc's, in a file that includes this. */\n",
			      out);
		first = false;
		fprintf(out, "#pragma redefine_extname %s %s\n", wanted->name, wanted->renamed);
	}
}
