/* SPDX-License-Identifier: MIT */
/* An image, and the setup that a loader makes of it, in a PC's memory: for the loaders of boot/. */
#ifndef TESTS_UNIT_MONITOR_BOOT_FIXTURE_H
#define TESTS_UNIT_MONITOR_BOOT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "boot/protocol.h"
#include "tests/boot/images.h"

#define MEMORY	 (64ull << 20)
#define LOW_END	 0xc0000000ull
#define FOUR_GIB (1ull << 32)

static uint8_t image[IMAGE_MAX];
static struct memory_map map;
static struct boot_setup setup;
static struct error error;

static inline int set_up(void **state)
{
	(void)state;
	memory_map_make(&map, MEMORY, LOW_END, FOUR_GIB);
	return 0;
}

static inline struct boot_request request_of(size_t size)
{
	return (struct boot_request){ .image = { image, size },
				      .command_line = "a command line",
				      .name = "kernel" };
}

static inline int setup_it(enum r0_boot_protocol protocol, const struct boot_request *request)
{
	error.text[0] = '\0';
	return boot_setup_by(&setup, &map, &protocol, request, &error);
}

static inline void assert_setup(enum r0_boot_protocol protocol, const struct boot_request *request)
{
	int err = setup_it(protocol, request);

	if (err)
		fail_msg("%d: %s", err, error.text);
}

static inline void assert_refused(enum r0_boot_protocol protocol, size_t size, int err,
				  const char *text)
{
	const struct boot_request request = request_of(size);
	int got = setup_it(protocol, &request);

	if (!got)
		boot_setup_finish(&setup);
	if (got != -err || !strstr(error.text, text))
		fail_msg("%d, \"%s\", where -%d and \"%s\" were expected", got, error.text, err,
			 text);
}

static inline void assert_is(size_t size, enum r0_boot_protocol protocol)
{
	const struct boot_image of = { image, size };

	assert_int_equal(boot_protocol_find(&of), protocol);
}

/* What the setup has at a guest-physical address. */
static const void *in_memory(uint64_t address, uint64_t size)
{
	size_t i;

	for (i = 0; i < setup.segment_count; i++) {
		const struct boot_segment *segment = &setup.segments[i];

		if (range_holds(segment->address, segment->data_size, address, size))
			return segment->data + (address - segment->address);
	}
	fail_msg("there is nothing at %#llx", (unsigned long long)address);
	return NULL;
}

static inline uint32_t word_at(uint64_t address)
{
	uint32_t value;

	memcpy(&value, in_memory(address, sizeof(value)), sizeof(value));
	return value;
}

static inline uint64_t long_at(uint64_t address)
{
	return word_at(address) | (uint64_t)word_at(address + 4) << 32;
}

static inline void assert_kernel_is_there(void)
{
	size_t i;

	assert_memory_equal(in_memory(IMAGE_ADDRESS, IMAGE_TEXT_SIZE), image + IMAGE_TEXT,
			    IMAGE_TEXT_SIZE);
	for (i = 0; i < setup.segment_count; i++)
		if (setup.segments[i].address == IMAGE_ADDRESS)
			assert_int_equal(setup.segments[i].size, IMAGE_MEMORY);
}

#endif /* TESTS_UNIT_MONITOR_BOOT_FIXTURE_H */
