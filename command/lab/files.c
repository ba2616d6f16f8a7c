/* SPDX-License-Identifier: MIT */
/*
 * The list of what goes into the machine: files and directories, each with its path inside.
 * Depends on lab.h and libc.
 */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/lab/elf.h"
#include "command/lab/lab.h"

int lab_files_add(struct lab_files *files, const char *host, const char *inside)
{
	struct lab_entry *entries;
	struct stat status;

	for (size_t i = 0; i < files->count; i++)
		if (!strcmp(files->entries[i].inside, inside))
			return 0;
	if (stat(host, &status))
		return -errno;
	if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return -EINVAL;
	if (S_ISREG(status.st_mode) && access(host, R_OK))
		return -errno;
	entries = realloc(files->entries, (files->count + 1) * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	files->entries = entries;
	entries[files->count++] = (struct lab_entry){
		.inside = lab_format("%s", inside),
		.host = S_ISREG(status.st_mode) ? lab_format("%s", host) : NULL,
		.mode = status.st_mode,
		.size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0,
	};
	files->total += entries[files->count - 1].size;
	return 0;
}

/* nftw() has no argument for its function. */
static struct {
	struct lab_files *files;
	size_t host_length;
	const char *inside;
	char *failed;
} walk;

static int walked(const char *path, const struct stat *status, int type, struct FTW *where)
{
	char *inside = lab_format("%s%s", walk.inside, path + walk.host_length);
	int err = -EACCES;

	(void)status;
	(void)where;
	if (type != FTW_DNR && type != FTW_NS)
		err = lab_files_add(walk.files, path, inside);
	free(inside);
	if (err == -EINVAL || (err == -ENOENT && type == FTW_SLN))
		return 0; /* sockets, and links to nowhere */
	if (err)
		walk.failed = lab_format("%s: %s", path, strerror(-err));
	return err != 0;
}

int lab_files_add_option(struct lab_files *files, const struct lab_options *options,
			 const char *text)
{
	const char *colon = strchr(text, ':');
	char *host = colon ? lab_format("%.*s", (int)(colon - text), text) : lab_format("%s", text);
	char *real = realpath(host, NULL);
	char *inside = lab_format("%s", colon ? colon + 1 : real ? real : "");
	struct stat file;
	int status = 0;

	if (!real || stat(real, &file)) {
		status = lab_error(LAB_MISSING, "the file %s: %s", host, strerror(errno));
	} else if (*inside != '/') {
		status = lab_error(LAB_USAGE,
				   "--file %s: the path inside has to start with a slash", text);
	} else if (S_ISDIR(file.st_mode)) {
		walk.files = files;
		walk.host_length = strlen(real);
		walk.inside = inside;
		walk.failed = NULL;
		if (nftw(real, walked, 16, 0))
			status = lab_error(LAB_MISSING, "%s",
					   walk.failed ? walk.failed : strerror(errno));
		free(walk.failed);
	} else if (lab_elf_is(real)) {
		status = lab_library_add(files, options, "file", real, inside);
	} else {
		int err = lab_files_add(files, real, inside);

		if (err)
			status = lab_error(LAB_MISSING, "the file %s: %s", host, strerror(-err));
	}
	free(inside);
	free(real);
	free(host);
	return status;
}

void lab_files_finish(struct lab_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->entries[i].inside);
		free(files->entries[i].host);
	}
	free(files->entries);
	*files = (struct lab_files){ 0 };
}
