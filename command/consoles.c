/* SPDX-License-Identifier: MIT */
/* Consoles by their names. Depends on consoles.h and libc. */
#include "command/consoles.h"
#include <stdio.h>
#include <string.h>

bool console_find(const char *text, enum r0_vm_console *console)
{
	const struct console_name *each;

	for (each = console_names; each->name; each++) {
		if (strcmp(text, each->name) != 0)
			continue;
		*console = each->console;
		return true;
	}
	return false;
}

const char *console_list(char *text, size_t size, const char *word)
{
	const struct console_name *each;
	size_t used = 0;

	*text = '\0';
	for (each = console_names; each->name && used < size; each++) {
		const bool is_last = !each[1].name;

		used += (size_t)snprintf(text + used, size - used, "%s%s%s%s",
					 each == console_names ? "" :
					 is_last	       ? " " :
								 ", ",
					 is_last ? word : "", is_last ? " " : "", each->name);
	}
	return text;
}
