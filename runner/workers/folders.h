/* SPDX-License-Identifier: MIT */
/* Folders that the program writes to. Depends on libc. */
#ifndef RUNNER_FOLDERS_H
#define RUNNER_FOLDERS_H

/* Make a folder, and those that it is in, unless they are there; `path` is as it was afterwards. Returns 0 or -errno. */
int folders_make(char *path);

/* Copy a file, into another file system, too. Returns 0 or -errno. */
int folders_copy_file(const char *from, const char *to);

/* Remove a folder and all that is in it. */
void folders_remove(const char *path);

#endif /* RUNNER_FOLDERS_H */
