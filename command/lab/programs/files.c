/* SPDX-License-Identifier: MIT */
/*
 * The list of what goes into the machine: files and directories, each with its path inside.
 *
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/lab/programs/files.h"
#include "command/lab/strings.h"

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

void lab_files_finish(struct lab_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->entries[i].inside);
		free(files->entries[i].host);
	}
	free(files->entries);
	*files = (struct lab_files){ 0 };
}
