/* SPDX-License-Identifier: MIT */
/* From a copy of a page to the process's own counters on it. */
#include "mirror/counters.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/address.h"

static int by_start(const void *first, const void *second)
{
	const struct counter_range *a = first, *b = second;

	return a->start < b->start ? -1 : a->start > b->start;
}

int counters_add_range(struct counters *counters, uint64_t start, uint64_t end,
		       enum counter_kind kind)
{
	if (counters->count == counters->capacity) {
		size_t capacity = counters->capacity ? 2 * counters->capacity : 64;
		struct counter_range *ranges =
			reallocarray(counters->ranges, capacity, sizeof(*ranges));

		if (!ranges)
			return -ENOMEM;
		counters->ranges = ranges;
		counters->capacity = capacity;
	}
	counters->ranges[counters->count++] = (struct counter_range){
		.start = start,
		.end = end,
		.kind = kind,
	};
	return 0;
}

/* Symbols may name the same counters twice, and nothing may be added twice. */
void counters_sort(struct counters *counters)
{
	size_t i, count = 0;
	uint64_t end = 0;

	if (!counters->count)
		return;
	qsort(counters->ranges, counters->count, sizeof(counters->ranges[0]), by_start);
	for (i = 0; i < counters->count; i++) {
		struct counter_range range = counters->ranges[i];

		if (range.start < end)
			range.start = end;
		if (range.end <= range.start)
			continue;
		end = range.end;
		counters->ranges[count++] = range;
	}
	counters->count = count;
}

void counters_finish(struct counters *counters)
{
	size_t i;

	for (i = 0; i < counters->writer_count; i++)
		free(counters->writers[i].object);
	free(counters->writers);
	free(counters->ranges);
	*counters = (struct counters){ 0 };
}

/* The first range that ends behind an address. */
static size_t first_behind(const struct counters *counters, uint64_t address)
{
	size_t low = 0, high = counters->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (counters->ranges[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool counters_on_page(const struct counters *counters, uint64_t page)
{
	size_t i = first_behind(counters, page);

	return i < counters->count && counters->ranges[i].start < page + PAGE_SIZE;
}

/* Other threads count, too, and give back. */
static void add_difference(uint64_t address, const uint8_t *now, const uint8_t *then)
{
	uint64_t is, was = 0;

	memcpy(&is, now, sizeof(is));
	if (then)
		memcpy(&was, then, sizeof(was));
	if (is != was)
		__atomic_fetch_add((uint64_t *)(uintptr_t)address, is - was, __ATOMIC_RELAXED);
}

static void set_bits(uint64_t address, uint8_t now)
{
	uint8_t *bits = (uint8_t *)(uintptr_t)address;

	if (now & ~__atomic_load_n(bits, __ATOMIC_RELAXED))
		__atomic_fetch_or(bits, now, __ATOMIC_RELAXED);
}

/* For those in [start, end): what they are now and, unless all were 0, were then. */
static void give_back(enum counter_kind kind, uint64_t start, uint64_t end, const uint8_t *now,
		      const uint8_t *then)
{
	uint64_t i;

	if (kind == COUNTER_LAST)
		memcpy((void *)(uintptr_t)start, now, end - start);
	else if (kind == COUNTER_BITS)
		for (i = 0; i < end - start; i++)
			set_bits(start + i, now[i]);
	else
		for (i = 0; i < end - start; i += sizeof(uint64_t))
			add_difference(start + i, now + i, then ? then + i : NULL);
}

void counters_give_back(const struct counters *counters, uint64_t page, const uint8_t *now,
			const uint8_t *then)
{
	const uint64_t page_end = page + PAGE_SIZE;
	size_t i;

	for (i = first_behind(counters, page); i < counters->count; i++) {
		const struct counter_range *range = &counters->ranges[i];
		uint64_t at = range->start > page ? range->start : page;
		uint64_t end = range->end < page_end ? range->end : page_end;

		if (at >= page_end)
			break;
		give_back(range->kind, at, end, now + (at - page), then + (at - page));
	}
}

void counters_clear_sums(const struct counters *counters, uint64_t page, uint8_t *bytes)
{
	const uint64_t page_end = page + PAGE_SIZE;
	size_t i;

	for (i = first_behind(counters, page);
	     i < counters->count && counters->ranges[i].start < page_end; i++) {
		const struct counter_range *range = &counters->ranges[i];
		uint64_t at = range->start > page ? range->start : page;
		uint64_t end = range->end < page_end ? range->end : page_end;

		if (range->kind == COUNTER_SUM)
			memset(bytes + (at - page), 0, end - at);
	}
}

size_t counters_size(const struct counters *counters)
{
	size_t size = 0, i;

	for (i = 0; i < counters->count; i++)
		size += counters->ranges[i].end - counters->ranges[i].start;
	return size;
}

void counters_add(const struct counters *counters, const uint8_t *bytes)
{
	size_t i;

	for (i = 0; i < counters->count; i++) {
		const struct counter_range *range = &counters->ranges[i];

		give_back(range->kind, range->start, range->end, bytes, NULL);
		bytes += range->end - range->start;
	}
}

void counters_copy(const struct counters *counters, uint8_t *bytes)
{
	size_t i;

	for (i = 0; i < counters->count; i++) {
		const struct counter_range *range = &counters->ranges[i];

		memcpy(bytes, (const void *)(uintptr_t)range->start, range->end - range->start);
		bytes += range->end - range->start;
	}
}

/* Of bits those are left that were not set before. */
static void subtract(const struct counter_range *range, const uint8_t *bytes)
{
	uint8_t *own = (uint8_t *)(uintptr_t)range->start;
	uint64_t i, now, then;

	if (range->kind == COUNTER_BITS)
		for (i = 0; i < range->end - range->start; i++)
			own[i] &= (uint8_t)~bytes[i];
	if (range->kind != COUNTER_SUM)
		return;
	for (i = 0; i < range->end - range->start; i += sizeof(now)) {
		memcpy(&now, own + i, sizeof(now));
		memcpy(&then, bytes + i, sizeof(then));
		now -= then;
		memcpy(own + i, &now, sizeof(now));
	}
}

void counters_subtract(const struct counters *counters, const uint8_t *bytes)
{
	size_t i;

	for (i = 0; i < counters->count; i++) {
		subtract(&counters->ranges[i], bytes);
		bytes += counters->ranges[i].end - counters->ranges[i].start;
	}
}
