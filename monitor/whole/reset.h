/* SPDX-License-Identifier: MIT */
/* What a machine is put back to by r0_vm_reset(). */
#ifndef MONITOR_WHOLE_RESET_H
#define MONITOR_WHOLE_RESET_H

#include "monitor/state.h"

/* Take it from a machine that is new. Returns 0 or -errno. */
int pristine_create(struct monitor_pristine **pristine, struct r0_vm *vm, struct error *error);
void pristine_destroy(struct monitor_pristine *pristine);

#endif /* MONITOR_WHOLE_RESET_H */
