/* SPDX-License-Identifier: MIT */
/* Two sorted lists: of bytes, and of pages. */
#include "mirror/code_patches.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/address.h"

/* The first byte from an address on. */
static size_t find_shown(const struct code_patches *patches, uint64_t address)
{
	size_t low = 0, high = patches->shown_count;

	/* They come in order, mostly. */
	if (!high || patches->shown[high - 1].address < address)
		return high;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (patches->shown[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int make_room(struct code_patches *patches, size_t more)
{
	size_t capacity = patches->shown_capacity;
	struct code_patch *shown;

	if (patches->shown_count + more <= capacity)
		return 0;
	capacity = 2 * capacity + more + 64;
	shown = reallocarray(patches->shown, capacity, sizeof(*shown));
	if (!shown)
		return -ENOMEM;
	patches->shown = shown;
	patches->shown_capacity = capacity;
	return 0;
}

static int put(struct code_patches *patches, uint64_t address, const void *bytes, size_t size,
	       bool replaces)
{
	const uint8_t *values = bytes;
	size_t first = find_shown(patches, address), last = find_shown(patches, address + size), i;

	if (!size)
		return 0;
	if (make_room(patches, size))
		return -ENOMEM;
	memmove(&patches->shown[first + size], &patches->shown[last],
		(patches->shown_count - last) * sizeof(*patches->shown));
	for (i = 0; i < size; i++)
		patches->shown[first + i] = (struct code_patch){
			.address = address + i,
			.value = values[i],
			.replaces = replaces,
		};
	patches->shown_count += size - (last - first);
	return 0;
}

int code_patches_show(struct code_patches *patches, uint64_t address, const void *bytes,
		      size_t size)
{
	return put(patches, address, bytes, size, false);
}

int code_patches_replace(struct code_patches *patches, uint64_t address, const void *bytes,
			 size_t size)
{
	return put(patches, address, bytes, size, true);
}

static int own_page(struct code_patches *patches, uint64_t page)
{
	size_t at = patches->own_count;
	uint64_t *own;

	while (at && patches->own[at - 1] > page)
		at--;
	if (at && patches->own[at - 1] == page)
		return 0;
	own = reallocarray(patches->own, patches->own_count + 1, sizeof(*own));
	if (!own)
		return -ENOMEM;
	memmove(&own[at + 1], &own[at], (patches->own_count - at) * sizeof(*own));
	own[at] = page;
	patches->own = own;
	patches->own_count++;
	return 0;
}

int code_patches_own(struct code_patches *patches, uint64_t address, uint64_t size)
{
	uint64_t page;
	int err = 0;

	for (page = page_floor(address); page < address + size && !err; page += PAGE_SIZE)
		err = own_page(patches, page);
	return err;
}

bool code_patches_next(const struct code_patches *patches, struct code_page_walk *walk,
		       struct code_page *page)
{
	const size_t left = patches->shown_count - walk->shown;
	const struct code_patch *shown = left ? patches->shown + walk->shown : NULL;
	uint64_t address = left ? page_floor(shown->address) : UINT64_MAX;

	if (walk->own < patches->own_count && patches->own[walk->own] < address)
		address = patches->own[walk->own];
	if (address == UINT64_MAX)
		return false;
	*page = (struct code_page){ .address = address, .shown = shown };
	while (page->shown_count < left && page_floor(shown[page->shown_count].address) == address)
		page->shown_count++;
	page->own = walk->own < patches->own_count && patches->own[walk->own] == address;
	walk->shown += page->shown_count;
	walk->own += page->own;
	return true;
}

void code_patches_finish(struct code_patches *patches)
{
	free(patches->shown);
	free(patches->own);
	*patches = (struct code_patches){ 0 };
}
