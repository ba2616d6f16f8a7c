/* SPDX-License-Identifier: MIT */
/* A list that grows, and what a user types. */
#include "command/which_tests/wanted.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int wanted_add(struct wanted_list *list, const char *path, const char *function, unsigned int first,
	       unsigned int last)
{
	struct wanted *items = reallocarray(list->items, list->count + 1, sizeof(*items));
	struct wanted *item;

	if (!items)
		return -ENOMEM;
	list->items = items;
	item = &items[list->count++];
	*item = (struct wanted){
		.path = strdup(path),
		.function = function ? strdup(function) : NULL,
		.first = first,
		.last = last,
	};
	return item->path && (!function || item->function) ? 0 : -ENOMEM;
}

void wanted_finish(struct wanted_list *list)
{
	while (list->count) {
		list->count--;
		free(list->items[list->count].path);
		free(list->items[list->count].function);
	}
	free(list->items);
	list->items = NULL;
}

/* LINE or LINE-LINE, from 1 on. */
static bool scan_lines(const char *text, unsigned int *first, unsigned int *last)
{
	char *end;
	unsigned long a, b;

	if (!isdigit((unsigned char)*text))
		return false;
	a = b = strtoul(text, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1]))
		b = strtoul(end + 1, &end, 10);
	if (*end || !a || b < a || b > INT_MAX)
		return false;
	*first = (unsigned int)a;
	*last = (unsigned int)b;
	return true;
}

int wanted_add_text(struct wanted_list *list, const char *text, struct error *error)
{
	const char *colon = strrchr(text, ':');
	unsigned int first = 0, last = 0;
	const char *function = NULL;
	char *path;
	int err;

	if (colon && !scan_lines(colon + 1, &first, &last)) {
		if (!colon[1] || isdigit((unsigned char)colon[1]))
			return error_set(error, EINVAL,
					 "%.200s: give FILE:LINE, FILE:LINE-LINE, FILE:FUNCTION or "
					 "FILE; lines count from 1",
					 text);
		function = colon + 1;
	}
	path = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
	if (path && !path[0])
		err = error_set(error, EINVAL, "%.200s: the name of the file is missing", text);
	else
		err = path ? wanted_add(list, path, function, first, last) : -ENOMEM;
	free(path);
	return err;
}
