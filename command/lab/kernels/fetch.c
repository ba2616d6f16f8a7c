/* SPDX-License-Identifier: MIT */
/*
 * `ring0 lab --fetch`: Debian's cloud kernel, or Ubuntu's for virtual machines, by apt and its
 * signatures, into the cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "command/lab/kernels/apt.h"
#include "command/lab/architectures.h"
#include "command/lab/cache.h"
#include "command/lab/error.h"
#include "command/lab/kernels/fetch.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/options.h"
#include "command/lab/signals.h"
#include "command/lab/strings.h"
#include "command/lab/kernels/uncompress.h"
#include "command/lab/whole_file.h"

/* apt's lists, the packages and what is in them, and to spare. */
#define SPACE_MB 400

/* tar, for one, only says that it wrote less than it wanted to. */
static bool is_full(const char *directory)
{
	struct statvfs space;

	return statvfs(directory, &space) == 0 &&
	       (uint64_t)space.f_bavail * space.f_frsize < 1048576;
}

/*
 * What a command failed by, and what to do. apt goes on after an error: its first one is the cause of
 * the others, and a full disk or an archive that was not reached of all of them.
 */
static int say_failed(const struct lab_apt *apt, const char *what, const char *advice)
{
	char *full = lab_apt_said(apt, strerror(ENOSPC));
	char *unreached = lab_apt_said(apt, "Failed to fetch"), *error = lab_apt_said(apt, "E: ");
	char *last = lab_apt_said(apt, NULL);
	int status;

	if (lab_signal)
		status = 128 + lab_signal;
	else if (full || is_full(apt->directory))
		status = lab_error(LAB_DISK, "%s: %s; make room in %.*s, or set XDG_CACHE_HOME",
				   what, full ? full : strerror(ENOSPC),
				   (int)(strrchr(apt->directory, '/') - apt->directory),
				   apt->directory);
	else if (unreached)
		status = lab_error(LAB_NO_KERNEL,
				   "%s: %s; see that the archive can be reached, and try again, or "
				   "name a kernel with --kernel",
				   what, unreached);
	else
		status = lab_error(LAB_NO_KERNEL, "%s: %s; %s", what,
				   error ? error :
				   last	 ? last :
					   "it said nothing",
				   advice);
	free(full);
	free(unreached);
	free(error);
	free(last);
	return status;
}

static bool is_in(const struct lab_strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (!strcmp(strings->items[i], text))
			return true;
	return false;
}

/*
 * Add the packages that a kernel is in: those that the first one depends on and that are named so.
 * Debian's linux-image-VERSION is all of it until 13, and then depends on linux-binary-VERSION and
 * linux-modules-VERSION; Ubuntu's on the latter.
 */
static bool add_packages(struct lab_apt *apt, const char *name, struct lab_strings *packages,
			 int depth)
{
	static const char *const parts[] = { "linux-image-*", "linux-binary-*", "linux-modules-*" };
	struct lab_strings depends = { 0 };
	uint64_t size;
	bool known = lab_apt_show(apt, name, &depends, &size);

	/* The first only names the newest. */
	if (known && depth) {
		lab_strings_add(packages, name);
		apt->awaited += size;
	}
	for (size_t i = 0; known && depth < 4 && i < depends.count; i++)
		for (size_t j = 0; j < sizeof(parts) / sizeof(*parts); j++)
			if (lab_name_matches(parts[j], depends.items[i],
					     strlen(depends.items[i])) &&
			    !is_in(packages, depends.items[i]))
				known = add_packages(apt, depends.items[i], packages, depth + 1);
	lab_strings_finish(&depends);
	return known;
}

/* The names of the packages that the newest kernel is in. */
static int find_packages(struct lab_apt *apt, struct lab_strings *packages)
{
	char *debian = lab_format("linux-image-cloud-%s", apt->architecture->debian);
	const char *const newest[] = { debian, "linux-image-virtual" };
	bool known = false;
	int status = 0;

	for (size_t i = 0; i < sizeof(newest) / sizeof(*newest) && !known && !lab_signal; i++) {
		lab_strings_finish(packages);
		known = add_packages(apt, newest[i], packages, 0);
	}
	if (lab_signal)
		status = 128 + lab_signal;
	else if (!known || !packages->count)
		status = say_failed(
			apt, "finding the package of a kernel",
			"with Debian's or Ubuntu's archive in apt's sources it is there; or "
			"name a kernel with --kernel");
	free(debian);
	return status;
}

static int download(struct lab_apt *apt)
{
	const char *const update[] = { "apt-get", "-q", "update", NULL };
	const char *const get[] = { "apt-get", "-q", "download" };
	struct lab_strings packages = { 0 };
	const char **argv;
	char *what;
	int status = lab_apt_configure(apt);

	if (status)
		return status;
	/* It fails if one of many sources does: what counts is whether the packages are found. */
	lab_apt_run(apt, NULL, update);
	if (lab_signal)
		return 128 + lab_signal;
	status = find_packages(apt, &packages);
	if (status)
		return status;
	argv = lab_allocate((3 + packages.count + 1) * sizeof(*argv));
	memcpy(argv, get, sizeof(get));
	for (size_t i = 0; i < packages.count; i++)
		argv[3 + i] = packages.items[i];
	what = lab_format("fetching %s", packages.items[0]);
	fprintf(stderr, "ring0 lab: %s, %.1f MB\n", what, (double)apt->awaited / 1e6);
	if (lab_apt_run(apt, NULL, argv))
		status = say_failed(apt, what, "try again, or name a kernel with --kernel");
	free(what);
	free(argv);
	lab_strings_finish(&packages);
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

/* Uncompressed, if it is compressed. -errno. */
static int copy_file(const char *from, const char *to, int (*map)(const char *, struct lab_blob *))
{
	struct lab_blob blob;
	int err = map(from, &blob);

	if (!err)
		err = copy_blob(to, blob.data, blob.size);
	lab_unmap(&blob);
	return err;
}

/* Where packages have a kernel, and from where on its version is in the path. */
static char *find_image(const struct lab_apt *apt, char **version)
{
	static const char *const patterns[] = { "boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz",
						"lib/modules/*/vmlinuz" };
	struct lab_strings names = { 0 };
	char *image = NULL;

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns) && !image; i++) {
		char *pattern = lab_format("%s/tree/%s", apt->directory, patterns[i]);
		const char *star = strchr(pattern, '*');

		lab_glob(pattern, &names);
		if (names.count) {
			image = lab_format("%s", names.items[0]);
			*version = lab_format("%.*s", (int)strcspn(image + (star - pattern), "/"),
					      image + (star - pattern));
		}
		free(pattern);
	}
	lab_strings_finish(&names);
	return image;
}

/* Copy what is not there yet. -errno. */
static int copy_modules(const struct lab_kernel *kernel, const char *directory)
{
	int err = 0;

	for (size_t i = 0; i < kernel->needed.count && !err; i++) {
		const char *name = strrchr(kernel->needed.items[i], '/');
		char *path =
			lab_format("%s%.*s.ko", directory, (int)(strstr(name, ".ko") - name), name);

		err = copy_file(kernel->needed.items[i], path, lab_map_uncompressed);
		if (err == -EEXIST)
			err = 0;
		free(path);
	}
	return err;
}

/* For each KVM of the architecture. 0 or an enum lab_status; the disk's error goes to *err. */
static int arrange_modules(struct lab_options *options, const char *directory, int *err)
{
	int status = 0;

	for (size_t i = 0; i < options->architecture->kvm_count && !status && !*err; i++) {
		struct lab_kernel kernel = { 0 };

		options->kvm = &options->architecture->kvms[i];
		status = lab_kernel_find(options, &kernel);
		/* Without the others it is of use. */
		if (!status && i == 0)
			status = lab_kernel_check(options, &kernel);
		if (!status && !kernel.lacks_kvm)
			*err = copy_modules(&kernel, directory);
		lab_kernel_finish(&kernel);
	}
	return status;
}

/* Put the kernel and the modules that the lab loads in DIRECTORY/new, as --kernel wants them. */
static int arrange(const struct lab_apt *apt)
{
	/* For a Linux that `ring0 boot` boots inside. */
	static const char *const more[] = { "virtio_blk", "virtio_net", "tun", NULL };
	struct lab_options options = { .architecture = apt->architecture, .more_modules = more };
	char *version = NULL, *image = find_image(apt, &version), *boot, *modules, *path;
	int status = 0, err;

	if (!image)
		return lab_error(LAB_NO_KERNEL,
				 "the packages that were fetched have no kernel in boot/ or "
				 "lib/modules/; name one with --kernel");
	boot = lab_format("%s/new/boot", apt->directory);
	modules = lab_format("%s/new/lib/modules/%s/kernel", apt->directory, version);
	path = lab_format("%s/vmlinuz-%s", boot, version);
	err = lab_make_directories(boot);
	if (!err)
		err = lab_make_directories(modules);
	if (!err)
		err = copy_file(image, path, lab_map);
	options.kernel = image;
	if (!err)
		status = arrange_modules(&options, modules, &err);
	if (err)
		status = lab_error(LAB_DISK, "copying the kernel: %s", strerror(-err));
	free(path);
	free(modules);
	free(boot);
	free(version);
	free(image);
	return status;
}

static int unpack(const struct lab_apt *apt)
{
	char *pattern = lab_format("%s/*.deb", apt->directory);
	struct lab_strings names = { 0 };
	int status = 0;

	lab_glob(pattern, &names);
	free(pattern);
	for (size_t i = 0; i < names.count && !status; i++) {
		const char *const argv[] = { "dpkg-deb", "-x", names.items[i], "tree", NULL };

		if (lab_apt_run(apt, NULL, argv))
			status = say_failed(apt, "unpacking the packages",
					    "try again, or name a kernel with --kernel");
	}
	lab_strings_finish(&names);
	return status ? status : arrange(apt);
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
static int install(const struct lab_apt *apt, const char *cache)
{
	char *new = lab_format("%s/new", apt->directory);
	char *final = lab_format("%s/kernel-%s", cache, apt->architecture->name);
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
	char *cache = lab_cache_directory();
	struct lab_workshop workshop;
	struct lab_apt apt = { .architecture = architecture };
	struct statvfs space;
	int status, err;

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
	err = lab_workshop_open(&workshop, cache, "fetch");
	if (err) {
		status = lab_error(LAB_DISK, "making a directory in %s: %s", cache, strerror(-err));
	} else {
		apt.directory = workshop.path;
		apt.log = lab_format("%s/log", workshop.path);
		status = download(&apt);
		if (!status)
			status = unpack(&apt);
		if (!status)
			status = install(&apt, cache);
		lab_workshop_close(&workshop);
	}
	free(apt.log);
	free(cache);
	return status;
}
