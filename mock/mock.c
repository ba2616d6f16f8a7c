/* SPDX-License-Identifier: MIT */
/* A test's declared ports, mocks and MSRs, as devices and as what a WRMSR finds. */
#include "mock/mock.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/container_of.h"

static uint64_t mask_of(uint32_t width)
{
	return width >= 8 ? UINT64_MAX : (1ull << width * 8) - 1;
}

static void name_access(enum bus_space space, const struct r0_access *access, char *text,
			size_t size)
{
	bus_access_text(
		&(struct bus_access){
			.space = space,
			.write = access->write,
			.size = (uint8_t)access->width,
			.address = access->address,
			.value = access->value,
		},
		text, size);
}

static int refuse(enum bus_space space, const struct r0_access *access, const char *why,
		  struct error *error)
{
	char text[128];

	name_access(space, access, text, sizeof(text));
	return error_set(error, EPERM, "%s, %s", text, why);
}

void mock_range_text(const struct mock *mock, char *text, size_t size)
{
	const struct r0_mock *declared = mock->declared;
	const bool one = declared->first == declared->last;
	const char *space = mock->hypercall	      ? (one ? "hypercall" : "hypercalls") :
			    mock->space == BUS_MEMORY ? "guest-physical" :
			    one			      ? "port" :
							"ports";

	if (declared->first == declared->last)
		snprintf(text, size, "%s %#" PRIx64, space, declared->first);
	else
		snprintf(text, size, "%s %#" PRIx64 " to %#" PRIx64, space, declared->first,
			 declared->last);
}

void mock_print_accesses(const struct mock *mock, FILE *out)
{
	uint64_t left = mock->accesses < MOCK_REMEMBERED ? mock->accesses : MOCK_REMEMBERED;
	char text[128];

	for (; left; left--) {
		const struct r0_access *access =
			&mock->last[(mock->accesses - left) % MOCK_REMEMBERED];

		if (mock->hypercall) {
			fprintf(out, "  hypercall %#" PRIx64 " gave %#" PRIx64 "\n",
				access->address, access->value);
			continue;
		}
		name_access(mock->space, access, text, sizeof(text));
		fprintf(out, "  %s", text);
		if (!access->write)
			fprintf(out, " gave %#" PRIx64, access->value);
		putc('\n', out);
	}
}

/* It is remembered before and after: the handler may not come back. */
static int call(struct mocks *mocks, struct mock *mock, struct r0_access *access)
{
	struct r0_access *remembered = &mock->last[mock->accesses++ % MOCK_REMEMBERED];
	int err;

	*remembered = *access;
	err = mocks->call(mocks->context, mock, access, mocks->complaint);
	/* Of two complaints the first is kept: the mock's own, if it has one. */
	if (err)
		return refuse(mock->space, access, "which its mock refuses", mocks->complaint);
	access->value &= mask_of(access->width);
	remembered->value = access->value;
	return 0;
}

/* By the mock whose range holds all of the access; the first one declared wins. -ENOENT if there is none. */
static int serve_mocks(struct mocks *mocks, enum bus_space space, struct r0_access *access)
{
	size_t i;

	for (i = 0; i < mocks->count; i++) {
		struct mock *mock = &mocks->entries[i];
		const struct r0_mock *declared = mock->declared;

		if (mock->space == space && !mock->hypercall &&
		    access->address >= declared->first && access->address <= declared->last &&
		    declared->last - access->address >= access->width - 1)
			return call(mocks, mock, access);
	}
	return -ENOENT;
}

/* The first one declared wins. */
static struct mock *find_hypercall(struct mocks *mocks, uint32_t function)
{
	size_t i;

	for (i = 0; i < mocks->count; i++) {
		struct mock *mock = &mocks->entries[i];

		if (mock->hypercall && function >= mock->hypercall->first &&
		    function <= mock->hypercall->last)
			return mock;
	}
	return NULL;
}

int mocks_hypercall(struct mocks *mocks, struct r0_hypercall *made)
{
	struct mock *mock = find_hypercall(mocks, made->function);
	struct r0_access access = { .address = made->function, .width = sizeof(made->function) };
	struct r0_access *remembered;
	int err;

	if (!mock)
		return -ENOENT;
	remembered = &mock->last[mock->accesses++ % MOCK_REMEMBERED];
	*remembered = access;
	mock->made = made;
	err = mocks->call(mocks->context, mock, &access, mocks->complaint);
	mock->made = NULL;
	remembered->value = made->results[0];
	if (!err)
		return 0;
	return error_set(mocks->complaint, EPERM, "hypercall %#x, which its mock refuses",
			 made->function);
}

/* By a declared value, of which a port may have several: -ENOENT if it has none. */
static int serve_ioports(struct mocks *mocks, struct r0_access *access)
{
	const struct r0_ioports *ports = &mocks->options->ioports;
	uint64_t mask = mask_of(access->width);
	bool declared = false;
	char why[80];
	size_t i;

	for (i = 0; i < ports->count; i++) {
		uint64_t value = ports->entries[i].value & mask;

		if (ports->entries[i].port != access->address)
			continue;
		if (!access->write) {
			access->value = value;
			return 0;
		}
		if ((access->value & mask) == value)
			return 0;
		if (!declared)
			snprintf(why, sizeof(why), "which is declared as %#" PRIx64, value);
		declared = true;
	}
	return declared ? refuse(BUS_PORT, access, why, mocks->complaint) : -ENOENT;
}

static enum bus_result serve(struct mocks *mocks, enum bus_space space, struct r0_access *access)
{
	int err = space == BUS_PORT ? serve_ioports(mocks, access) : -ENOENT;

	if (err == -ENOENT)
		err = serve_mocks(mocks, space, access);
	return err == -ENOENT ? BUS_UNMAPPED : err ? BUS_REFUSED : BUS_DONE;
}

static enum bus_result read_from(struct mocks *mocks, enum bus_space space, uint64_t address,
				 void *data, size_t size)
{
	struct r0_access access = { .address = address, .width = (uint32_t)size };
	enum bus_result result = serve(mocks, space, &access);

	if (result == BUS_DONE)
		dev_store(data, size, access.value);
	return result;
}

static enum bus_result write_to(struct mocks *mocks, enum bus_space space, uint64_t address,
				const void *data, size_t size)
{
	struct r0_access access = {
		.address = address,
		.value = dev_load(data, size),
		.width = (uint32_t)size,
		.write = true,
	};

	return serve(mocks, space, &access);
}

static enum bus_result ports_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	return read_from(container_of(dev, struct mocks, ports), BUS_PORT, offset, data, size);
}

static enum bus_result ports_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	return write_to(container_of(dev, struct mocks, ports), BUS_PORT, offset, data, size);
}

static enum bus_result memory_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	return read_from(container_of(dev, struct mocks, memory), BUS_MEMORY, offset, data, size);
}

static enum bus_result memory_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	return write_to(container_of(dev, struct mocks, memory), BUS_MEMORY, offset, data, size);
}

static const struct dev_ops ports_ops = {
	.name = "the test's ports",
	.read = ports_read,
	.write = ports_write,
};

static const struct dev_ops memory_ops = {
	.name = "the test's mocked memory",
	.read = memory_read,
	.write = memory_write,
};

static int add_state(struct mock *mock)
{
	if (!mock->declared->size)
		return 0;
	mock->state = calloc(1, mock->declared->size);
	if (!mock->state)
		return -ENOMEM;
	if (mock->declared->initial)
		memcpy(mock->state, mock->declared->initial, mock->declared->size);
	return 0;
}

size_t mocks_declared(const struct r0_options *options)
{
	return options->io.count + options->mmio.count + options->hypercalls.count;
}

void mock_of(struct mock *mock, const struct r0_options *options, size_t number)
{
	const struct r0_hypercall_mock *hypercall;

	if (number < options->io.count) {
		*mock = (struct mock){ .declared = &options->io.entries[number],
				       .space = BUS_PORT };
		return;
	}
	number -= options->io.count;
	if (number < options->mmio.count) {
		*mock = (struct mock){ .declared = &options->mmio.entries[number],
				       .space = BUS_MEMORY };
		return;
	}
	hypercall = &options->hypercalls.entries[number - options->mmio.count];
	*mock = (struct mock){
		.hypercall = hypercall,
		.as_mock = {
			.first = hypercall->first,
			.last = hypercall->last,
			.initial = hypercall->initial,
			.size = hypercall->size,
			.at_end = hypercall->at_end,
		},
	};
	mock->declared = &mock->as_mock;
}

static int add_all(struct mocks *mocks, size_t count)
{
	int err = 0;

	while (mocks->count < count && !err) {
		struct mock *mock = &mocks->entries[mocks->count];

		mock_of(mock, mocks->options, mocks->count++);
		err = add_state(mock);
	}
	return err;
}

static int check(const struct r0_mocks *mocks, const char *attribute, uint64_t end,
		 struct error *error)
{
	size_t i;

	for (i = 0; i < mocks->count; i++) {
		const struct r0_mock *mock = &mocks->entries[i];
		const char *wrong = mock->last < mock->first ? "ends before it begins" :
				    mock->last > end	     ? "ends beyond the last port, 0xffff" :
				    !mock->handler	     ? "has no handler" :
							       NULL;

		if (wrong)
			return error_set(error, EINVAL, "%s: %#" PRIx64 " to %#" PRIx64 " %s",
					 attribute, mock->first, mock->last, wrong);
	}
	return 0;
}

static int check_hypercalls(const struct r0_hypercalls *declared, struct error *error)
{
	size_t i;

	for (i = 0; i < declared->count; i++) {
		const struct r0_hypercall_mock *mock = &declared->entries[i];

		if (mock->last < mock->first || !mock->handler)
			return error_set(error, EINVAL, ".hypercalls: %#x to %#x %s", mock->first,
					 mock->last,
					 mock->handler ? "ends before it begins" :
							 "has no handler");
	}
	return 0;
}

int mocks_init(struct mocks *mocks, const struct r0_options *options, struct bus *bus,
	       struct error *complaint)
{
	int err = check(&options->io, ".io", UINT16_MAX, complaint);
	size_t count;

	*mocks = (struct mocks){
		.options = options,
		.ports = { .ops = &ports_ops },
		.memory = { .ops = &memory_ops },
		.complaint = complaint,
	};
	if (!err)
		err = check(&options->mmio, ".mmio", UINT64_MAX, complaint);
	if (!err)
		err = check_hypercalls(&options->hypercalls, complaint);
	if (err)
		return err;
	mocks->bus = bus;
	bus->elsewhere[BUS_PORT] = &mocks->ports;
	bus->elsewhere[BUS_MEMORY] = &mocks->memory;
	count = mocks_declared(options);
	if (!count)
		return 0;
	mocks->entries = calloc(count, sizeof(*mocks->entries));
	if (mocks->entries && add_all(mocks, count) == 0)
		return 0;
	mocks_finish(mocks);
	return error_set(complaint, ENOMEM, "no memory for the states of mocks");
}

void mocks_finish(struct mocks *mocks)
{
	size_t i;

	for (i = 0; i < mocks->count; i++)
		free(mocks->entries[i].state);
	free(mocks->entries);
	if (mocks->bus)
		memset(mocks->bus->elsewhere, 0, sizeof(mocks->bus->elsewhere));
	*mocks = (struct mocks){ 0 };
}

int mocks_msr(const struct mocks *mocks, uint32_t index, bool write, uint64_t *value,
	      struct error *error)
{
	const struct r0_msrs *msrs = &mocks->options->msrs;
	const struct r0_msr *declared = NULL;
	size_t i;

	for (i = 0; i < msrs->count; i++) {
		if (msrs->entries[i].index != index)
			continue;
		declared = declared ? declared : &msrs->entries[i];
		if (!write) {
			*value = declared->value;
			return 0;
		}
		if (*value == msrs->entries[i].value)
			return 0;
	}
	if (!declared)
		return -ENOENT;
	return error_set(error, EPERM,
			 "write of %#" PRIx64 " to MSR %#x, which is declared as %#" PRIx64, *value,
			 index, declared->value);
}
