/* SPDX-License-Identifier: MIT */
/*
 * The initial file system: the init program and the kernel's modules, as an uncompressed cpio
 * archive (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "command/lab/architectures.h"
#include "command/lab/error.h"
#include "command/lab/kernels/initramfs.h"
#include "command/lab/kernels/kernel.h"
#include "command/lab/options.h"
#include "command/lab/strings.h"
#include "command/lab/kernels/uncompress.h"
#include "command/lab/whole_file.h"

/* One entry in the "newc" format: names and contents are padded to 4 bytes. */
static void add(FILE *archive, const char *name, mode_t mode, unsigned int major,
		unsigned int minor, const void *data, size_t size)
{
	static const char zeros[4];
	static unsigned int inode;
	size_t name_size = strlen(name) + 1;

	fprintf(archive, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ++inode,
		(unsigned int)mode, 0u, 0u, 1u, 0u, (unsigned int)size, 0u, 0u, major, minor,
		(unsigned int)name_size, 0u);
	fwrite(name, 1, name_size, archive);
	fwrite(zeros, 1, -(110 + name_size) & 3, archive);
	if (size)
		fwrite(data, 1, size, archive);
	fwrite(zeros, 1, -size & 3, archive);
}

/*
 * The size of a module without the signature after it (Documentation/admin-guide/module-signing.rst):
 * nothing asks for it here, and checking it takes the emulated kernel a tenth of a second.
 */
static size_t unsigned_size(const struct lab_blob *module)
{
	static const char magic[] = "~Module signature appended~\n";
	const size_t tail = sizeof(magic) - 1 + 12; /* struct module_signature */
	const unsigned char *length;
	size_t size;

	if (module->size < tail)
		return module->size;
	length = module->data + module->size - (sizeof(magic) - 1) - 4; /* its last member */
	if (memcmp(length + 4, magic, sizeof(magic) - 1))
		return module->size;
	size = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 |
	       length[3];
	return size <= module->size - tail ? module->size - tail - size : module->size;
}

/* What --kvm-parameter has for the module in that file, each after a blank; for free(). */
static char *parameters_of(const struct lab_options *options, const char *file)
{
	char *all = lab_format("%s", "");

	for (size_t i = 0; i < options->kvm_parameters.count; i++) {
		const char *text = options->kvm_parameters.items[i];
		const char *module = strncmp(text, "kvm.", 4) ? options->kvm->module : "kvm";
		char *name = lab_format("%s.ko", module), *longer;

		if (!strcmp(name, file)) {
			longer =
				lab_format("%s %s", all, text + (strncmp(text, "kvm.", 4) ? 0 : 4));
			free(all);
			all = longer;
		}
		free(name);
	}
	return all;
}

static int add_modules(FILE *archive, const struct lab_options *options,
		       const struct lab_kernel *kernel)
{
	char *order = lab_format("%s", "");
	char *parameters;

	add(archive, "modules", S_IFDIR | 0755, 0, 0, NULL, 0);
	for (size_t i = 0; i < kernel->needed.count; i++) {
		const char *path = kernel->needed.items[i];
		const char *name = strrchr(path, '/') + 1;
		struct lab_blob blob;
		int err = lab_map_uncompressed(path, &blob);
		char *base, *text;

		if (err) {
			free(order);
			return lab_error(LAB_NO_KERNEL, "the kernel module %s: %s", path,
					 strerror(-err));
		}
		/* Without the suffix that told of the compression. */
		base = lab_format("%.*s.ko", (int)(strstr(name, ".ko") - name), name);
		text = lab_format("modules/%s", base);
		add(archive, text, S_IFREG | 0644, 0, 0, blob.data, unsigned_size(&blob));
		free(text);
		lab_unmap(&blob);
		parameters = parameters_of(options, base);
		text = lab_format("%s%s%s\n", order, base, parameters);
		free(parameters);
		free(base);
		free(order);
		order = text;
	}
	add(archive, "modules/order", S_IFREG | 0644, 0, 0, order, strlen(order));
	free(order);
	return 0;
}

/*
 * QEMU puts an initial file system at the end of memory, on a page's boundary, and its microvm machine has ACPI's
 * tables there, too: one that filled its last page was written over them, and the kernel found no devices. So
 * it ends early in a page.
 */
static void pad(FILE *archive)
{
	long size = ftell(archive);

	while (size >= 0 && size++ % PAGE_SIZE != 4)
		putc(0, archive);
}

int lab_initramfs(const struct lab_options *options, const struct lab_kernel *kernel)
{
	const struct lab_architecture *architecture = options->architecture;
	int fd = memfd_create("initramfs", 0), status;
	FILE *archive = fd < 0 ? NULL : fdopen(dup(fd), "w");

	if (!archive) {
		lab_error(LAB_INTERNAL, "making a file in memory: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	add(archive, "dev", S_IFDIR | 0755, 0, 0, NULL, 0);
	/* init's own messages, before it mounts /dev */
	add(archive, "dev/console", S_IFCHR | 0600, 5, 1, NULL, 0);
	add(archive, "init", S_IFREG | 0755, 0, 0, architecture->init,
	    (size_t)(architecture->init_end - architecture->init));
	status = add_modules(archive, options, kernel);
	add(archive, "TRAILER!!!", 0, 0, 0, NULL, 0);
	pad(archive);
	if ((ferror(archive) | fclose(archive)) && !status)
		status = lab_error(LAB_INTERNAL, "writing the initial file system: %s",
				   strerror(errno));
	if (status) {
		close(fd);
		fd = -1;
	}
	return fd;
}
