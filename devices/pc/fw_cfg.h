/* SPDX-License-Identifier: MIT */
/*
 * QEMU's firmware configuration device (its docs/specs/fw_cfg.rst): what a virtual machine's firmware
 * or kernel wants to know, as items by number and files by name. The word to port 0x510 selects an item,
 * each byte read from 0x511 is its next one, zeros after its end. A descriptor of a transfer to or from memory
 * goes to 0x514, in big-endian order: its upper half, then its lower half at 0x518, which starts it. Items can't
 * be written.
 */
#ifndef DEVICES_PC_FW_CFG_H
#define DEVICES_PC_FW_CFG_H

#include <stdint.h>
#include "devices/bus.h"
#include "devices/ram.h"

#define FW_CFG_PORT  0x510
#define FW_CFG_PORTS 12

/* Numbers of items that every machine has. */
#define FW_CFG_SIGNATURE 0x00
#define FW_CFG_ID	 0x01
#define FW_CFG_RAM_SIZE	 0x03
#define FW_CFG_NOGRAPHIC 0x04
#define FW_CFG_CPUS	 0x05
#define FW_CFG_CPUS_MAX	 0x0f
#define FW_CFG_DIRECTORY 0x19
#define FW_CFG_FILES	 0x20 /* the first file's */

#define FW_CFG_ITEMS_MAX 32
#define FW_CFG_FILES_MAX 16
#define FW_CFG_NAME_SIZE 56

struct fw_cfg_item {
	uint16_t key;
	const void *data; /* NULL: `number` */
	uint8_t number[8];
	uint64_t size;
};

struct fw_cfg_registers {
	uint16_t key;
	uint16_t reserved;
	uint32_t address_high; /* of the descriptor, as a number */
	uint64_t offset;       /* of the next byte in the item */
};

struct fw_cfg {
	struct dev dev;
	struct fw_cfg_registers registers;
	const struct ram *ram; /* not owned */
	struct fw_cfg_item items[FW_CFG_ITEMS_MAX];
	size_t count;
	unsigned int files;
	uint8_t directory[4 + FW_CFG_FILES_MAX * 64]; /* as the guest reads it */
};

/* One with the items 0, 1 and the directory of no file. */
void fw_cfg_init(struct fw_cfg *fw_cfg, const struct ram *ram);

/* A number as an item, little-endian, in `size` bytes up to 8. Returns 0 or -ENOSPC. */
int fw_cfg_add_number(struct fw_cfg *fw_cfg, uint16_t key, uint64_t value, size_t size,
		      struct error *error);

/*
 * A file; the data stay the caller's. Returns 0; -EINVAL for a name that is empty, longer than 55 bytes,
 * or there already, or for 4 GiB and more; -ENOSPC.
 */
int fw_cfg_add_file(struct fw_cfg *fw_cfg, const char *name, const void *data, uint64_t size,
		    struct error *error);

bool fw_cfg_has_file(const struct fw_cfg *fw_cfg, const char *name);

#endif /* DEVICES_PC_FW_CFG_H */
