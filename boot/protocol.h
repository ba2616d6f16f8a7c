/* SPDX-License-Identifier: MIT */
/*
 * What a boot protocol is to the rest: whether a file is made for it, and the setup of a start by it.
 * Each is in a file of its own. Pure.
 */
#ifndef BOOT_PROTOCOL_H
#define BOOT_PROTOCOL_H

#include <ring0/boot.h>
#include "boot/setup.h"

/* What a device tree says of the machine. */
struct boot_window {
	uint64_t address;
	uint32_t size;
	unsigned int irq;
};

#define BOOT_WINDOWS_MAX 4

struct boot_machine {
	unsigned int cpus;
	uint64_t memory; /* bytes */
	bool irqchip;
	unsigned int gic_version;   /* of arm64 with irqchip: 3 or 2 */
	bool serial;		    /* it has the lines that options.no_legacy leaves out */
	enum r0_vm_console console; /* where the kernel prints */
	struct boot_window virtio[BOOT_WINDOWS_MAX];
	size_t virtio_count;
};

#define BOOT_REQUEST_ROOM 64

/* What a loader is given. */
struct boot_request {
	struct boot_image image;
	const char *command_line; /* never NULL */
	const char *name;	  /* of the kernel, likewise; may be empty */
	const struct r0_boot_module *modules;
	size_t module_count;
	uint64_t rsdp; /* guest-physical address of ACPI's root pointer, or 0 */
	const uint8_t *rsdp_bytes;
	size_t rsdp_size;
	uint8_t room[BOOT_REQUEST_ROOM]; /* for the latter */
	struct boot_machine machine;
};

/* What loaders call themselves to the kernel. */
#define BOOT_LOADER_NAME "ring0 " R0_VERSION

struct boot_protocol {
	/* Whether the file says that it is for this protocol; NULL if none does. */
	bool (*is)(const struct boot_image *image);
	/* Fill an empty setup in. Returns 0 or -errno, with what is wrong with the file. */
	int (*setup)(struct boot_setup *setup, const struct boot_request *request,
		     struct error *error);
};

extern const struct boot_protocol boot_multiboot, boot_multiboot2, boot_pvh, boot_linux, boot_elf,
	boot_firmware, boot_flat;

/* Of the architecture: by the number that <ring0/boot.h> gives it; NULL for those that it has not. */
extern const struct boot_protocol *const boot_protocols[R0_BOOT_PROTOCOLS];

/* What a file may be, for the message about one that is none of it. */
extern const char boot_kernels[];

/* The first that the file is for; R0_BOOT_AUTO if there is none. */
enum r0_boot_protocol boot_protocol_find(const struct boot_image *image);

/*
 * The setup of a start by that protocol, or by the one that the file is for: *number gets it. `setup`
 * need not be initialised, and is to be finished after 0 alone. -EINVAL for no protocol, -ENOEXEC.
 */
int boot_setup_by(struct boot_setup *setup, const struct memory_map *map,
		  enum r0_boot_protocol *number, const struct boot_request *request,
		  struct error *error);

#endif /* BOOT_PROTOCOL_H */
