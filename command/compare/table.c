/* SPDX-License-Identifier: MIT */
#include "command/compare/table.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/compare/json_line.h"

static const char absent[] = "absent", unstable[] = "unstable";

static const char *const verdicts[] = { "pass",	   "fail",  "skip",  "xfail", "xpass",
					"timeout", "crash", "error", "lost" };

/* FNV-1a. */
static uint64_t hash(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325ull;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3ull;
	return sum;
}

static size_t *bucket_of(const struct table *table, const char *name)
{
	size_t at = hash(name) % table->bucket_count;

	while (table->buckets[at] && strcmp(table->rows[table->buckets[at] - 1].name, name))
		at = (at + 1) % table->bucket_count;
	return &table->buckets[at];
}

/* Room for one more row: at most half of the buckets are in use. */
static int grow(struct table *table)
{
	size_t capacity = table->capacity ? 2 * table->capacity : 1024, i;
	struct table_row *rows;
	size_t *buckets;

	if (table->row_count < table->capacity)
		return 0;
	rows = reallocarray(table->rows, capacity, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	table->rows = rows;
	buckets = calloc(2 * capacity, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	free(table->buckets);
	table->buckets = buckets;
	table->bucket_count = 2 * capacity;
	table->capacity = capacity;
	for (i = 0; i < table->row_count; i++)
		*bucket_of(table, rows[i].name) = i + 1;
	return 0;
}

static struct table_row *row_of(struct table *table, const char *name)
{
	struct table_row *row;
	size_t *bucket, i;

	if (grow(table))
		return NULL;
	bucket = bucket_of(table, name);
	if (*bucket)
		return &table->rows[*bucket - 1];
	row = &table->rows[table->row_count];
	*row = (struct table_row){ .name = strdup(name) };
	if (!row->name)
		return NULL;
	for (i = 0; i < TABLE_COLUMNS; i++)
		row->cells[i].verdict = absent;
	*bucket = ++table->row_count;
	return row;
}

static const char *verdict_of(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (text && !strcmp(verdicts[i], text))
			return verdicts[i];
	return NULL;
}

static int column_of(struct table *table, const char *name, size_t *number)
{
	for (*number = 0; *number < table->column_count; ++*number)
		if (!strcmp(table->columns[*number].name, name))
			return 0;
	if (table->column_count == TABLE_COLUMNS)
		return -ENOSPC;
	table->columns[*number] = (struct table_column){ .name = strdup(name) };
	if (!table->columns[*number].name)
		return -ENOMEM;
	table->column_count++;
	return 0;
}

/* A second run of an environment that says something else makes the case unstable there. */
static int add_case(struct table *table, size_t column, const char *line, struct error *error)
{
	char *name = json_line_text(line, "case"), *verdict = json_line_text(line, "verdict");
	const char *known = verdict_of(verdict);
	struct table_row *row;
	struct table_cell *cell;
	int err = 0;

	if (!name || !known) {
		err = error_set(error, EINVAL, "not a line of a case: %.100s", line);
		goto free;
	}
	row = row_of(table, name);
	if (!row) {
		err = error_set(error, ENOMEM, "no memory for %zu cases", table->row_count);
		goto free;
	}
	cell = &row->cells[column];
	if (cell->verdict == absent) {
		cell->verdict = known;
		cell->message = json_line_text(line, "message");
	} else if (cell->verdict != known) {
		cell->verdict = unstable;
	}
free:
	free(name);
	free(verdict);
	return err;
}

/* The head of a file: which program that was, and where. */
static int add_head(struct table_column *column, const char *line, struct error *error)
{
	char *program = json_line_text(line, "ring0 image");
	const char *id = program ? strstr(program, "build-id ") : NULL;
	char *cpu = json_line_text(line, "cpu"), *hypervisor = json_line_text(line, "hypervisor");

	if (!strstr(line, "\"ring0-results\":1")) {
		free(program);
		free(cpu);
		free(hypervisor);
		return error_set(error, EINVAL, "not a file of results: it does not begin as one");
	}
	if (id && !column->build_id)
		column->build_id = strdup(id + strlen("build-id "));
	if (cpu && !column->machine &&
	    asprintf(&column->machine, "%s; hypervisor %s", cpu,
		     hypervisor ? hypervisor : "unknown") < 0)
		column->machine = NULL;
	free(program);
	free(cpu);
	free(hypervisor);
	return 0;
}

int table_add(struct table *table, const char *name, const char *text, struct error *error)
{
	size_t column, number = 0;
	int err = column_of(table, name, &column);

	if (err)
		return error_set(error, -err, "more than %d environments", TABLE_COLUMNS);
	table->columns[column].runs++;
	while (*text && !err) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		if (!line)
			return error_set(error, ENOMEM, "no memory for a line");
		err = number++ ? (length ? add_case(table, column, line, error) : 0) :
				 add_head(&table->columns[column], line, error);
		free(line);
		text += length + (text[length] == '\n');
	}
	if (!err && !number)
		err = error_set(error, EINVAL, "not a file of results: it is empty");
	return err;
}

void table_finish(struct table *table)
{
	size_t i, j;

	for (i = 0; i < table->row_count; i++) {
		free(table->rows[i].name);
		for (j = 0; j < table->column_count; j++)
			free(table->rows[i].cells[j].message);
	}
	for (i = 0; i < table->column_count; i++) {
		free(table->columns[i].name);
		free(table->columns[i].build_id);
		free(table->columns[i].machine);
	}
	free(table->rows);
	free(table->buckets);
	*table = (struct table){ 0 };
}

static bool has_run(const struct table_cell *cell)
{
	return cell->verdict != absent && strcmp(cell->verdict, "skip") != 0;
}

bool table_cell_differs(const struct table *table, const struct table_row *row, size_t column)
{
	const struct table_cell *reference = &row->cells[table->reference];
	const struct table_cell *cell = &row->cells[column];

	return has_run(reference) && has_run(cell) &&
	       strcmp(reference->verdict, cell->verdict) != 0;
}

int table_compare(struct table *table, const char *reference, struct error *error)
{
	size_t i, j;

	for (i = 0; i < table->column_count && reference; i++)
		if (!strcmp(table->columns[i].name, reference))
			break;
	if (reference && i == table->column_count)
		return error_set(error, EINVAL, "--reference %.100s: no environment has that name",
				 reference);
	table->reference = reference ? i : 0;
	for (i = 0; i < table->row_count; i++) {
		struct table_row *row = &table->rows[i];

		for (j = 0; j < table->column_count; j++) {
			bool differs = table_cell_differs(table, row, j);

			row->differs |= differs || row->cells[j].verdict == unstable;
			table->columns[j].differ += differs;
			table->columns[j].skipped += !has_run(&row->cells[j]);
		}
		table->differ += row->differs;
	}
	return 0;
}
