/* SPDX-License-Identifier: MIT */
/* The test device for Hyper-V's synthetic interrupt controller. Sections are those of Hyper-V's specification, 6.0b. */
#include "devices/pc/hyperv_testdev.h"
#include <string.h>
#include "base/container_of.h"

enum {
	MAKE_ROUTE = 1,
	FORGET_ROUTE,
	INTERRUPT,
	MAKE_MESSAGES,
	FORGET_MESSAGES,
	MAKE_EVENTS,
	FORGET_EVENTS
};

enum { CONNECTION_NONE, CONNECTION_MESSAGES, CONNECTION_EVENTS };

/* A hypercall's input (3.7), and the two calls (11.12). */
#define CALL_CODE    0xffffu
#define CALL_FAST    0x10000u
#define POST_MESSAGE 0x5c
#define SIGNAL_EVENT 0x5d

#define CONNECTION_MASK 0xffffffu

/* HvCallPostMessage's parameters (11.12.1), and HvCallSignalEvent's (11.12.2). */
#define POST_CONNECTION	    0
#define POST_TYPE	    8
#define POST_LENGTH	    12
#define POST_PAYLOAD	    16
#define POST_SIZE	    256
#define SIGNAL_FLAG	    0xffff00000000ull
#define PARAMETER_ALIGNMENT 8

static bool has(const struct hyperv_testdev *testdev, unsigned int cpu, unsigned int source)
{
	return cpu < testdev->options.cpus && source < SYNIC_SOURCES;
}

static void interrupt(const struct hyperv_testdev *testdev, unsigned int cpu, unsigned int source)
{
	if (testdev->options.interrupt)
		testdev->options.interrupt(testdev->options.context, cpu, source);
}

static bool listen(const struct hyperv_testdev *testdev, const struct hyperv_connection *connection)
{
	return testdev->options.listen &&
	       testdev->options.listen(testdev->options.context, connection->cpu,
				       connection->source);
}

static void make_connection(struct hyperv_testdev *testdev, unsigned int number, uint8_t kind,
			    unsigned int cpu, unsigned int source)
{
	struct hyperv_connection *connection = &testdev->registers.connections[number];

	if (connection->kind || !has(testdev, cpu, source))
		return;
	*connection = (struct hyperv_connection){
		.kind = kind,
		.cpu = (uint8_t)cpu,
		.source = (uint8_t)source,
	};
	if (kind == CONNECTION_MESSAGES)
		listen(testdev, connection);
}

static void forget_connection(struct hyperv_testdev *testdev, unsigned int number, uint8_t kind)
{
	struct hyperv_connection *connection = &testdev->registers.connections[number];

	if (connection->kind == kind)
		*connection = (struct hyperv_connection){ 0 };
}

static enum bus_result testdev_write(struct dev *dev, uint64_t offset, const void *data,
				     size_t size)
{
	struct hyperv_testdev *testdev = container_of(dev, struct hyperv_testdev, dev);
	const uint32_t value = (uint32_t)dev_load(data, size < 4 ? size : 4);
	const unsigned int source = value & 0xff, cpu = value >> 8 & 0xff, number = value >> 24;

	if (offset || size != 4)
		return BUS_DONE;
	switch (value >> 16 & 0xff) {
	case MAKE_ROUTE:
		if (has(testdev, cpu, source))
			testdev->registers.routes[cpu] |= (uint16_t)(1u << source);
		break;
	case FORGET_ROUTE:
		if (has(testdev, cpu, source))
			testdev->registers.routes[cpu] &= (uint16_t) ~(1u << source);
		break;
	case INTERRUPT:
		if (has(testdev, cpu, source) && testdev->registers.routes[cpu] >> source & 1)
			interrupt(testdev, cpu, source);
		break;
	case MAKE_MESSAGES:
		make_connection(testdev, number, CONNECTION_MESSAGES, cpu, source);
		break;
	case FORGET_MESSAGES:
		forget_connection(testdev, number, CONNECTION_MESSAGES);
		break;
	case MAKE_EVENTS:
		make_connection(testdev, number, CONNECTION_EVENTS, cpu, source);
		break;
	case FORGET_EVENTS:
		forget_connection(testdev, number, CONNECTION_EVENTS);
		break;
	default:
		break;
	}
	return BUS_DONE;
}

static enum bus_result testdev_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)dev;
	(void)offset;
	memset(data, 0, size);
	return BUS_DONE;
}

static struct hyperv_connection *find(struct hyperv_testdev *testdev, uint64_t number, uint8_t kind)
{
	struct hyperv_connection *connection;

	if (number >= HYPERV_CONNECTIONS)
		return NULL;
	connection = &testdev->registers.connections[number];
	return connection->kind == kind ? connection : NULL;
}

static enum synic_result deliver(struct hyperv_testdev *testdev,
				 struct hyperv_connection *connection)
{
	enum synic_result result = synic_post(testdev->options.ram,
					      &testdev->registers.cpus[connection->cpu],
					      connection->source, &connection->message);

	if (result == SYNIC_DONE)
		interrupt(testdev, connection->cpu, connection->source);
	connection->waits = result == SYNIC_BUSY;
	return result;
}

static enum hyperv_status post(struct hyperv_testdev *testdev, uint64_t address)
{
	const uint8_t *parameters =
		ram_at(testdev->options.ram, (r0_gpa){ address }, POST_SIZE, false);
	struct hyperv_connection *connection;
	struct synic_message message;

	if (!parameters)
		return HYPERV_INVALID_INPUT;
	message = (struct synic_message){
		.type = (uint32_t)dev_load(parameters + POST_TYPE, 4),
		.size = (uint32_t)dev_load(parameters + POST_LENGTH, 4),
	};
	memcpy(message.payload, parameters + POST_PAYLOAD, sizeof(message.payload));
	/* Types of the upper half are the hypervisor's. */
	if (!message.type || message.type >> 31 || message.size > SYNIC_PAYLOAD)
		return HYPERV_INVALID_INPUT;
	connection = find(testdev, dev_load(parameters + POST_CONNECTION, 4) & CONNECTION_MASK,
			  CONNECTION_MESSAGES);
	if (!connection)
		return HYPERV_INVALID_CONNECTION;
	if (connection->waits)
		return HYPERV_NO_BUFFERS;
	connection->message = message;
	/* A CPU that takes no messages has none waiting either (11.10.4). */
	if (deliver(testdev, connection) == SYNIC_BUSY && !listen(testdev, connection)) {
		connection->waits = false;
		return HYPERV_NO_BUFFERS;
	}
	return HYPERV_SUCCESS;
}

static enum hyperv_status signal_event(struct hyperv_testdev *testdev, uint64_t parameter)
{
	const struct hyperv_connection *connection;

	if (parameter & SIGNAL_FLAG)
		return HYPERV_INVALID_PORT;
	if (parameter & ~(uint64_t)CONNECTION_MASK)
		return HYPERV_INVALID_INPUT;
	connection = find(testdev, parameter, CONNECTION_EVENTS);
	if (!connection)
		return HYPERV_INVALID_CONNECTION;
	if (synic_signal(testdev->options.ram, &testdev->registers.cpus[connection->cpu],
			 connection->source, (unsigned int)parameter) == SYNIC_DONE)
		interrupt(testdev, connection->cpu, connection->source);
	return HYPERV_SUCCESS;
}

enum hyperv_status hyperv_testdev_call(struct hyperv_testdev *testdev, uint64_t input,
				       uint64_t parameter)
{
	const bool fast = input & CALL_FAST;
	const void *at;

	if (!fast && parameter % PARAMETER_ALIGNMENT)
		return HYPERV_INVALID_ALIGNMENT;
	switch (input & CALL_CODE) {
	case POST_MESSAGE:
		return fast ? HYPERV_INVALID_CODE : post(testdev, parameter);
	case SIGNAL_EVENT:
		at = fast ? &parameter :
			    ram_at(testdev->options.ram, (r0_gpa){ parameter }, 8, false);
		return at ? signal_event(testdev, dev_load(at, 8)) : HYPERV_INVALID_INPUT;
	default:
		return HYPERV_INVALID_CODE;
	}
}

void hyperv_testdev_set_cpu(struct hyperv_testdev *testdev, unsigned int cpu,
			    const struct synic_cpu *registers)
{
	if (cpu < testdev->options.cpus)
		testdev->registers.cpus[cpu] = *registers;
}

void hyperv_testdev_taken(struct hyperv_testdev *testdev)
{
	unsigned int i;

	for (i = 0; i < HYPERV_CONNECTIONS; i++)
		if (testdev->registers.connections[i].waits)
			deliver(testdev, &testdev->registers.connections[i]);
}

static void testdev_reset(struct dev *dev)
{
	container_of(dev, struct hyperv_testdev, dev)->registers =
		(struct hyperv_testdev_registers){ 0 };
}

static void testdev_restored(struct dev *dev)
{
	struct hyperv_testdev *testdev = container_of(dev, struct hyperv_testdev, dev);
	unsigned int i;

	for (i = 0; i < HYPERV_CONNECTIONS; i++) {
		struct hyperv_connection *connection = &testdev->registers.connections[i];

		if (connection->kind > CONNECTION_EVENTS ||
		    !has(testdev, connection->cpu, connection->source) ||
		    connection->message.size > SYNIC_PAYLOAD)
			*connection = (struct hyperv_connection){ 0 };
		connection->waits = connection->waits && connection->kind == CONNECTION_MESSAGES;
		if (connection->kind == CONNECTION_MESSAGES)
			listen(testdev, connection);
		/* Its owner's to look at: what was told since the copy was taken is lost. */
		if (connection->waits)
			dev_wake(dev);
	}
}

static const struct dev_ops testdev_ops = {
	.name = "Hyper-V test device",
	.reset = testdev_reset,
	.read = testdev_read,
	.write = testdev_write,
	.restored = testdev_restored,
};

void hyperv_testdev_init(struct hyperv_testdev *testdev,
			 const struct hyperv_testdev_options *options)
{
	*testdev = (struct hyperv_testdev){
		.dev = dev_of(&testdev_ops, &testdev->registers, sizeof(testdev->registers)),
		.options = *options,
	};
}
