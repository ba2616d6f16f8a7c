/* SPDX-License-Identifier: MIT */
/* The texts of a line of JSON, as this project writes it: objects of texts and numbers, without lists. Pure. */
#ifndef COMMAND_COMPARE_JSON_LINE_H
#define COMMAND_COMPARE_JSON_LINE_H

/* The text of a member of that name, at any depth, for free(); NULL if there is none, or no memory. */
char *json_line_text(const char *line, const char *name);

#endif /* COMMAND_COMPARE_JSON_LINE_H */
