/* SPDX-License-Identifier: MIT */
/*
 * What all virtio devices have in common (VIRTIO 1.2, 2 and 3): status, features, queues and
 * interrupts. A device fills struct virtio_ops; the transport is devices/virtio_mmio.h.
 *
 * The device touches no queue before DRIVER_OK, nor after the driver has set FAILED. When a driver
 * breaks a queue, the device sets DEVICE_NEEDS_RESET, says so by interrupt, and touches none until
 * it is reset; registers.fault says what was wrong, and `stopped` is told.
 */
#ifndef DEVICES_VIRTIO_VIRTIO_H
#define DEVICES_VIRTIO_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "devices/bus.h"
#include "devices/ram.h"
#include "devices/virtio/virtqueue.h"

#define VIRTIO_QUEUES_MAX 2

/* Device status (2.1). */
#define VIRTIO_ACKNOWLEDGE 0x01u
#define VIRTIO_DRIVER	   0x02u
#define VIRTIO_DRIVER_OK   0x04u
#define VIRTIO_FEATURES_OK 0x08u
#define VIRTIO_NEEDS_RESET 0x40u
#define VIRTIO_FAILED	   0x80u

/* Features of all devices (6). */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX     (1ull << 29)
#define VIRTIO_F_VERSION_1     (1ull << 32)

/* Why the device interrupts (4.2.2, InterruptStatus). */
#define VIRTIO_INTERRUPT_USED	1u
#define VIRTIO_INTERRUPT_CONFIG 2u

/* Plain data. First in each device's registers. */
struct virtio_registers {
	struct virtqueue queues[VIRTIO_QUEUES_MAX];
	uint64_t driver_features;
	uint32_t device_features_select;
	uint32_t driver_features_select;
	uint32_t queue_select;
	uint32_t status;
	uint32_t interrupt_status;
	uint32_t config_generation;
	uint32_t pending;	  /* queues with chains that were left for later, a bit each */
	uint8_t unknown_features; /* the driver accepted some beyond the 64 that there are */
	uint8_t fault;		  /* enum virtqueue_fault, when DEVICE_NEEDS_RESET is set */
	uint8_t level;		  /* of the interrupt line */
	uint8_t reserved;
};

struct virtio;

struct virtio_ops {
	const char *name;
	uint32_t device_id; /* (5) */
	uint32_t queues;    /* how many, VIRTIO_QUEUES_MAX at most */
	uint32_t filled; /* those that the device fills with what comes from the host, a bit each */
	/* To the state after power-on, beyond struct virtio_registers. May be NULL. */
	void (*reset)(struct virtio *virtio);
	/*
	 * Serve a chain of a queue that is not in `filled`. Returns how many bytes were written
	 * from the first writable one on, or a negated enum virtqueue_fault.
	 */
	int64_t (*serve)(struct virtio *virtio, unsigned int queue,
			 const struct virtqueue_chain *chain);
	/* The driver gave buffers to a queue in `filled`. */
	void (*refilled)(struct virtio *virtio, unsigned int queue);
	/* The driver writes to the configuration space. NULL if all of it is read-only. */
	void (*config_written)(struct virtio *virtio, uint64_t offset, const void *data,
			       size_t size);
};

/* Who is told that a driver's fault has stopped a device, once until its reset. */
struct virtio_stopped {
	void (*tell)(void *context, const char *device, unsigned int queue,
		     enum virtqueue_fault fault); /* may be NULL */
	void *context;
};

struct virtio {
	struct dev dev; /* its registers start with a struct virtio_registers */
	const struct virtio_ops *ops;
	const struct ram *ram; /* not owned */
	struct irq_line irq;
	struct virtio_stopped stopped;
	uint64_t features;  /* that the device offers */
	const void *config; /* the device's configuration space, in its registers */
	size_t config_size;
};

/* What every virtio device is made with. */
struct virtio_options {
	const struct ram *ram; /* stays the caller's */
	struct irq_line irq;
	struct virtio_stopped stopped;
};

/*
 * For devices: set what is common. `registers` start with a struct virtio_registers and are zero.
 * `features` are the device's own. The caller resets it.
 */
void virtio_init(struct virtio *virtio, const struct virtio_ops *ops,
		 const struct virtio_options *options, void *registers, size_t registers_size,
		 uint64_t features);

static inline struct virtio_registers *virtio_registers(const struct virtio *virtio)
{
	return virtio->dev.registers;
}

/* To the state after power-on. What the host set (configuration, its generation) stays. */
void virtio_reset(struct virtio *virtio);

/* The driver writes the status (2.1): adds bits; 0 resets. What may not be set yet stays clear. */
void virtio_set_status(struct virtio *virtio, uint32_t value);

/*
 * The driver notifies of a queue, by register or eventfd. Ignored if the queue is not live or there
 * is none of this number.
 */
void virtio_notify(struct virtio *virtio, uint32_t queue);

/*
 * Serve what was left: virtio_notify() serves so much at most, as other CPUs may add more without end,
 * and tells the bus's `wake` that there is more. Also called at each access to the device.
 */
void virtio_continue(struct virtio *virtio);

/* The driver acknowledges interrupts. */
void virtio_acknowledge(struct virtio *virtio, uint32_t bits);

/* For devices and hosts: the configuration space has changed. */
void virtio_config_changed(struct virtio *virtio);

/*
 * For devices: take a chain of a queue in `filled`, if it is live and there is one; give it back,
 * `written` bytes filled; or leave it for later. virtio_filled() tells the driver of those that were
 * given back.
 */
bool virtio_take(struct virtio *virtio, unsigned int queue, struct virtqueue_chain *chain);
void virtio_give(struct virtio *virtio, unsigned int queue, const struct virtqueue_chain *chain,
		 uint32_t written);
void virtio_leave(struct virtio *virtio, unsigned int queue);
void virtio_filled(struct virtio *virtio, unsigned int queue);

#endif /* DEVICES_VIRTIO_VIRTIO_H */
