/* SPDX-License-Identifier: MIT */
/* The firmware configuration device. Section names are those of QEMU's docs/specs/fw_cfg.rst. */
#include "devices/pc/fw_cfg.h"
#include <errno.h>
#include <string.h>
#include "base/container_of.h"

/* Offsets of the registers ("x86, x86-64 register locations"). */
#define SELECTOR 0
#define DATA	 1
#define DMA	 4
#define DMA_LOW	 8

/* Of a key: writes were meant once; the architecture's own items ("Selector (Control) Register"). */
#define KEY_WRITE 0x4000

/* What reads of the DMA register give ("Guest-side DMA Interface"). */
static const uint8_t dma_signature[8] = { 'Q', 'E', 'M', 'U', ' ', 'C', 'F', 'G' };

/* FW_CFG_ID: ports, and DMA. */
#define FEATURES 0x3

/* The descriptor: control, length and address, big-endian. */
#define DESCRIPTOR_SIZE 16
#define DMA_ERROR	0x01
#define DMA_READ	0x02
#define DMA_SKIP	0x04
#define DMA_SELECT	0x08
#define DMA_WRITE	0x10

/* An entry of the directory: size, key, reserved, name ("File Directory"). */
#define ENTRY_SIZE 64
#define ENTRY_NAME 8

static uint64_t load_big(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void store_big(uint8_t *bytes, size_t size, uint64_t value)
{
	while (size--) {
		bytes[size] = (uint8_t)value;
		value >>= 8;
	}
}

static const uint8_t *bytes_of(const struct fw_cfg_item *item)
{
	return item->data ? item->data : item->number;
}

static const struct fw_cfg_item *selected(const struct fw_cfg *fw_cfg)
{
	size_t i;

	for (i = 0; i < fw_cfg->count; i++)
		if (fw_cfg->items[i].key == fw_cfg->registers.key)
			return &fw_cfg->items[i];
	return NULL;
}

static void select_item(struct fw_cfg *fw_cfg, uint16_t key)
{
	fw_cfg->registers.key = key & (uint16_t)~KEY_WRITE;
	fw_cfg->registers.offset = 0;
}

/* Go on in the item by `size` bytes; those that it has go to `to`, unless that is NULL. */
static void take(struct fw_cfg *fw_cfg, uint8_t *to, uint64_t size)
{
	const struct fw_cfg_item *item = selected(fw_cfg);
	uint64_t offset = fw_cfg->registers.offset, left, part;

	left = item && offset < item->size ? item->size - offset : 0;
	part = size < left ? size : left;
	if (to && part)
		memcpy(to, bytes_of(item) + offset, part);
	if (to)
		memset(to + part, 0, size - part);
	fw_cfg->registers.offset = offset + part;
}

/* What the descriptor asks for. Returns what its control is to be then. */
static uint32_t transfer(struct fw_cfg *fw_cfg, uint32_t control, uint32_t length, r0_gpa address)
{
	uint8_t *to = NULL;

	if (control & DMA_SELECT)
		select_item(fw_cfg, (uint16_t)(control >> 16));
	if (control & DMA_READ) {
		to = ram_at(fw_cfg->ram, address, length, true);
		if (!to)
			return DMA_ERROR;
	} else if (control & DMA_WRITE) {
		return DMA_ERROR;
	} else if (!(control & DMA_SKIP)) {
		return 0;
	}
	take(fw_cfg, to, length);
	return 0;
}

static void start_dma(struct fw_cfg *fw_cfg, uint64_t at)
{
	uint8_t descriptor[DESCRIPTOR_SIZE];
	uint8_t *memory = ram_at(fw_cfg->ram, gpa(at), DESCRIPTOR_SIZE, true);
	uint32_t control;

	if (!memory)
		return;
	/* Once: other CPUs may write there. */
	memcpy(descriptor, memory, sizeof(descriptor));
	control = transfer(fw_cfg, (uint32_t)load_big(descriptor, 4),
			   (uint32_t)load_big(descriptor + 4, 4), gpa(load_big(descriptor + 8, 8)));
	store_big(memory, 4, control);
}

static enum bus_result fw_cfg_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct fw_cfg *fw_cfg = container_of(dev, struct fw_cfg, dev);

	if (offset == DATA)
		take(fw_cfg, data, 1);
	else if (offset >= DMA)
		memcpy(data, dma_signature + offset - DMA,
		       size < FW_CFG_PORTS - offset ? size : FW_CFG_PORTS - offset);
	return BUS_DONE;
}

static enum bus_result fw_cfg_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct fw_cfg *fw_cfg = container_of(dev, struct fw_cfg, dev);
	struct fw_cfg_registers *r = &fw_cfg->registers;

	if (offset == SELECTOR && size >= 2)
		select_item(fw_cfg, (uint16_t)dev_load(data, 2));
	else if (offset == DMA && size == 4)
		r->address_high = (uint32_t)load_big(data, 4);
	else if (offset == DMA_LOW && size == 4) {
		uint64_t at = (uint64_t)r->address_high << 32 | load_big(data, 4);

		/* It is spent with that. */
		r->address_high = 0;
		start_dma(fw_cfg, at);
	}
	return BUS_DONE;
}

static void fw_cfg_reset(struct dev *dev)
{
	container_of(dev, struct fw_cfg, dev)->registers = (struct fw_cfg_registers){ 0 };
}

static const struct dev_ops fw_cfg_ops = {
	.name = "fw_cfg",
	.reset = fw_cfg_reset,
	.read = fw_cfg_read,
	.write = fw_cfg_write,
};

static struct fw_cfg_item *add(struct fw_cfg *fw_cfg, uint16_t key, const void *data, uint64_t size)
{
	struct fw_cfg_item *item;

	if (fw_cfg->count == FW_CFG_ITEMS_MAX)
		return NULL;
	item = &fw_cfg->items[fw_cfg->count++];
	*item = (struct fw_cfg_item){ .key = key, .data = data, .size = size };
	return item;
}

void fw_cfg_init(struct fw_cfg *fw_cfg, const struct ram *ram)
{
	*fw_cfg = (struct fw_cfg){
		.dev = dev_of(&fw_cfg_ops, &fw_cfg->registers, sizeof(fw_cfg->registers)),
		.ram = ram,
	};
	add(fw_cfg, FW_CFG_SIGNATURE, dma_signature, 4);
	fw_cfg_add_number(fw_cfg, FW_CFG_ID, FEATURES, 4, NULL);
	add(fw_cfg, FW_CFG_DIRECTORY, fw_cfg->directory, 4);
}

int fw_cfg_add_number(struct fw_cfg *fw_cfg, uint16_t key, uint64_t value, size_t size,
		      struct error *error)
{
	struct fw_cfg_item *item = add(fw_cfg, key, NULL, size);

	if (!item)
		return error_set(error, ENOSPC, "fw_cfg has room for %d items", FW_CFG_ITEMS_MAX);
	dev_store(item->number, sizeof(item->number), value);
	return 0;
}

bool fw_cfg_has_file(const struct fw_cfg *fw_cfg, const char *name)
{
	unsigned int i;

	for (i = 0; i < fw_cfg->files; i++)
		if (!strcmp((const char *)fw_cfg->directory + 4 + (size_t)i * ENTRY_SIZE +
				    ENTRY_NAME,
			    name))
			return true;
	return false;
}

int fw_cfg_add_file(struct fw_cfg *fw_cfg, const char *name, const void *data, uint64_t size,
		    struct error *error)
{
	uint16_t key = (uint16_t)(FW_CFG_FILES + fw_cfg->files);
	uint8_t *entry = fw_cfg->directory + 4 + (size_t)fw_cfg->files * ENTRY_SIZE;

	if (!*name || strlen(name) >= FW_CFG_NAME_SIZE || fw_cfg_has_file(fw_cfg, name))
		return error_set(error, EINVAL,
				 "no file of fw_cfg can be called '%.64s': a name has 1 to %d "
				 "bytes, and there is none like it",
				 name, FW_CFG_NAME_SIZE - 1);
	if (size > UINT32_MAX)
		return error_set(error, EINVAL, "'%s' is too large for a file of fw_cfg", name);
	if (fw_cfg->files == FW_CFG_FILES_MAX || !add(fw_cfg, key, data, size))
		return error_set(error, ENOSPC, "fw_cfg has room for %d files", FW_CFG_FILES_MAX);
	store_big(entry, 4, size);
	store_big(entry + 4, 2, key);
	memcpy(entry + ENTRY_NAME, name, strlen(name) + 1);
	store_big(fw_cfg->directory, 4, ++fw_cfg->files);
	/* The directory is the third item. */
	fw_cfg->items[2].size = 4 + (uint64_t)fw_cfg->files * ENTRY_SIZE;
	return 0;
}
