/* SPDX-License-Identifier: MIT */
/* The list of points: see points.h. */
#include "execution/gdb/points.h"
#include <errno.h>

static bool find_slot(const struct points *points, unsigned int *slot)
{
	bool used[POINTS_SLOTS] = { false };
	size_t i;

	for (i = 0; i < points->count; i++)
		if (points->list[i].has_slot)
			used[points->list[i].slot] = true;
	for (*slot = 0; *slot < POINTS_SLOTS; (*slot)++)
		if (!used[*slot])
			return true;
	return false;
}

int points_insert(struct points *points, const struct point *point, bool by_cpu)
{
	struct point *made;
	size_t i;

	for (i = 0; i < points->count; i++)
		if (points->list[i].kind == point->kind &&
		    points->list[i].address == point->address &&
		    points->list[i].is_own == point->is_own)
			return 0;
	if (points->count == POINTS_MAX)
		return -ENOSPC;
	made = &points->list[points->count];
	*made = *point;
	made->has_slot = by_cpu && !point->never && find_slot(points, &made->slot);
	points->by_step += !made->has_slot && !made->never;
	points->count++;
	points->generation++;
	return 0;
}

static void take_out(struct points *points, size_t number)
{
	const struct point *point = &points->list[number];

	points->by_step -= !point->has_slot && !point->never;
	points->list[number] = points->list[--points->count];
	points->generation++;
}

int points_remove(struct points *points, enum gdb_point kind, uint64_t address)
{
	size_t i;

	for (i = 0; i < points->count; i++) {
		const struct point *point = &points->list[i];

		if (point->kind != kind || point->address != address || point->is_own)
			continue;
		take_out(points, i);
		return 0;
	}
	return -ENOENT;
}

void points_clear(struct points *points, bool only_own)
{
	size_t i = 0;

	while (i < points->count) {
		if (only_own && !points->list[i].is_own)
			i++;
		else
			take_out(points, i);
	}
}

struct point *points_in_slots(struct points *points, unsigned int slots)
{
	size_t i;

	for (i = 0; i < points->count; i++)
		if (points->list[i].has_slot && slots >> points->list[i].slot & 1)
			return &points->list[i];
	return NULL;
}

static bool is_write(const struct point *point)
{
	return point->kind == GDB_WRITE_WATCHPOINT;
}

struct point *points_at(struct points *points, uint64_t address)
{
	size_t i;

	for (i = 0; i < points->count; i++)
		if (!is_write(&points->list[i]) && points->list[i].address == address)
			return &points->list[i];
	return NULL;
}

bool points_has(const struct points *points, bool write, uint64_t address)
{
	size_t i;

	for (i = 0; i < points->count; i++)
		if (is_write(&points->list[i]) == write && points->list[i].address == address)
			return true;
	return false;
}
