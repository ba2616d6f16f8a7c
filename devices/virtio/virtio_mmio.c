/* SPDX-License-Identifier: MIT */
/* The registers of virtio by memory. Section numbers are VIRTIO 1.2's. */
#include "devices/virtio/virtio_mmio.h"
#include <string.h>
#include "base/container_of.h"
#include "devices/virtio/virtio.h"

/* Registers (4.2.2). */
#define MAGIC_VALUE	    0x000
#define VERSION		    0x004
#define DEVICE_ID	    0x008
#define VENDOR_ID	    0x00c
#define DEVICE_FEATURES	    0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES	    0x020
#define DRIVER_FEATURES_SEL 0x024
#define QUEUE_SEL	    0x030
#define QUEUE_NUM_MAX	    0x034
#define QUEUE_NUM	    0x038
#define QUEUE_READY	    0x044
#define QUEUE_NOTIFY	    VIRTIO_MMIO_QUEUE_NOTIFY
#define INTERRUPT_STATUS    0x060
#define INTERRUPT_ACK	    0x064
#define STATUS		    0x070
#define QUEUE_DESC_LOW	    0x080
#define QUEUE_DESC_HIGH	    0x084
#define QUEUE_DRIVER_LOW    0x090
#define QUEUE_DRIVER_HIGH   0x094
#define QUEUE_DEVICE_LOW    0x0a0
#define QUEUE_DEVICE_HIGH   0x0a4
#define SHM_LEN_LOW	    0x0b0
#define SHM_LEN_HIGH	    0x0b4
#define SHM_BASE_LOW	    0x0b8
#define SHM_BASE_HIGH	    0x0bc
#define CONFIG_GENERATION   0x0fc
#define CONFIG		    0x100

#define MAGIC  0x74726976 /* "virt" */
#define VENDOR 0x304e4952 /* "RIN0": vendors' ids have no registry */

void virtio_mmio_reset(struct dev *dev)
{
	virtio_reset(container_of(dev, struct virtio, dev));
}

static struct virtqueue *selected(const struct virtio *virtio)
{
	struct virtio_registers *r = virtio_registers(virtio);

	return r->queue_select < virtio->ops->queues ? &r->queues[r->queue_select] : NULL;
}

static uint32_t read_register(const struct virtio *virtio, uint64_t offset)
{
	const struct virtio_registers *r = virtio_registers(virtio);
	const struct virtqueue *queue = selected(virtio);

	switch (offset) {
	case MAGIC_VALUE:
		return MAGIC;
	case VERSION:
		return 2;
	case DEVICE_ID:
		return virtio->ops->device_id;
	case VENDOR_ID:
		return VENDOR;
	case DEVICE_FEATURES:
		return r->device_features_select < 2 ?
			       (uint32_t)(virtio->features >> 32 * r->device_features_select) :
			       0;
	case QUEUE_NUM_MAX:
		return queue ? VIRTQUEUE_SIZE_MAX : 0;
	case QUEUE_READY:
		return queue ? queue->ready : 0;
	case INTERRUPT_STATUS:
		return r->interrupt_status;
	case STATUS:
		return r->status;
	case SHM_LEN_LOW:
	case SHM_LEN_HIGH:
	case SHM_BASE_LOW:
	case SHM_BASE_HIGH:
		return UINT32_MAX; /* there is no shared memory (4.2.2) */
	case CONFIG_GENERATION:
		return r->config_generation;
	default:
		return 0;
	}
}

/* After FEATURES_OK they stand (3.1.1). */
static void write_features(struct virtio_registers *r, uint32_t value)
{
	unsigned int shift = 32 * r->driver_features_select;

	if (r->status & VIRTIO_FEATURES_OK)
		return;
	if (r->driver_features_select >= 2) {
		r->unknown_features |= value != 0;
		return;
	}
	r->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	r->driver_features |= (uint64_t)value << shift;
}

/*
 * A queue that is set ready starts from its beginning. One whose size can't be stays not ready, which
 * the driver reads; whether its rings are in memory is looked at whenever they are used.
 */
static void write_ready(struct virtqueue *queue, uint32_t value)
{
	if (value == queue->ready || value > 1 || (value && !virtqueue_size_is_valid(queue->size)))
		return;
	queue->ready = (uint8_t)value;
	queue->next_available = queue->next_used = queue->told_used = 0;
}

static void set_low(uint64_t *address, uint32_t value)
{
	*address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
	*address = (*address & UINT32_MAX) | (uint64_t)value << 32;
}

/* Registers of the selected queue. While it is ready they stand (4.2.2.2). */
static void write_queue(struct virtqueue *queue, uint64_t offset, uint32_t value)
{
	if (queue->ready)
		return;
	switch (offset) {
	case QUEUE_NUM:
		queue->size = value <= VIRTQUEUE_SIZE_MAX ? (uint16_t)value : 0;
		break;
	case QUEUE_DESC_LOW:
		set_low(&queue->descriptors, value);
		break;
	case QUEUE_DESC_HIGH:
		set_high(&queue->descriptors, value);
		break;
	case QUEUE_DRIVER_LOW:
		set_low(&queue->driver, value);
		break;
	case QUEUE_DRIVER_HIGH:
		set_high(&queue->driver, value);
		break;
	case QUEUE_DEVICE_LOW:
		set_low(&queue->device, value);
		break;
	case QUEUE_DEVICE_HIGH:
		set_high(&queue->device, value);
		break;
	default:
		break;
	}
}

static void write_register(struct virtio *virtio, uint64_t offset, uint32_t value)
{
	struct virtio_registers *r = virtio_registers(virtio);
	struct virtqueue *queue = selected(virtio);

	switch (offset) {
	case DEVICE_FEATURES_SEL:
		r->device_features_select = value;
		break;
	case DRIVER_FEATURES:
		write_features(r, value);
		break;
	case DRIVER_FEATURES_SEL:
		r->driver_features_select = value;
		break;
	case QUEUE_SEL:
		r->queue_select = value;
		break;
	case QUEUE_READY:
		if (queue)
			write_ready(queue, value);
		break;
	case QUEUE_NOTIFY:
		virtio_notify(virtio, value);
		break;
	case INTERRUPT_ACK:
		virtio_acknowledge(virtio, value);
		break;
	case STATUS:
		virtio_set_status(virtio, value);
		break;
	default:
		if (queue)
			write_queue(queue, offset, value);
		break;
	}
}

static bool is_control(uint64_t offset, size_t size)
{
	return size == 4 && offset % 4 == 0;
}

enum bus_result virtio_mmio_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct virtio *virtio = container_of(dev, struct virtio, dev);
	uint64_t at = offset - CONFIG;

	virtio_continue(virtio);
	if (offset < CONFIG) {
		dev_store(data, size, is_control(offset, size) ? read_register(virtio, offset) : 0);
		return BUS_DONE;
	}
	memset(data, 0, size);
	if (at < virtio->config_size)
		memcpy(data, (const uint8_t *)virtio->config + at,
		       size < virtio->config_size - at ? size : virtio->config_size - at);
	return BUS_DONE;
}

enum bus_result virtio_mmio_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct virtio *virtio = container_of(dev, struct virtio, dev);

	virtio_continue(virtio);
	if (offset >= CONFIG) {
		if (virtio->ops->config_written)
			virtio->ops->config_written(virtio, offset - CONFIG, data, size);
	} else if (is_control(offset, size)) {
		write_register(virtio, offset, (uint32_t)dev_load(data, size));
	}
	return BUS_DONE;
}

void virtio_mmio_restored(struct dev *dev)
{
	struct virtio *virtio = container_of(dev, struct virtio, dev);
	struct virtio_registers *r = virtio_registers(virtio);

	r->level = r->interrupt_status != 0;
	irq_line_set(&virtio->irq, r->level);
	/* What waits on the host's side may now be taken. */
	dev_wake(dev);
}
