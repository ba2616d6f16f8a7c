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

static struct lab_entry *add_entry(struct lab_files *files)
{
	struct lab_entry *entries =
		realloc(files->entries, (files->count + 1) * sizeof(*files->entries));

	if (!entries)
		return NULL;
	files->entries = entries;
	return &entries[files->count++];
}

int lab_files_add(struct lab_files *files, const char *host, const char *inside)
{
	struct lab_entry *entry;
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
	entry = add_entry(files);
	if (!entry)
		return -ENOMEM;
	*entry = (struct lab_entry){
		.inside = lab_format("%s", inside),
		.host = S_ISREG(status.st_mode) ? lab_format("%s", host) : NULL,
		.mode = status.st_mode,
		.size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0,
	};
	files->total += entry->size;
	return 0;
}

void lab_files_put_off(struct lab_files *files, size_t number, const char *link)
{
	struct lab_entry *entry = add_entry(files);

	/* Without the link, it goes in at once. */
	if (!entry)
		return;
	files->entries[number].later = true;
	files->total -= files->entries[number].size;
	*entry = (struct lab_entry){
		.inside = lab_format("%s", files->entries[number].inside),
		.link = lab_format("%s", link),
		.mode = S_IFLNK | 0777,
	};
}

const struct lab_entry *lab_files_later(const struct lab_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->entries[i].later)
			return &files->entries[i];
	return NULL;
}

void lab_files_finish(struct lab_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->entries[i].inside);
		free(files->entries[i].host);
		free(files->entries[i].link);
	}
	free(files->entries);
	*files = (struct lab_files){ 0 };
}
