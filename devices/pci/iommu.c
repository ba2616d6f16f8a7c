/* SPDX-License-Identifier: MIT */
/* The IOMMU's registers (VT-d 3.3, 10.4), its queue of invalidations (6.5.2), and what it tells of faults (chapter 7). */
#include <string.h>
#include "base/container_of.h"
#include "devices/pci/iommu_own.h"

#define VERSION		   0x000
#define CAPABILITIES	   0x008
#define EXTENDED	   0x010
#define COMMAND		   0x018
#define STATUS		   0x01c
#define ROOT		   0x020
#define CONTEXT_COMMAND	   0x028
#define FAULT_STATUS	   0x034
#define FAULT_CONTROL	   0x038
#define QUEUE_HEAD	   0x080
#define QUEUE_TAIL	   0x088
#define QUEUE		   0x090
#define COMPLETION_STATUS  0x09c
#define COMPLETION_CONTROL 0x0a0
#define INTERRUPTS	   0x0b8
#define ADDRESS_TO_FORGET  0x0f0
#define FORGET		   0x0f8
#define RECORD		   0x220

/* Of an event, from its control on: what to send, and where. */
#define EVENT_DATA 4
#define EVENT_TO   8
#define EVENT_HIGH 12

#define VERSION_1_0 0x10u

/*
 * 65 536 domains, 39 bits of addresses, the record at 0x220, pages of 2 MiB and 1 GiB, page-selective invalidation of up to
 * 2^18 pages, writes and reads drained (10.4.2); structures seen as the CPUs see them, a queue, interrupts remapped,
 * pass-through, the invalidation's registers at 0xf0 (10.4.3).
 */
#define CAPABILITIES_VALUE 0x00d2008c22260206ull
#define EXTENDED_VALUE	   0x0000000000f00f4bull

#define EVENT_MASKED  0x80000000u
#define EVENT_PENDING 0x40000000u

/* Of the fault status (10.4.9). */
#define FAULT_OVERFLOW	  0x01u
#define FAULT_RECORDED	  0x02u
#define FAULT_QUEUE_ERROR 0x10u
#define FAULT_CLEARABLE	  0x71u

#define COMPLETION_WAITED 1u

#define RECORD_VALID 0x80000000u /* of the last of its four double words */
#define RECORD_READ  0x40000000u

#define GLOBAL_SWITCHES \
	(GLOBAL_COMPATIBILITY | GLOBAL_INTERRUPTS | GLOBAL_QUEUE | GLOBAL_TRANSLATION)

/* The upper halves of CCMD and IOTLB: what is asked for, and what was done. */
#define CONTEXT_GO	    0x80000000u
#define CONTEXT_WANTED(x)   ((x) >> 29 & 3)
#define CONTEXT_DONE	    27
#define FORGET_GO	    0x80000000u
#define FORGET_WANTED(x)    ((x) >> 28 & 3)
#define FORGET_DONE	    25
#define DONE_MASK(position) (3u << (position))

/* Of the queue (10.4.25): entries of 16 bytes, 256 << size of them. */
#define QUEUE_ENTRY 16u
#define QUEUE_PLACE 0x7fff0u
#define QUEUE_SIZE  7u
#define QUEUE_MASK  0xfffffffffffff000ull

/* Descriptors (6.5.2), by their type. */
enum { FORGET_CONTEXT = 1, FORGET_PAGES, FORGET_DEVICE, FORGET_INTERRUPTS, WAIT };
#define WAIT_INTERRUPT 0x10u
#define WAIT_WRITE     0x20u

/* Which bits of a register software writes, and which it clears by a 1. Others are read-only. */
static const struct {
	uint16_t at;
	uint32_t writable, clearable;
} rules[] = {
	{ ROOT, 0xfffff000, 0 },
	{ ROOT + 4, 0xffffffff, 0 },
	{ CONTEXT_COMMAND, 0xffffffff, 0 },
	{ CONTEXT_COMMAND + 4, 0xe0000003, 0 },
	{ FAULT_STATUS, 0, FAULT_CLEARABLE },
	{ FAULT_CONTROL, EVENT_MASKED, 0 },
	{ FAULT_CONTROL + EVENT_DATA, 0xffff, 0 },
	{ FAULT_CONTROL + EVENT_TO, 0xfffffffc, 0 },
	{ FAULT_CONTROL + EVENT_HIGH, 0xffffffff, 0 },
	{ QUEUE_TAIL, QUEUE_PLACE, 0 },
	{ QUEUE, 0xfffff007, 0 },
	{ QUEUE + 4, 0xffffffff, 0 },
	{ COMPLETION_STATUS, 0, COMPLETION_WAITED },
	{ COMPLETION_CONTROL, EVENT_MASKED, 0 },
	{ COMPLETION_CONTROL + EVENT_DATA, 0xffff, 0 },
	{ COMPLETION_CONTROL + EVENT_TO, 0xfffffffc, 0 },
	{ COMPLETION_CONTROL + EVENT_HIGH, 0xffffffff, 0 },
	{ INTERRUPTS, 0xfffff00f, 0 },
	{ INTERRUPTS + 4, 0xffffffff, 0 },
	{ ADDRESS_TO_FORGET, 0xffffffff, 0 },
	{ ADDRESS_TO_FORGET + 4, 0xffffffff, 0 },
	{ FORGET, 0xffffffff, 0 },
	{ FORGET + 4, 0xb003ffff, 0 },
	{ RECORD + 12, 0, RECORD_VALID },
};

static uint32_t get(const struct iommu *iommu, unsigned int at)
{
	return iommu->registers.file[at / 4];
}

static void set(struct iommu *iommu, unsigned int at, uint32_t value)
{
	iommu->registers.file[at / 4] = value;
}

static uint64_t get_long(const struct iommu *iommu, unsigned int at)
{
	return (uint64_t)get(iommu, at + 4) << 32 | get(iommu, at);
}

static void set_long(struct iommu *iommu, unsigned int at, uint64_t value)
{
	set(iommu, at, (uint32_t)value);
	set(iommu, at + 4, (uint32_t)(value >> 32));
}

uint32_t iommu_own_status(const struct iommu *iommu)
{
	return get(iommu, STATUS);
}

static void changed(const struct iommu *iommu)
{
	if (iommu->options.changed)
		iommu->options.changed(iommu->options.context);
}

/* An event's interrupt, which waits while it is masked (7.3). */
static void interrupt(struct iommu *iommu, unsigned int control)
{
	const struct interrupt_message message = { get(iommu, control + EVENT_TO),
						   get(iommu, control + EVENT_DATA) };

	if (get(iommu, control) & EVENT_MASKED) {
		set(iommu, control, get(iommu, control) | EVENT_PENDING);
		return;
	}
	set(iommu, control, get(iommu, control) & ~EVENT_PENDING);
	if (iommu->options.send && !get(iommu, control + EVENT_HIGH) &&
	    (message.address & INTERRUPT_MESSAGE_MASK) == INTERRUPT_MESSAGE_AT)
		iommu->options.send(iommu->options.context, &message);
}

/* Only what comes when nothing is told yet interrupts (7.3). */
static void tell_fault(struct iommu *iommu, uint32_t status)
{
	const uint32_t before = get(iommu, FAULT_STATUS);

	set(iommu, FAULT_STATUS, before | status);
	if (!before)
		interrupt(iommu, FAULT_CONTROL);
}

void iommu_own_record(struct iommu *iommu, const struct iommu_refusal *refusal)
{
	if (refusal->silent)
		return;
	if (get(iommu, RECORD + 12) & RECORD_VALID) {
		tell_fault(iommu, FAULT_OVERFLOW);
		return;
	}
	set_long(iommu, RECORD, refusal->what);
	set(iommu, RECORD + 8, refusal->source);
	set(iommu, RECORD + 12,
	    RECORD_VALID | (refusal->read ? RECORD_READ : 0) | (uint32_t)refusal->fault);
	tell_fault(iommu, FAULT_RECORDED);
}

/* A wait (6.5.2.8): what is before it in the queue is done. Whether its memory is there. */
static bool serve_wait(struct iommu *iommu, const uint64_t *descriptor)
{
	if (descriptor[0] & WAIT_WRITE) {
		void *to = ram_at(iommu->options.ram, (r0_gpa){ descriptor[1] & ~3ull }, 4, true);

		if (!to)
			return false;
		dev_store(to, 4, descriptor[0] >> 32);
	}
	if (descriptor[0] & WAIT_INTERRUPT &&
	    !(get(iommu, COMPLETION_STATUS) & COMPLETION_WAITED)) {
		set(iommu, COMPLETION_STATUS, COMPLETION_WAITED);
		interrupt(iommu, COMPLETION_CONTROL);
	}
	return true;
}

static bool serve(struct iommu *iommu, const uint64_t *descriptor)
{
	switch ((descriptor[0] & 0xf) | (descriptor[0] >> 5 & 0x70)) {
	case FORGET_CONTEXT:
	case FORGET_PAGES:
		return true;
	case FORGET_INTERRUPTS:
		changed(iommu);
		return true;
	case WAIT:
		return serve_wait(iommu, descriptor);
	default:
		return false;
	}
}

/* Up to the tail, or to what is no descriptor, where it stops until that is cleared. */
static void serve_queue(struct iommu *iommu)
{
	const uint64_t base = get_long(iommu, QUEUE) & QUEUE_MASK;
	const uint32_t size = (256u << (get(iommu, QUEUE) & QUEUE_SIZE)) * QUEUE_ENTRY;
	uint64_t descriptor[2];
	const void *from;

	if (!(get(iommu, STATUS) & GLOBAL_QUEUE))
		return;
	while (!(get(iommu, FAULT_STATUS) & FAULT_QUEUE_ERROR) &&
	       get(iommu, QUEUE_HEAD) != get(iommu, QUEUE_TAIL)) {
		const uint32_t head = get(iommu, QUEUE_HEAD);

		from = head < size && get(iommu, QUEUE_TAIL) < size ?
			       ram_at(iommu->options.ram, (r0_gpa){ base + head }, QUEUE_ENTRY,
				      false) :
			       NULL;
		if (from)
			memcpy(descriptor, from, sizeof(descriptor));
		if (from && serve(iommu, descriptor))
			set(iommu, QUEUE_HEAD, (head + QUEUE_ENTRY) % size);
		else
			tell_fault(iommu, FAULT_QUEUE_ERROR);
	}
}

static void command(struct iommu *iommu, uint32_t value)
{
	const uint32_t before = get(iommu, STATUS);
	uint32_t status = (before & ~GLOBAL_SWITCHES) | (value & GLOBAL_SWITCHES);

	if (value & GLOBAL_ROOT) {
		iommu->registers.root = get_long(iommu, ROOT);
		status |= GLOBAL_ROOT;
	}
	if (value & GLOBAL_INTERRUPTS_TABLE) {
		iommu->registers.interrupts = get_long(iommu, INTERRUPTS);
		status |= GLOBAL_INTERRUPTS_TABLE;
	}
	set(iommu, STATUS, status);
	if (status & ~before & GLOBAL_QUEUE)
		set(iommu, QUEUE_HEAD, 0);
	if ((status ^ before) & (GLOBAL_INTERRUPTS | GLOBAL_COMPATIBILITY) ||
	    value & GLOBAL_INTERRUPTS_TABLE)
		changed(iommu);
	serve_queue(iommu);
}

/* What follows from a register that was written. */
static void take_effect(struct iommu *iommu, unsigned int at)
{
	uint32_t value = get(iommu, at);

	switch (at) {
	case CONTEXT_COMMAND + 4:
		if (value & CONTEXT_GO)
			set(iommu, at,
			    (value & ~(CONTEXT_GO | DONE_MASK(CONTEXT_DONE))) |
				    CONTEXT_WANTED(value) << CONTEXT_DONE);
		break;
	case FORGET + 4:
		if (value & FORGET_GO)
			set(iommu, at,
			    (value & ~(FORGET_GO | DONE_MASK(FORGET_DONE))) |
				    FORGET_WANTED(value) << FORGET_DONE);
		break;
	case RECORD + 12:
		if (!(value & RECORD_VALID))
			set(iommu, FAULT_STATUS, get(iommu, FAULT_STATUS) & ~FAULT_RECORDED);
		/* fallthrough */
	case FAULT_STATUS:
		if (!get(iommu, FAULT_STATUS))
			set(iommu, FAULT_CONTROL, get(iommu, FAULT_CONTROL) & ~EVENT_PENDING);
		serve_queue(iommu);
		break;
	case COMPLETION_STATUS:
		if (!value)
			set(iommu, COMPLETION_CONTROL,
			    get(iommu, COMPLETION_CONTROL) & ~EVENT_PENDING);
		break;
	case FAULT_CONTROL:
	case COMPLETION_CONTROL:
		if ((value & (EVENT_MASKED | EVENT_PENDING)) == EVENT_PENDING)
			interrupt(iommu, at);
		break;
	case QUEUE_TAIL:
		serve_queue(iommu);
		break;
	default:
		break;
	}
}

/* A double word as it is after software has written it; whether it may write any of it. */
static bool store(struct iommu *iommu, unsigned int at, uint32_t value)
{
	uint32_t before = get(iommu, at);
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].at == at)
			break;
	if (i == sizeof(rules) / sizeof(rules[0]))
		return false;
	set(iommu, at,
	    ((before & ~rules[i].writable) | (value & rules[i].writable)) &
		    ~(value & rules[i].clearable));
	return true;
}

static bool is_access(uint64_t offset, size_t size)
{
	return (size == 4 || size == 8) && !(offset % size) && offset / 4 < IOMMU_FILE;
}

static enum bus_result iommu_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	const struct iommu *iommu = container_of(dev, struct iommu, dev);

	memset(data, 0, size);
	if (is_access(offset, size))
		dev_store(data, size,
			  size == 8 ? get_long(iommu, (unsigned int)offset) :
				      get(iommu, (unsigned int)offset));
	return BUS_DONE;
}

static enum bus_result iommu_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct iommu *iommu = container_of(dev, struct iommu, dev);
	const unsigned int at = (unsigned int)offset;
	bool low, high = false;

	if (!is_access(offset, size))
		return BUS_DONE;
	if (at == COMMAND)
		command(iommu, (uint32_t)dev_load(data, 4));
	low = store(iommu, at, (uint32_t)dev_load(data, 4));
	if (size == 8)
		high = store(iommu, at + 4, (uint32_t)(dev_load(data, 8) >> 32));
	if (low)
		take_effect(iommu, at);
	if (high)
		take_effect(iommu, at + 4);
	return BUS_DONE;
}

static void set_fixed(struct iommu *iommu)
{
	set(iommu, VERSION, VERSION_1_0);
	set_long(iommu, CAPABILITIES, CAPABILITIES_VALUE);
	set_long(iommu, EXTENDED, EXTENDED_VALUE);
}

static void iommu_reset(struct dev *dev)
{
	struct iommu *iommu = container_of(dev, struct iommu, dev);

	iommu->registers = (struct iommu_registers){ 0 };
	set_fixed(iommu);
	set(iommu, FAULT_CONTROL, EVENT_MASKED);
	set(iommu, COMPLETION_CONTROL, EVENT_MASKED);
	changed(iommu);
}

static void iommu_restored(struct dev *dev)
{
	struct iommu *iommu = container_of(dev, struct iommu, dev);

	set_fixed(iommu);
	set(iommu, STATUS,
	    get(iommu, STATUS) & (GLOBAL_SWITCHES | GLOBAL_ROOT | GLOBAL_INTERRUPTS_TABLE));
	/* Or the one would never come to the other. */
	set(iommu, QUEUE_HEAD, get(iommu, QUEUE_HEAD) & QUEUE_PLACE);
	set(iommu, QUEUE_TAIL, get(iommu, QUEUE_TAIL) & QUEUE_PLACE);
	changed(iommu);
}

static const struct dev_ops iommu_ops = {
	.name = "IOMMU",
	.reset = iommu_reset,
	.read = iommu_read,
	.write = iommu_write,
	.restored = iommu_restored,
};

void iommu_init(struct iommu *iommu, const struct iommu_options *options)
{
	*iommu = (struct iommu){
		.dev = dev_of(&iommu_ops, &iommu->registers, sizeof(iommu->registers)),
	};
	iommu_reset(&iommu->dev);
	iommu->options = *options;
}
