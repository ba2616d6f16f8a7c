/* SPDX-License-Identifier: MIT */
/* A test's declared ports, mocks and MSRs. */
#include "mock/mock.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_mocks(struct mocks *mocks, const struct r0_mocks *declared, bool ports)
{
	size_t i;

	for (i = 0; i < declared->count; i++) {
		struct mock *mock = &mocks->entries[mocks->count];

		mock->declared = &declared->entries[i];
		mock->ports = ports;
		if (mock->declared->size) {
			mock->state = calloc(1, mock->declared->size);
			if (!mock->state)
				return -ENOMEM;
			if (mock->declared->initial)
				memcpy(mock->state, mock->declared->initial, mock->declared->size);
		}
		mocks->count++;
	}
	return 0;
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

int mocks_init(struct mocks *mocks, const struct r0_options *options, struct error *error)
{
	int err = check(&options->io, ".io", UINT16_MAX, error);

	*mocks = (struct mocks){ .options = options };
	if (!err)
		err = check(&options->mmio, ".mmio", UINT64_MAX, error);
	if (err)
		return err;
	if (!options->io.count && !options->mmio.count)
		return 0;
	mocks->entries = calloc(options->io.count + options->mmio.count, sizeof(*mocks->entries));
	if (mocks->entries && add_mocks(mocks, &options->io, true) == 0 &&
	    add_mocks(mocks, &options->mmio, false) == 0)
		return 0;
	mocks_finish(mocks);
	return error_set(error, ENOMEM, "no memory for the states of mocks");
}

void mocks_finish(struct mocks *mocks)
{
	size_t i;

	for (i = 0; i < mocks->count; i++)
		free(mocks->entries[i].state);
	free(mocks->entries);
	*mocks = (struct mocks){ 0 };
}

static uint64_t mask_of(uint32_t width)
{
	return width >= 8 ? UINT64_MAX : (1ull << width * 8) - 1;
}

/* "write of 0x41 (1 byte) to port 0x3f8", "read of 4 bytes from guest-physical 0xfee00000" */
static void name_access(const struct r0_access *access, const char *space, char *text, size_t size)
{
	const char *plural = access->width == 1 ? "" : "s";

	if (access->write)
		snprintf(text, size, "write of %#" PRIx64 " (%u byte%s) to %s %#" PRIx64,
			 access->value, access->width, plural, space, access->address);
	else
		snprintf(text, size, "read of %u byte%s from %s %#" PRIx64, access->width, plural,
			 space, access->address);
}

static int refuse(const struct r0_access *access, const char *space, const char *why,
		  struct error *error)
{
	char text[128];

	name_access(access, space, text, sizeof(text));
	return error_set(error, EPERM, "%s, %s", text, why);
}

void mock_range_text(const struct mock *mock, char *text, size_t size)
{
	const struct r0_mock *declared = mock->declared;
	const char *space = !mock->ports		      ? "guest-physical" :
			    declared->first == declared->last ? "port" :
								"ports";

	if (declared->first == declared->last)
		snprintf(text, size, "%s %#" PRIx64, space, declared->first);
	else
		snprintf(text, size, "%s %#" PRIx64 " to %#" PRIx64, space, declared->first,
			 declared->last);
}

static const char *space_of(bool ports)
{
	return ports ? "port" : "guest-physical";
}

void mock_print_accesses(const struct mock *mock, FILE *out)
{
	uint64_t left = mock->accesses < MOCK_REMEMBERED ? mock->accesses : MOCK_REMEMBERED;
	char text[128];

	for (; left; left--) {
		const struct r0_access *access =
			&mock->last[(mock->accesses - left) % MOCK_REMEMBERED];

		name_access(access, space_of(mock->ports), text, sizeof(text));
		fprintf(out, "  %s", text);
		if (!access->write)
			fprintf(out, " gave %#" PRIx64, access->value);
		putc('\n', out);
	}
}

/* It is remembered before and after: the handler may not come back. */
static int call(struct mocks *mocks, struct mock *mock, struct r0_access *access,
		struct error *error)
{
	struct r0_access *remembered = &mock->last[mock->accesses++ % MOCK_REMEMBERED];
	int err;

	*remembered = *access;
	err = mocks->call(mocks->context, mock, access, error);
	if (err)
		return error && error->text[0] ? err :
						 refuse(access, space_of(mock->ports),
							"which its mock refuses", error);
	access->value &= mask_of(access->width);
	remembered->value = access->value;
	return 0;
}

/* The mock whose range holds all of the access; the first one declared wins. */
static int serve(struct mocks *mocks, bool ports, struct r0_access *access, struct error *error)
{
	size_t i;

	for (i = 0; i < mocks->count; i++) {
		struct mock *mock = &mocks->entries[i];
		const struct r0_mock *declared = mock->declared;

		if (mock->ports == ports && access->address >= declared->first &&
		    access->address <= declared->last &&
		    declared->last - access->address >= access->width - 1)
			return call(mocks, mock, access, error);
	}
	return refuse(access, space_of(ports), "which nothing declares", error);
}

int mocks_port(struct mocks *mocks, struct r0_access *access, struct error *error)
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
	if (declared)
		return refuse(access, "port", why, error);
	return serve(mocks, true, access, error);
}

int mocks_memory(struct mocks *mocks, struct r0_access *access, struct error *error)
{
	return serve(mocks, false, access, error);
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
