/* SPDX-License-Identifier: MIT */
/*
 * What a program finds inside: the programs with all that they need, the files named with --file,
 * and the environment.
 */
#include <elf.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/backtrace/disassembly.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/programs/coverage.h"
#include "command/lab/programs/elf.h"
#include "command/lab/error.h"
#include "command/lab/programs/files.h"
#include "command/lab/programs/gather.h"
#include "command/lab/programs/library.h"
#include "command/lab/protocol.h"
#include "command/lab/options.h"
#include "command/lab/search_path.h"
#include "command/lab/strings.h"

/* Beside the files, which are in memory, for the kernel and a program that makes small VMs. */
#define MEMORY_SPARE 160

extern char **environ;

/* What a test program, its sanitizers or its libraries may look at, and the host's user sets. */
static void add_environment(struct lab_options *options)
{
	static const char *const names[] = { "R0_*",
					     "RING0_*",
					     "NO_COLOR",
					     "FORCE_COLOR",
					     "CLICOLOR*",
					     "TERM",
					     "COLUMNS",
					     "LANG",
					     "LC_*",
					     "LANGUAGE",
					     "TZ",
					     "HOME",
					     "PATH",
					     "USER",
					     "LOGNAME",
					     "SHELL",
					     "PWD",
					     "LD_LIBRARY_PATH",
					     "LD_BIND_NOW",
					     "LD_DEBUG",
					     "GLIBC_TUNABLES",
					     "MALLOC_*",
					     "*_OPTIONS",
					     "GCOV_*",
					     "LLVM_PROFILE_FILE",
					     "SOURCE_DATE_EPOCH" };
	struct lab_strings given = options->variables;

	options->variables = (struct lab_strings){ 0 };
	for (char **variable = environ; *variable; variable++) {
		size_t length = strcspn(*variable, "=");
		bool wanted = false;

		for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !wanted; i++)
			wanted = lab_name_matches(names[i], *variable, length);
		/* Inside the lab, no program has to go into the lab. */
		if (!strncmp(*variable, "RING0_LAB", 9) ||
		    !strncmp(*variable, "RING0_COMMAND=", 14))
			wanted = false;
		for (size_t i = 0; i < given.count && wanted; i++)
			wanted = strncmp(given.items[i], *variable, length + 1) != 0;
		if (wanted)
			lab_strings_add(&options->variables, *variable);
	}
	for (size_t i = 0; i < given.count; i++)
		lab_strings_add(&options->variables, given.items[i]);
	lab_strings_finish(&given);
	lab_strings_add(&options->variables, "RING0_LAB=inside");
}

/* The path of a program as the shell would find it; its directory is made real, not the file. */
static char *locate(const char *program)
{
	const char *slash = strrchr(program, '/');
	char *directory, *path = NULL;

	if (!slash && access(program, F_OK)) {
		path = lab_find_in_path(program);
		if (path)
			return path;
	}
	if (slash)
		directory =
			lab_format("%.*s", slash == program ? 1 : (int)(slash - program), program);
	else
		directory = lab_format(".");
	path = realpath(directory, NULL);
	free(directory);
	if (!path)
		return NULL;
	directory = path;
	path = lab_format("%s/%s", strcmp(directory, "/") ? directory : "",
			  slash ? slash + 1 : program);
	free(directory);
	return path;
}

/* Nothing in the command names it, which loads it. */
static int add_disassembler(struct lab_files *files, const struct lab_options *options)
{
	char *library = options->architecture->elf_machine == EM_AARCH64 ? disassembly_library() :
									   NULL;
	int status = library ? lab_library_add(files, options, "library", library, library) : 0;

	free(library);
	return status;
}

/*
 * For the crash reports of the programs inside, init stands in for the command, and the host's answers. Under the
 * command's path, where it could run, it becomes the command itself when it is asked for anything else. Where sending a core
 * takes longer than unwinding it inside, the command goes along.
 */
static int add_command(struct lab_files *files, struct lab_options *options)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const size_t first = files->count;
	char *variable;
	int status;

	for (size_t i = 0; i < options->variables.count; i++)
		if (!strncmp(options->variables.items[i], "RING0_COMMAND=", 14))
			return 0;
	if (options->sysroot)
		lab_strings_add(&options->variables, "RING0_COMMAND=" LAB_INIT_PATH);
	if (n <= 0 || options->sysroot)
		return 0;
	path[n] = '\0';
	if (access(path, R_OK))
		return 0;
	variable = lab_format("RING0_COMMAND=%s", path);
	lab_strings_add(&options->variables, variable);
	free(variable);
	/* Its libraries go along: programs open some of them, too. */
	status = lab_library_add(files, options, "command", path, path);
	/* A program that is the command, or that brings it, has it at once. */
	if (!status && !options->kvm->emulator->is_slow_to_talk && first < files->count &&
	    !strcmp(files->entries[first].inside, path))
		lab_files_put_off(files, first, LAB_INIT_PATH);
	return status ? status : add_disassembler(files, options);
}

/* nftw() has no argument for its function. */
static struct {
	struct lab_files *files;
	size_t host_length;
	const char *inside;
	char *failed;
} walk;

static int walked(const char *path, const struct stat *status, int type, struct FTW *where)
{
	char *inside = lab_format("%s%s", walk.inside, path + walk.host_length);
	int err = -EACCES;

	(void)status;
	(void)where;
	if (type != FTW_DNR && type != FTW_NS)
		err = lab_files_add(walk.files, path, inside);
	free(inside);
	if (err == -EINVAL || (err == -ENOENT && type == FTW_SLN))
		return 0; /* sockets, and links to nowhere */
	if (err)
		walk.failed = lab_format("%s: %s", path, strerror(-err));
	return err != 0;
}

/* What --file names: a file, with what it needs if it is a program, or a whole directory. */
static int add_file(struct lab_files *files, const struct lab_options *options, const char *text)
{
	const char *colon = strchr(text, ':');
	char *host = colon ? lab_format("%.*s", (int)(colon - text), text) : lab_format("%s", text);
	char *real = realpath(host, NULL);
	char *inside = lab_format("%s", colon ? colon + 1 : real ? real : "");
	struct stat file;
	int status = 0;

	if (!real || stat(real, &file)) {
		status = lab_error(LAB_MISSING, "the file %s: %s", host, strerror(errno));
	} else if (*inside != '/') {
		status = lab_error(LAB_USAGE,
				   "--file %s: the path inside has to start with a slash", text);
	} else if (S_ISDIR(file.st_mode)) {
		walk.files = files;
		walk.host_length = strlen(real);
		walk.inside = inside;
		walk.failed = NULL;
		if (nftw(real, walked, 16, 0))
			status = lab_error(LAB_MISSING, "%s",
					   walk.failed ? walk.failed : strerror(errno));
		free(walk.failed);
	} else if (lab_elf_is(real)) {
		status = lab_library_add(files, options, "file", real, inside);
	} else {
		int err = lab_files_add(files, real, inside);

		if (err)
			status = lab_error(LAB_MISSING, "the file %s: %s", host, strerror(-err));
	}
	free(inside);
	free(real);
	free(host);
	return status;
}

/* The directory of a file that is to be collected, by the name that the program has for it. */
static void add_place(struct lab_files *files, const char *path)
{
	char *here = *path == '/' ? NULL : getcwd(NULL, 0);
	char *place = here ? lab_format("%s/%s", here, path) : lab_format("%s", path);
	char *slash = strrchr(place, '/');

	/* Where there is none, the program says so inside as it would here. */
	if (slash && slash != place) {
		*slash = '\0';
		lab_files_add(files, place, place);
	}
	free(place);
	free(here);
}

int lab_gather(struct lab_files *files, struct lab_options *options, struct lab_strings *inside)
{
	int status = 0;

	add_environment(options);
	for (size_t i = 0; i < options->programs.count && !status; i++) {
		const char *program = options->programs.items[i];
		char *path = locate(program);

		if (!path || access(path, F_OK))
			status = lab_error(LAB_MISSING, "the program %s: %s", program,
					   strerror(errno));
		else if (access(path, X_OK))
			status = lab_error(LAB_MISSING, "the program %s: %s; is it executable?",
					   program, strerror(errno));
		else
			status = lab_library_add(files, options, "program", path, path);
		if (!status)
			lab_strings_add(inside, path);
		free(path);
	}
	for (size_t i = 0; i < options->files.count && !status; i++)
		status = add_file(files, options, options->files.items[i]);
	for (size_t i = 0; i < options->collect.count && !status; i++)
		add_place(files, options->collect.items[i]);
	if (!status)
		status = lab_coverage_add(files, options);
	if (!status)
		status = add_command(files, options);
	/* Where the dynamic linker finds what is in no default directory. */
	if (!status && !options->sysroot)
		lab_files_add(files, "/etc/ld.so.cache", "/etc/ld.so.cache");
	if (!status && files->total / 1048576 * 2 + MEMORY_SPARE > options->memory)
		status = lab_error(
			LAB_NO_MEMORY,
			"the files take %llu MB, for which the machine needs --memory %llu",
			(unsigned long long)files->total / 1048576,
			(unsigned long long)files->total / 1048576 * 2 + MEMORY_SPARE + 1);
	return status;
}
