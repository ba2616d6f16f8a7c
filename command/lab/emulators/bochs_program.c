/* SPDX-License-Identifier: MIT */
/*
 * Which Bochs emulates: one that was named, or the one that fetch_bochs.c built. What a named one can
 * do is seen by its help text and in its file. Depends on bochs.h and libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/lab/emulators/bochs_program.h"
#include "command/lab/cache.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/emulators/fetch_bochs.h"
#include "command/lab/options.h"
#include "command/lab/search_path.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

#define HELP_MS 10000

/* Changes with what is changed in Bochs, so that another ring0's is not taken. */
char *lab_bochs_directory(const char *cache)
{
	uint64_t value = 0xcbf29ce484222325; /* FNV-1a */

	for (const unsigned char *at = lab_bochs_patch;
	     (uintptr_t)at < (uintptr_t)lab_bochs_patch_end; at++)
		value = (value ^ *at) * 0x100000001b3;
	return lab_format("%s/bochs-3.0-%016llx", cache, (unsigned long long)value);
}

static const char *named(const struct lab_options *options)
{
	const char *environment = getenv("RING0_BOCHS");

	if (options->bochs)
		return options->bochs;
	return environment && *environment ? environment : NULL;
}

bool lab_bochs_is_named(const struct lab_options *options)
{
	return named(options) != NULL;
}

char *lab_bochs_path(const struct lab_options *options)
{
	const char *name = named(options);
	char *cache, *directory, *path;

	if (name)
		return lab_find_in_path(name);
	cache = lab_cache_directory();
	if (!cache)
		return NULL;
	directory = lab_bochs_directory(cache);
	path = lab_format("%s/bochs", directory);
	free(directory);
	free(cache);
	if (access(path, X_OK)) {
		free(path);
		path = NULL;
	}
	return path;
}

/* What it says to --help, for free(). */
static char *help_of(const char *path)
{
	uint64_t deadline = clock_ms() + HELP_MS;
	char text[16384];
	size_t size = 0;
	ssize_t n = 1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return lab_format("%s", "");
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execl(path, path, "--help", NULL);
		_exit(127);
	}
	close(fds[1]);
	while (n > 0 && size < sizeof(text) && clock_ms() < deadline) {
		struct pollfd more = { .fd = fds[0], .events = POLLIN };

		if (poll(&more, 1, HELP_MS) <= 0)
			break;
		n = read(fds[0], text + size, sizeof(text) - size);
		if (n > 0)
			size += (size_t)n;
	}
	close(fds[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return lab_format("%.*s", (int)size, text);
}

static bool has_text(const struct lab_blob *file, const char *text)
{
	return file->data && memmem(file->data, file->size, text, strlen(text));
}

void lab_bochs_examine(const char *path, struct lab_bochs *bochs)
{
	char *help = help_of(path);
	const char *version = strstr(help, "Bochs x86 Emulator ");
	struct lab_blob file;

	*bochs = (struct lab_bochs){ 0 };
	if (version)
		sscanf(version + strlen("Bochs x86 Emulator "), "%u.%u", &bochs->major,
		       &bochs->minor);
	bochs->has_debugger = strstr(help, "\n  -rc ") != NULL;
	free(help);
	if (lab_map(path, &file))
		return;
	/* By what bochs.patch and gui/nogui.cc have it say. */
	bochs->mended = has_text(&file, "BOCHS_SAVE");
	bochs->has_nogui = has_text(&file, "NOGUI");
	lab_unmap(&file);
}

/* With APIC virtualization, VM entry fails on this model: "hardware entry failure 0x7". */
static void add_parameters(struct lab_options *options)
{
	if (!options->cpu || !strstr(options->cpu, "skylake_x"))
		return;
	for (size_t i = 0; i < options->kvm_parameters.count; i++)
		if (!strncmp(options->kvm_parameters.items[i], "enable_apicv=", 13))
			return;
	lab_strings_add(&options->kvm_parameters, "enable_apicv=0");
}

int lab_bochs_check(struct lab_options *options)
{
	const char *name = named(options);
	char *path = lab_bochs_path(options);
	struct lab_bochs bochs;
	int status = 0;

	if (options->memory > LAB_BOCHS_MEMORY_MAX)
		status = lab_error(LAB_USAGE, "--memory %u: Bochs emulates at most %d MB",
				   options->memory, LAB_BOCHS_MEMORY_MAX);
	else if (!path && name)
		status = lab_error(LAB_NO_QEMU, "there is no Bochs %s: %s", name, strerror(errno));
	else if (!path)
		status = lab_error(LAB_NO_QEMU,
				   "there is no Bochs of this version of ring0 to emulate VMX: run "
				   "`ring0 lab --kvm intel --fetch` once, or name one with --bochs "
				   "or RING0_BOCHS");
	if (!status)
		add_parameters(options);
	if (status || !name) {
		free(path);
		return status;
	}
	lab_bochs_examine(path, &bochs);
	if (!bochs.major)
		status = lab_error(LAB_NO_QEMU, "%s does not say to --help that it is Bochs", path);
	else if (bochs.major < 3)
		lab_error(
			0,
			"%s is Bochs %u.%u: before 3.0, single steps and NMIs in guests are wrong, "
			"and a loop with interrupts off hangs the machine until --timeout",
			path, bochs.major, bochs.minor);
	else if (!bochs.mended)
		lab_error(0,
			  "%s is Bochs %u.%u without ring0's mend of its VM entry: a loop with "
			  "interrupts off hangs the machine until --timeout",
			  path, bochs.major, bochs.minor);
	/* Nor does it save its state. */
	if (!status && !bochs.mended)
		options->cold = true;
	free(path);
	return status;
}
