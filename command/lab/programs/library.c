/* SPDX-License-Identifier: MIT */
/*
 * Programs and the shared libraries that they need, found by walking DT_NEEDED as ld.so(8)
 * describes, without running anything. Depends on elf.h.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/lab/programs/elf.h"
#include "command/lab/error.h"
#include "command/lab/programs/files.h"
#include "command/lab/programs/library.h"
#include "command/lab/options.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

/* No chain of libraries is this deep: a guard against scripts whose interpreter is a script. */
#define DEPTH_MAX 64

/* What a search for libraries goes by, from the program down. */
struct chain {
	const struct chain *parent;
	const char *rpath; /* NULL where a DT_RUNPATH replaces it */
	char *origin;	   /* the directory of the object */
};

static bool fits(const char *path, const struct lab_options *options)
{
	struct lab_elf elf;
	bool yes = lab_elf_open(&elf, path) == 0 &&
		   elf.header->e_machine == options->architecture->elf_machine;

	lab_elf_close(&elf);
	return yes;
}

/* One directory of a search path, with $ORIGIN, $LIB and $PLATFORM filled in. */
static char *expand(const char *directory, size_t length, const char *origin)
{
	static const struct {
		const char *name;
		const char *value; /* NULL for the origin */
	} names[] = {
		{ "$ORIGIN", NULL }, { "${ORIGIN}", NULL }, { "$LIB", "lib" }, { "${LIB}", "lib" }
	};
	char *result = lab_format("%.*s", (int)length, directory);
	size_t at = 0;

	/* What was filled in is not looked at again: a directory may be named "$ORIGIN". */
	while (result[at += strcspn(result + at, "$")]) {
		const char *value = "$";
		size_t size = 1;
		char *longer;

		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			if (strncmp(result + at, names[i].name, strlen(names[i].name)))
				continue;
			size = strlen(names[i].name);
			value = names[i].value ? names[i].value : origin;
		}
		longer = lab_format("%.*s%s%s", (int)at, result, value, result + at + size);
		free(result);
		result = longer;
		at += strlen(value);
	}
	return result;
}

/* A search in progress: the library's name, and what was found. */
struct search {
	const struct lab_options *options;
	const char *name;
	char *host, *inside; /* found, if host is not NULL */
	char *unfit;	     /* one of that name for another architecture */
};

static bool try_directory(struct search *search, const char *directory)
{
	/* Cross-built programs' libraries are below the sysroot, and not below it inside. */
	const char *roots[] = { search->options->sysroot, "" };

	for (size_t i = search->options->sysroot ? 0 : 1; i < 2; i++) {
		char *host = lab_format("%s%s/%s", roots[i], directory, search->name);

		if (access(host, F_OK) == 0) {
			if (fits(host, search->options)) {
				search->host = host;
				search->inside = lab_format("%s/%s", directory, search->name);
				return true;
			}
			free(search->unfit);
			search->unfit = host;
		} else {
			free(host);
		}
	}
	return false;
}

static bool try_path(struct search *search, const char *path, const char *origin)
{
	while (path && *path) {
		size_t length = strcspn(path, ":;");
		char *directory = expand(path, length, origin);
		bool found = *directory == '/' && try_directory(search, directory);

		free(directory);
		if (found)
			return true;
		path += length + (path[length] != '\0');
	}
	return false;
}

/* The directories of ld.so.conf(5), for programs of this host. Includes are one level deep there. */
static bool try_configuration(struct search *search, const char *path, int depth)
{
	FILE *file = fopen(path, "re");
	char line[PATH_MAX];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		char *text = line + strspn(line, " \t");

		text[strcspn(text, "#\n")] = '\0';
		if (*text == '/')
			found = try_path(search, text, "/");
		if (!strncmp(text, "include ", 8) && depth == 0) {
			struct lab_strings names = { 0 };

			lab_glob(text + 8, &names);
			for (size_t i = 0; i < names.count && !found; i++)
				found = try_configuration(search, names.items[i], depth + 1);
			lab_strings_finish(&names);
		}
	}
	if (file)
		fclose(file);
	return found;
}

static bool is_native(const struct lab_options *options)
{
	return !options->sysroot;
}

static bool find_library(struct search *search, const struct lab_elf *elf,
			 const struct chain *chain)
{
	if (strchr(search->name, '/')) {
		search->host = realpath(search->name, NULL);
		search->inside = search->host ? lab_format("%s", search->host) : NULL;
		return search->host != NULL;
	}
	if (!elf->runpath)
		for (const struct chain *one = chain; one; one = one->parent)
			if (try_path(search, one->rpath, one->origin))
				return true;
	if (is_native(search->options) &&
	    try_path(search, getenv("LD_LIBRARY_PATH"), chain->origin))
		return true;
	if (try_path(search, elf->runpath, chain->origin))
		return true;
	if (is_native(search->options) && try_configuration(search, "/etc/ld.so.conf", 0))
		return true;
	return try_path(search, search->options->architecture->library_dirs, chain->origin);
}

static bool has(const struct lab_files *files, const char *inside)
{
	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->entries[i].inside, inside))
			return true;
	return false;
}

static int add_object(struct lab_files *files, const struct lab_options *options, const char *what,
		      const char *host, const char *inside, const struct chain *parent, int depth);

static int add_needed(struct lab_files *files, const struct lab_options *options,
		      const struct lab_elf *elf, const char *name, const char *host,
		      const struct chain *chain, int depth)
{
	struct search search = { .options = options, .name = name };
	int status;

	if (find_library(&search, elf, chain))
		status = add_object(files, options, "library", search.host, search.inside, chain,
				    depth + 1);
	else if (search.unfit)
		status = lab_error(LAB_ARCHITECTURE,
				   "%s needs %s: %s is not for %s; point --sysroot or "
				   "LD_LIBRARY_PATH at the right one",
				   host, name, search.unfit, options->architecture->name);
	else
		status = lab_error(LAB_MISSING,
				   "%s needs the shared library %s, which is nowhere that the "
				   "dynamic linker looks; set LD_LIBRARY_PATH",
				   host, name);
	free(search.host);
	free(search.inside);
	free(search.unfit);
	return status;
}

static int add_interpreter(struct lab_files *files, const struct lab_options *options,
			   const char *host, const char *interpreter, const struct chain *chain,
			   int depth)
{
	char *below = lab_format("%s%s", options->sysroot ? options->sysroot : "", interpreter);
	int status;

	if (access(below, F_OK))
		status = lab_error(LAB_MISSING, "%s needs the interpreter %s, which is not there%s",
				   host, below,
				   options->sysroot ? "; give the directory with --sysroot" : "");
	else
		status = add_object(files, options, "interpreter", below, interpreter, chain,
				    depth + 1);
	free(below);
	return status;
}

/* A script: the file that its first line names has to be there too. */
static int add_script(struct lab_files *files, const struct lab_options *options, const char *host,
		      const struct lab_blob *blob, const struct chain *chain, int depth)
{
	char line[PATH_MAX];
	size_t size = blob->size < sizeof(line) ? blob->size : sizeof(line) - 1;
	char *path;

	memcpy(line, blob->data, size);
	line[size] = '\0';
	line[strcspn(line, "\n")] = '\0';
	path = line + 2 + strspn(line + 2, " \t");
	path[strcspn(path, " \t")] = '\0';
	return add_interpreter(files, options, host, path, chain, depth);
}

static int add_libraries(struct lab_files *files, const struct lab_options *options,
			 const struct lab_elf *elf, const char *host, const struct chain *chain,
			 int depth)
{
	int status = 0;

	for (size_t i = 0; i < elf->dynamic_count && !status; i++) {
		const char *name;

		if (elf->dynamic[i].d_tag == DT_NULL)
			break;
		if (elf->dynamic[i].d_tag != DT_NEEDED)
			continue;
		name = lab_elf_text(elf, elf->dynamic[i].d_un.d_val);
		if (!name)
			return lab_error(LAB_MISSING, "%s is damaged: a DT_NEEDED has no name",
					 host);
		status = add_needed(files, options, elf, name, host, chain, depth);
	}
	return status;
}

static int add_object(struct lab_files *files, const struct lab_options *options, const char *what,
		      const char *host, const char *inside, const struct chain *parent, int depth)
{
	struct chain chain = { .parent = parent };
	struct lab_elf elf;
	char *slash;
	int err, status;

	if (has(files, inside))
		return 0;
	if (depth > DEPTH_MAX)
		return lab_error(LAB_MISSING, "%s: too many levels of libraries", host);
	err = lab_elf_open(&elf, host);
	chain.origin = lab_format("%s", inside);
	slash = strrchr(chain.origin, '/');
	if (slash)
		slash[slash == chain.origin] = '\0';
	if (err == -ENOEXEC && elf.blob.size > 2 && !memcmp(elf.blob.data, "#!", 2)) {
		status = add_script(files, options, host, &elf.blob, parent, depth);
	} else if (err == -ENOEXEC ||
		   (!err && elf.header->e_machine != options->architecture->elf_machine)) {
		status = lab_error(LAB_ARCHITECTURE,
				   "the %s %s is %s; this lab is for %s, `--arch` chooses another",
				   what, host, lab_elf_machine(&elf), options->architecture->name);
	} else if (err) {
		status = lab_error(LAB_MISSING, "the %s %s: %s", what, host, strerror(-err));
	} else {
		chain.rpath = elf.runpath ? NULL : elf.rpath;
		err = lab_files_add(files, host, inside);
		status = err ? lab_error(LAB_MISSING, "the %s %s: %s", what, host, strerror(-err)) :
			       0;
		if (!status && elf.interpreter)
			status = add_interpreter(files, options, host, elf.interpreter, &chain,
						 depth);
		if (!status)
			status = add_libraries(files, options, &elf, host, &chain, depth);
	}
	if (!status && err == -ENOEXEC) {
		err = lab_files_add(files, host, inside);
		if (err)
			status = lab_error(LAB_MISSING, "%s: %s", host, strerror(-err));
	}
	free(chain.origin);
	lab_elf_close(&elf);
	return status;
}

int lab_library_add(struct lab_files *files, const struct lab_options *options, const char *what,
		    const char *host, const char *inside)
{
	return add_object(files, options, what, host, inside, NULL, 0);
}
