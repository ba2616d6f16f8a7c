/* SPDX-License-Identifier: MIT */
/* $PATH. Depends on strings.h and libc. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/lab/search_path.h"
#include "command/lab/strings.h"

char *lab_find_in_path(const char *name)
{
	const char *search = getenv("PATH");
	char *path = NULL;

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : lab_format("%s", name);
	while (search && *search) {
		size_t length = strcspn(search, ":");

		path = lab_format("%.*s/%s", (int)length, search, name);
		if (*path == '/' && access(path, X_OK) == 0)
			return path;
		free(path);
		search += length + (search[length] != '\0');
	}
	return NULL;
}
