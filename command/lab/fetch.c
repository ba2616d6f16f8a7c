/* SPDX-License-Identifier: MIT */
/*
 * `ring0 lab --fetch`: Debian's cloud kernel, through apt and its signatures, into the cache. apt
 * works on lists of its own in a temporary directory, for the wanted architecture: nothing of the
 * system changes, and no root is needed. Depends on lab.h and libc.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/lab/lab.h"

/* apt's lists, the package and what is in it, and to spare. */
#define SPACE_MB 400

struct fetch {
	const struct lab_architecture *architecture;
	char *directory; /* temporary, in the cache: on the same file system as what stays */
	char *log;	 /* what the commands said */
};

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path) && errno != ENOENT;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The last line of the log that starts with that, or else its last line. */
static char *log_line(const struct fetch *fetch, const char *start)
{
	FILE *log = fopen(fetch->log, "re");
	char line[1024], *found = NULL, *last = lab_format("%s", "");

	while (log && fgets(line, sizeof(line), log)) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			continue;
		free(last);
		last = lab_format("%s", line);
		if (!strncmp(line, start, strlen(start))) {
			free(found);
			found = lab_format("%s", line);
		}
	}
	if (log)
		fclose(log);
	if (!found)
		return last;
	free(last);
	return found;
}

/* In the child: never returns. */
static void __attribute__((noreturn))
execute(const struct fetch *fetch, const char *const *argv, int output)
{
	char *config = lab_format("%s/apt.conf", fetch->directory);
	int log = open(fetch->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(null, 0);
	dup2(output >= 0 ? output : log, 1);
	dup2(log, 2);
	setenv("LC_ALL", "C", 1);
	if (access(config, R_OK) == 0)
		setenv("APT_CONFIG", config, 1);
	if (chdir(fetch->directory) == 0)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/*
 * apt does not wait for its own helpers when it is told to end: as the reaper of orphans, see to it
 * that none is left of a command's process group.
 */
static void end_group(pid_t group)
{
	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Run a command to its end, its output in a file of that name or in the log. Its wait status. */
static int run(const struct fetch *fetch, const char *output, const char *const *argv)
{
	char *path = output ? lab_format("%s/%s", fetch->directory, output) : NULL;
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	int status = 127 << 8, process;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		execute(fetch, argv, fd);
	/* Here as in the child, so that the group is there whoever comes first. */
	if (pid > 0)
		setpgid(pid, pid);
	process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (process >= 0) {
		struct pollfd fds[] = { { .fd = process, .events = POLLIN },
					{ .fd = lab_signals, .events = POLLIN } };

		while (poll(fds, 2, -1) < 0 && errno == EINTR)
			;
		if (fds[1].revents) {
			lab_signal = lab_take_signal();
			kill(-pid, SIGTERM);
		}
		close(process);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0)
		end_group(pid);
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}

/*
 * apt's configuration: of the system's only what tells how to reach the archives (proxies), so
 * that no hook of it runs; and all of its state in our directory.
 */
static int configure(const struct fetch *fetch)
{
	const char *const dump[] = { "apt-config", "dump", NULL };
	const char *const directories[] = { "lists", "archives", "empty" };
	int status = run(fetch, "dump", dump), err = 0;
	char *path = lab_format("%s/dump", fetch->directory);
	FILE *in = fopen(path, "re"), *out;
	char line[4096];

	free(path);
	if (status || !in) {
		if (in)
			fclose(in);
		if (lab_signal)
			return 128 + lab_signal;
		return lab_error(
			LAB_NO_KERNEL,
			"fetching a kernel needs apt, which is not there: name a kernel with "
			"--kernel or RING0_LAB_KERNEL, with its modules in "
			"../lib/modules/VERSION");
	}
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		path = lab_format("%s/%s", fetch->directory, directories[i]);
		if (mkdir(path, 0700))
			err = errno;
		free(path);
	}
	path = lab_format("%s/apt.conf", fetch->directory);
	out = fopen(path, "we");
	while (out && fgets(line, sizeof(line), in))
		if (!strncmp(line, "Acquire::", 9) && strncmp(line, "Acquire::IndexTargets", 21))
			fputs(line, out);
	fclose(in);
	if (out) {
		fprintf(out,
			"APT::Architecture \"%s\";\nAPT::Architectures { \"%s\"; };\n"
			"APT::Sandbox::User \"root\";\nAPT::Get::AllowUnauthenticated \"false\";\n"
			"Acquire::AllowInsecureRepositories \"false\";\n"
			"Acquire::Languages \"none\";\nAcquire::Retries \"2\";\n"
			"Dir::Etc::Parts \"%s/empty\";\nDir::Etc::main \"/dev/null\";\n"
			"Dir::State \"%s\";\nDir::State::Lists \"%s/lists\";\n"
			"Dir::State::status \"%s/status\";\nDir::Cache \"%s\";\n"
			"Dir::Cache::archives \"%s/archives\";\nDir::Log \"%s\";\n",
			fetch->architecture->debian, fetch->architecture->debian, fetch->directory,
			fetch->directory, fetch->directory, fetch->directory, fetch->directory,
			fetch->directory, fetch->directory);
		if (fclose(out))
			err = errno;
	}
	if (!out)
		err = errno;
	free(path);
	path = lab_format("%s/status", fetch->directory);
	out = fopen(path, "we");
	if (!out || fclose(out))
		err = errno;
	free(path);
	return err ? lab_error(LAB_DISK, "writing in %s: %s", fetch->directory, strerror(err)) : 0;
}

/* The package with the kernel itself: what the one that always names the newest depends on. */
static char *package_name(const struct fetch *fetch)
{
	char *always = lab_format("linux-image-cloud-%s", fetch->architecture->debian);
	const char *const show[] = { "apt-cache", "show", "--no-all-versions", always, NULL };
	int status = run(fetch, "show", show);
	char *path = lab_format("%s/show", fetch->directory), *name = NULL;
	FILE *file = fopen(path, "re");
	char line[4096];

	while (file && !status && !name && fgets(line, sizeof(line), file))
		if (!strncmp(line, "Depends: linux-image-", 21))
			name = lab_format("%.*s", (int)strcspn(line + 9, " ,\n"), line + 9);
	if (file)
		fclose(file);
	free(path);
	free(always);
	return name;
}

/* What a command failed by: the disk, if it says so. */
static int say_failed(const struct fetch *fetch, int status, const char *what, const char *start)
{
	char *line = log_line(fetch, start);

	if (lab_signal)
		status = 128 + lab_signal;
	else if (strstr(line, strerror(ENOSPC)))
		status = lab_error(LAB_DISK, "%s: %s", what, line);
	else
		status = lab_error(status, "%s: %s", what, line);
	free(line);
	return status;
}

static int download(const struct fetch *fetch)
{
	const char *const update[] = { "apt-get", "-q", "update", NULL };
	int status = configure(fetch);
	char *name, *line;

	if (status)
		return status;
	/* It fails if one of many sources does: what counts is whether the package is found. */
	run(fetch, NULL, update);
	if (lab_signal)
		return 128 + lab_signal;
	name = package_name(fetch);
	if (lab_signal) {
		free(name);
		return 128 + lab_signal;
	}
	if (!name) {
		line = log_line(fetch, "E:");
		status = lab_error(LAB_NO_KERNEL,
				   "apt knows no package linux-image-cloud-%s%s%s; with Debian's "
				   "archive in its sources it does; or name a kernel with --kernel",
				   fetch->architecture->debian, *line ? ": " : "", line);
		free(line);
		return status;
	}
	fprintf(stderr, "ring0 lab: fetching %s\n", name);
	if (run(fetch, NULL, (const char *const[]){ "apt-get", "-q", "download", name, NULL })) {
		line = lab_format("fetching %s", name);
		status = say_failed(fetch, LAB_NO_KERNEL, line, "E:");
		free(line);
	}
	free(name);
	return status;
}

static int copy_blob(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wxe");

	if (!file)
		return -errno;
	fwrite(data, 1, size, file);
	if (ferror(file) | fclose(file))
		return errno ? -errno : -EIO;
	return 0;
}

static int copy_file(const char *from, const char *to)
{
	struct lab_blob blob;
	int err = lab_map(from, &blob);

	if (!err)
		err = copy_blob(to, blob.data, blob.size);
	lab_unmap(&blob);
	return err;
}

/* Copy what is not there yet. */
static int copy_modules(const struct lab_kernel *kernel, const char *base)
{
	int err = 0;

	for (size_t i = 0; i < kernel->needed.count && !err; i++) {
		char *path = lab_format("%s%s", base, strrchr(kernel->needed.items[i], '/'));

		err = copy_file(kernel->needed.items[i], path);
		if (err == -EEXIST)
			err = 0;
		free(path);
	}
	return err;
}

/* For each KVM of the architecture. 0 or an enum lab_status; the disk's error goes to *err. */
static int arrange_modules(struct lab_options *options, const char *base, int *err)
{
	int status = 0;

	for (size_t i = 0; i < options->architecture->kvm_count && !status && !*err; i++) {
		struct lab_kernel kernel = { 0 };

		options->kvm = &options->architecture->kvms[i];
		status = lab_kernel_find(options, &kernel);
		if (!status)
			*err = copy_modules(&kernel, base);
		lab_kernel_finish(&kernel);
	}
	return status;
}

/* Put the kernel and the modules that the lab loads in DIRECTORY/new, as --kernel wants them. */
static int arrange(const struct fetch *fetch)
{
	char *pattern = lab_format("%s/tree/boot/vmlinuz-*", fetch->directory);
	struct lab_options options = { .architecture = fetch->architecture };
	struct lab_strings names = { 0 };
	const char *version;
	char *base, *path;
	int status = 0, err = 0;

	lab_glob(pattern, &names);
	free(pattern);
	if (!names.count)
		return lab_error(LAB_NO_KERNEL, "the package has no kernel in boot/");
	options.kernel = names.items[0];
	version = strrchr(names.items[0], '/') + strlen("/vmlinuz-");
	base = lab_format("%s/new/lib/modules/%s/kernel", fetch->directory, version);
	path = lab_format("%s/new/boot", fetch->directory);
	err = lab_make_directories(base);
	if (!err)
		err = lab_make_directories(path);
	free(path);
	path = lab_format("%s/new/boot/vmlinuz-%s", fetch->directory, version);
	if (!err)
		err = copy_file(options.kernel, path);
	free(path);
	if (!err)
		status = arrange_modules(&options, base, &err);
	free(base);
	lab_strings_finish(&names);
	if (status)
		return status;
	return err ? lab_error(LAB_DISK, "copying the kernel: %s", strerror(-err)) : 0;
}

static int unpack(const struct fetch *fetch)
{
	char *pattern = lab_format("%s/*.deb", fetch->directory);
	struct lab_strings names = { 0 };
	int status = 0;

	lab_glob(pattern, &names);
	free(pattern);
	if (!names.count ||
	    run(fetch, NULL,
		(const char *const[]){ "dpkg-deb", "-x", names.items[0], "tree", NULL }))
		status = say_failed(fetch, LAB_DISK, "unpacking the package", "dpkg-deb:");
	lab_strings_finish(&names);
	return status ? status : arrange(fetch);
}

static bool same_content(const char *one, const char *other)
{
	struct lab_blob a, b = { 0 };
	bool same = lab_map(one, &a) == 0 && lab_map(other, &b) == 0 && a.size == b.size &&
		    (!a.size || !memcmp(a.data, b.data, a.size));

	lab_unmap(&a);
	lab_unmap(&b);
	return same;
}

/* Whether all that is in DIRECTORY/new is in `final`, too. */
static bool is_there(const char *new, const char *final)
{
	static const char *const patterns[] = { "boot/*", "lib/modules/*/kernel/*" };
	struct lab_strings names = { 0 };
	bool same = true;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		char *pattern = lab_format("%s/%s", new, patterns[i]);

		lab_glob(pattern, &names);
		free(pattern);
	}
	for (size_t i = 0; i < names.count && same; i++) {
		char *other = lab_format("%s%s", final, names.items[i] + strlen(new));

		same = same_content(names.items[i], other);
		free(other);
	}
	lab_strings_finish(&names);
	return same;
}

/*
 * Two may fetch at once, and a third may run meanwhile: the same kernel stays as it is, another
 * takes the place of the one that is there in one step.
 */
static int install(const struct fetch *fetch, const char *cache)
{
	char *new = lab_format("%s/new", fetch->directory);
	char *final = lab_format("%s/kernel-%s", cache, fetch->architecture->name);
	int err = 0;

	if (!is_there(new, final) && rename(new, final)) {
		err = errno;
		if ((err == ENOTEMPTY || err == EEXIST) &&
		    renameat2(AT_FDCWD, new, AT_FDCWD, final, RENAME_EXCHANGE) == 0)
			err = 0;
	}
	if (!err)
		fprintf(stderr, "ring0 lab: the kernel is in %s\n", final);
	else
		lab_error(LAB_DISK, "making %s: %s", final, strerror(err));
	free(new);
	free(final);
	return err ? LAB_DISK : 0;
}

int lab_fetch(const struct lab_architecture *architecture)
{
	struct fetch fetch = { .architecture = architecture };
	char *cache = lab_cache_directory();
	struct statvfs space;
	int status;

	if (!cache)
		return LAB_DISK;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (statvfs(cache, &space) == 0 &&
	    (uint64_t)space.f_bavail * space.f_frsize < SPACE_MB * 1048576ull) {
		status = lab_error(LAB_DISK,
				   "fetching a kernel needs %d MB on the disk, and %s has %llu",
				   SPACE_MB, cache,
				   (unsigned long long)space.f_bavail * space.f_frsize / 1048576);
		free(cache);
		return status;
	}
	fetch.directory = lab_format("%s/fetch-XXXXXX", cache);
	if (!mkdtemp(fetch.directory)) {
		status =
			lab_error(LAB_DISK, "making a directory in %s: %s", cache, strerror(errno));
	} else {
		fetch.log = lab_format("%s/log", fetch.directory);
		status = download(&fetch);
		if (!status)
			status = unpack(&fetch);
		if (!status)
			status = install(&fetch, cache);
		remove_tree(fetch.directory);
	}
	free(fetch.log);
	free(fetch.directory);
	free(cache);
	return status;
}
