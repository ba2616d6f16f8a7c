/* SPDX-License-Identifier: MIT */
/* mkdir -p. */
#include "runner/workers/folders.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

int folders_make(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) && errno != EEXIST) {
			*slash = '/';
			return -errno;
		}
		*slash = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -errno : 0;
}
