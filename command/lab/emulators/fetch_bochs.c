/* SPDX-License-Identifier: MIT */
/*
 * Bochs, for `ring0 lab --fetch --kvm intel`: Debian 13's source by apt and its signatures, changed by
 * bochs.patch, and built without debugger and display. Depends on bochs.h and libc.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "command/lab/kernels/apt.h"
#include "command/lab/architectures.h"
#include "command/lab/emulators/bochs_program.h"
#include "command/lab/cache.h"
#include "command/lab/error.h"
#include "command/lab/emulators/fetch_bochs.h"
#include "command/lab/options.h"
#include "command/lab/search_path.h"
#include "command/lab/signals.h"
#include "command/lab/strings.h"
#include "command/lab/whole_file.h"

/* apt's lists, the source, and what it is built to. */
#define SPACE_MB 300

#define SOURCE "bochs_3.0+dfsg.orig.tar.xz"

/* What make says while it builds, in lines, about. */
#define BUILD_LINES 290

static const char configure[] =
	"cd source && ./configure CFLAGS='-O3 -g0' CXXFLAGS='-O3 -g0' LDFLAGS=-s --with-nogui "
	"--without-x11 --disable-docbook --enable-smp --enable-cpu-level=6 --enable-x86-64 "
	"--enable-vmx=2 --enable-avx --enable-evex --enable-all-optimizations --enable-fpu "
	"--enable-protection-keys --enable-cet --enable-memtype --enable-monitor-mwait";

/* What it takes, and the packages that have it. */
static const struct {
	const char *command, *package;
} tools[] = {
	{ "g++", "g++" },     { "make", "make" }, { "patch", "patch" },
	{ "xz", "xz-utils" }, { "tar", "tar" },
};

static int check_tools(void)
{
	char *missing = NULL;
	int status = 0;

	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++) {
		char *path = lab_find_in_path(tools[i].command), *longer;

		if (!path) {
			longer = lab_format("%s %s", missing ? missing : "", tools[i].package);
			free(missing);
			missing = longer;
		}
		free(path);
	}
	if (missing)
		status = lab_error(LAB_NO_QEMU,
				   "building Bochs needs more: apt-get install%s; or name a Bochs "
				   "with --bochs",
				   missing);
	free(missing);
	return status;
}

/* Why a command failed, and what to do. */
static int say_failed(const struct lab_apt *apt, const char *what, const char *sign)
{
	char *full = lab_apt_said(apt, strerror(ENOSPC)), *error = lab_apt_said(apt, sign);
	char *last = lab_apt_said(apt, NULL);
	struct statvfs space;
	int status;

	if (lab_signal)
		status = 128 + lab_signal;
	else if (full || (statvfs(apt->directory, &space) == 0 &&
			  (uint64_t)space.f_bavail * space.f_frsize < 1048576))
		status = lab_error(LAB_DISK, "%s: %s; make room, or set XDG_CACHE_HOME", what,
				   full ? full : strerror(ENOSPC));
	else
		status = lab_error(LAB_NO_QEMU, "%s: %s; try again, or name a Bochs with --bochs",
				   what,
				   error ? error :
				   last	 ? last :
					   "it said nothing");
	free(full);
	free(error);
	free(last);
	return status;
}

/*
 * Debian's archive as this system's own sources have it, for free(), or NULL: the part before
 * "/dists/bookworm/InRelease" of what apt would look at first.
 */
static char *find_mirror(const struct lab_apt *apt)
{
	static const char *const releases[] = { "bullseye", "bookworm", "trixie",
						"forky",    "sid",	"oldstable",
						"stable",   "testing",	"unstable" };
	const char *const uris[] = { "apt-get", "-q", "--print-uris", "update", NULL };
	char *path = lab_format("%s/uris", apt->directory), *line = NULL, *mirror = NULL;
	FILE *file = lab_apt_run(apt, "uris", uris) ? NULL : fopen(path, "re");
	size_t room = 0;

	while (file && !mirror && getline(&line, &room, file) >= 0) {
		char *dists = strstr(line, "/dists/");

		for (size_t i = 0; dists && i < sizeof(releases) / sizeof(*releases); i++) {
			size_t length = strlen(releases[i]);

			if (line[0] == '\'' && !strncmp(dists + 7, releases[i], length) &&
			    dists[7 + length] == '/' && !mirror)
				mirror = lab_format("%.*s", (int)(dists - line - 1), line + 1);
		}
	}
	if (file)
		fclose(file);
	free(line);
	free(path);
	return mirror;
}

/* Debian 13 alone, whatever this host is: its own sources need not have Bochs, or have another. */
static int write_sources(const struct lab_apt *apt)
{
	const char *named = getenv("RING0_LAB_MIRROR");
	char *mirror = named && *named ? lab_format("%s", named) : find_mirror(apt);
	char *path = lab_format("%s/sources.list", apt->directory);
	FILE *file = mirror ? fopen(path, "we") : NULL;
	int err = 0;

	if (file)
		fprintf(file,
			"deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s "
			"trixie main\n",
			mirror);
	if (!mirror)
		err = lab_error(LAB_NO_QEMU,
				"the source of Bochs 3.0 is Debian 13's, and no source of "
				"this system's apt is Debian's: name a mirror in "
				"RING0_LAB_MIRROR, or a Bochs with --bochs");
	else if (!file || fclose(file))
		err = lab_error(LAB_DISK, "writing %s: %s", path, strerror(errno));
	free(path);
	free(mirror);
	return err;
}

static int download(struct lab_apt *apt)
{
	char *list = lab_format("Dir::Etc::sourcelist=%s/sources.list", apt->directory);
	const char *const update[] = { "apt-get", "-q", "-o",
				       list,	  "-o", "Dir::Etc::sourceparts=/dev/null",
				       "update",  NULL };
	const char *const get[] = { "apt-get",	  "-q",
				    "-o",	  list,
				    "-o",	  "Dir::Etc::sourceparts=/dev/null",
				    "source",	  "--download-only",
				    "--tar-only", "bochs",
				    NULL };
	char *source = lab_format("%s/" SOURCE, apt->directory);
	int status = lab_apt_configure(apt);

	if (!status)
		status = write_sources(apt);
	if (!status)
		fprintf(stderr, "ring0 lab: fetching the source of Bochs 3.0, 4 MB, and Debian's "
				"list of sources\n");
	if (!status && (lab_apt_run(apt, NULL, update) || lab_apt_run(apt, NULL, get) ||
			access(source, R_OK))) {
		/* To apt an archive that can't be reached is but a warning; what comes of it is the error. */
		char *unreached = lab_apt_said(apt, "Failed to fetch");

		status = say_failed(apt, "fetching the source of Bochs 3.0 from Debian 13",
				    unreached ? "Failed to fetch" : "E: ");
		free(unreached);
	}
	free(source);
	free(list);
	return status;
}

static int unpack(const struct lab_apt *apt)
{
	/* Root keeps the files' owners unless told otherwise; a container need not have them. */
	const char *const tar[] = { "tar",
				    "-xf",
				    SOURCE,
				    "--one-top-level=source",
				    "--strip-components=1",
				    "--no-same-owner",
				    NULL };
	const char *const patch[] = { "patch", "-d", "source",	   "-p1", "-F0",
				      "-t",    "-i", "../changes", NULL };
	/* Symbols of the linker's: two objects, as far as C knows. */
	size_t size = (uintptr_t)lab_bochs_patch_end - (uintptr_t)lab_bochs_patch;
	char *path = lab_format("%s/changes", apt->directory);
	FILE *file = fopen(path, "we");
	int status = 0;

	if (!file || fwrite(lab_bochs_patch, 1, size, file) != size)
		status = lab_error(LAB_DISK, "writing %s: %s", path, strerror(errno));
	if (file && fclose(file) && !status)
		status = lab_error(LAB_DISK, "writing %s: %s", path, strerror(errno));
	if (!status && lab_apt_run(apt, NULL, tar))
		status = say_failed(apt, "unpacking Bochs's source", "tar: ");
	if (!status && lab_apt_run(apt, NULL, patch))
		status = say_failed(apt, "changing Bochs's source", "rror");
	free(path);
	return status;
}

static void show_progress(const struct lab_apt *apt)
{
	FILE *log = fopen(apt->log, "re");
	unsigned int lines = 0;
	int c;

	while (log && (c = getc(log)) != EOF)
		lines += c == '\n';
	if (log)
		fclose(log);
	lines = lines > apt->lines ? lines - apt->lines : 0;
	fprintf(stderr, "\rring0 lab: building Bochs: %u %%",
		lines < BUILD_LINES ? 100 * lines / BUILD_LINES : 99);
}

static unsigned int count_lines(const char *path)
{
	struct lab_blob blob;
	unsigned int lines = 0;

	if (lab_map(path, &blob))
		return 0;
	for (size_t i = 0; i < blob.size; i++)
		lines += blob.data[i] == '\n';
	lab_unmap(&blob);
	return lines;
}

static int build(struct lab_apt *apt)
{
	const char *const set_up[] = { "sh", "-c", configure, NULL };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	char *jobs = lab_format("-j%ld", cpus > 0 ? cpus : 1);
	const char *const make[] = { "make", "-C", "source", jobs, "bochs", NULL };
	int status = 0;

	fprintf(stderr, "ring0 lab: building Bochs 3.0: two minutes of one CPU\n");
	if (lab_apt_run(apt, NULL, set_up))
		status = say_failed(apt, "configuring Bochs", "rror:");
	apt->lines = count_lines(apt->log);
	apt->show = show_progress;
	if (!status && lab_apt_run(apt, NULL, make))
		status = say_failed(apt, "building Bochs", "rror:");
	apt->show = NULL;
	free(jobs);
	return status;
}

/* Two may build at once: the first one's stays. */
static int install(const struct lab_apt *apt, const char *final)
{
	char *new = lab_format("%s/new", apt->directory);
	char *from = lab_format("%s/source/bochs", apt->directory);
	char *to = lab_format("%s/bochs", new);
	int err = 0;

	if (mkdir(new, 0700) || rename(from, to) ||
	    (rename(new, final) && errno != EEXIST && errno != ENOTEMPTY))
		err = errno;
	if (err)
		lab_error(LAB_DISK, "making %s: %s", final, strerror(err));
	else
		fprintf(stderr, "ring0 lab: Bochs is in %s\n", final);
	free(to);
	free(from);
	free(new);
	return err ? LAB_DISK : 0;
}

static int fetch(const char *cache, const char *final, const struct lab_architecture *architecture)
{
	struct lab_workshop workshop;
	struct lab_apt apt = { .architecture = architecture };
	struct statvfs space;
	int status = check_tools(), err;

	if (status)
		return status;
	if (statvfs(cache, &space) == 0 &&
	    (uint64_t)space.f_bavail * space.f_frsize < SPACE_MB * 1048576ull)
		return lab_error(LAB_DISK,
				 "building Bochs needs %d MB on the disk, and %s has %llu",
				 SPACE_MB, cache,
				 (unsigned long long)space.f_bavail * space.f_frsize / 1048576);
	err = lab_workshop_open(&workshop, cache, "fetch");
	if (err)
		return lab_error(LAB_DISK, "making a directory in %s: %s", cache, strerror(-err));
	apt.directory = workshop.path;
	apt.log = lab_format("%s/log", workshop.path);
	status = download(&apt);
	if (!status)
		status = unpack(&apt);
	if (!status)
		status = build(&apt);
	if (!status)
		status = install(&apt, final);
	lab_workshop_close(&workshop);
	free(apt.log);
	return status;
}

int lab_fetch_bochs(const struct lab_options *options)
{
	char *cache, *final, *program;
	int status = 0;

	if (lab_bochs_is_named(options))
		return 0;
	cache = lab_cache_directory();
	if (!cache)
		return LAB_DISK;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	final = lab_bochs_directory(cache);
	program = lab_format("%s/bochs", final);
	if (access(program, X_OK))
		status = fetch(cache, final, options->architecture);
	free(program);
	free(final);
	free(cache);
	return status;
}
