/* SPDX-License-Identifier: MIT */
/*
 * Which kernel the machine boots, and which of its modules that takes: the one that was named, or
 * the one that fetch.c put in the cache.
 */
#include <elf.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/lab/architectures.h"
#include "command/lab/cache.h"
#include "command/lab/emulators/emulator.h"
#include "command/lab/error.h"
#include "command/lab/kernels/image.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/options.h"
#include "command/lab/strings.h"
#include "command/lab/kernels/uncompress.h"
#include "command/lab/whole_file.h"

/* The module's name with '-' for '_', without directory and suffixes. */
static char *module_name(const char *path)
{
	const char *base = strrchr(path, '/');
	char *name = lab_format("%s", base ? base + 1 : path);
	char *dot = strstr(name, ".ko");

	if (dot)
		*dot = '\0';
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = '-';
	return name;
}

/* All of a kernel's modules; nftw() has no argument for its function. */
static struct lab_strings *found_modules;

static int found(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)where;
	if (type == FTW_F && strstr(path, ".ko"))
		lab_strings_add(found_modules, path);
	return 0;
}

/*
 * What follows "depends=" in a module, whose .modinfo is a list of NUL-ended strings; for free(), or
 * NULL where it needs none. 0 or -errno.
 */
static int module_depends(const char *path, char **depends)
{
	struct lab_blob blob;
	int err = lab_map_uncompressed(path, &blob);

	*depends = NULL;
	if (err)
		return err;
	for (const unsigned char *at = blob.data; at && !*depends;) {
		size_t left = blob.size - (size_t)(at - blob.data);
		const unsigned char *match = memmem(at, left, "\0depends=", 9);

		if (!match)
			break;
		at = match + 9;
		left = blob.size - (size_t)(at - blob.data);
		if (memchr(at, '\0', left))
			*depends = lab_format("%s", (const char *)at);
	}
	lab_unmap(&blob);
	return 0;
}

static const char *module_path(const struct lab_strings *modules, const char *name)
{
	const char *path = NULL;
	char *wanted = module_name(name);

	for (size_t i = 0; i < modules->count && !path; i++) {
		char *one = module_name(modules->items[i]);

		if (!strcmp(one, wanted))
			path = modules->items[i];
		free(one);
	}
	free(wanted);
	return path;
}

static int need_module(struct lab_kernel *kernel, const struct lab_strings *modules,
		       const char *name, int depth)
{
	const char *path = module_path(modules, name);
	char *depends, *save = NULL;
	int status = 0, err;

	if (!path || depth > 16)
		return 0; /* built in, or missing: then what needs it says so in the machine */
	for (size_t i = 0; i < kernel->needed.count; i++)
		if (!strcmp(kernel->needed.items[i], path))
			return 0;
	err = module_depends(path, &depends);
	if (err)
		return lab_error(LAB_NO_KERNEL, "the kernel module %s: %s; get its package again",
				 path,
				 err == -EBADMSG ? "it is damaged or cut short" : strerror(-err));
	for (char *one = strtok_r(depends ? depends : (char[]){ "" }, ",", &save); one && !status;
	     one = strtok_r(NULL, ",", &save))
		status = need_module(kernel, modules, one, depth + 1);
	free(depends);
	if (!status)
		lab_strings_add(&kernel->needed, path);
	return status;
}

/* Whether KVM is a part of the kernel itself, or nothing says so: kbuild.rst, modules.builtin. */
static bool is_kvm_built_in(const struct lab_options *options, const struct lab_kernel *kernel)
{
	char *path = lab_format("%s/modules.builtin", kernel->modules);
	FILE *list = fopen(path, "re");
	struct lab_strings modules = { 0 };
	char line[1024];
	bool built_in;

	free(path);
	if (!list)
		return true;
	while (fgets(line, sizeof(line), list))
		lab_strings_add(&modules, line);
	fclose(list);
	built_in = module_path(&modules, options->kvm->module);
	lab_strings_finish(&modules);
	return built_in;
}

static int find_modules(const struct lab_options *options, struct lab_kernel *kernel)
{
	const struct lab_kvm *kvm = options->kvm;
	struct lab_strings modules = { 0 };
	int status = 0;

	if (!kernel->modules)
		return 0;
	found_modules = &modules;
	nftw(kernel->modules, found, 16, FTW_PHYS);
	kernel->lacks_kvm = !module_path(&modules, kvm->module) &&
			    !is_kvm_built_in(options, kernel);
	for (const char *const *name = kvm->emulator->modules; *name && !status; name++)
		status = need_module(kernel, &modules, *name, 0);
	for (const char *const *name = options->more_modules; name && *name && !status; name++)
		status = need_module(kernel, &modules, *name, 0);
	if (!status)
		status = need_module(kernel, &modules, kvm->module, 0);
	lab_strings_finish(&modules);
	return status;
}

/* A bzImage tells its version: Documentation/x86/boot.rst, kernel_version. NULL if it doesn't. */
static char *bzimage_version(const struct lab_blob *blob)
{
	size_t offset;

	if (blob->size < 0x264 || memcmp(blob->data + 0x202, "HdrS", 4))
		return NULL;
	offset = 0x200 + (size_t)(blob->data[0x20e] | blob->data[0x20f] << 8);
	if (offset >= blob->size || !memchr(blob->data + offset, '\0', blob->size - offset))
		return NULL;
	return lab_format("%.*s", (int)strcspn((const char *)blob->data + offset, " "),
			  (const char *)blob->data + offset);
}

/* Take the directory, for free(), if it has a kernel's modules. */
static char *modules_in(char *directory)
{
	char *tree = lab_format("%s/kernel", directory);
	bool there = access(tree, F_OK) == 0;

	free(tree);
	if (there)
		return directory;
	free(directory);
	return NULL;
}

/*
 * The modules lie beside the kernel itself in lib/modules/VERSION, or there beside the boot
 * directory, or on the host. The version may be unknown, which is an empty one.
 */
static char *modules_of(const char *kernel, const char *version)
{
	char *real = realpath(kernel, NULL), *slash = real ? strrchr(real, '/') : NULL;
	char *modules = NULL;

	if (slash) {
		*slash = '\0';
		modules = modules_in(lab_format("%s", real));
		if (!modules && *version)
			modules = modules_in(lab_format("%s/../lib/modules/%s", real, version));
		if (!modules && *version)
			modules = modules_in(lab_format("%s/../usr/lib/modules/%s", real, version));
	}
	if (!modules && *version)
		modules = modules_in(lab_format("/lib/modules/%s", version));
	free(real);
	return modules;
}

static int examine(const struct lab_options *options, struct lab_kernel *kernel)
{
	const char *base = strrchr(kernel->path, '/');
	struct lab_blob blob;
	char *version;
	int err = lab_map(kernel->path, &blob);

	if (err)
		return lab_error(LAB_NO_KERNEL, "the kernel %s: %s", kernel->path, strerror(-err));
	version = bzimage_version(&blob);
	if (options->architecture->elf_machine == EM_X86_64 ?
		    !version && !lab_has_pvh_entry(blob.data, blob.size) :
		    !lab_is_arm64_image(&blob)) {
		lab_unmap(&blob);
		free(version);
		return lab_error(LAB_NO_KERNEL, "%s is no kernel image for %s", kernel->path,
				 options->architecture->name);
	}
	lab_unmap(&blob);
	if (!version) {
		base = base ? base + 1 : kernel->path;
		base += strcspn(base, "-");
		version = lab_format("%s", *base ? base + 1 : base);
	}
	kernel->modules = modules_of(kernel->path, version);
	free(version);
	return find_modules(options, kernel);
}

static const char *named_kernel(const struct lab_options *options)
{
	const char *named = options->kernel ? options->kernel : getenv("RING0_LAB_KERNEL");

	return named && *named ? named : NULL;
}

/* The kernel that was named, or the newest in the cache; *path is NULL if there is none. */
static int find_path(const struct lab_options *options, char **path)
{
	const char *named = named_kernel(options);
	struct lab_strings names = { 0 };
	char *cache, *pattern;

	*path = named ? lab_format("%s", named) : NULL;
	if (*path)
		return 0;
	cache = lab_cache_directory();
	if (!cache)
		return LAB_DISK;
	pattern = lab_format("%s/kernel-%s/boot/vmlinuz-*", cache, options->architecture->name);
	lab_glob(pattern, &names);
	if (names.count)
		*path = lab_format("%s", names.items[names.count - 1]);
	lab_strings_finish(&names);
	free(pattern);
	free(cache);
	return 0;
}

bool lab_kernel_is_missing(const struct lab_options *options)
{
	struct lab_kernel kernel = { 0 };
	bool missing = !find_path(options, &kernel.path) && !kernel.path;

	/* An earlier ring0 may have left the modules of this KVM out. */
	if (kernel.path && !named_kernel(options))
		missing = !examine(options, &kernel) && kernel.lacks_kvm;
	lab_kernel_finish(&kernel);
	return missing;
}

int lab_kernel_find(const struct lab_options *options, struct lab_kernel *kernel)
{
	const char *arch = options->architecture->name;
	int status;

	*kernel = (struct lab_kernel){ 0 };
	status = find_path(options, &kernel->path);
	if (status)
		return status;
	if (!kernel->path)
		return lab_error(LAB_NO_KERNEL,
				 "there is no %s kernel to boot: run `ring0 lab --arch %s --fetch` "
				 "once, or name one with --kernel or RING0_LAB_KERNEL; with "
				 "RING0_LAB=auto it is fetched by itself",
				 arch, arch);
	return examine(options, kernel);
}

int lab_kernel_check(const struct lab_options *options, const struct lab_kernel *kernel)
{
	if (!kernel->lacks_kvm)
		return 0;
	return lab_error(LAB_NO_KVM,
			 "the kernel %s comes without KVM: there is no module %s in %s; get one "
			 "with `ring0 lab --fetch`, or choose another with --kernel",
			 kernel->path, options->kvm->module, kernel->modules);
}

void lab_kernel_finish(struct lab_kernel *kernel)
{
	free(kernel->path);
	free(kernel->modules);
	lab_strings_finish(&kernel->needed);
	*kernel = (struct lab_kernel){ 0 };
}
