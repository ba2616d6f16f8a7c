/* SPDX-License-Identifier: MIT */
/* A page by itself, without scripts: what differs first, colours and words alike for each verdict. */
#include <stddef.h>
#include <string.h>
#include "base/text.h"
#include "command/compare/print.h"

static const char head[] =
	"<!doctype html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>Results side by side</title>\n"
	"<style>\n"
	"body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }\n"
	"table { border-collapse: collapse }\n"
	"th, td { text-align: left; vertical-align: top; padding: .15em .7em; border-bottom: 1px solid #ddd }\n"
	"thead th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #888 }\n"
	"tbody th { font: 14px ui-monospace, monospace }\n"
	".pass { color: #176b2c } .skip, .absent { color: #888 } .xfail { color: #5b5b00 }\n"
	".fail, .crash, .timeout, .lost, .error, .xpass { color: #a40000 }\n"
	".unstable { color: #7a3e00; font-style: italic }\n"
	".differs { font-weight: bold; background: #ffe3e0 }\n"
	".reference { background: #f2f5f9 }\n"
	".said { font: 13px/1.35 system-ui, sans-serif; color: #555; max-width: 60em;\n"
	"  white-space: nowrap; overflow: hidden; text-overflow: ellipsis }\n"
	"caption { text-align: left; font-weight: bold; padding: 1em 0 .3em }\n"
	"</style>\n"
	"</head>\n"
	"<body>\n"
	"<h1>Results side by side</h1>\n";

static void put_part(FILE *out, const char *text, size_t length)
{
	const char *end = text + length;

	for (; text < end; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else if ((unsigned char)*text < 0x20)
			putc(' ', out);
		else
			putc(*text, out);
	}
}

static void put(FILE *out, const char *text)
{
	put_part(out, text, strlen(text));
}

static void put_line(FILE *out, const char *text)
{
	put_part(out, text, strcspn(text, "\n"));
}

/* What it said where it differs or is differed from, under its name: a line of each. */
static void put_said(FILE *out, const struct table *table, const struct table_row *row)
{
	size_t j;

	for (j = 0; j < table->column_count && row->differs; j++) {
		const char *message = row->cells[j].message;

		if (!message || !message[0])
			continue;
		fputs("<div class=\"said\">", out);
		put(out, table->columns[j].name);
		fputs(": ", out);
		put_line(out, message);
		fputs("</div>", out);
	}
}

static void put_row(FILE *out, const struct table *table, const struct table_row *row)
{
	size_t j;

	fputs("<tr><th scope=\"row\">", out);
	put(out, row->name);
	put_said(out, table, row);
	fputs("</th>", out);
	for (j = 0; j < table->column_count; j++) {
		const struct table_cell *cell = &row->cells[j];

		fprintf(out, "<td class=\"%s%s%s\"", cell->verdict,
			table_cell_differs(table, row, j) ? " differs" : "",
			j == table->reference ? " reference" : "");
		if (cell->message && cell->message[0]) {
			fputs(" title=\"", out);
			put(out, cell->message);
			putc('"', out);
		}
		fprintf(out, ">%s</td>", cell->verdict);
	}
	fputs("</tr>\n", out);
}

static void put_table(FILE *out, const struct table *table, const char *caption, bool differs)
{
	size_t i, j;

	fprintf(out, "<table>\n<caption>%s</caption>\n<thead><tr><th>case</th>", caption);
	for (j = 0; j < table->column_count; j++) {
		fprintf(out, "<th%s>", j == table->reference ? " class=\"reference\"" : "");
		put(out, table->columns[j].name);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (i = 0; i < table->row_count; i++)
		if (table->rows[i].differs == differs)
			put_row(out, table, &table->rows[i]);
	fputs("</tbody>\n</table>\n", out);
}

static void html(FILE *out, const struct table *table, bool all)
{
	size_t j;

	fputs(head, out);
	fprintf(out, "<p>%zu cases, %zu differ. The reference is ", table->row_count,
		table->differ);
	put(out, table->columns[table->reference].name);
	fputs(". All that a case said is shown where the pointer rests on its verdict.</p>\n<ul>\n",
	      out);
	for (j = 0; j < table->column_count; j++) {
		const struct table_column *column = &table->columns[j];

		fputs("<li><b>", out);
		put(out, column->name);
		fprintf(out, "</b>: %zu differ, %zu not run there", column->differ,
			column->skipped);
		if (column->machine) {
			fputs("; ", out);
			put(out, column->machine);
		}
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
	put_table(out, table, "What differs", true);
	if (all)
		put_table(out, table, "What is the same everywhere", false);
	fputs("</body>\n</html>\n", out);
}

const struct print_format print_html = { "html", html };
