/* SPDX-License-Identifier: MIT */
/*
 * What is to be in memory when a kernel starts, and how it starts: the outcome of a protocol, which
 * load.c carries out. Finds room for what the loader makes itself, between what the kernel's file asks
 * for. Pure.
 */
#ifndef BOOT_SETUP_H
#define BOOT_SETUP_H

#include <ring0/vm.h>
#include "base/error.h"
#include "boot/elf_file.h"
#include "boot/memory_map.h"

#define BOOT_SETUP_SEGMENTS_MAX 512

struct boot_segment {
	uint64_t address; /* guest-physical */
	const uint8_t *data;
	uint64_t data_size;
	uint64_t size;	/* zeros follow the data up to here */
	uint8_t *owned; /* the data, if it is the setup's */
};

struct boot_setup {
	const struct memory_map *map;
	struct boot_segment segments[BOOT_SETUP_SEGMENTS_MAX]; /* none overlaps another */
	size_t segment_count;
	/* `tables` is set where the mode needs some. Registers but those that `entry` sets. */
	struct r0_vm_entry entry;
	struct r0_vm_registers registers;
	const uint8_t *firmware; /* that ends at 4 GiB, in the image, or NULL */
	uint64_t firmware_size;
};

/* An empty one; the map stays the caller's, and there. boot_setup_finish() frees what it owns. */
void boot_setup_init(struct boot_setup *setup, const struct memory_map *map);
void boot_setup_finish(struct boot_setup *setup);

/*
 * Have data of the caller's at an address, and zeros behind it up to `size`. `what` is for the
 * message. -EFAULT unless all of it is usable memory; -EINVAL if it overlaps another, or has more data
 * than that; -ENOSPC.
 */
int boot_setup_add(struct boot_setup *setup, const char *what, uint64_t address,
		   const uint8_t *data, uint64_t data_size, uint64_t size, struct error *error);

/*
 * Where what a loader makes goes, if there is room: what is lower is left to kernels, which use addresses there
 * that they have not asked for.
 */
#define BOOT_ROOM_FROM 0x90000ul

/* Where there may be room: from that address on, but where there is none, anywhere below the end. */
struct boot_room {
	uint64_t from, end;
	uint64_t alignment; /* a power of two */
};

/*
 * Find the first room for data of the caller's (NULL: for zeros), and add it. -EFAULT if there is
 * none.
 */
int boot_setup_place(struct boot_setup *setup, const char *what, const void *data, uint64_t size,
		     const struct boot_room *room, uint64_t *address, struct error *error);

/* The same, for bytes that the setup owns and the caller fills in: `made`, all zero. -ENOMEM, too. */
int boot_setup_make_room(struct boot_setup *setup, const char *what, uint64_t size,
			 const struct boot_room *room, uint8_t **made, uint64_t *address,
			 struct error *error);

/* A copy of a text with its zero, below 4 GiB. */
int boot_setup_place_text(struct boot_setup *setup, const char *what, const char *text,
			  uint64_t *address, struct error *error);

/* For small things. */
extern const struct boot_room boot_room_small;

/* The loadable segments of an ELF file at their physical addresses. -ENOEXEC without any, too. */
int boot_setup_add_elf(struct boot_setup *setup, const struct elf_file *file, struct error *error);

/* Whether anything has that address. */
bool boot_setup_has(const struct boot_setup *setup, uint64_t address);

/* The end of what is highest; 0 if there is nothing. */
uint64_t boot_setup_end(const struct boot_setup *setup);

#endif /* BOOT_SETUP_H */
