/* SPDX-License-Identifier: MIT */
/* Pages, and tables of them: SDM vol. 3A, 4.5. */
#include "small.h"

#define PRESENT 1u
#define ADDRESS 0xffffffffff000ul

struct free_page {
	struct free_page *next;
};

static struct free_page *list;
char memory_start[PAGE] __attribute__((aligned(4096)));

/* Only where the kernel is linked is this an address of memory. */
u64 physical_start(void)
{
	return V2P(memory_start);
}

void page_give(void *page)
{
	struct free_page *free = page;

	if ((u64)page % PAGE || (u64)page < KERNBASE)
		panic("page_give");
	memset(page, 1, PAGE);
	free->next = list;
	list = free;
}

void memory_init(void *from, void *to)
{
	char *page;

	for (page = from; page < (char *)to; page += PAGE)
		page_give(page);
}

void *page_take(void)
{
	struct free_page *page = list;

	if (page)
		list = page->next;
	return page;
}

u64 *tables_make(void)
{
	u64 *tables = page_take();

	if (tables)
		memset(tables, 0, PAGE);
	return tables;
}

static u64 *entry_of(u64 *table, u64 address, int make)
{
	int level;

	for (level = 3; level; level--) {
		u64 *entry = &table[address >> (12 + 9 * level) & 511];

		if (!(*entry & PRESENT)) {
			u64 *below = make ? tables_make() : 0;

			if (!below)
				return 0;
			*entry = V2P(below) | PRESENT | 6;
		}
		table = P2V(*entry & ADDRESS);
	}
	return &table[address >> 12 & 511];
}

int tables_map(u64 *tables, u64 address, u64 physical, u32 rights)
{
	u64 *entry = entry_of(tables, address, 1);

	if (!entry)
		return -1;
	if (*entry & PRESENT)
		panic("tables_map");
	*entry = physical | rights | PRESENT;
	return 0;
}

void *tables_find(u64 *tables, u64 address)
{
	u64 *entry = entry_of(tables, address, 0);

	if (!entry || !(*entry & PRESENT))
		return 0;
	return (char *)P2V(*entry & ADDRESS) + address % PAGE;
}

int copy_out(u64 *tables, u64 address, const void *from, u64 size)
{
	const char *at = from;

	while (size) {
		void *to = tables_find(tables, address);
		u64 step = PAGE - address % PAGE;

		if (!to)
			return -1;
		step = step < size ? step : size;
		memmove(to, at, step);
		address += step;
		at += step;
		size -= step;
	}
	return 0;
}
