/* SPDX-License-Identifier: MIT */
/*
 * ring0 stubs: definitions of what a kernel's objects need and nothing has, so that a test program can be
 * linked with them. Depends on stubs.h.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/commands.h"
#include "command/stubs/stubs.h"

static const char usage[] =
	"Usage: ring0 stubs [--header] OBJECT... [-o FILE]\n"
	"Write C definitions of everything that these objects need and neither they nor libc\n"
	"define: functions that fail the test which calls them, variables whose first read\n"
	"is reported if nobody set them, per-CPU offsets, thunks. Give all objects of a program\n"
	"at once.\n"
	"\n"
	"  -o FILE     write to FILE (default: standard output)\n"
	"  --header    write a header with the declarations instead, as comments, for those\n"
	"              that you write yourself; R0_STUBS_GS_SIZE is an area's size for .gs\n"
	"  --help      print this, and exit\n"
	"\n"
	"Your own definitions override these. Debugging information (-g) says what is a\n"
	"function and how large a variable is; comments mark what is guessed without it.\n"
	"Exit status: 0; 1 for an object that can't be used; 2 for the command line.\n";

static int write_all(const struct wanted_list *list, const char *path, bool header)
{
	FILE *out = path ? fopen(path, "we") : stdout;
	int failed;

	if (!out) {
		fprintf(stderr, "ring0 stubs: %s: %s\n", path, strerror(errno));
		return 1;
	}
	if (header)
		stubs_write_header(list, out);
	else
		stubs_write(list, out);
	if (path)
		failed = fclose(out);
	else
		failed = fflush(stdout);
	if (failed)
		fprintf(stderr, "ring0 stubs: writing %s failed: %s\n",
			path ? path : "standard output", strerror(errno));
	return failed ? 1 : 0;
}

int stubs_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "header", no_argument, NULL, 'H' },
		{ "help", no_argument, NULL, 'h' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct wanted_list list = { .command = "ring0 stubs" };
	const char *path = NULL;
	bool header = false;
	int option, i;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		switch (option) {
		case 'H':
			header = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'o':
			path = optarg;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (overwrites(list.command, path, argv + optind, (size_t)(argc - optind)))
		return 2;
	for (i = optind; i < argc; i++)
		if (objects_read(&list, argv[i]))
			return 1;
	if (kernel_flags_check(&list))
		return 1;
	declarations_read(&list);
	return write_all(&list, path, header);
}
