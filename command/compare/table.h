/* SPDX-License-Identifier: MIT */
/* Results of one program in several environments, side by side: a row for each case, a column for each environment. Pure. */
#ifndef COMMAND_COMPARE_TABLE_H
#define COMMAND_COMPARE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

#define TABLE_COLUMNS 32

struct table_cell {
	const char *
		verdict; /* "pass", …, "absent", or "unstable" where runs of one environment differ */
	char *message; /* or NULL */
};

struct table_row {
	char *name;
	struct table_cell cells[TABLE_COLUMNS];
	bool differs; /* from the reference, in some column that has run it */
};

struct table_column {
	char *name;
	char *build_id; /* of the program, or NULL */
	char *machine;	/* what the environment says of itself, or NULL */
	size_t runs;	/* files */
	size_t differ, skipped;
};

struct table {
	struct table_column columns[TABLE_COLUMNS];
	size_t column_count;
	struct table_row *rows;
	size_t row_count, capacity;
	size_t *buckets; /* of names; row numbers + 1 */
	size_t bucket_count;
	size_t reference; /* a column */
	size_t differ;	  /* rows */
};

/*
 * Add the results of a file, as `ring0 image --results` writes it, to the column of that name. Returns 0; -EINVAL with a
 * message for text that is none; -ENOSPC for too many columns; -ENOMEM. table_finish() in any case.
 */
int table_add(struct table *table, const char *name, const char *text, struct error *error);
void table_finish(struct table *table);

/* With that column as the reference, the first if NULL. Returns 0, or -EINVAL with a message if there is none. */
int table_compare(struct table *table, const char *reference, struct error *error);

/* Whether a cell says something else than the reference's in that row, neither of them a skip or absent. */
bool table_cell_differs(const struct table *table, const struct table_row *row, size_t column);

#endif /* COMMAND_COMPARE_TABLE_H */
