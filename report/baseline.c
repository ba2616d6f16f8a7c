/* SPDX-License-Identifier: MIT */
/* The values of an earlier report. */
#include "report/baseline.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/host.h"
#include "base/json.h"
#include "verdict/outcome.h"

/* Results of a case. One that came several times is there as often. */
struct entry {
	char *name;
	struct r0_result result; /* its values alone */
};

struct baseline {
	struct entry *entries;
	size_t count, capacity;
	char *text;
};

static struct entry *add_entry(struct baseline *baseline)
{
	if (baseline->count == baseline->capacity) {
		size_t capacity = 2 * baseline->capacity + 16;
		struct entry *entries = reallocarray(baseline->entries, capacity, sizeof(*entries));

		if (!entries)
			return NULL;
		baseline->entries = entries;
		baseline->capacity = capacity;
	}
	baseline->entries[baseline->count] = (struct entry){ 0 };
	return &baseline->entries[baseline->count++];
}

/* A number in the decimals of a value: with more than these it is cut. */
static bool take_number(struct json object, const char *name, uint32_t decimals, int64_t *number)
{
	uint32_t own;

	if (!json_number(json_member(object, name), number, &own))
		return false;
	for (; own > decimals; own--)
		*number /= 10;
	for (; own < decimals; own++)
		if (__builtin_mul_overflow(*number, 10, number))
			return false;
	return true;
}

/* What of a value is not as it has to be makes it no value. */
static int take_value(struct r0_result *result, struct json object)
{
	struct r0_value value = {
		.name = json_text(json_member(object, "name")),
		.unit = json_text(json_member(object, "unit")),
		.decimals = 3,
	};
	int64_t samples;
	int err = 0;

	if (value.name && value.unit && take_number(object, "number", 3, &value.number)) {
		if (take_number(object, "samples", 0, &samples) && samples > 0 &&
		    samples <= UINT32_MAX && take_number(object, "minimum", 3, &value.minimum) &&
		    take_number(object, "spread", 3, &value.spread))
			value.samples = (uint32_t)samples;
		err = outcome_add_value(result, &value);
	}
	free(value.name);
	free(value.unit);
	return err;
}

static int take_result(struct baseline *baseline, struct json line)
{
	struct json values = json_member(line, "values"), value = { NULL, NULL };
	struct entry *entry;
	int err = 0;

	if (!json_is(values))
		return 0;
	entry = add_entry(baseline);
	if (!entry)
		return -ENOMEM;
	entry->name = json_text(json_member(line, "name"));
	while (!err && json_is(value = json_next(values, value)))
		err = take_value(&entry->result, value);
	return err;
}

static int take_plan(struct baseline *baseline, struct json line, const char *file)
{
	struct json host = json_member(line, "host");
	char *kind = json_text(json_member(host, "kind"));
	char *virtualization = json_text(json_member(host, "virtualization"));
	char *cpu = json_text(json_member(host, "cpu")), *kernel;
	struct host was = { .kind = kind, .virtualization = virtualization };
	char text[256] = "a host that it does not name";

	kernel = json_text(json_member(host, "kernel"));
	if (kind && cpu && kernel) {
		snprintf(was.cpu, sizeof(was.cpu), "%s", cpu);
		snprintf(was.kernel, sizeof(was.kernel), "%s", kernel);
		host_text(&was, text, sizeof(text));
	}
	free(kind);
	free(virtualization);
	free(cpu);
	free(kernel);
	return asprintf(&baseline->text, "%s, on %s", file, text) < 0 ? -ENOMEM : 0;
}

static bool has_type(struct json line, const char *wanted)
{
	char *type = json_text(json_member(line, "type"));
	bool is = type && !strcmp(type, wanted);

	free(type);
	return is;
}

static int take_line(struct baseline *baseline, struct json line, const char *file)
{
	if (!baseline->text)
		return has_type(line, "plan") ? take_plan(baseline, line, file) : -EINVAL;
	return has_type(line, "result") ? take_result(baseline, line) : 0;
}

static int read_lines(struct baseline *baseline, FILE *in, const char *file, struct error *error)
{
	char *line = NULL;
	size_t size = 0, number = 0;
	ssize_t length;
	int err = 0;

	errno = 0;
	while (!err && (length = getline(&line, &size, in)) > 0) {
		struct json json = json_of(line, (size_t)length);

		number++;
		err = json_is(json) ? take_line(baseline, json, file) : -EINVAL;
		errno = 0;
	}
	if (errno)
		err = error_set(error, errno, "--compare: reading %.200s: %s", file,
				strerror(errno));
	else if (err == -EINVAL || (!err && !number))
		err = error_set(
			error, EINVAL,
			"--compare: %.200s:%zu: this is no report of a test program: make one by "
			"--format json=FILE",
			file, number);
	else if (err)
		error_set(error, ENOMEM, "--compare: no memory for %.200s", file);
	free(line);
	return err;
}

int baseline_read(struct baseline **result, const char *file, struct error *error)
{
	struct baseline *baseline = calloc(1, sizeof(*baseline));
	FILE *in = baseline ? fopen(file, "re") : NULL;
	int err;

	*result = NULL;
	if (!baseline)
		return error_set(error, ENOMEM, "--compare: no memory");
	err = in ? read_lines(baseline, in, file, error) :
		   error_set(error, errno, "--compare: opening %.200s: %s", file, strerror(errno));
	if (in)
		fclose(in);
	if (err)
		baseline_destroy(baseline);
	else
		*result = baseline;
	return err;
}

void baseline_destroy(struct baseline *baseline)
{
	size_t i;

	if (!baseline)
		return;
	for (i = 0; i < baseline->count; i++) {
		free(baseline->entries[i].name);
		outcome_finish_values(&baseline->entries[i].result);
	}
	free(baseline->entries);
	free(baseline->text);
	free(baseline);
}

/* The last one of a result, as the last word counts; or NULL. */
static const struct r0_value *find_in(const struct entry *entry, const char *name,
				      const struct r0_value *value)
{
	size_t i;

	if (!entry->name || strcmp(entry->name, name))
		return NULL;
	for (i = entry->result.value_count; i > 0; i--) {
		const struct r0_value *was = &entry->result.values[i - 1];

		if (!strcmp(was->name, value->name) && !strcmp(was->unit, value->unit))
			return was;
	}
	return NULL;
}

static int by_number(const void *first, const void *second)
{
	const struct r0_value *a = *(const struct r0_value *const *)first;
	const struct r0_value *b = *(const struct r0_value *const *)second;

	return a->number < b->number ? -1 : a->number > b->number;
}

/* What several runs have given, in order: `count` is at least 1. */
static void take_together(const struct r0_value *const *found, size_t count, struct r0_value *was)
{
	const int64_t apart = found[count - 1]->number / 2 - found[0]->number / 2;
	size_t i;

	*was = *found[(count - 1) / 2];
	for (i = 0; i < count; i++)
		if (found[i]->minimum < was->minimum)
			was->minimum = found[i]->minimum;
	if (was->spread < apart)
		was->spread = apart;
}

bool baseline_find(const struct baseline *baseline, const char *name, const struct r0_value *value,
		   struct r0_value *was)
{
	const size_t entries = baseline ? baseline->count : 0;
	const struct r0_value **found = calloc(entries + 1, sizeof(struct r0_value *));
	size_t count = 0, i;

	for (i = 0; found && i < entries; i++) {
		found[count] = find_in(&baseline->entries[i], name, value);
		count += found[count] != NULL;
	}
	if (count) {
		qsort(found, count, sizeof(struct r0_value *), by_number);
		take_together(found, count, was);
	}
	free(found);
	return count > 0;
}

const char *baseline_text(const struct baseline *baseline)
{
	return baseline->text;
}
