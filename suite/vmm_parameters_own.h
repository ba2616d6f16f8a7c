/* SPDX-License-Identifier: MIT */
/* QEMU's parameters: what their files share (vmm_item.c), and what vmm_parameters.c leaves to the architecture. */
#ifndef SUITE_VMM_PARAMETERS_OWN_H
#define SUITE_VMM_PARAMETERS_OWN_H

#include "suite/vmm_parameters.h"

/* An item of a list that commas separate: NAME or NAME=VALUE. */
struct vmm_item {
	const char *text;
	size_t length;
};

struct vmm_item vmm_item_next(const char **list);
bool vmm_item_is(struct vmm_item item, const char *text);

/* `texts` ends in NULL. */
bool vmm_item_is_one_of(struct vmm_item item, const char *const *texts);

/* Returns -EOPNOTSUPP, having said that the item of that option has no counterpart. */
int vmm_refuse(struct error *error, const char *option, struct vmm_item item);

/* Have *text, for free(), be another, which is owned. Returns 0, or -ENOMEM if that is NULL. */
int vmm_replace(char **text, char *with);

struct vmm_parameter {
	const char *name;
	bool has_value;
	int (*read)(struct suite_machine *machine, const char *value, struct error *error);
};

/* Of the architecture; the last has no name. They go before those of all. */
extern const struct vmm_parameter vmm_own_parameters[];

#endif /* SUITE_VMM_PARAMETERS_OWN_H */
