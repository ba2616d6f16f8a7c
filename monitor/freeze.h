/* SPDX-License-Identifier: MIT */
/* Bringing a machine that runs to rest, and having it go on. With control held. */
#ifndef MONITOR_FREEZE_H
#define MONITOR_FREEZE_H

#include "monitor/state.h"

/* Returns 0; -ESHUTDOWN if it has ended; -ETIMEDOUT, and it goes on, if a part of it does not park. */
int monitor_freeze(struct r0_vm *vm, struct error *error);
void monitor_thaw(struct r0_vm *vm);

#endif /* MONITOR_FREEZE_H */
