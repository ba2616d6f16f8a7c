/* SPDX-License-Identifier: MIT */
#include "image/case_list.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image/start/payload/format.h"
#include "plan/condition.h"
#include "plan/entries.h"

#define DEFAULT_TIMEOUT_MS 10000

uint32_t case_list_add_text(struct case_list *list, const char *text)
{
	uint32_t at = (uint32_t)(list->texts_at + list->texts.size);

	if (!text)
		return 0;
	bytes_append(&list->texts, text, strlen(text) + 1);
	return at;
}

/* What only a VM can give: see docs/images.md. */
static const char *why_not(const struct r0_options *options)
{
	if (options->ioports.count)
		return "it declares ports (.ioports), which only a VM can answer";
	if (options->io.count)
		return "it has mocked ports (.io), whose handlers run on the host";
	if (options->mmio.count)
		return "it has mocked memory (.mmio), whose handlers run on the host";
	if (options->msrs.count)
		return "it declares MSRs (.msrs), which only a VM can answer";
	if (options->cpuid.count)
		return "it declares CPUID leaves (.cpuid), which only a VM can answer";
	if (options->strict_msrs)
		return "it has all other MSRs refused (.strict_msrs), which only a VM does";
	if (options->replace.count)
		return "it replaces functions (.replace), whose code is changed in a VM alone";
	if (options->map.count)
		return "it opens windows (.map) in page tables that are a VM's";
	if (options->watch.count)
		return "it watches variables (.watch), of which the host tells";
	return NULL;
}

static void add_ram(struct case_list *list, const struct r0_rams *ram)
{
	size_t i;

	for (i = 0; i < ram->count; i++) {
		const struct image_ram range = { ram->entries[i].from, ram->entries[i].to };

		if (range.start < range.end)
			bytes_append(&list->ram, &range, sizeof(range));
	}
}

static void add_case(struct case_list *list, const struct plan_case *of)
{
	const struct r0_test *test = of->test;
	const struct r0_options *options = &test->options;
	char stem[1024], condition[256];
	struct image_case c = {
		.test = (uint64_t)test,
		.timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS,
		.flags = entry_in_group(test, "nodefault") ? IMAGE_CASE_NODEFAULT : 0,
	};

	if (options->params.count)
		c.element = (uint64_t)options->params.elements + of->param * options->params.size;
	snprintf(stem, sizeof(stem), "%s.%s", test->suite, test->name);
	c.name_at = case_list_add_text(list, of->name);
	c.stem_at = case_list_add_text(list, stem);
	c.skip_at = case_list_add_text(list, why_not(options));
	if (options->when && condition_name(test->attributes, condition, sizeof(condition)))
		c.condition_at = case_list_add_text(list, condition);
	c.groups_at = case_list_add_text(list, options->groups ? options->groups : "");
	bytes_append(&list->cases, &c, sizeof(c));
	add_ram(list, &options->ram);
}

static int by_start(const void *a, const void *b)
{
	const struct image_ram *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* Those that overlap or touch become one. */
static void merge_ram(struct bytes *bytes)
{
	struct image_ram *ranges = (struct image_ram *)bytes->data;
	size_t count = bytes->size / sizeof(*ranges), kept = 0, i;

	if (!count)
		return;
	qsort(ranges, count, sizeof(*ranges), by_start);
	for (i = 1; i < count; i++) {
		if (ranges[i].start > ranges[kept].end)
			ranges[++kept] = ranges[i];
		else if (ranges[i].end > ranges[kept].end)
			ranges[kept].end = ranges[i].end;
	}
	bytes->size = (kept + 1) * sizeof(*ranges);
}

void case_list_make(struct case_list *list, const struct plan *plan, size_t texts_at)
{
	size_t i;

	*list = (struct case_list){ .texts_at = texts_at };
	for (i = 0; i < plan->count; i++)
		add_case(list, &plan->cases[i]);
	merge_ram(&list->ram);
}

void case_list_finish(struct case_list *list)
{
	free(list->cases.data);
	free(list->ram.data);
	free(list->texts.data);
}
