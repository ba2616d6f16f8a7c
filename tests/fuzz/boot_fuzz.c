/* SPDX-License-Identifier: MIT */
/*
 * Kernels' files, sound ones that were damaged at random, to every loader, under AddressSanitizer and
 * UndefinedBehaviorSanitizer whatever the build's own options are. What is refused has to come with a
 * message; what is accepted has to be a setup that can be carried out: in memory that a kernel may
 * have, nothing over another, no byte from outside of the file.
 *
 *	boot_fuzz [--seed N] [--count FILES] [--seconds LIMIT]
 *
 * A file has a seed of its own, which is told when it fails: --seed with that and --count 1 repeats it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "boot/protocol.h"
#include "boot/regions.h"
#include "tests/boot/images.h"

#define LOW_END	 0xc0000000ull
#define FOUR_GIB (1ull << 32)

static uint64_t random_state, file_seed;

/* splitmix64: any seed is as good as another. */
static uint64_t next_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t limit)
{
	return next_random() % limit;
}

static void fail(const char *what, enum r0_boot_protocol protocol)
{
	const char *name = r0_boot_protocol_name(protocol);

	fprintf(stderr,
		"boot_fuzz: %s: %s\nboot_fuzz: repeat it with --seed %" PRIu64 " --count 1\n",
		name ? name : "?", what, file_seed);
	abort();
}

static size_t make_sound(uint8_t *image)
{
	static const uint32_t tags[] = { 0x00000001,
					 16,
					 1,
					 6,
					 0x00010005,
					 20,
					 0,
					 0,
					 0,
					 0,
					 0x00000006,
					 8,
					 0x00000002,
					 24,
					 IMAGE_ADDRESS + 0x80,
					 IMAGE_ADDRESS,
					 0,
					 0,
					 0x00000003,
					 12,
					 IMAGE_ENTRY,
					 0 };
	const char *names[] = { "Xen", "Linux" };
	size_t size;

	switch (below(8)) {
	case 0:
		return image_bzimage(image, 0x20c, 1);
	case 1:
		return image_bzimage(image, (uint16_t)(0x200 + below(16)), (uint16_t)below(4));
	case 2:
		/* Rarely: it is large. */
		if (!below(16))
			return image_firmware(image);
		break;
	default:
		break;
	}
	size = below(2) ? image_elf_32(image) : image_elf_64(image);
	if (below(2))
		image_add_note(image, names[below(2)], 18, IMAGE_ENTRY);
	if (below(2))
		image_add_multiboot(image, below(2) ? 0x10003 : 3);
	if (below(2))
		image_add_multiboot2(image, tags, (uint32_t)below(sizeof(tags) / 8 + 1) * 8);
	return size;
}

/* At a place that means something, as a rule: headers, notes, tags. */
static size_t choose_place(size_t size)
{
	static const struct {
		size_t at, size;
	} headers[] = { { 0, 0xb0 },
			{ 0, 0x40 },
			{ IMAGE_NOTE, 0x20 },
			{ IMAGE_TEXT, 0x20 },
			{ IMAGE_TEXT + 0x80, 0x80 },
			{ 0x1f1, 0x77 } };
	size_t which = below(7), at;

	if (which == 6)
		return below(size);
	at = headers[which].at + below(headers[which].size);
	return at < size ? at : below(size);
}

static uint64_t choose_value(void)
{
	switch (below(7)) {
	case 0:
		return below(4);
	case 1:
		return below(256);
	case 2:
		return UINT64_MAX - below(0x2000);
	case 3:
		return 1ull << below(64);
	case 4:
		return IMAGE_ADDRESS - 0x1000 + below(0x4000);
	case 5:
		return FOUR_GIB - 0x1000 + below(0x2000);
	default:
		return next_random();
	}
}

static size_t damage(uint8_t *image, size_t size)
{
	static const size_t widths[] = { 1, 2, 4, 8 };
	uint64_t times = below(6);

	while (times--) {
		size_t width = widths[below(4)], at = choose_place(size);
		uint64_t value = choose_value();

		/* Most members are aligned. */
		if (below(4))
			at &= ~(width - 1);
		memcpy(image + at, &value, width < size - at ? width : size - at);
	}
	return below(8) ? size : below(size + 1);
}

static bool is_of(const uint8_t *data, uint64_t size, const uint8_t *whole, uint64_t whole_size)
{
	return data >= whole && range_holds(0, whole_size, (uint64_t)(data - whole), size);
}

/* Where a segment's data may come from. */
static bool is_sound_data(const struct boot_segment *segment, const struct boot_request *request)
{
	size_t i;

	if (!segment->data_size)
		return true;
	if (segment->owned)
		return segment->data == segment->owned;
	for (i = 0; i < request->module_count; i++)
		if (is_of(segment->data, segment->data_size, request->modules[i].data,
			  request->modules[i].size))
			return true;
	return is_of(segment->data, segment->data_size, request->image.data, request->image.size);
}

static bool is_in_a_segment(const struct boot_setup *setup, uint64_t at)
{
	size_t i;

	for (i = 0; i < setup->segment_count; i++)
		if (range_holds(setup->segments[i].address, setup->segments[i].size, at, 1))
			return true;
	return false;
}

static void check_setup(const struct boot_setup *setup, const struct boot_request *request,
			enum r0_boot_protocol protocol)
{
	uint64_t sum = 0;
	size_t i, j;

	for (i = 0; i < setup->segment_count; i++) {
		const struct boot_segment *segment = &setup->segments[i];

		if (!memory_map_is_usable(setup->map, segment->address, segment->size))
			fail("a segment is not in memory", protocol);
		if (segment->data_size > segment->size || !is_sound_data(segment, request))
			fail("a segment's data is from nowhere", protocol);
		for (j = 0; j < segment->data_size; j++)
			sum += segment->data[j];
		for (j = 0; j < i; j++)
			if (ranges_overlap(segment->address, segment->size,
					   setup->segments[j].address, setup->segments[j].size))
				fail("segments overlap", protocol);
	}
	/* Have it read for the sanitizer's sake. */
	__asm__ volatile("" : : "r"(sum));
	if (setup->entry.mode == R0_VM_MODE_RESET)
		return;
	if (setup->entry.ip >= FOUR_GIB || !is_in_a_segment(setup, setup->entry.ip))
		fail("the entry is in nothing", protocol);
	if (!is_in_a_segment(setup, setup->entry.tables))
		fail("the tables are in nothing", protocol);
}

static unsigned int offer(const struct boot_request *request, const struct memory_map *map)
{
	static struct boot_setup setup;
	unsigned int accepted = 0, i;

	for (i = R0_BOOT_AUTO; i < R0_BOOT_PROTOCOLS; i++) {
		enum r0_boot_protocol protocol = (enum r0_boot_protocol)i;
		struct error error = { "" };
		int err = boot_setup_by(&setup, map, &protocol, request, &error);

		if (!err) {
			check_setup(&setup, request, protocol);
			boot_setup_finish(&setup);
			accepted++;
		} else if (err > 0 || !error.text[0] || strchr(error.text, '\n')) {
			fail("it was refused without a line", protocol);
		}
	}
	return accepted;
}

/* What a report reads of it: by address, and nothing over another. */
static void check_regions(const struct boot_image *image)
{
	static struct boot_regions regions;
	size_t i;

	boot_regions_init(&regions, image, "/kernel");
	boot_regions_add_code(&regions, choose_value());
	boot_regions_add_stack(&regions, choose_value());
	for (i = 0; i < regions.count; i++)
		if (regions.regions[i].end <= regions.regions[i].start ||
		    (i && regions.regions[i].start < regions.regions[i - 1].end))
			fail("its regions are in disorder", R0_BOOT_AUTO);
}

/* On the heap, so that the sanitizer sees what goes beyond. */
static unsigned int one_file(void)
{
	static uint8_t whole[IMAGE_MAX];
	const struct r0_boot_module modules[] = { { "module", 6, "its text" },
						  { "another", 7, NULL } };
	struct boot_request request = { .command_line = below(2) ? "" : "of a kernel", .name = "" };
	size_t size = make_sound(whole);
	unsigned int accepted;
	struct memory_map map;
	uint8_t *image;

	size = damage(whole, size);
	image = malloc(size ? size : 1);
	if (!image)
		abort();
	memcpy(image, whole, size);
	request.image = (struct boot_image){ image, size };
	request.modules = modules;
	request.module_count = below(3);
	memory_map_make(&map, 4096ull << below(24), LOW_END, FOUR_GIB);
	accepted = offer(&request, &map);
	check_regions(&request.image);
	free(image);
	return accepted;
}

static uint64_t number_of(const char *text)
{
	return strtoull(text, NULL, 0);
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL), count = 10000, seconds = UINT64_MAX, done,
		 accepted = 0;
	const time_t start = time(NULL);
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			seed = number_of(argv[i + 1]);
		else if (!strcmp(argv[i], "--count"))
			count = number_of(argv[i + 1]);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = number_of(argv[i + 1]);
		else
			i = argc;
	}
	if (i != argc) {
		fprintf(stderr, "usage: boot_fuzz [--seed N] [--count FILES] [--seconds LIMIT]\n");
		return 2;
	}
	for (done = 0; done < count && (uint64_t)(time(NULL) - start) < seconds; done++) {
		file_seed = random_state = seed + done;
		accepted += one_file();
	}
	printf("1..1\nok 1 - %" PRIu64 " files from seed %" PRIu64 ", %" PRIu64 " set up\n", done,
	       seed, accepted);
	/* A fuzzer whose files are all refused, or none, looks at nothing. */
	return count > 100 && (!accepted || accepted == done * R0_BOOT_PROTOCOLS);
}
