/* SPDX-License-Identifier: MIT */
/* The device that a test's image ends by. Section numbers are VIRTIO 1.2's. */
#include "devices/virtio/test_console.h"
#include <string.h>
#include "base/container_of.h"

/* Registers (4.2.2 and 4.2.4). */
#define MAGIC_VALUE	0x000
#define VERSION		0x004
#define DEVICE_ID	0x008
#define VENDOR_ID	0x00c
#define GUEST_PAGE_SIZE 0x028
#define QUEUE_SEL	0x030
#define QUEUE_NUM_MAX	0x034
#define QUEUE_NUM	0x038
#define QUEUE_ALIGN	0x03c
#define QUEUE_PFN	0x040
#define QUEUE_NOTIFY	0x050
#define STATUS		0x070

#define MAGIC	   0x74726976 /* "virt" */
#define OLDER_FORM 1
#define CONSOLE	   3
#define VENDOR	   0x304e4952 /* "RIN0" */

/* The second of a console's (5.3.2). */
#define TRANSMIT 1

/* Of a split queue's parts (2.7.5, 2.7.6). */
#define DESCRIPTOR_SIZE	    16
#define AVAILABLE_SIZE(num) (2 * (3 + (uint64_t)(num)))

static void test_console_reset(struct dev *dev)
{
	struct test_console *console = container_of(dev, struct test_console, dev);

	memset(&console->registers, 0, sizeof(console->registers));
}

static enum bus_result test_console_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	const struct test_console *console = container_of(dev, struct test_console, dev);
	const struct test_console_registers *r = &console->registers;
	const bool is_queue = r->queue_select < TEST_CONSOLE_QUEUES;
	uint32_t value = 0;

	switch (offset) {
	case MAGIC_VALUE:
		value = MAGIC;
		break;
	case VERSION:
		value = OLDER_FORM;
		break;
	case DEVICE_ID:
		value = CONSOLE;
		break;
	case VENDOR_ID:
		value = VENDOR;
		break;
	case QUEUE_NUM_MAX:
		value = is_queue ? VIRTQUEUE_SIZE_MAX : 0;
		break;
	case QUEUE_PFN:
		value = is_queue ? r->page[r->queue_select] : 0;
		break;
	case STATUS:
		value = r->status;
		break;
	default:
		break;
	}
	dev_store(data, size, value);
	return BUS_DONE;
}

/* One area has all of it: descriptors, what is available, and, aligned, what was used (2.7.2). */
static void place(struct test_console_registers *r, uint32_t number)
{
	struct virtqueue *queue = &r->queues[number];
	const uint64_t base = (uint64_t)r->page[number] * r->page_size;
	const uint64_t alignment = r->alignment[number] ? r->alignment[number] : 1;
	uint64_t end;

	queue->ready = base && virtqueue_size_is_valid(queue->size);
	queue->next_available = queue->next_used = queue->told_used = 0;
	queue->descriptors = base;
	queue->driver = base + (uint64_t)DESCRIPTOR_SIZE * queue->size;
	end = queue->driver + AVAILABLE_SIZE(queue->size);
	queue->device = (end + alignment - 1) / alignment * alignment;
}

/* Returns whether it was the end. */
static bool take(struct test_console_registers *r, uint8_t character)
{
	if (character == 'q')
		return true;
	r->number = character >= '0' && character <= '9' ? r->number * 10 + (character - '0') : 0;
	return false;
}

static enum bus_result serve(struct test_console *console, struct virtqueue *queue)
{
	struct test_console_registers *r = &console->registers;
	struct virtqueue_chain chain;
	uint8_t text[16];
	unsigned int chains;
	size_t size, i;

	/* Another CPU may add more for ever. */
	for (chains = 0; chains < VIRTQUEUE_SIZE_MAX; chains++) {
		if (virtqueue_pop(queue, console->ram, &chain) <= 0)
			break;
		size = virtqueue_load(&chain, 0, text, sizeof(text));
		virtqueue_push(queue, console->ram, chain.head, 0);
		for (i = 0; i < size; i++)
			if (take(r, text[i]))
				return dev_shutdown(&console->dev, BUS_END_STATUS,
						    (uint64_t)r->number << 1 | 1);
	}
	return BUS_DONE;
}

static void write_queue(struct test_console_registers *r, uint64_t offset, uint32_t value)
{
	const uint32_t number = r->queue_select;

	if (number >= TEST_CONSOLE_QUEUES)
		return;
	if (offset == QUEUE_NUM)
		r->queues[number].size = value <= VIRTQUEUE_SIZE_MAX ? (uint16_t)value : 0;
	else if (offset == QUEUE_ALIGN)
		r->alignment[number] = value;
	else if (offset == QUEUE_PFN)
		r->page[number] = value;
	place(r, number);
}

static enum bus_result test_console_write(struct dev *dev, uint64_t offset, const void *data,
					  size_t size)
{
	struct test_console *console = container_of(dev, struct test_console, dev);
	struct test_console_registers *r = &console->registers;
	const uint32_t value = (uint32_t)dev_load(data, size < 4 ? size : 4);

	switch (offset) {
	case GUEST_PAGE_SIZE:
		r->page_size = value;
		break;
	case QUEUE_SEL:
		r->queue_select = value;
		break;
	case QUEUE_NUM:
	case QUEUE_ALIGN:
	case QUEUE_PFN:
		write_queue(r, offset, value);
		break;
	case QUEUE_NOTIFY:
		if (value == TRANSMIT && r->queues[TRANSMIT].ready)
			return serve(console, &r->queues[TRANSMIT]);
		break;
	case STATUS:
		if (value)
			r->status = value;
		else
			test_console_reset(dev);
		break;
	default:
		break;
	}
	return BUS_DONE;
}

static const struct dev_ops test_console_ops = {
	.name = "test console",
	.reset = test_console_reset,
	.read = test_console_read,
	.write = test_console_write,
};

void test_console_init(struct test_console *console, const struct ram *ram)
{
	*console = (struct test_console){ .ram = ram };
	console->dev = dev_of(&test_console_ops, &console->registers, sizeof(console->registers));
}
