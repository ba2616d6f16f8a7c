/* SPDX-License-Identifier: MIT */
/* What virtio devices have in common. Section numbers are VIRTIO 1.2's. */
#include "devices/virtio/virtio.h"

/*
 * What is served in one go: chains, which no driver has that many of in a queue at once, and bytes, as
 * the buffers of a chain may be the same memory again and again.
 */
#define SERVED_MAX	 (4 * VIRTQUEUE_SIZE_MAX)
#define SERVED_BYTES_MAX (64ull << 20)

#define STATUS_BITS (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FAILED)

void virtio_init(struct virtio *virtio, const struct virtio_ops *ops,
		 const struct virtio_options *options, void *registers, size_t registers_size,
		 uint64_t features)
{
	virtio->dev.registers = registers;
	virtio->dev.registers_size = registers_size;
	virtio->ops = ops;
	virtio->ram = options->ram;
	virtio->irq = options->irq;
	virtio->stopped = options->stopped;
	virtio->features = features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC |
			   VIRTIO_F_EVENT_IDX;
}

static void update_line(struct virtio *virtio)
{
	struct virtio_registers *r = virtio_registers(virtio);
	uint8_t level = r->interrupt_status != 0;

	if (level == r->level)
		return;
	r->level = level;
	irq_line_set(&virtio->irq, level);
}

static void interrupt(struct virtio *virtio, uint32_t bits)
{
	virtio_registers(virtio)->interrupt_status |= bits;
	update_line(virtio);
}

void virtio_acknowledge(struct virtio *virtio, uint32_t bits)
{
	virtio_registers(virtio)->interrupt_status &= ~bits;
	update_line(virtio);
}

void virtio_reset(struct virtio *virtio)
{
	struct virtio_registers *r = virtio_registers(virtio);

	*r = (struct virtio_registers){
		.level = r->level,
		.config_generation = r->config_generation,
	};
	update_line(virtio);
	if (virtio->ops->reset)
		virtio->ops->reset(virtio);
}

/* 2.2.2: the driver's features are among those offered; VERSION_1 is one (6.1). */
static bool features_are_good(const struct virtio *virtio)
{
	const struct virtio_registers *r = virtio_registers(virtio);

	return !(r->driver_features & ~virtio->features) && !r->unknown_features &&
	       r->driver_features & VIRTIO_F_VERSION_1;
}

static void accept_features(struct virtio *virtio)
{
	struct virtio_registers *r = virtio_registers(virtio);
	unsigned int i;

	r->status |= VIRTIO_FEATURES_OK;
	for (i = 0; i < VIRTIO_QUEUES_MAX; i++) {
		r->queues[i].indirect = !!(r->driver_features & VIRTIO_F_INDIRECT_DESC);
		r->queues[i].event_index = !!(r->driver_features & VIRTIO_F_EVENT_IDX);
	}
}

void virtio_set_status(struct virtio *virtio, uint32_t value)
{
	struct virtio_registers *r = virtio_registers(virtio);
	unsigned int i;

	if (!value) {
		virtio_reset(virtio);
		return;
	}
	/* The driver does not clear bits (2.1.1); DEVICE_NEEDS_RESET is the device's. */
	r->status |= value & STATUS_BITS;
	if (value & VIRTIO_FEATURES_OK && !(r->status & VIRTIO_FEATURES_OK) &&
	    features_are_good(virtio))
		accept_features(virtio);
	if (!(value & VIRTIO_DRIVER_OK) || r->status & VIRTIO_DRIVER_OK ||
	    !(r->status & VIRTIO_FEATURES_OK))
		return;
	r->status |= VIRTIO_DRIVER_OK;
	/* Some drivers fill their queues and notify before. */
	for (i = 0; i < virtio->ops->queues; i++)
		virtio_notify(virtio, i);
}

/* Whether the device may touch this queue now. */
static bool is_live(const struct virtio *virtio, unsigned int queue)
{
	const struct virtio_registers *r = virtio_registers(virtio);

	return r->status & VIRTIO_DRIVER_OK &&
	       !(r->status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED)) && queue < virtio->ops->queues &&
	       r->queues[queue].ready;
}

/* Stop, since the driver did `fault` in that queue. */
static void stop(struct virtio *virtio, unsigned int queue, enum virtqueue_fault fault)
{
	struct virtio_registers *r = virtio_registers(virtio);

	if (virtio->stopped.tell && !(r->status & VIRTIO_NEEDS_RESET))
		virtio->stopped.tell(virtio->stopped.context, virtio->ops->name, queue, fault);

	r->status |= VIRTIO_NEEDS_RESET;
	r->fault = (uint8_t)fault;
	/* 2.1.2: it says so if the driver was ready. */
	if (r->status & VIRTIO_DRIVER_OK)
		interrupt(virtio, VIRTIO_INTERRUPT_CONFIG);
}

void virtio_config_changed(struct virtio *virtio)
{
	struct virtio_registers *r = virtio_registers(virtio);

	r->config_generation++;
	if (r->status & VIRTIO_DRIVER_OK)
		interrupt(virtio, VIRTIO_INTERRUPT_CONFIG);
}

/* Returns what the queue said, after the device is stopped if that was a fault. */
static int checked(struct virtio *virtio, unsigned int queue, int result)
{
	if (result < 0)
		stop(virtio, queue, (enum virtqueue_fault)(-result));
	return result;
}

/*
 * Returns 1 if there was a chain, which is served, with its size added to `bytes`; 0; or what
 * virtqueue_pop() and the device say.
 */
static int serve_one(struct virtio *virtio, unsigned int number, uint64_t *bytes)
{
	struct virtqueue *queue = &virtio_registers(virtio)->queues[number];
	struct virtqueue_chain chain;
	int64_t written;
	int err = virtqueue_pop(queue, virtio->ram, &chain);

	if (err <= 0)
		return err;
	*bytes += chain.readable_size + chain.writable_size;
	written = virtio->ops->serve(virtio, number, &chain);
	if (written < 0)
		return (int)written;
	err = virtqueue_push(queue, virtio->ram, chain.head, (uint32_t)written);
	return err ? err : 1;
}

/* Serve chains until there is none: 0. 1 if there were too many; or a fault, negated. */
static int serve_all(struct virtio *virtio, unsigned int number)
{
	struct virtqueue *queue = &virtio_registers(virtio)->queues[number];
	unsigned int chains = 0;
	uint64_t bytes = 0;
	bool enough = false;
	int more;

	do {
		more = serve_one(virtio, number, &bytes);
		enough = ++chains == SERVED_MAX || bytes >= SERVED_BYTES_MAX;
		if (!more || (more > 0 && enough))
			more = virtqueue_rearm(queue, virtio->ram);
	} while (more > 0 && !enough);
	return more;
}

void virtio_notify(struct virtio *virtio, uint32_t number)
{
	struct virtio_registers *r = virtio_registers(virtio);
	int more;

	if (!is_live(virtio, number))
		return;
	if (virtio->ops->filled >> number & 1) {
		virtio->ops->refilled(virtio, number);
		return;
	}
	more = checked(virtio, number, serve_all(virtio, number));
	if (more < 0)
		return;
	r->pending &= ~(1u << number);
	r->pending |= (uint32_t)more << number;
	if (more)
		dev_wake(&virtio->dev);
	virtio_filled(virtio, number);
}

void virtio_continue(struct virtio *virtio)
{
	struct virtio_registers *r = virtio_registers(virtio);
	uint32_t pending = r->pending;
	unsigned int i;

	/* Of a queue that is no longer live nothing is left for later. */
	r->pending = 0;
	for (i = 0; pending && i < virtio->ops->queues; i++)
		if (pending >> i & 1)
			virtio_notify(virtio, i);
}

bool virtio_take(struct virtio *virtio, unsigned int number, struct virtqueue_chain *chain)
{
	struct virtqueue *queue = &virtio_registers(virtio)->queues[number];
	int more;

	if (!is_live(virtio, number))
		return false;
	more = checked(virtio, number, virtqueue_pop(queue, virtio->ram, chain));
	/* One that came while we asked to be told of it is there now. */
	if (!more && checked(virtio, number, virtqueue_rearm(queue, virtio->ram)) > 0)
		more = checked(virtio, number, virtqueue_pop(queue, virtio->ram, chain));
	if (more > 0 && !chain->writable_size)
		more = checked(virtio, number, -VIRTQUEUE_BAD_REQUEST);
	return more > 0;
}

void virtio_give(struct virtio *virtio, unsigned int number, const struct virtqueue_chain *chain,
		 uint32_t written)
{
	struct virtqueue *queue = &virtio_registers(virtio)->queues[number];

	checked(virtio, number, virtqueue_push(queue, virtio->ram, chain->head, written));
}

void virtio_leave(struct virtio *virtio, unsigned int number)
{
	virtqueue_unpop(&virtio_registers(virtio)->queues[number]);
}

void virtio_filled(struct virtio *virtio, unsigned int number)
{
	struct virtqueue *queue = &virtio_registers(virtio)->queues[number];

	if (is_live(virtio, number) &&
	    checked(virtio, number, virtqueue_wants_interrupt(queue, virtio->ram)) > 0)
		interrupt(virtio, VIRTIO_INTERRUPT_USED);
}
