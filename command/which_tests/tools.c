/* SPDX-License-Identifier: MIT */
/* One command line for each kind of files, and a reader for what it prints. */
#include "command/which_tests/tools.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "command/which_tests/gcov_text.h"

/* The shell's status for a command that it does not find. */
#define NOT_FOUND 127

/* Their warnings, that a source is newer, are of no use where it has been changed; what they say is shown if they fail. */
#define SAID \
	"2>\"$RING0_FILES/said\" || { status=$?; cat \"$RING0_FILES/said\" >&2; exit $status; }"

static const struct tool {
	const char *name, *package;
	const char *command;
} tools[TOOLS_KINDS] = {
	[TOOLS_GCC] = { "gcov", "gcc",
			"cd \"$RING0_FOLDER\" && { ${GCOV:-gcov} --stdout "
			"--branch-probabilities \"$RING0_FILES\"/*.gcda " SAID "; }" },
	[TOOLS_CLANG] = { "llvm-cov", "llvm",
			  "cd \"$RING0_FOLDER\" && { ${LLVM_COV:-llvm-cov} gcov --stdout "
			  "--branch-probabilities \"$RING0_FILES\"/*.gcda " SAID "; }" },
	[TOOLS_PROFILE] = { "llvm-profdata and llvm-cov", "llvm",
			    "cd \"$RING0_FILES\" && ${LLVM_PROFDATA:-llvm-profdata} merge "
			    "-o all ./*.profraw && for object in ./*.object; do "
			    "set -- \"$@\" -object \"$object\"; done && "
			    "${LLVM_COV:-llvm-cov} export -format=lcov -instr-profile all "
			    "\"$@\"" },
};

/* It writes LCOV's records, of no test. */
static int copy_records(FILE *in, const char *test, FILE *out)
{
	size_t capacity = 0;
	char *text = NULL;

	while (getline(&text, &capacity, in) > 0) {
		if (strncmp(text, "SF:", 3) == 0)
			fprintf(out, "TN:%s\n", test);
		fputs(text, out);
	}
	free(text);
	return 0;
}

int tools_run(enum tools_kind kind, const char *files, const char *folder, const char *test,
	      FILE *out, struct error *error)
{
	const struct tool *tool = &tools[kind];
	int err, status;
	FILE *in;

	setenv("RING0_FILES", files, 1);
	setenv("RING0_FOLDER", folder, 1);
	fflush(NULL);
	in = popen(tool->command, "re");
	if (!in)
		return error_set(error, errno, "starting %s: %s", tool->name, strerror(errno));
	err = kind == TOOLS_PROFILE ? copy_records(in, test, out) :
				      gcov_text_convert(in, test, folder, out);
	status = pclose(in);
	if (err)
		return error_set(error, -err, "reading what %s says: %s", tool->name,
				 strerror(-err));
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return error_set(error, EIO, "%s can't be found (Debian: package %s)", tool->name,
				 tool->package);
	if (status)
		return error_set(error, EIO, "%s failed, reading what %.200s has counted",
				 tool->name, test);
	return 0;
}
