/* SPDX-License-Identifier: MIT */
/* --disk: a virtio disk over a file or a block device. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command/boot/boot.h"
#include "command/boot/device.h"

#define SUFFIX ",readonly"

static int open_file(const char *path, bool read_only, struct r0_vm_block *block)
{
	struct stat status;

	/* Looked at first: opening one of another kind may wait, or do something. */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
		return boot_error(BOOT_NO_DEVICE,
				  "--disk %s: it is neither a file nor a block device", path);
	block->read_only = read_only;
	block->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (block->fd < 0)
		return boot_error(BOOT_NO_DEVICE, "--disk %s: %s", path, strerror(errno));
	return 0;
}

static int open_disk(const char *value, struct r0_vm_options *options)
{
	const size_t length = strlen(value), suffix = strlen(SUFFIX);
	bool read_only = length > suffix && !strcmp(value + length - suffix, SUFFIX);
	char *path = strndup(value, read_only ? length - suffix : length);
	struct r0_vm_block *block = calloc(1, sizeof(*block));
	int status;

	if (path && block)
		status = open_file(path, read_only, block);
	else
		status = boot_error(BOOT_INTERNAL, "no memory for --disk");
	if (!status)
		options->block = block;
	else
		free(block);
	free(path);
	return status;
}

static void close_disk(struct r0_vm_options *options)
{
	if (!options->block)
		return;
	close(options->block->fd);
	free((void *)(uintptr_t)options->block);
	options->block = NULL;
}

static bool is_in(const struct r0_vm_snapshot *snapshot)
{
	struct r0_vm_options options = { 0 };
	bool block, net;

	r0_vm_snapshot_options(snapshot, &options, &block, &net);
	return block;
}

const struct boot_device boot_disk = {
	.option = "disk",
	.help = "  --disk FILE[,readonly]\n"
		"                    a virtio disk\n",
	.open = open_disk,
	.close = close_disk,
	.is_in = is_in,
};
