/* SPDX-License-Identifier: MIT */
/*
 * Run a program where a folder has no room left, or can't be written, for root, too:
 *
 *	spoilt_folder full|read-only FOLDER PROGRAM [ARG…]
 *
 * The folder, which is there, gets a file system of its own, of one page, in this process's mounts alone. Where that can't be had,
 * the exit status is 78.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define NOT_TO_BE_HAD 78

static int complain(const char *what)
{
	fprintf(stderr, "spoilt_folder: %s: %s\n", what, strerror(errno));
	return NOT_TO_BE_HAD;
}

static void fill(const char *folder)
{
	static const char page[4096];
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/filling", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	while (fd >= 0 && write(fd, page, sizeof(page)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

/* Only what is mounted as root of a user namespace needs one. */
static int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 4 || (strcmp(argv[1], "full") && strcmp(argv[1], "read-only"))) {
		fputs("usage: spoilt_folder full|read-only FOLDER PROGRAM [ARG...]\n", stderr);
		return 2;
	}
	/* The lab's root is no mount that could be made private. */
	if (own_mounts() && errno != EINVAL)
		return complain("mounts of its own");
	if (mount("none", argv[2], "tmpfs", 0, "size=4k"))
		return complain(argv[2]);
	fill(argv[2]);
	if (argv[1][0] == 'r' && mount(NULL, argv[2], NULL, MS_REMOUNT | MS_RDONLY, NULL))
		return complain(argv[2]);
	execv(argv[3], argv + 3);
	return complain(argv[3]);
}
