/* SPDX-License-Identifier: MIT */
/* A machine to a file, and back. Depends on boot.h and <ring0/vm.h>. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "command/boot/boot.h"

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The command line has to name the devices that the machine has. */
static int check_devices(const struct r0_vm_snapshot *snapshot, const struct boot_options *options)
{
	size_t i;

	for (i = 0; i < BOOT_DEVICES; i++) {
		bool has = boot_devices[i]->is_in(snapshot);

		if (has == !!options->devices[i])
			continue;
		return boot_error(BOOT_USAGE, "--from %s: its machine has %s; %s --%s",
				  options->from, has ? "such a device" : "no such device",
				  has ? "give it by" : "leave out", boot_devices[i]->option);
	}
	return 0;
}

int boot_snapshot_load(struct r0_vm_snapshot **result, const struct boot_options *options,
		       struct r0_vm_options *vm_options)
{
	struct r0_error error = { "" };
	struct r0_vm_snapshot *snapshot;
	bool block, net;
	int err = r0_vm_snapshot_load(&snapshot, options->from, &error), status;

	if (!err && options->check) {
		err = r0_vm_snapshot_check(snapshot, &error);
		if (err)
			r0_vm_snapshot_destroy(snapshot);
	}
	if (err)
		return boot_error(err == -EBADMSG	  ? BOOT_NO_KERNEL :
				  err == -EPROTONOSUPPORT ? BOOT_UNSUPPORTED :
				  err == -ENOMEM	  ? BOOT_INTERNAL :
							    BOOT_MISSING,
				  "--from: %s", error.text);
	r0_vm_snapshot_options(snapshot, vm_options, &block, &net);
	status = check_devices(snapshot, options);
	if (!status && options->console == R0_VM_VIRTIO_CONSOLE && !vm_options->virtio_console)
		status = boot_error(BOOT_USAGE, "--from %s: its machine has no virtio console",
				    options->from);
	if (status)
		r0_vm_snapshot_destroy(snapshot);
	else
		*result = snapshot;
	return status;
}

int boot_snapshot_restore(struct r0_vm_snapshot *snapshot, struct r0_vm *vm,
			  const struct boot_options *options)
{
	struct r0_error error = { "" };

	if (!r0_vm_snapshot_restore(snapshot, vm, &error))
		return 0;
	return boot_error(BOOT_UNSUPPORTED, "--from %s: %s", options->from, error.text);
}

static int save(const struct r0_vm_snapshot *snapshot, const char *path, const char *name)
{
	struct r0_error error = { "" };
	struct stat status = { 0 };

	if (r0_vm_snapshot_save(snapshot, path, &error))
		return boot_error(BOOT_INTERNAL, "%s: %s", name, error.text);
	/* It has holes: this is what it takes. */
	stat(path, &status);
	boot_error(0, "%s: saved to %s, %llu KiB", name, path,
		   (unsigned long long)status.st_blocks >> 1);
	return 0;
}

int boot_snapshot_save(struct r0_vm *vm, const struct boot_options *options)
{
	const char *name = file_name(options->kernel ? options->kernel : options->from);
	struct r0_vm_snapshot *snapshot;
	struct r0_error error = { "" };
	char *path = NULL;
	int status;

	if (!options->save && asprintf(&path, "%s.snapshot", name) < 0)
		return boot_error(BOOT_INTERNAL, "no memory for a file's name");
	status = r0_vm_freeze(vm, &error);
	if (!status)
		status = r0_vm_snapshot_take(&snapshot, vm, &error);
	if (status) {
		free(path);
		return boot_error(BOOT_INTERNAL, "%s: %s", name, error.text);
	}
	status = save(snapshot, options->save ? options->save : path, name);
	r0_vm_snapshot_destroy(snapshot);
	free(path);
	return status;
}
