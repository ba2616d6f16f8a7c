/* SPDX-License-Identifier: MIT */
/* A test's declared ports, mocks and MSRs. */
#include "execution/mock.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_states(void **states, size_t count)
{
	size_t i;

	for (i = 0; states && i < count; i++)
		free(states[i]);
	free(states);
}

static void **copy_states(const struct r0_mocks *mocks)
{
	void **states = calloc(mocks->count, sizeof(*states));
	size_t i;

	for (i = 0; states && i < mocks->count; i++) {
		const struct r0_mock *mock = &mocks->entries[i];

		if (!mock->size)
			continue;
		states[i] = calloc(1, mock->size);
		if (!states[i]) {
			free_states(states, i);
			return NULL;
		}
		if (mock->initial)
			memcpy(states[i], mock->initial, mock->size);
	}
	return states;
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
	if (options->io.count)
		mocks->io_states = copy_states(&options->io);
	if (options->mmio.count)
		mocks->mmio_states = copy_states(&options->mmio);
	if ((options->io.count && !mocks->io_states) ||
	    (options->mmio.count && !mocks->mmio_states)) {
		mocks_finish(mocks);
		return error_set(error, ENOMEM, "no memory for the states of mocks");
	}
	return 0;
}

void mocks_finish(struct mocks *mocks)
{
	free_states(mocks->io_states, mocks->io_states ? mocks->options->io.count : 0);
	free_states(mocks->mmio_states, mocks->mmio_states ? mocks->options->mmio.count : 0);
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

/* The mock whose range holds all of the access; the first one declared wins. */
static int serve(const struct r0_mocks *mocks, void *const *states, struct r0_access *access,
		 const char *space, struct error *error)
{
	size_t i;

	for (i = 0; i < mocks->count; i++) {
		const struct r0_mock *mock = &mocks->entries[i];

		if (access->address < mock->first || access->address > mock->last ||
		    mock->last - access->address < access->width - 1)
			continue;
		if (mock->handler(states[i], access) != 0)
			return refuse(access, space, "which its mock refuses", error);
		access->value &= mask_of(access->width);
		return 0;
	}
	return refuse(access, space, "which nothing declares", error);
}

int mocks_port(const struct mocks *mocks, struct r0_access *access, struct error *error)
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
	return serve(&mocks->options->io, mocks->io_states, access, "port", error);
}

int mocks_memory(const struct mocks *mocks, struct r0_access *access, struct error *error)
{
	return serve(&mocks->options->mmio, mocks->mmio_states, access, "guest-physical", error);
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
