/* SPDX-License-Identifier: MIT */
/* Frames are handed out from the lowest address on, each once. */
#include "image/start/cpu/memory_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/hardware/power_x86_64.h"

/* Below it is what firmware and boot loaders are wont to use, and where other CPUs start. */
#define LOW_MEMORY 0x100000ull

static struct range available[LOADER_RANGES], before_test[LOADER_RANGES];
static struct range declared[LOADER_RANGES];
static unsigned int count, declared_count;
static uint64_t reached = MEMORY_FIRST_LIMIT;

/* Take a range out of what is available, which may leave two pieces of one. */
static void keep(struct range kept)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct range *range = &available[i];
		struct range rest = { kept.end, range->end };

		if (kept.end <= range->start || kept.start >= range->end)
			continue;
		range->end = kept.start > range->start ? kept.start : range->start;
		if (rest.end <= rest.start)
			continue;
		if (range->end == range->start)
			*range = rest;
		else if (count < LOADER_RANGES)
			available[count++] = rest;
	}
}

static void sort(void)
{
	unsigned int i, at;

	for (i = 1; i < count; i++)
		for (at = i; at && available[at].start < available[at - 1].start; at--) {
			struct range range = available[at];

			available[at] = available[at - 1];
			available[at - 1] = range;
		}
}

static bool holds(const struct range *ranges, unsigned int range_count, uint64_t start,
		  uint64_t end)
{
	unsigned int i;

	for (i = 0; i < range_count; i++)
		if (start >= ranges[i].start && end <= ranges[i].end)
			return start < end;
	return false;
}

static void set_aside(const struct range *ranges, uint64_t range_count)
{
	uint64_t i;

	for (i = 0; i < range_count && declared_count < LOADER_RANGES; i++) {
		if (!holds(available, count, ranges[i].start, ranges[i].end))
			continue;
		keep(ranges[i]);
		declared[declared_count++] = ranges[i];
	}
}

void memory_init(struct range kept, const struct range *ranges, uint64_t range_count)
{
	unsigned int i;

	for (i = 0; i < loader.ram_count; i++)
		available[count++] = (struct range){
			(loader.ram[i].start + FRAME - 1) & ~(FRAME - 1),
			loader.ram[i].end & ~(FRAME - 1),
		};
	for (i = 0; i < loader.taken_count; i++)
		keep((struct range){ loader.taken[i].start & ~(FRAME - 1),
				     (loader.taken[i].end + FRAME - 1) & ~(FRAME - 1) });
	keep((struct range){ kept.start & ~(FRAME - 1), (kept.end + FRAME - 1) & ~(FRAME - 1) });
	set_aside(ranges, range_count);
	keep((struct range){ 0, LOW_MEMORY });
	sort();
}

void memory_reach(uint64_t limit)
{
	reached = limit;
}

uint64_t memory_take(uint64_t frames)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct range *range = &available[i];
		uint64_t end = range->end < reached ? range->end : reached, at = range->start;

		if (at >= end || (end - at) / FRAME < frames)
			continue;
		range->start += frames * FRAME;
		fill_bytes(r0_direct(at), 0, frames * FRAME);
		return at;
	}
	return 0;
}

uint64_t memory_need(uint64_t frames)
{
	uint64_t at = memory_take(frames), free = 0;
	unsigned int i;

	if (at)
		return at;
	for (i = 0; i < count; i++)
		free += available[i].end > available[i].start ?
				available[i].end - available[i].start :
				0;
	power_give_up(
		"the image needs more memory: %llu KiB at once, of %llu KiB that are left of %llu MiB",
		(unsigned long long)(frames * FRAME >> 10), (unsigned long long)free >> 10,
		(unsigned long long)memory_size() >> 20);
}

void memory_begin_test(void)
{
	copy_bytes(before_test, available, sizeof(available));
}

void memory_end_test(void)
{
	copy_bytes(available, before_test, sizeof(available));
}

bool memory_is_declared(uint64_t start, uint64_t end)
{
	return end <= reached && holds(declared, declared_count, start, end);
}

bool memory_is_there(uint64_t physical)
{
	return physical < reached && holds(loader.ram, loader.ram_count, physical, physical + 1);
}

uint64_t memory_size(void)
{
	uint64_t size = 0;
	unsigned int i;

	for (i = 0; i < loader.ram_count; i++)
		size += loader.ram[i].end - loader.ram[i].start;
	return size;
}

uint64_t memory_end(void)
{
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < loader.ram_count; i++)
		end = loader.ram[i].end > end ? loader.ram[i].end : end;
	return end;
}
