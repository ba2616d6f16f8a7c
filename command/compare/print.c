/* SPDX-License-Identifier: MIT */
/* Tables for people and for programs. The page is in html.c. */
#include "command/compare/print.h"
#include <ctype.h>
#include <string.h>
#include "base/text.h"

/* Wide enough for "unstable". */
#define COLUMN 10
#define NAMES  48

static void put_verdict(FILE *out, const char *verdict, bool shout)
{
	char text[16];
	size_t i;

	for (i = 0; i < sizeof(text) - 1 && verdict[i]; i++)
		text[i] = (char)(shout ? toupper((unsigned char)verdict[i]) : verdict[i]);
	text[i] = '\0';
	fprintf(out, "%-*s", COLUMN, text);
}

static void put_plain(FILE *out, const char *text, int width)
{
	int column = (int)strlen(text);

	text_put(out, text, strlen(text), "");
	fprintf(out, "%*s", column < width ? width - column : 1, "");
}

static void text(FILE *out, const struct table *table, bool all)
{
	size_t i, j;

	put_plain(out, "case", NAMES);
	for (j = 0; j < table->column_count; j++)
		put_plain(out, table->columns[j].name, COLUMN);
	putc('\n', out);
	for (i = 0; i < table->row_count; i++) {
		const struct table_row *row = &table->rows[i];

		if (!all && !row->differs)
			continue;
		put_plain(out, row->name, NAMES);
		for (j = 0; j < table->column_count; j++)
			put_verdict(out, row->cells[j].verdict, table_cell_differs(table, row, j));
		putc('\n', out);
	}
	fprintf(out, "\n%zu cases, %zu differ; the reference is %s\n", table->row_count,
		table->differ, table->columns[table->reference].name);
	for (j = 0; j < table->column_count; j++) {
		const struct table_column *column = &table->columns[j];

		fprintf(out, "%s: %zu differ, %zu not run there%s%s\n", column->name,
			column->differ, column->skipped, column->machine ? "; " : "",
			column->machine ? column->machine : "");
	}
}

static void tsv(FILE *out, const struct table *table, bool all)
{
	size_t i, j;

	fputs("case", out);
	for (j = 0; j < table->column_count; j++) {
		putc('\t', out);
		text_put(out, table->columns[j].name, strlen(table->columns[j].name), "");
	}
	putc('\n', out);
	for (i = 0; i < table->row_count; i++) {
		if (!all && !table->rows[i].differs)
			continue;
		text_put(out, table->rows[i].name, strlen(table->rows[i].name), "");
		for (j = 0; j < table->column_count; j++)
			fprintf(out, "\t%s", table->rows[i].cells[j].verdict);
		putc('\n', out);
	}
}

static void json(FILE *out, const struct table *table, bool all)
{
	bool first = true;
	size_t i, j;

	fputs("{\"reference\":", out);
	text_put_json(out, table->columns[table->reference].name,
		      strlen(table->columns[table->reference].name));
	fprintf(out, ",\"count\":%zu,\"differ\":%zu,\"cases\":[", table->row_count, table->differ);
	for (i = 0; i < table->row_count; i++) {
		const struct table_row *row = &table->rows[i];

		if (!all && !row->differs)
			continue;
		fputs(first ? "\n{\"case\":" : ",\n{\"case\":", out);
		first = false;
		text_put_json(out, row->name, strlen(row->name));
		fprintf(out, ",\"differs\":%s,\"verdicts\":{", row->differs ? "true" : "false");
		for (j = 0; j < table->column_count; j++) {
			fputs(j ? "," : "", out);
			text_put_json(out, table->columns[j].name, strlen(table->columns[j].name));
			fprintf(out, ":\"%s\"", row->cells[j].verdict);
		}
		fputs("}}", out);
	}
	fputs("\n]}\n", out);
}

const struct print_format print_text = { "text", text };
const struct print_format print_tsv = { "tsv", tsv };
const struct print_format print_json = { "json", json };
