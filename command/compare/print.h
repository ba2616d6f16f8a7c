/* SPDX-License-Identifier: MIT */
/* A table as text, tab-separated values, JSON, or an HTML page. */
#ifndef COMMAND_COMPARE_PRINT_H
#define COMMAND_COMPARE_PRINT_H

#include <stdio.h>
#include "command/compare/table.h"

struct print_format {
	const char *name;
	/* All rows, or those that differ. */
	void (*print)(FILE *out, const struct table *table, bool all);
};

extern const struct print_format print_text, print_tsv, print_json, print_html;

#endif /* COMMAND_COMPARE_PRINT_H */
