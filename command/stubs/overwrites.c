/* SPDX-License-Identifier: MIT */
/* What is written is not to be what is read: half a command line is easily typed. Depends on libc. */
#include <stdio.h>
#include <sys/stat.h>
#include "command/stubs/stubs.h"

bool overwrites(const char *command, const char *output, char *const *objects, size_t count)
{
	struct stat written, object;

	if (!output || stat(output, &written))
		return false;
	for (size_t i = 0; i < count; i++)
		if (stat(objects[i], &object) == 0 && object.st_dev == written.st_dev &&
		    object.st_ino == written.st_ino) {
			fprintf(stderr,
				"%s: %s is one of the objects, and would be overwritten: give "
				"another name\n",
				command, output);
			return true;
		}
	return false;
}
