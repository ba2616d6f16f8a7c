/* SPDX-License-Identifier: MIT */
/* Copying files out of a machine: see collect.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/lab/collect.h"
#include "command/lab/error.h"
#include "command/lab/protocol.h"
#include "command/lab/strings.h"
#include "command/lab/talk.h"
#include "command/lab/whole_file.h"

/* Both sides have the same current directory, but init is not in it. */
static char *absolute(const char *path)
{
	char *directory = *path == '/' ? NULL : getcwd(NULL, 0);
	char *result = directory ? lab_format("%s/%s", directory, path) : lab_format("%s", path);

	free(directory);
	return result;
}

static int collect_one(struct lab_machine *machine, const struct lab_options *options,
		       const char *path)
{
	struct lab_limit limit = lab_talk_limit(machine, LAB_TALK_MS);
	int gone = lab_talk_transmit(machine, LAB_COLLECT, path, strlen(path) + 1, limit);
	int fd = -1, status = -1, err;

	while (!gone && status < 0) {
		struct lab_incoming incoming;

		gone = lab_talk_receive(machine, &incoming, limit);
		if (!gone && incoming.type == LAB_COLLECTED) {
			if (fd < 0)
				fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
			err = fd < 0 ? -errno :
				       lab_write_all(fd, incoming.content, incoming.length);
			if (err)
				status =
					lab_error(LAB_DISK, "writing %s: %s", path, strerror(-err));
			else if (!incoming.length)
				status = 0;
		} else if (!gone) {
			status = incoming.type == LAB_FAILED ? lab_talk_say_failed(&incoming) :
							       lab_talk_say_unknown(&incoming);
		}
		free(incoming.content);
	}
	if (fd >= 0 && close(fd) && !status)
		status = lab_error(LAB_DISK, "writing %s: %s", path, strerror(errno));
	return gone ? lab_talk_say_gone(machine, options, gone, "copying a file out") : status;
}

/* libgcov makes the folders of its files, too. Returns 0 or a status. */
static int make_folders(const char *path)
{
	char *copy = lab_format("%s", path);
	int status = 0;

	for (char *slash = strchr(copy + 1, '/'); slash && !status;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0777) && errno != EEXIST)
			status = lab_error(LAB_DISK, "making the folder %s: %s", copy,
					   strerror(errno));
		*slash = '/';
	}
	free(copy);
	return status;
}

/* Files that programs have written inside: their names, before any is asked for. */
static int find(struct lab_machine *machine, const struct lab_options *options, const char *wanted,
		size_t size, struct lab_strings *found)
{
	struct lab_limit limit = lab_talk_limit(machine, LAB_TALK_MS);
	int gone = lab_talk_transmit(machine, LAB_FIND, wanted, size, limit);
	int status = 0;
	bool more = true;

	while (!gone && more && !status) {
		struct lab_incoming incoming;

		gone = lab_talk_receive(machine, &incoming, limit);
		more = !gone && incoming.length;
		if (!gone && incoming.type != LAB_FOUND)
			status = lab_talk_say_unknown(&incoming);
		else if (more)
			lab_strings_take(found, lab_format("%.*s", (int)incoming.length,
							   (const char *)incoming.content));
		free(incoming.content);
	}
	return gone ? lab_talk_say_gone(machine, options, gone, "looking for files") : status;
}

static int collect_found(struct lab_machine *machine, const struct lab_options *options,
			 const char *wanted, size_t size)
{
	struct lab_strings found = { 0 };
	int status = find(machine, options, wanted, size, &found);

	for (size_t i = 0; i < found.count && !status; i++) {
		status = make_folders(found.items[i]);
		if (!status)
			status = collect_one(machine, options, found.items[i]);
	}
	lab_strings_finish(&found);
	return status;
}

int lab_collect(struct lab_machine *machine, const struct lab_options *options)
{
	static const char coverage[] = ".gcda\0.profraw";
	int status = 0;

	for (size_t i = 0; i < options->collect.count && !status; i++) {
		char *path = absolute(options->collect.items[i]);
		size_t length = strlen(path);

		if (path[length - 1] == '/')
			status = collect_found(machine, options, path, length + 1);
		else
			status = collect_one(machine, options, path);
		free(path);
	}
	return options->coverage && !status ?
		       collect_found(machine, options, coverage, sizeof(coverage)) :
		       status;
}
