/* SPDX-License-Identifier: MIT */
/*
 * The bus: which device answers at which ports and guest-physical addresses, and what is answered
 * where there is none. Knows no KVM and no particular device.
 *
 * Locking is the caller's: one lock for the bus and all that is on it. Devices have no locks and no
 * threads of their own. What comes from the host's side (a serial line's input, a network's frames)
 * enters by functions of the device, called under that lock.
 */
#ifndef DEVICES_BUS_H
#define DEVICES_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum bus_space { BUS_PORT, BUS_MEMORY };

enum bus_result {
	BUS_DONE,
	BUS_UNMAPPED, /* nobody answers */
	BUS_SHUTDOWN, /* the guest asks for the machine's end or reset: bus->end */
	BUS_REFUSED,  /* it is not to be, and the machine not to go on: the device knows why */
};

/* What it asks for with BUS_SHUTDOWN. */
enum bus_end {
	BUS_END_RESET, /* of the whole machine */
	BUS_END_INIT, /* of the CPUs alone, as by their INIT# pin: devices and memory stay as they are */
	BUS_END_STATUS, /* with bus->status */
	BUS_END_POWER_OFF,
	BUS_END_SLEEP, /* to RAM, ACPI's S3 */
};

struct bus;
struct dev;

/*
 * What a device does. An access is given to the device at its first byte, with the offset of that
 * byte in the range, and may be longer than the range; `size` is at least 1. A device fills what it
 * drives of a read's data, and may answer BUS_UNMAPPED for parts of its range.
 */
struct dev_ops {
	const char *name;
	void (*reset)(struct dev *dev); /* to the state after power-on */
	enum bus_result (*read)(struct dev *dev, uint64_t offset, void *data, size_t size);
	enum bus_result (*write)(struct dev *dev, uint64_t offset, const void *data, size_t size);
	/*
	 * For devices whose registers depend on more than themselves, or NULL. `save` brings them up
	 * to date before they are copied. `restored` is called when they were overwritten, by an
	 * earlier copy or by anything else: it makes sound what must be, and sets interrupt lines.
	 */
	void (*save)(struct dev *dev);
	void (*restored)(struct dev *dev);
	/*
	 * For devices that do something by themselves, by a clock of nanoseconds that all of a bus's
	 * share, or NULL: when the next thing is due, UINT64_MAX if none is, and to do what is. A device
	 * whose deadline may be another one tells the bus's `wake`.
	 */
	uint64_t (*deadline)(struct dev *dev);
	void (*expire)(struct dev *dev);
};

/* In every device's structure; container_of() leads back. */
struct dev {
	const struct dev_ops *ops;
	void *registers; /* plain data, all of the device's state: a snapshot is a copy */
	size_t registers_size;
	struct bus *bus; /* that it is on, set by bus_add() */
};

/* One that is on no bus yet; `registers` stay where they are. Without any, `.ops` is all that it needs. */
static inline struct dev dev_of(const struct dev_ops *ops, void *registers, size_t registers_size)
{
	return (struct dev){
		.ops = ops,
		.registers = registers,
		.registers_size = registers_size,
	};
}

struct bus_range {
	enum bus_space space;
	uint64_t first, size;
	struct dev *dev; /* not owned */
};

/* An access that nobody handled. */
struct bus_access {
	enum bus_space space;
	bool write;
	uint8_t size; /* in bytes, 255 for more */
	uint64_t address;
	uint64_t value; /* that was written, or read after all: the first eight bytes at most */
};

#define BUS_RANGES_MAX	   64
#define BUS_UNHANDLED_KEPT 16

struct bus {
	struct bus_range ranges[BUS_RANGES_MAX];
	size_t range_count;
	struct dev *devices[BUS_RANGES_MAX]; /* each once, in the order of bus_add() */
	size_t device_count;
	/*
	 * By space: who is asked where no range has the address, with the address for an offset; or NULL,
	 * set by the bus's owner. It is no device of the bus: not reset, saved or restored with it.
	 */
	struct dev *elsewhere[2];
	bool strict;  /* the owner's: what nobody handles is BUS_REFUSED, and not BUS_UNMAPPED */
	bool changed; /* dev_wake() was called: the owner's to take back */
	uint64_t unhandled_count;			 /* accesses that nobody handled */
	struct bus_access unhandled[BUS_UNHANDLED_KEPT]; /* the last of them, the n-th at n % KEPT */
	const struct dev *shutdown;			 /* who said BUS_SHUTDOWN last, or NULL */
	enum bus_end end;				 /* what that asked for */
	uint64_t status;				 /* with BUS_END_STATUS */
	/*
	 * An eventfd or -1: gets 1 when a device can take input again that it refused, or has left
	 * some of its work for later (see virtio_continue()).
	 */
	int wake;
};

/* An empty bus. Nothing need be released; `wake` and the devices stay the caller's. */
void bus_init(struct bus *bus);

/*
 * Have `dev` answer at [first, first + size). It may answer at several ranges, of one bus. Returns
 * 0; -EINVAL for a range that is empty or leaves the space (ports have 16 bits); -EEXIST if it
 * overlaps another device's; -ENOSPC.
 */
int bus_add(struct bus *bus, enum bus_space space, uint64_t first, uint64_t size, struct dev *dev,
	    struct error *error);

/*
 * Have a device that answers at no range of its own on the bus, for its registers to be reset and copied
 * with all others'. Returns 0; -ENOSPC.
 */
int bus_add_device(struct bus *bus, struct dev *dev, struct error *error);

/*
 * One access, `size` bytes. What a read leaves undriven is as it was (ports) or all ones (memory);
 * so is all of an unmapped read. An unmapped write is dropped. Both are counted and kept in
 * bus->unhandled, and with bus->strict are refused. A size of 0 does nothing and is BUS_DONE.
 */
enum bus_result bus_read(struct bus *bus, enum bus_space space, uint64_t address, void *data,
			 size_t size);
enum bus_result bus_write(struct bus *bus, enum bus_space space, uint64_t address, const void *data,
			  size_t size);

/* Reset every device, and forget about a shutdown and unhandled accesses. */
void bus_reset(struct bus *bus);

/*
 * All devices' registers one after another, as bytes, for a bus with the same devices added in the
 * same order: its size, taking them, putting them back. What is put back may come from a file:
 * devices make it sound, so that the worst it can do is what the guest itself could.
 */
size_t bus_state_size(const struct bus *bus);
void bus_save(struct bus *bus, void *state);
void bus_restore(struct bus *bus, const void *state);

/* The first of all devices' deadlines, and to have each do what is due. */
uint64_t bus_deadline(struct bus *bus);
void bus_expire(struct bus *bus);

/* An access as text: "write of 0x41 (1 byte) to port 0x3f8". */
void bus_access_text(const struct bus_access *access, char *text, size_t size);

/* For devices: say that the guest asks for the machine's end. Returns BUS_SHUTDOWN. */
enum bus_result dev_shutdown(struct dev *dev, enum bus_end end, uint64_t status);

/* For devices: tell bus->wake and bus->changed. */
void dev_wake(struct dev *dev);

/* For devices: an access's bytes, eight at most, as a little-endian number, and the reverse. */
uint64_t dev_load(const void *data, size_t size);
void dev_store(void *data, size_t size, uint64_t value);

/*
 * An interrupt line, at whose other end is an interrupt controller. A device sets it only when the
 * level changes. All of it NULL and 0 is a line that ends nowhere.
 */
struct irq_line {
	void (*set)(void *context, unsigned int number, bool level);
	void *context;
	unsigned int number;
};

static inline void irq_line_set(const struct irq_line *line, bool level)
{
	if (line->set)
		line->set(line->context, line->number, level);
}

#endif /* DEVICES_BUS_H */
