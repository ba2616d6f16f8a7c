/* SPDX-License-Identifier: MIT */
/* One file, on its way into a machine. */
#ifndef COMMAND_LAB_HAND_OVER_H
#define COMMAND_LAB_HAND_OVER_H

#include "command/lab/programs/files.h"
#include "command/lab/talk.h"

/* 0, LAB_GONE_…, or the lab's exit status, with its reason said. */
int lab_hand_over(struct lab_machine *machine, const struct lab_entry *entry,
		  struct lab_limit limit);

#endif /* COMMAND_LAB_HAND_OVER_H */
