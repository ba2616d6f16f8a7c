/* SPDX-License-Identifier: MIT */
/* What the readers of QEMU's parameters share. Depends on libc only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "suite/vmm_parameters_own.h"

struct vmm_item vmm_item_next(const char **list)
{
	struct vmm_item item = { *list, strcspn(*list, ",") };

	*list += item.length + ((*list)[item.length] == ',');
	return item;
}

bool vmm_item_is(struct vmm_item item, const char *text)
{
	return strlen(text) == item.length && !memcmp(text, item.text, item.length);
}

bool vmm_item_is_one_of(struct vmm_item item, const char *const *texts)
{
	for (; *texts; texts++)
		if (vmm_item_is(item, *texts))
			return true;
	return false;
}

int vmm_refuse(struct error *error, const char *option, struct vmm_item item)
{
	return error_set(error, EOPNOTSUPP, "%s %.*s: that has no counterpart here", option,
			 item.length < 100 ? (int)item.length : 100, item.text);
}

int vmm_replace(char **text, char *with)
{
	free(*text);
	*text = with;
	return with ? 0 : -ENOMEM;
}
