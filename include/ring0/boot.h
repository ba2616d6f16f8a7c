/* SPDX-License-Identifier: MIT */
/*
 * Boot a kernel on a machine of <ring0/vm.h>, as a boot loader does: by Multiboot, Xen's PVH, Linux's
 * boot protocol, or as firmware. For code of the host; what `ring0 boot` does is built on it.
 *
 * Errors are told as <ring0/vm.h> tells them.
 */
#ifndef RING0_BOOT_H
#define RING0_BOOT_H

#include <stddef.h>
#include <stdint.h>
#include <ring0/vm.h>

enum r0_boot_protocol {
	R0_BOOT_AUTO,	    /* what the file says that it is made for, the first of these */
	R0_BOOT_MULTIBOOT,  /* Multiboot 0.6.96 */
	R0_BOOT_MULTIBOOT2, /* Multiboot 2.0 */
	R0_BOOT_PVH,	    /* Xen's, by an ELF note */
	R0_BOOT_LINUX,	    /* bzImage or vmlinux; on arm64 an Image */
	R0_BOOT_ELF,	    /* at its entry point: long mode for ELF64, protected mode for ELF32 */
	R0_BOOT_FIRMWARE,   /* the last byte at 4 GiB; the CPU starts as after a reset */
	R0_BOOT_FLAT, /* arm64's: 512 KiB into memory, entered at its first byte; never by AUTO */
	R0_BOOT_PROTOCOLS,
};

/* "multiboot2" and the like; NULL for what is no protocol. */
const char *r0_boot_protocol_name(enum r0_boot_protocol protocol);

/* A module, or initial RAM disk. */
struct r0_boot_module {
	const void *data;
	size_t size;
	const char *text; /* that goes with it, for protocols that have such a text; NULL is none */
};

struct r0_boot_options {
	enum r0_boot_protocol protocol;
	const char *command_line; /* NULL is an empty one */
	const char *name; /* of the kernel: the first word by Multiboot 1, if there is one */
	const struct r0_boot_module *modules;
	size_t module_count;
	/* arm64's: where its device tree has the kernel print; not on the debug console, which it has not. */
	enum r0_vm_console console;
};

/*
 * Put a kernel, its modules and all that its protocol promises into the memory of a VM at rest, and
 * set the entry of its first CPU. One with options.pc gets ACPI tables, too, unless it boots firmware. Nothing of `kernel` and `options` is kept. `used`, which may be
 * NULL, gets the protocol. Returns 0; -ENOEXEC for a file that is none of the protocol's, or is
 * damaged; -EFAULT for what does not fit into the VM's memory; what r0_vm_write() and r0_vm_enter() say.
 */
int r0_boot_load(struct r0_vm *vm, const void *kernel, size_t size,
		 const struct r0_boot_options *options, enum r0_boot_protocol *used,
		 struct r0_error *error);

#endif /* RING0_BOOT_H */
