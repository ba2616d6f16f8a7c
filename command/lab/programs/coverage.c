/* SPDX-License-Identifier: MIT */
/*
 * gcc's and clang's --coverage have the path of each .gcda in the program, and GCOV_PREFIX changes it
 * (gcc's manual, "Cross-profiling"). clang's -fprofile-instr-generate has one .profraw, named by
 * LLVM_PROFILE_FILE, and adds to what is there if %m is in that name.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/lab/error.h"
#include "command/lab/programs/coverage.h"
#include "command/lab/programs/elf.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

/* The value of a variable that the program will see, or "". */
static const char *variable(const struct lab_options *options, const char *name)
{
	const size_t length = strlen(name);
	const char *value = "";

	for (size_t i = 0; i < options->variables.count; i++) {
		const char *item = options->variables.items[i];

		if (!strncmp(item, name, length) && item[length] == '=')
			value = item + length + 1;
	}
	return value;
}

/* Where GCOV_PREFIX and GCOV_PREFIX_STRIP put a file: for free(). */
static char *prefixed(const struct lab_options *options, const char *path)
{
	const char *prefix = variable(options, "GCOV_PREFIX");
	long strip = atol(variable(options, "GCOV_PREFIX_STRIP"));

	for (; *prefix && strip > 0 && strchr(path + 1, '/'); strip--)
		path = strchr(path + 1, '/');
	return lab_format("%s%s", prefix, path);
}

static int add(struct lab_files *files, const char *path)
{
	int err = lab_files_add(files, path, path);

	/* Mostly it is not there yet. */
	if (!err || err == -ENOENT || err == -ENOTDIR)
		return 0;
	return lab_error(LAB_MISSING, "the file %s, to which coverage would be added: %s", path,
			 strerror(-err));
}

/* Each .gcda that is named in a program, and whether there are any. Returns 0 or a status. */
static int add_named(struct lab_files *files, const struct lab_options *options,
		     const struct lab_blob *blob, bool *any)
{
	static const char suffix[] = ".gcda";
	const unsigned char *end = blob->data + blob->size, *at = blob->data;
	int status = 0;

	while (!status && (at = memmem(at, (size_t)(end - at), suffix, sizeof(suffix)))) {
		const unsigned char *start = at;
		char *path;

		while (start > blob->data && start[-1] && at - start < PATH_MAX)
			start--;
		at += sizeof(suffix);
		if (*start != '/')
			continue;
		*any = true;
		path = prefixed(options, (const char *)start);
		status = add(files, path);
		free(path);
	}
	return status;
}

/* All .profraw beside the one that is named with a %m, which stands for a number of the program's. */
static int add_pool(struct lab_files *files, const struct lab_options *options)
{
	const char *name = variable(options, "LLVM_PROFILE_FILE");
	const char *slash = strrchr(name, '/'), *mark = strchr(name, '%');
	const struct dirent *entry;
	char *here, *folder;
	DIR *there;
	int status = 0;

	while (mark && mark[strspn(mark + 1, "0123456789") + 1] != 'm')
		mark = strchr(mark + 1, '%');
	if (!mark || (slash && mark < slash))
		return 0;
	here = *name == '/' ? lab_format("%s", "") : getcwd(NULL, 0);
	folder = lab_format("%s/%.*s", here ? here : "", slash ? (int)(slash - name) : 0, name);
	free(here);
	there = opendir(folder);
	while (there && !status && (entry = readdir(there))) {
		char *path = lab_format("%s/%s", folder, entry->d_name);

		if (lab_name_matches("*.profraw", entry->d_name, strlen(entry->d_name)))
			status = add(files, path);
		free(path);
	}
	if (there)
		closedir(there);
	free(folder);
	return status;
}

int lab_coverage_add(struct lab_files *files, struct lab_options *options)
{
	const size_t count = files->count;
	bool profile = false;
	int status = 0;

	for (size_t i = 0; i < count && !status; i++) {
		const char *path = files->entries[i].host;
		struct lab_elf elf;

		if (!path)
			continue;
		if (!lab_elf_open(&elf, path)) {
			status = add_named(files, options, &elf.blob, &options->coverage);
			profile |= lab_elf_has_section(&elf, "__llvm_prf_cnts");
		}
		lab_elf_close(&elf);
	}
	options->coverage |= profile;
	return profile && !status ? add_pool(files, options) : status;
}
